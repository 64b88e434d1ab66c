import numpy as np
import pytest

import ganzoo
from ganzoo import backend
from ganzoo.errors import UnknownName, UsageError

pytestmark = pytest.mark.backend

NAMES = ("gradient_penalty", "dragan", "r1", "r2")
W = np.array([3.0, 4.0], "float32")  # of length 5
ON_A_LINE = {"r1": 12.5, "r2": 12.5, "gradient_penalty": 16.0, "dragan": 16.0}


def draw():
    return ganzoo.penalties.Draw(7, 3, 0)


def pair(n=6, d=2):
    rng = np.random.default_rng(3)
    return (rng.normal(size=(n, d)).astype("float32") for _ in range(2))


def value(name, discriminate, real, fake):
    from keras import ops

    real, fake = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)
    return ops.convert_to_numpy(ganzoo.penalties.PENALTIES[name](discriminate, real, fake, draw()))


def line(x):
    from keras import ops

    return ops.matmul(x, W[:, None])[:, 0]


@pytest.mark.parametrize("name", NAMES)
def test_a_penalty_of_a_linear_discriminator_is_known_by_hand(name):
    penalty = value(name, line, *pair())

    np.testing.assert_allclose(penalty, np.full(6, ON_A_LINE[name]), rtol=1e-5)


def places(name, real, fake):
    """Where a penalty looks at the slope, in float64."""
    uniform = ganzoo.random.uniform
    real, fake = np.float64(real), np.float64(fake)
    stream = ganzoo.random.TURN + 1
    if name == "gradient_penalty":
        mix = np.float64(uniform(7, 3, stream, (len(real),)))[:, None]
        return mix * fake + (1 - mix) * real
    if name == "dragan":
        return real + 0.5 * real.std() * np.float64(uniform(7, 3, stream, real.shape))
    return real if name == "r1" else fake


def of_slope(name, slope):
    """(batch, d) -> (batch,)"""
    square = (slope**2).sum(1)
    return square / 2 if name in ("r1", "r2") else (np.sqrt(square) - 1) ** 2


@pytest.mark.parametrize("name", NAMES)
def test_a_penalty_of_a_quadratic_discriminator_is_that_of_its_slope(name):
    from keras import ops

    a = np.array([[2.0, 0.5], [0.5, -1.0]], "float32")
    real, fake = pair()

    penalty = value(name, lambda x: 0.5 * ops.sum(ops.matmul(x, a) * x, axis=1), real, fake)

    np.testing.assert_allclose(
        penalty, of_slope(name, places(name, real, fake) @ a), rtol=1e-4, atol=1e-6
    )


def smooth_network(rng):
    return [rng.normal(size=s).astype("float32") for s in ((2, 4), (4,), (4,))]


def mean_penalty(name, where, w, b, v):
    """D(x) = v tanh(x w + b): the mean penalty in float64, from the slope by hand."""
    hidden = np.tanh(where @ w + b)
    return of_slope(name, (v * (1 - hidden**2)) @ w.T).mean()


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_a_penalty_equals_central_differences(name):
    """A second derivative of the discriminator: the one in which frameworks have gone wrong."""
    import keras
    from keras import ops

    real, fake = pair()
    weights = smooth_network(np.random.default_rng(5))
    variables = [keras.Variable(weight) for weight in weights]
    tensors = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)

    def objective():
        w, b, v = variables

        def discriminate(x):
            return ops.sum(ops.tanh(ops.matmul(x, w) + b) * v, axis=1)

        return ops.mean(ganzoo.penalties.PENALTIES[name](discriminate, *tensors, draw())), {}

    turn = backend.gradients(objective, variables)

    where, exact = places(name, real, fake), [np.float64(weight) for weight in weights]
    assert float(turn.loss) == pytest.approx(mean_penalty(name, where, *exact), rel=1e-4)
    for weight, gradient in zip(exact, turn.gradients, strict=True):
        differences = np.empty_like(weight)
        for i in np.ndindex(*weight.shape):
            kept, sides = weight[i], []
            for sign in (1, -1):
                weight[i] = kept + sign * 1e-5
                sides.append(mean_penalty(name, where, *exact))
            weight[i] = kept
            differences[i] = (sides[0] - sides[1]) / 2e-5
        np.testing.assert_allclose(
            ops.convert_to_numpy(gradient), differences, rtol=1e-3, atol=1e-4
        )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ["zero images", "equal images", "batch of one", "no slope"])
def test_penalties_and_their_gradients_are_finite_at_awkward_inputs(name, case):
    import keras
    from keras import ops

    real, fake = pair(1 if case == "batch of one" else 4)
    if case in ("zero images", "equal images"):
        real = fake = np.full_like(real, 0 if case == "zero images" else 0.5)
    w = keras.Variable(np.zeros((2, 1), "float32") if case == "no slope" else W[:, None])
    tensors = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)

    def objective():
        def discriminate(x):
            return ops.matmul(ops.square(x) + x, w)[:, 0]

        return ops.mean(ganzoo.penalties.PENALTIES[name](discriminate, *tensors, draw())), {}

    turn = backend.gradients(objective, [w])

    assert np.isfinite(float(turn.loss))
    assert np.isfinite(ops.convert_to_numpy(turn.gradients[0])).all()


def test_a_penalty_leaves_batch_statistics_alone(small, keras):
    network = small.discriminator(norm=True)
    before = [small.numbers(v) for v in network.variables]
    real = keras.ops.convert_to_tensor(next(pair()))

    slope = backend.input_gradients(lambda x: network(x, training=True)[:, 0], real)

    assert np.abs(small.numbers(slope)).max() > 0
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(small.numbers(variable), value)


def moved(images, numbers, reach):
    """Flipped and shifted pictures, mirrored at their edges."""
    changed = []
    for image, (flip, down, right) in zip(images, numbers[:, :, 0].T, strict=True):
        image = image[:, ::-1] if flip < 0.5 else image
        padded = np.pad(image, ((reach[0],) * 2, (reach[1],) * 2, (0, 0)), "reflect")
        down, right = (int(u * (2 * r + 1)) - r for u, r in zip((down, right), reach, strict=True))
        padded = np.roll(padded, (down, right), (0, 1))
        changed.append(padded[reach[0] : -reach[0], reach[1] : -reach[1]])
    return np.stack(changed)


def test_consistency_compares_a_picture_with_itself_flipped_and_shifted(keras):
    """Its value, and its gradient against the one by hand: D(x) = tanh(w x)."""
    rng = np.random.default_rng(2)
    images, weight = rng.normal(size=(9, 5, 16, 2)), rng.normal(size=(160,)) / 4
    real, w = images.astype("float32"), keras.Variable(weight.astype("float32"))

    def objective():
        def discriminate(x):
            x = keras.ops.reshape(x, (-1, 160))
            return keras.ops.tanh(keras.ops.matmul(x, w[:, None]))[:, 0]

        tensor = keras.ops.convert_to_tensor(real)
        return keras.ops.mean(ganzoo.penalties.consistency(discriminate, tensor, None, draw())), {}

    turn = backend.gradients(objective, [w])

    numbers = ganzoo.random.uniform(7, 3, ganzoo.random.TURN + 1, (3, 9, 1))
    other = moved(images, keras.ops.convert_to_numpy(numbers), (1, 2)).reshape(9, -1)
    images = images.reshape(9, -1)
    one, two = np.tanh(images @ weight), np.tanh(other @ weight)
    slope = (1 - one**2)[:, None] * images - (1 - two**2)[:, None] * other
    assert float(turn.loss) == pytest.approx(((one - two) ** 2).mean(), rel=1e-4)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(turn.gradients[0]),
        (2 * (one - two)[:, None] * slope).mean(0),
        rtol=1e-3,
        atol=1e-5,
    )


def test_consistency_is_for_pictures():
    with pytest.raises(UsageError, match=r"pictures.*Received: samples of shape \(2,\)"):
        value("consistency", line, *pair())


def test_weights_are_clipped_to_both_bounds(keras):
    variable = keras.Variable(np.array([-3, -0.01, 0, 0.005, 9], "float32"))

    ganzoo.penalties.clip([variable], 0.01)

    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(variable.value), [-0.01, -0.01, 0, 0.005, 0.01], rtol=1e-6
    )


def test_draws_of_a_turn_are_fresh_and_repeatable():
    one, again, other = draw(), draw(), ganzoo.penalties.Draw(7, 3, 1)
    first, second = one.uniform((4,)), one.uniform((4,))

    assert np.array_equal(first, again.uniform((4,)))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other.uniform((4,)))


def test_an_unknown_penalty_and_a_wrong_weight_are_refused():
    with pytest.raises(UnknownName, match="r1"):
        ganzoo.penalties.get("r11", weight=1.0)
    for wrong in ({"weight": 0.0}, {"weight": float("nan")}, {"weight": 1.0, "every": 0}):
        with pytest.raises(UsageError, match="Received"):
            ganzoo.penalties.get("r1", **wrong)


def test_what_a_part_of_a_turn_draws_moves_nothing_else():
    from keras import ops

    turn = ganzoo.penalties.Draw(5, 3, 1)
    first = ops.convert_to_numpy(turn.uniform((4,)))
    apart = [ops.convert_to_numpy(turn.apart(part).uniform((4,))) for part in (1, 2, 1)]
    second = ops.convert_to_numpy(turn.uniform((4,)))

    alone = ganzoo.penalties.Draw(5, 3, 1)
    np.testing.assert_array_equal(
        [first, second], [ops.convert_to_numpy(alone.uniform((4,))) for _ in range(2)]
    )
    np.testing.assert_array_equal(apart[0], apart[2])
    assert len({a.tobytes() for a in (first, second, *apart[:2])}) == 4
