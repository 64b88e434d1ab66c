"""What `sample` and `interpolate` refuse, in one line, and what they take for labels."""

import numpy as np
import pytest
from lazy_keras import keras, layers, ops

import ganzoo
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

NO_COUNTS = [0, -1, 1.5, "3", None, 2**40]
NO_SEEDS = [-1, 2**31, 2**40, 1.0, "7", None]


@pytest.fixture(scope="module")
def plain(small):
    return small.gan()


@pytest.fixture(scope="module")
def conditional(small):
    """Of ten classes, which it knows, as a GAN that a recipe built does."""
    gan = small.gan(classes=10)
    gan.num_classes = 10
    return gan


def translating(small, shape: tuple[int, ...]):
    """A GAN whose labels have that shape, and whose images are their numbers."""
    latents, labels = keras.Input((3,)), keras.Input(shape)
    z = layers.Reshape((1,) * len(shape))(layers.Dense(1, kernel_initializer="zeros")(latents))
    generator = keras.Model([latents, labels], layers.Add()([labels, z]))
    return ganzoo.GAN(generator, small.discriminator(shape=shape))


@pytest.mark.parametrize("n", NO_COUNTS)
def test_a_count_that_is_none_is_refused(n, plain):
    for ask in (lambda: plain.sample(n), lambda: plain.interpolate((1, 2), n)):
        with pytest.raises(UsageError, match=r"n must be a whole number in \[1, 2\*\*31\)\. Rec"):
            ask()


@pytest.mark.parametrize("seed", NO_SEEDS)
def test_a_seed_that_is_none_is_refused(seed, plain):
    for ask in (lambda: plain.sample(2, seed=seed), lambda: plain.interpolate((1, seed), 2)):
        with pytest.raises(UsageError, match=r"seed must be a whole number in \[0, 2\*\*31\)\. R"):
            ask()


@pytest.mark.parametrize("seeds", [(), (1,), (1, 2, 3), 4, "12", None])
def test_a_way_has_two_ends(seeds, plain):
    with pytest.raises(UsageError, match=r"seeds must be two of them.*seeds=\(3, 9\)"):
        plain.interpolate(seeds, 2)


def test_numbers_of_numpy_are_whole_numbers(plain):
    expected = plain.sample(2, seed=2**31 - 1)
    np.testing.assert_array_equal(
        plain.sample(np.int64(2), seed=np.uint32(2**31 - 1), labels=None), expected
    )
    way = plain.interpolate(np.array([3, 9]), 2)
    np.testing.assert_array_equal(way, plain.interpolate([3, 9], 2))


@pytest.mark.parametrize("labels", [0, [1, 2], np.zeros((2, 3))])
def test_labels_for_a_generator_that_takes_none_are_refused(labels, plain):
    for ask in (
        lambda: plain.sample(2, labels=labels),
        lambda: plain.interpolate((1, 2), 2, labels=labels),
    ):
        with pytest.raises(UsageError, match="is not conditional.*Received.*Leave out labels"):
            ask()


@pytest.mark.parametrize(
    ("labels", "received"),
    [
        (None, "None"),
        ([3, 4], r"\[3, 4\]"),
        ([30] * 4, r"\[30, 30, 30, 30\]"),
        (10, r"\[10, 10, 10, 10\]"),
        (-1, r"\[-1, -1, -1, -1\]"),
        ([0, 1, 2, -1], r"\[0, 1, 2, -1\]"),
        ([0, 1, 2, 2**40], r"\[0, 1, 2, 1099511627776\]"),
        ([0, 1, 2, 0.5], r"\[0.0, 1.0, 2.0, 0.5\]"),
        ([0, 1, 2, float("nan")], "nan"),
        ([[1], [2], [3], [10]], r"shape \(4, 1\)"),
        (np.zeros((4, 1, 1), int), r"shape \(4, 1, 1\)"),
        (["a", "b", "c", "d"], "'a'"),
        ([[1], [2, 3]], r"\[\[1\], \[2, 3\]\]"),
        ([], r"\[\]"),
    ],
)
def test_classes_that_are_none_are_refused(labels, received, conditional):
    expected = rf"Expected: 4 whole numbers in \[0, 10\)\. Received: .*{received}.*labels=0"
    for ask in (
        lambda: conditional.sample(4, labels=labels),
        lambda: conditional.interpolate((1, 2), 4, labels=labels),
    ):
        with pytest.raises(UsageError, match=expected):
            ask()


def test_weights_of_classes_are_refused_by_a_layer_that_cannot_mix_them(conditional):
    with pytest.raises(UsageError, match="'class' takes classes, but nothing between two of them"):
        conditional.sample(4, labels=np.eye(10)[:4])


def test_where_the_number_of_classes_is_not_known_only_their_kind_is_checked(small):
    gan = small.gan(classes=3)
    assert gan.num_classes is None
    assert gan.sample(2, labels=[0, 2]).shape == (2, 2)
    for wrong in ([0, -1], [0, 0.5], [0, 2**31], 2**31):
        with pytest.raises(UsageError, match="Expected: 2 whole numbers from 0"):
            gan.sample(2, labels=wrong)


def test_one_class_is_that_of_all_images(conditional):
    expected = conditional.sample(4, labels=[3] * 4)
    assert not np.array_equal(expected, conditional.sample(4, labels=[4] * 4))
    for one in (3, np.int64(3), np.array(3)):
        np.testing.assert_array_equal(conditional.sample(4, labels=one), expected)
    np.testing.assert_array_equal(
        conditional.interpolate((1, 2), 3, labels=3),
        conditional.interpolate((1, 2), 3, labels=[3] * 3),
    )


def test_classes_come_in_any_list(conditional):
    expected = conditional.sample(3, labels=[0, 1, 2])
    same = [range(3), (0, 1, 2), np.arange(3, dtype="uint8"), np.arange(3.0), ops.arange(3),
            np.arange(3)[:, None]]  # fmt: skip
    for labels in same:
        np.testing.assert_array_equal(conditional.sample(3, labels=labels), expected)


def test_rows_of_attributes_are_labels(small):
    gan = translating(small, (2,))
    gan.num_classes = 2  # of attributes it is how many there are
    rows = np.array([[0, 1], [1, 0], [1, 1]])
    for labels in (rows, rows.tolist(), rows.astype("float64"), rows > 0,
                   ops.cast(rows, "float16")):  # fmt: skip
        np.testing.assert_array_equal(gan.sample(3, labels=labels), rows)
        np.testing.assert_array_equal(gan.interpolate((1, 2), 3, labels=labels), rows)
    for labels in (1, [0, 1, 1], rows[:2], rows.T, [[0, float("inf")]] * 3, None):
        with pytest.raises(UsageError, match=r"Expected: finite numbers of shape \(3, 2\)"):
            gan.sample(3, labels=labels)


def test_images_are_labels(small):
    gan = translating(small, (4, 4, 1))
    pixels = np.arange(48, dtype="uint8").reshape(3, 4, 4, 1)
    floats = pixels / 127.5 - 1.0
    for labels in (pixels, floats, floats.astype("float32")):
        np.testing.assert_array_equal(gan.sample(3, labels=labels), pixels)
        np.testing.assert_array_equal(gan.interpolate((1, 2), 3, labels=labels), pixels)
    for labels in (0, pixels[:2], pixels[..., 0], pixels[:, :3], None):
        with pytest.raises(UsageError, match=r"of shape \(3, 4, 4, 1\)\. Received: .*Images"):
            gan.sample(3, labels=labels)
