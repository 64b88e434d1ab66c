import math

import numpy as np
import pytest
from calculus import agrees, comes_back, derived, differences, filled, finite, values, weights
from lazy_keras import ops, tensor, to_numpy

import ganzoo
from ganzoo import backend

pytestmark = pytest.mark.backend

RNG = np.random.default_rng(0)
X, STYLES = RNG.normal(size=(2, 3, 4, 2)), RNG.normal(size=(2, 2)) + 1
SHAPES = ((None, 3, 4, 2), (None, 2))


def build(*args, **options):
    layer = ganzoo.layers.ModulatedConv2D(*args, **options)
    layer.build(list(SHAPES))
    return layer


def reference(x, styles, kernel, demodulate, up):
    """Equations 1 and 3, with a kernel of each sample's own."""
    size = kernel.shape[0]
    kernel = kernel / math.sqrt(size * size * kernel.shape[2])
    outputs = []
    for image, style in zip(x, styles, strict=True):
        own = kernel * style[:, None]
        if demodulate:
            own = own / np.sqrt((own**2).sum(axis=(0, 1, 2)) + 1e-8)
        outputs.append(doubled(image, own) if up else convolved(image, own))
    return np.stack(outputs)


def convolved(image, kernel):
    h, w, _ = image.shape
    size = kernel.shape[0]
    before = (size - 1) // 2
    image = np.pad(image, [(before, size - 1 - before)] * 2 + [(0, 0)])
    return sum(image[i : i + h, j : j + w] @ kernel[i, j] for i in range(size) for j in range(size))


def doubled(image, kernel):
    """Each pixel paints the kernel around its place in the doubled image; then the filter."""
    h, w, _ = image.shape
    size = kernel.shape[0]
    canvas = np.zeros((2 * h + 4 + size, 2 * w + 4 + size, kernel.shape[3]))
    for i in range(h):
        for j in range(w):
            canvas[2 * i + 2 : 2 * i + 2 + size, 2 * j + 2 : 2 * j + 2 + size] += (
                image[i, j] @ kernel
            )
    taps = np.outer((1, 3, 3, 1), (1, 3, 3, 1)) / 16
    first = 2 - (5 - size - (5 - size) // 2)
    found = np.empty((2 * h, 2 * w, kernel.shape[3]))
    for i, j in np.ndindex(2 * h, 2 * w):
        seen = canvas[first + i :, first + j :][:4, :4]
        found[i, j] = (seen * taps[..., None]).sum(axis=(0, 1))
    return found


@pytest.mark.parametrize(
    ("size", "demodulate", "up"),
    [(3, True, False), (1, False, False), (3, True, True), (2, False, True)],
)
def test_values_and_gradients_are_those_of_kernels_of_each_samples_own(size, demodulate, up):
    layer = filled(build(3, size, demodulate=demodulate, up=up))
    agrees(layer, lambda *args: reference(*args, demodulate, up), [X, STYLES], twice=size == 3)


def test_gradients_reach_the_styles():
    layer, x = filled(build(3)), tensor(X)
    slope = backend.input_gradients(
        lambda styles: ops.sum(ops.sin(layer([x, styles]))), tensor(STYLES)
    )
    kernel = weights(layer)[0]
    exact = differences(lambda s: np.sin(reference(X, s, kernel, True, False)).sum(), STYLES)
    np.testing.assert_allclose(to_numpy(slope), exact, atol=1e-4)


@pytest.mark.parametrize("up", [False, True])
def test_a_constant_image_is_doubled_without_a_gain(up):
    layer = build(1, 3, demodulate=False, up=up)
    kernel = np.zeros((3, 3, 2, 1), "float32")
    kernel[1, 1] = 1.0
    layer.kernel.assign(kernel * math.sqrt(18) / 2)
    found = values(layer, np.ones((1, 6, 6, 2)), np.ones((1, 2)))
    np.testing.assert_allclose(found[:, 2:-2, 2:-2], 1, atol=1e-6)


def test_it_is_finite_at_styles_of_zero_and_in_half_precision_and_comes_back():
    finite(lambda **policy: build(3, up=True, **policy), [X, STYLES], twice=False)
    found = derived(build(3, up=True), twice=False)(X, np.zeros_like(STYLES))
    assert all(np.isfinite(y).all() for y in found)
    comes_back(build(4, 2, demodulate=False, up=True), X, STYLES)


def test_a_kernel_that_the_filter_cannot_follow_is_refused():
    with pytest.raises(ValueError, match="Received: 1"):
        build(4, 1, up=True)
