"""Degradation of photographs, for networks that are to undo it. Wang et al. 2021 (Real-ESRGAN),
https://arxiv.org/abs/2107.10833, section 3; probabilities and ranges: appendix A.

Left out: the sinc filter, whose ringing is that of sharpened photographs.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

REVISION = 1  # of the numbers: another one gives other images
_FILTERS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)
_RADIUS = 10  # of the largest kernel
_QUALITY = (30, 95)  # of JPEG


def bicubic(image: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """Bicubic downsampling with antialiasing alone, as papers before had it."""
    size = image.shape[0] // scale, image.shape[1] // scale
    return _rounded(_resized(image, size, Image.Resampling.BICUBIC))


def first_order(image: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """Blur, resizing, noise and JPEG, once: equation 1.

    Args:
        image: float32 (height, width, 3) in [0, 1].
        scale: Factor by which the result is smaller.
        rng: Random numbers.

    Returns:
        uint8 (height / scale, width / scale, 3).
    """
    size = image.shape[0] // scale, image.shape[1] // scale
    x = _blurred(image, rng, sigma=(0.2, 3.0))
    x = _noisy(_resized(x, size, _any_filter(rng)), rng, sigma=(1, 30), poisson=(0.05, 3.0))
    return _rounded(_compressed(x, rng))


def second_order(image: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """Blur, resizing, noise and JPEG, twice: section 3.3. See `first_order`."""
    height, width, _ = image.shape
    x = _blurred(image, rng, sigma=(0.2, 3.0))
    x = _resized(x, _random_size((height, width), rng, (0.2, 0.7, 0.1), (0.15, 1.5)),
                 _any_filter(rng))  # fmt: skip
    x = _compressed(_noisy(x, rng, sigma=(1, 30), poisson=(0.05, 3.0)), rng)
    if rng.random() < 0.8:
        x = _blurred(x, rng, sigma=(0.2, 1.5))
    size = height // scale, width // scale
    x = _resized(x, _random_size(size, rng, (0.3, 0.4, 0.3), (0.3, 1.2)), _any_filter(rng))
    x = _noisy(x, rng, sigma=(1, 25), poisson=(0.05, 2.5))
    return _rounded(_compressed(_resized(x, size, _any_filter(rng)), rng))


DEGRADATIONS: dict[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "bicubic": bicubic,
    "first-order": first_order,
    "second-order": second_order,
}


def _blurred(x: np.ndarray, rng: np.random.Generator, sigma: tuple[float, float]) -> np.ndarray:
    """Convolved with a random kernel; the border is reflected."""
    kernel = _kernel(rng, sigma)
    radius = min(_RADIUS, *(n - 1 for n in x.shape[:2]))  # of what can be reflected
    cut = _RADIUS - radius
    kernel = kernel[cut : len(kernel) - cut, cut : len(kernel) - cut]
    padded = np.pad(x, ((radius, radius), (radius, radius), (0, 0)), mode="reflect")
    size = padded.shape[:2]
    spectrum = np.fft.rfft2(kernel / kernel.sum(), size)
    found = np.fft.irfft2(np.fft.rfft2(padded, axes=(0, 1)) * spectrum[..., None], size, (0, 1))
    return found[2 * radius :, 2 * radius :].astype(np.float32)


def _kernel(rng: np.random.Generator, sigma: tuple[float, float]) -> np.ndarray:
    """A Gaussian, generalized Gaussian or plateau-shaped kernel, (21, 21): section 3.2.1."""
    shape = rng.choice(3, p=(0.7, 0.15, 0.15))
    size = 2 * rng.integers(3, _RADIUS + 1) + 1  # 7, 9, ..., 21
    first = rng.uniform(*sigma)
    second, angle = (rng.uniform(*sigma), rng.uniform(-np.pi, np.pi)) if rng.random() < 0.4 else (
        first, 0.0)  # fmt: skip
    y, x = np.mgrid[-_RADIUS : _RADIUS + 1, -_RADIUS : _RADIUS + 1]
    along = (np.cos(angle) * x + np.sin(angle) * y) / first
    across = (np.cos(angle) * y - np.sin(angle) * x) / second
    squared = along**2 + across**2
    if shape == 0:
        kernel = np.exp(-0.5 * squared)
    elif shape == 1:
        kernel = np.exp(-0.5 * squared ** rng.uniform(0.5, 4.0))
    else:
        kernel = 1 / (1 + squared ** rng.uniform(1.0, 2.0))
    return np.where(np.maximum(abs(x), abs(y)) <= size // 2, kernel, 0.0)


def _random_size(
    size: tuple[int, int],
    rng: np.random.Generator,
    probabilities: tuple[float, float, float],
    factors: tuple[float, float],
) -> tuple[int, int]:
    """A size that is larger, smaller or the same, by those probabilities."""
    way = rng.choice(3, p=probabilities)
    low, high = factors
    factor = (rng.uniform(1.0, high), rng.uniform(low, 1.0), 1.0)[way]
    return max(round(size[0] * factor), 4), max(round(size[1] * factor), 4)


def _any_filter(rng: np.random.Generator) -> Image.Resampling:
    return _FILTERS[rng.integers(len(_FILTERS))]


def _resized(x: np.ndarray, size: tuple[int, int], kind: Image.Resampling) -> np.ndarray:
    height, width = size
    planes = [Image.fromarray(p).resize((width, height), kind) for p in np.moveaxis(x, -1, 0)]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def _noisy(
    x: np.ndarray,
    rng: np.random.Generator,
    sigma: tuple[float, float],
    poisson: tuple[float, float],
) -> np.ndarray:
    """With Gaussian or Poisson noise, in color or gray: section 3.2.3."""
    gaussian, gray = rng.random() < 0.5, rng.random() < 0.4
    if gaussian:
        shape = (*x.shape[:2], 1) if gray else x.shape
        return x + rng.standard_normal(shape, np.float32) * (rng.uniform(*sigma) / 255)
    clean = np.rint(np.clip(x, 0, 1) * 255) / 255
    clean = clean @ np.array([[0.299], [0.587], [0.114]]) if gray else clean
    # as many photons as make the levels of the image
    levels = 2.0 ** np.ceil(np.log2(max(len(np.unique(clean)), 2)))
    noise = rng.poisson(clean * levels) / levels - clean
    return (x + noise * rng.uniform(*poisson)).astype(np.float32)


def _compressed(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As JPEG of a random quality gives it back."""
    buffer = io.BytesIO()
    Image.fromarray(_rounded(x)).save(buffer, "JPEG", quality=int(rng.integers(*_QUALITY) + 1))
    with Image.open(buffer, formats=("JPEG",)) as image:
        return np.asarray(image, np.float32) / 255


def _rounded(x: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)
