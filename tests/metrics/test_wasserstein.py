import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.metrics.wasserstein import patch_wasserstein, pyramid, sliced_wasserstein


def test_on_a_line_it_is_the_wasserstein_distance():
    real, fake = np.array([[0.0], [1.0], [3.0]]), np.array([[5.0], [2.0], [2.0]])
    assert sliced_wasserstein(real, fake, order=1) == pytest.approx((2 + 1 + 2) / 3)
    assert sliced_wasserstein(real, fake) == pytest.approx(np.sqrt((4 + 1 + 4) / 3))


def test_sides_of_different_size_are_compared_by_their_quantiles(random):
    stats = pytest.importorskip("scipy.stats")
    real, fake = random.normal(size=(7, 1)), random.normal(size=(5, 1)) + 0.3
    expected = stats.wasserstein_distance(real[:, 0], fake[:, 0])
    assert sliced_wasserstein(real, fake, order=1) == pytest.approx(expected, rel=1e-12)


def test_repeating_every_sample_changes_nothing(random):
    real, fake = random.normal(size=(20, 3)), random.normal(size=(30, 3))
    whole = sliced_wasserstein(real, fake)
    assert sliced_wasserstein(np.repeat(real, 4, axis=0), fake) == pytest.approx(whole, rel=1e-12)


def test_a_shift_counts_by_its_length_over_the_root_of_the_dimension(random):
    rows = random.normal(size=(100, 4))
    shift = np.array([3.0, 0, 4, 0])
    value = sliced_wasserstein(rows, rows + shift, directions=20_000)
    assert value == pytest.approx(5 / np.sqrt(4), rel=0.02)


def test_neither_order_nor_type_matters_but_the_seed_does(random):
    real, fake = random.random((40, 5)).astype(np.float32), random.random((30, 5))
    one = sliced_wasserstein(real, fake)
    again = sliced_wasserstein(random.permutation(real).astype(np.float64), fake[::-1])
    assert one == pytest.approx(again, rel=1e-12)
    assert sliced_wasserstein(real, fake, seed=1) != one


def test_values_out_of_range_are_refused():
    with pytest.raises(UsageError, match="directions=0"):
        sliced_wasserstein(np.eye(2), np.eye(2), directions=0)


# of images


def images(random, count=40, size=32, channels=3):
    """Soft blobs: noise, averaged over 7x7 pixels and stretched."""
    noise = random.normal(size=(count, size, size, channels))
    for axis in (1, 2):
        noise = sum(np.roll(noise, shift, axis) for shift in range(7))
    return np.clip(128 + 8 * noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "sizes"), [(8, [8]), (28, [28]), (32, [32, 16]), (45, [45, 23]), (64, [64, 32, 16])]
)
def test_the_pyramid_ends_at_16_pixels(size, sizes, random):
    assert [level.shape[1] for level in pyramid(images(random, 2, size))] == sizes


def test_a_constant_image_is_all_in_the_coarsest_level():
    fine, middle, coarse = pyramid(np.full((1, 64, 64, 1), 77))
    np.testing.assert_allclose(coarse, 77)
    np.testing.assert_allclose(fine, 0, atol=1e-10)
    np.testing.assert_allclose(middle, 0, atol=1e-10)


def test_the_finest_level_is_what_a_smoothed_and_halved_image_lacks(random):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = images(random, 1, 33, 1)
    weights = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    half = ndimage.convolve(np.float64(image[0, :, :, 0]), weights, mode="mirror")[::2, ::2]
    spread = np.zeros((33, 33))
    spread[::2, ::2] = half
    expected = image[0, :, :, 0] - ndimage.convolve(spread, 4 * weights, mode="mirror")
    fine, coarse = pyramid(image)
    np.testing.assert_allclose(coarse[0, :, :, 0], half, rtol=1e-12)
    np.testing.assert_allclose(fine[0, :, :, 0], expected, atol=1e-10)


def test_equal_images_have_distance_0_in_any_order(random):
    some = images(random)
    assert patch_wasserstein(some, random.permutation(some)).mean == 0


def test_order_does_not_matter_but_the_seed_does(random):
    real, fake = images(random), images(random, 30) // 2
    one = patch_wasserstein(real, fake, directions=32)
    again = patch_wasserstein(real[::-1], random.permutation(fake), directions=32)
    assert one.mean == pytest.approx(again.mean, rel=1e-6) and one.images == 30
    assert patch_wasserstein(real, fake, directions=32, seed=1).mean != one.mean


def test_lost_sharpness_shows_in_the_finest_level_most(random):
    real, fresh = random.integers(0, 256, (2, 200, 32, 32, 1)).astype(np.uint8)
    soft = fresh / 2
    for axis in (1, 2):
        soft = (np.roll(soft, 1, axis) + 2 * soft + np.roll(soft, -1, axis)) / 4
    clean = patch_wasserstein(real, fresh).levels
    worse = patch_wasserstein(real, soft.astype(np.uint8)).levels
    assert list(worse) == [32, 16]
    assert worse[32] > 2 * clean[32]
    assert worse[32] - clean[32] > 2 * (worse[16] - clean[16])


def test_contrast_does_not_count(random):
    real = images(random) // 2
    assert patch_wasserstein(real, real * 2).mean < 1e-6


def test_images_without_contrast_are_no_division_by_0(random):
    blank = np.full((10, 8, 8, 1), 255, np.uint8)
    assert patch_wasserstein(blank, blank).mean == 0
    assert patch_wasserstein(images(random, 10, 8, 1), blank).mean > 0.1


@pytest.mark.parametrize("fake", [np.zeros((4, 8, 8, 3), np.uint8), np.zeros((4, 8, 8, 1))])
def test_images_that_do_not_fit_are_refused(fake):
    with pytest.raises(UsageError, match="Received:"):
        patch_wasserstein(np.zeros((4, 8, 8, 1), np.uint8), fake)
