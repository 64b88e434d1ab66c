"""What `fit` refuses, and that a model is whole after it."""

import numpy as np
import pytest

from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (12, 2, 2, 1), dtype="uint8")


@pytest.fixture
def gan(small, pixels):
    trained = small.compiled(small.gan(size=4, shape=(2, 2, 1)))
    trained.fit(pixels, batch_size=6, verbose=0)
    return trained


@pytest.mark.parametrize("option", ["validation_data", "sample_weight", "class_weight"])
def test_what_would_change_nothing_is_refused_by_name(gan, pixels, option):
    with pytest.raises(UsageError, match=f"no use for {option}"):
        gan.fit(pixels, verbose=0, **{option: {0: 0.0} if option == "class_weight" else pixels})


@pytest.mark.parametrize("kind", ["int32", "int64", "uint16", "int8", "bool"])
def test_integers_other_than_pixels_are_refused(gan, pixels, kind):
    with pytest.raises(UsageError, match=f"uint8.*Received: {kind}"):
        gan.fit(pixels.astype(kind), verbose=0)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.full((4, 2, 2, 1), 255.0), "from -1 to 1. Received: from 255 to 255"),
        (np.full((4, 2, 2, 1), np.nan), "Received: from nan"),
        (np.zeros((4, 3, 2, 1), "uint8"), r"Expected: .*2, 2, 1.*Received: .*\(4, 3, 2, 1\)"),
        (np.zeros((4, 2, 2, 3), "uint8"), r"Received: .*\(4, 2, 2, 3\)"),
        (np.zeros((0, 2, 2, 1), "uint8"), r"Received: .*\(0, 2, 2, 1\)"),
    ],
)
def test_arrays_that_are_not_samples_in_the_range_are_refused(gan, images, words):
    with pytest.raises(UsageError, match=words):
        gan.fit(images, verbose=0)


def test_points_have_no_range(small, points):
    small.compiled(small.gan()).fit(100 * points, batch_size=6, verbose=0)


@pytest.mark.parametrize("call", ["evaluate", "test_on_batch", "predict"])
def test_after_a_mistaken_call_the_model_samples_what_it_sampled(gan, small, pixels, call):
    state, samples = small.arrays(gan), gan.sample(3, seed=1)
    with pytest.raises(Exception):  # noqa: B017 - whatever the framework says of wrong shapes
        getattr(gan, call)(pixels)
    assert not small.differing(state, small.arrays(gan))
    np.testing.assert_array_equal(gan.sample(3, seed=1), samples)
    gan.fit(pixels, batch_size=6, verbose=0)
    assert int(gan.steps.value) == 4
