"""PSNR and SSIM against their definitions."""

import itertools

import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.metrics import full_reference
from ganzoo.metrics.full_reference import psnr, ssim


def noisy(shape=(3, 14, 17, 2), dtype="uint8", seed=0):
    random = np.random.default_rng(seed)
    targets = random.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    change = random.normal(0, np.iinfo(dtype).max / 20, shape)
    return np.clip(targets + change, 0, np.iinfo(dtype).max).astype(dtype), targets


def ssim_by_definition(x, y, peak):
    """Equation 13 in every window, written out for one channel."""
    offsets = np.arange(11) - 5
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    found = []
    for i, j in itertools.product(range(x.shape[0] - 10), range(x.shape[1] - 10)):
        a, b = (image[i : i + 11, j : j + 11].astype(float) for image in (x, y))
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        variances = (weights * (a - mean_a) ** 2).sum() + (weights * (b - mean_b) ** 2).sum()
        covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
        top = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
        found.append(top / ((mean_a**2 + mean_b**2 + c1) * (variances + c2)))
    return np.mean(found)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_ssim_is_the_mean_over_windows_and_channels(dtype):
    images, targets = noisy(dtype=dtype)
    peak = np.iinfo(dtype).max
    for value, x, y in zip(ssim(images, targets), images, targets, strict=True):
        channels = [ssim_by_definition(x[..., c], y[..., c], peak) for c in range(2)]
        assert value == pytest.approx(np.mean(channels), abs=1e-10)
        assert 0.5 < value < 1


def test_psnr_is_that_of_the_mean_squared_error():
    targets = np.full((2, 4, 4, 3), 100, np.uint8)
    images = targets + np.array([5, 50], np.uint8)[:, None, None, None]
    assert psnr(images, targets) == pytest.approx([20 * np.log10(255 / 5), 20 * np.log10(5.1)])
    wide = targets.astype("uint16") * 257
    assert psnr(images.astype("uint16") * 257, wide) == pytest.approx(psnr(images, targets))
    floats = np.linspace(-1, 1, 48).reshape(1, 4, 4, 3)
    assert psnr(floats + 0.2, floats) == pytest.approx(20)


def test_equal_images_have_the_best_values_and_these_are_finite():
    _, targets = noisy()
    assert ssim(targets, targets) == pytest.approx(1)
    assert psnr(targets, targets) == pytest.approx(10 * np.log10(12 * 255**2))


def test_small_images_have_smaller_windows_and_blocks_change_nothing(monkeypatch):
    images, targets = noisy((5, 6, 20, 1))
    whole = ssim(images, targets), psnr(images, targets)
    assert ((whole[0] > 0.3) & (whole[0] < 1)).all()
    monkeypatch.setattr(full_reference, "_PIXELS_AT_ONCE", 250)
    assert np.array_equal(ssim(images, targets), whole[0])
    assert np.array_equal(psnr(images, targets), whole[1])


@pytest.mark.parametrize("function", [psnr, ssim])
def test_pairs_that_do_not_fit_are_refused(function):
    images, targets = noisy()
    with pytest.raises(UsageError, match="one shape and type"):
        function(images[:2], targets)
    with pytest.raises(UsageError, match="one shape and type"):
        function(images.astype("uint16"), targets)
