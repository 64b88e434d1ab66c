"""Augmentations against the papers' formulas, in NumPy and float64."""

import functools
import itertools

import calculus
import numpy as np
import pytest
from augmentation_formulas import by_hand, centered, numbers
from lazy_keras import Lazy, keras, ops, tensor

import ganzoo
from ganzoo import backend
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

warp = Lazy("ganzoo.gan.regularizers.warp")

ALWAYS = {"name": "ada", "target": 0, "probability": 1.0}
CASES = {
    "ada": (ALWAYS, (2, 6, 5, 3), (-1, 1)),
    "ada now and then": ({**ALWAYS, "probability": 0.4}, (6, 8, 8, 3), (-1, 1)),
    "ada on gray images of odd sides": (ALWAYS, (4, 5, 7, 1), (0, 1)),
    "ada on tiny images": (ALWAYS, (3, 2, 4, 3), (-1, 1)),
    "ada, whole pixels": ({**ALWAYS, "policy": ["blit"]}, (8, 8, 8, 1), (-1, 1)),
    "ada, colors": ({**ALWAYS, "policy": ["color"]}, (4, 4, 4, 3), (0, 1)),
    "ada of r3gan": (
        {**ALWAYS, "probability": 0.5, "policy": ["color", "cutout"], "color_multiplier": 0.5},
        (8, 6, 5, 3), (0, 1),
    ),
    "diffaugment": ({"name": "diffaugment"}, (4, 6, 5, 3), (0, 1)),
    "diffaugment on gray images": ({"name": "diffaugment"}, (4, 5, 9, 1), (-1, 1)),
    "diffaugment on tiny images": ({"name": "diffaugment"}, (3, 3, 4, 3), (-1, 1)),
}  # fmt: skip
DIFFERENTIATED = ("ada", "ada on gray images of odd sides", "diffaugment")


def built(options, value_range=(-1, 1)):
    augmentation = ganzoo.regularizers.get(options)
    augmentation.build(keras.layers.Layer().add_weight, value_range)
    return augmentation


class Given:
    """Random numbers known by hand: those of NumPy, by kind and name."""

    def __init__(self, *names):
        self.names = names

    def fold_in(self, name):
        return Given(*self.names, name)

    def uniform(self, name, shape, **options):
        return tensor(self.generator(name, "uniform").random(shape))

    def normal(self, name, shape, **options):
        return tensor(self.generator(name, "normal").normal(size=shape))

    def generator(self, *names):
        return np.random.default_rng([*"/".join((*self.names, *names)).encode()])


def random_images(shape, value_range):
    low, high = value_range
    return np.random.default_rng(5).uniform(low, high, shape).astype("float32")


def expected(case, draw, images):
    """Values, (n, h, w, c), in the images' own range."""
    options, shape, (low, high) = CASES[case]
    pairs = zip(by_hand(options, draw, shape), centered(images, (low, high)), strict=True)
    return np.concatenate([f(x[None]) for f, x in pairs]) * (high - low) / 2 + (high + low) / 2


@functools.cache
def slopes(case):
    """(n, pixels out, pixels in): every formula is a linear one, and a constant."""
    options, shape, _ = CASES[case]
    size = int(np.prod(shape[1:]))
    nothing, basis = np.zeros((1, *shape[1:])), np.eye(size).reshape(size, *shape[1:])
    each = by_hand(options, Given(), shape)
    return np.stack([(f(basis) - f(nothing)).reshape(size, size).T for f in each])


# -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_images_come_out_as_the_papers_formulas_say(case):
    options, shape, value_range = CASES[case]
    images = random_images(shape, value_range)
    augmentation = built(options, value_range)
    changed = numbers(backend.jit(lambda x: augmentation.augment(x, Given()))(tensor(images)))
    values = expected(case, Given(), images)
    assert np.abs(values - images).max() > 0.1
    np.testing.assert_allclose(changed, values, atol=1e-5)


@pytest.mark.parametrize("case", DIFFERENTIATED)
def test_the_slope_through_an_augmentation_is_that_of_the_formulas(case):
    options, shape, value_range = CASES[case]
    images, augmentation = random_images(shape, value_range), built(options, value_range)
    weights = np.random.default_rng(8).normal(size=shape).astype("float32")

    def weighted(x):
        return ops.sum(ops.sin(augmentation.augment(x, Given())) * tensor(weights), axis=(1, 2, 3))

    slope = backend.jit(lambda x: backend.input_gradients(weighted, x))(tensor(images))
    toward = (np.cos(expected(case, Given(), images)) * weights).reshape(len(images), -1)
    np.testing.assert_allclose(
        numbers(slope).reshape(len(images), -1),
        np.einsum("nij,ni->nj", slopes(case), toward),
        atol=2e-5,
    )


@pytest.mark.parametrize("case", DIFFERENTIATED)
def test_the_gradient_of_a_penalty_through_an_augmentation_equals_central_differences(case):
    """A second derivative through the augmentation: R1 of D(x) = v tanh(w T(x))."""
    options, shape, value_range = CASES[case]
    images, augmentation = random_images(shape, value_range), built(options, value_range)
    rng = np.random.default_rng(9)
    size = int(np.prod(shape[1:]))
    exact = [rng.normal(size=(size, 2)) / np.sqrt(size), rng.normal(size=2)]
    w, v = (keras.Variable(np.float32(weight)) for weight in exact)

    def discriminate(x):
        seen = ops.reshape(augmentation.augment(x, Given()), (-1, size))
        return ops.sum(ops.tanh(ops.matmul(seen, w)) * v, axis=1)

    def learn(real):
        def loss():
            slopes = ops.reshape(backend.input_gradients(discriminate, real), (len(images), -1))
            return ops.mean(0.5 * ops.sum(ops.square(slopes), axis=1)), {}

        result = backend.gradients(loss, [w, v])
        return result.loss, *result.gradients

    loss, *gradients = backend.jit(learn)(tensor(images))

    seen = expected(case, Given(), images).reshape(len(images), -1)
    through = slopes(case)

    def penalty(w, v):
        slope = np.einsum("nij,ni->nj", through, (v * (1 - np.tanh(seen @ w) ** 2)) @ w.T)
        return 0.5 * (slope**2).sum(1).mean()

    assert float(loss) == pytest.approx(penalty(*exact), rel=1e-4)
    for slope, gradient in zip(calculus.slopes(penalty, exact), gradients, strict=True):
        np.testing.assert_allclose(numbers(gradient), slope, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("case", ["ada", "diffaugment"])
def test_the_random_numbers_of_a_gan_do_the_same(case):
    options, shape, value_range = CASES[case]
    images = random_images(shape, value_range)
    augmentation = built(options, value_range)
    augment = backend.jit(lambda x: augmentation.augment(x, ganzoo.random.Rng(7, 3)))
    changed = augment(tensor(images))
    values = expected(case, ganzoo.random.Rng(7, 3), images)
    np.testing.assert_allclose(numbers(changed), values, atol=1e-5)


@pytest.mark.parametrize("value_range", [(-1, 1), (0, 1)])
def test_with_probability_zero_images_stay_as_they_are_to_the_bit(value_range):
    ada = built({"name": "ada"}, value_range)
    images = random_images((4, 8, 8, 3), value_range)
    weights = random_images((4, 8, 8, 3), (-1, 1))

    def weighted(x):
        return ops.sum(ada.augment(x, Given()) * tensor(weights), axis=(1, 2, 3))

    def both(x):
        return ada.augment(x, Given()), backend.input_gradients(weighted, x)

    same, slope = backend.jit(both)(tensor(images))
    np.testing.assert_array_equal(numbers(same), images)
    np.testing.assert_array_equal(numbers(slope), weights)


def test_the_two_filters_undo_each_other_whatever_the_size():
    move = warp.translation(tensor([0.0]), tensor([0.0]))
    still = backend.jit(lambda x: warp.warp_images(x, move))
    for shape in ((1, 1, 6, 1), (2, 2, 3, 3), (1, 32, 5, 1)):
        images = random_images(shape, (-1, 1))
        np.testing.assert_allclose(numbers(still(tensor(images))), images, atol=2e-6)


def test_what_is_done_to_each_image_is_its_own():
    same = np.repeat(random_images((1, 8, 8, 3), (-1, 1)), 4, axis=0)
    for case in ("ada", "diffaugment"):
        augmentation = built(CASES[case][0])
        changed = backend.jit(lambda x, f=augmentation: f.augment(x, Given()))(tensor(same))
        for one, other in itertools.combinations(numbers(changed), 2):
            assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize("part", ["color", "translation", "cutout"])
def test_diffaugment_draws_from_the_whole_range(part):
    augmentation = built({"name": "diffaugment", "policy": [part]})
    images = np.zeros((2000, 8, 8, 3), "float32")
    if part == "color":  # of a gray image only the brightness changes
        light = numbers(augmentation.augment(tensor(images), Given()))[:, 0, 0, 0]
        assert -0.5 <= light.min() < -0.49 and 0.49 < light.max() <= 0.5
        assert light.std() == pytest.approx(12**-0.5, rel=0.05)
        return
    changed = numbers(augmentation.augment(tensor(images + 1), Given()))[..., 0]
    rows, columns = 1 - changed.max(2), 1 - changed.max(1)  # 1: nothing there is left
    if part == "translation":  # a row, none or the other comes in empty
        for empty in (rows, columns):
            shares = [empty[:, 0].mean(), empty[:, -1].mean(), (empty.sum(1) == 0).mean()]
            np.testing.assert_allclose(shares, 1 / 3, atol=0.04)
            assert not empty[:, 1:-1].any()
        return
    holes = (changed == 0).sum((1, 2))
    assert holes.max() == 16 and holes.min() == 4  # 4 x 4, or what is inside of it
    np.testing.assert_allclose((holes == 16).mean(), (5 / 9) ** 2, atol=0.04)
    ends = [axis[:, end].mean() for axis in (rows, columns) for end in (0, -1)]
    assert ends == [0, 0, 0, 0]  # some pixel of each is left
    cut = [(changed[:, end] == 0).any(axis=1).mean() for end in (0, -1)]
    np.testing.assert_allclose(cut, 3 / 9, atol=0.04)  # the first row as often as the last


def test_samples_that_are_not_images_are_refused():
    for options in (ALWAYS, {"name": "diffaugment"}):
        with pytest.raises(UsageError, match=r"images.*Received.*\(2,\)"):
            built(options).augment(tensor(np.zeros((3, 2))), Given())
    with pytest.raises(UsageError, match="1 or 3 channels. Received: 4"):
        built(ALWAYS).augment(tensor(np.zeros((2, 8, 8, 4))), Given())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "diffaugmnt"}, "Did you mean 'diffaugment'"),
        ({"name": "diffaugment", "target": 0.6}, "Unknown key .*'target'"),
        ({"name": "diffaugment", "policy": ["colr"]}, "must be color, translation or cutout"),
        ({"name": "diffaugment", "policy": []}, "names each part once"),
        ({"name": "ada", "policy": "color"}, "a list"),
        ({"name": "ada", "policy": ["color", "color"]}, "names each part once"),
        ({"name": "ada", "target": 1.5}, "target.* at most 1. Received: 1.5"),
        ({"name": "ada", "probability": float("nan")}, "probability.*Received: nan"),
        ({"name": "ada", "interval": 0}, "interval.*Received: 0"),
        ({"name": "ada", "ramp_images": 0}, "ramp_images.*Received: 0"),
    ],
)
def test_wrong_options_are_refused(options, words):
    with pytest.raises(UsageError, match=words):
        ganzoo.regularizers.get(options)
