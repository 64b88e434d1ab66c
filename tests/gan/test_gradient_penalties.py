from functools import partial

import numpy as np
import pytest
from calculus import slopes
from lazy_keras import keras, ops, to_numpy

import ganzoo
from ganzoo import backend
from ganzoo.config.contracts import DiscriminatorUpdate
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

NAMES = ("gradient_penalty", "dragan", "r1", "r2")
W = np.array([3.0, 4.0], "float32")  # of length 5
ON_A_LINE = {"r1": 12.5, "r2": 12.5, "gradient_penalty": 16.0, "dragan": 16.0}


def rng():
    return ganzoo.random.Rng(7, 3)


def penalty_of(name, discriminate, real, fake):
    """The penalty's values, (batch,), with the random numbers of `rng`."""
    function = ganzoo.regularizers.get(name, weight=1.0).function
    update = DiscriminatorUpdate(discriminate, real, fake, None, None, 0.0, 3, rng())
    return function(update, discriminate, rng())


def pair(n=6, d=2):
    numbers = np.random.default_rng(3)
    return (numbers.normal(size=(n, d)).astype("float32") for _ in range(2))


def value(name, discriminate, real, fake):
    real, fake = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)
    return ops.convert_to_numpy(penalty_of(name, discriminate, real, fake))


def line(x):
    return ops.matmul(x, W[:, None])[:, 0]


@pytest.mark.parametrize("name", NAMES)
def test_a_penalty_of_a_linear_discriminator_is_known_by_hand(name):
    penalty = value(name, line, *pair())
    np.testing.assert_allclose(penalty, np.full(6, ON_A_LINE[name]), rtol=1e-5)


def places(name, real, fake):
    """Where a penalty takes the gradient, in float64."""
    real, fake = np.float64(real), np.float64(fake)
    if name == "gradient_penalty":
        mix = np.float64(rng().uniform("mix", (len(real),)))[:, None]
        return mix * fake + (1 - mix) * real
    if name == "dragan":
        return real + 0.5 * real.std() * np.float64(rng().uniform("noise", real.shape))
    return real if name == "r1" else fake


def of_slope(name, slope):
    """(batch, d) -> (batch,)"""
    square = (slope**2).sum(1)
    return square / 2 if name in ("r1", "r2") else (np.sqrt(square) - 1) ** 2


@pytest.mark.parametrize("name", NAMES)
def test_a_penalty_of_a_quadratic_discriminator_is_that_of_its_slope(name):
    a = np.array([[2.0, 0.5], [0.5, -1.0]], "float32")
    real, fake = pair()
    penalty = value(name, lambda x: 0.5 * ops.sum(ops.matmul(x, a) * x, axis=1), real, fake)
    np.testing.assert_allclose(
        penalty, of_slope(name, places(name, real, fake) @ a), rtol=1e-4, atol=1e-6
    )


def smooth_network(numbers):
    return [numbers.normal(size=s).astype("float32") for s in ((2, 4), (4,), (4,))]


def mean_penalty(name, where, w, b, v):
    """D(x) = v tanh(x w + b): the mean penalty in float64, from the slope by hand."""
    hidden = np.tanh(where @ w + b)
    return of_slope(name, (v * (1 - hidden**2)) @ w.T).mean()


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_a_penalty_equals_central_differences(name):
    """A second derivative of the discriminator: the one in which frameworks have gone wrong."""
    real, fake = pair()
    weights = smooth_network(np.random.default_rng(5))
    variables = [keras.Variable(weight) for weight in weights]
    tensors = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)

    def loss():
        w, b, v = variables

        def discriminate(x):
            return ops.sum(ops.tanh(ops.matmul(x, w) + b) * v, axis=1)

        return ops.mean(penalty_of(name, discriminate, *tensors)), {}

    result = backend.gradients(loss, variables)

    where, exact = places(name, real, fake), [np.float64(weight) for weight in weights]
    assert float(result.loss) == pytest.approx(mean_penalty(name, where, *exact), rel=1e-4)
    for slope, gradient in zip(
        slopes(partial(mean_penalty, name, where), exact), result.gradients, strict=True
    ):
        np.testing.assert_allclose(to_numpy(gradient), slope, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ["zero images", "equal images", "batch of one", "no slope"])
def test_penalties_and_their_gradients_are_finite_at_awkward_inputs(name, case):
    real, fake = pair(1 if case == "batch of one" else 4)
    if case in ("zero images", "equal images"):
        real = fake = np.full_like(real, 0 if case == "zero images" else 0.5)
    w = keras.Variable(np.zeros((2, 1), "float32") if case == "no slope" else W[:, None])
    tensors = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)

    def loss():
        def discriminate(x):
            return ops.matmul(ops.square(x) + x, w)[:, 0]

        return ops.mean(penalty_of(name, discriminate, *tensors)), {}

    result = backend.gradients(loss, [w])
    assert np.isfinite(float(result.loss))
    assert np.isfinite(ops.convert_to_numpy(result.gradients[0])).all()


def test_a_penalty_leaves_batch_statistics_alone(small):
    network = small.discriminator(norm=True)
    before = [small.numbers(v) for v in network.variables]
    real = keras.ops.convert_to_tensor(next(pair()))
    slope = backend.input_gradients(lambda x: network(x, training=True)[:, 0], real)
    assert np.abs(small.numbers(slope)).max() > 0
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(small.numbers(variable), value)


def moved(images, numbers, reach):
    """Flipped and shifted images, mirrored at their edges."""
    changed = []
    for image, (flip, down, right) in zip(images, numbers[:, :, 0].T, strict=True):
        image = image[:, ::-1] if flip < 0.5 else image
        padded = np.pad(image, ((reach[0],) * 2, (reach[1],) * 2, (0, 0)), "reflect")
        down, right = (int(u * (2 * r + 1)) - r for u, r in zip((down, right), reach, strict=True))
        padded = np.roll(padded, (down, right), (0, 1))
        changed.append(padded[reach[0] : -reach[0], reach[1] : -reach[1]])
    return np.stack(changed)


def test_consistency_compares_an_image_with_itself_flipped_and_shifted():
    """Its value, and its gradient against the one by hand: D(x) = tanh(w x)."""
    random = np.random.default_rng(2)
    images, weight = random.normal(size=(9, 5, 16, 2)), random.normal(size=(160,)) / 4
    real, w = images.astype("float32"), keras.Variable(weight.astype("float32"))

    def loss():
        def discriminate(x):
            x = keras.ops.reshape(x, (-1, 160))
            return keras.ops.tanh(keras.ops.matmul(x, w[:, None]))[:, 0]

        tensor = keras.ops.convert_to_tensor(real)
        return keras.ops.mean(penalty_of("consistency", discriminate, tensor, None)), {}

    result = backend.gradients(loss, [w])

    numbers = rng().uniform("transform", (3, 9, 1))
    other = moved(images, keras.ops.convert_to_numpy(numbers), (1, 2)).reshape(9, -1)
    images = images.reshape(9, -1)
    one, two = np.tanh(images @ weight), np.tanh(other @ weight)
    slope = (1 - one**2)[:, None] * images - (1 - two**2)[:, None] * other
    assert float(result.loss) == pytest.approx(((one - two) ** 2).mean(), rel=1e-4)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(result.gradients[0]),
        (2 * (one - two)[:, None] * slope).mean(0),
        rtol=1e-3,
        atol=1e-5,
    )


def test_consistency_is_for_images():
    with pytest.raises(UsageError, match=r"images.*Received: samples of shape \(2,\)"):
        value("consistency", line, *pair())


@pytest.mark.parametrize("wrong", [{"weight": 0.0}, {"weight": float("nan")}, {"every": 0}])
def test_an_unknown_penalty_and_a_wrong_weight_are_refused(wrong):
    with pytest.raises(UsageError, match="r1"):
        ganzoo.regularizers.get("r11", weight=1.0)
    with pytest.raises(UsageError, match="Received"):
        ganzoo.regularizers.get("r1", **{"weight": 1.0, **wrong})
