import numpy as np
import pytest
from calculus import agrees, comes_back, finite, values

import ganzoo

pytestmark = pytest.mark.backend

CASES = [
    ((1, 3, 3, 1), (4, 6)),
    ((1, 3, 3, 1), (1, 5)),
    ((1, 2, 1), (5, 4)),
    ((1, 4, -2, 2, 3), (3, 2)),
]


def build(*args, **options):
    return ganzoo.layers.Resample2D(*args, **options)


def along(x, axis, taps, factor):
    """Zeros, one convolution in full, and a choice of its elements."""
    x = np.moveaxis(x, axis, -1)
    if factor == "up":
        zeros = np.zeros((*x.shape, 2))
        zeros[..., 0] = 2 * x
        x = zeros.reshape(*x.shape[:-1], -1)
    full = np.apply_along_axis(np.convolve, -1, x, np.array(taps) / sum(taps))
    # an even filter's center is half a pixel away from every pixel: to the left of the next one
    # where pixels are added, to the right where they are left out
    first = len(taps) // 2 if factor == "down" else (len(taps) - 1) // 2
    cut = full[..., first : first + x.shape[-1]]
    return np.moveaxis(cut[..., ::2] if factor == "down" else cut, -1, axis)


def reference(x, taps, factor):
    return along(along(x, 1, taps, factor), 2, taps, factor)


def images(h, w, channels=1):
    return np.random.default_rng(0).normal(size=(2, h, w, channels))


@pytest.mark.parametrize("factor", ["up", "down", "none"])
@pytest.mark.parametrize(("kernel", "size"), CASES)
def test_values_are_those_of_a_convolution_written_out(factor, kernel, size):
    x = images(*size, channels=2)
    found = values(build(factor, kernel), x)
    np.testing.assert_allclose(found, reference(x, kernel, factor), atol=1e-5)


@pytest.mark.parametrize("factor", ["up", "down", "none"])
def test_both_derivatives_are_those_of_the_definition(factor):
    kernel = (1, 3, 4, 2)
    agrees(build(factor, kernel), lambda x: reference(x, kernel, factor), [images(4, 3)])


@pytest.mark.parametrize("factor", ["up", "down", "none"])
def test_a_constant_image_stays_so_inside(factor):
    found = values(build(factor), np.ones((1, 8, 8, 1)))
    np.testing.assert_allclose(found[:, 2:-2, 2:-2], 1, atol=1e-6)


def test_pairs_repeat_and_average():
    x = images(2, 3)
    twice = x.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(values(build("up", (1, 1)), x), twice, atol=1e-6)
    np.testing.assert_allclose(values(build("down", (1, 1)), twice), x, atol=1e-6)


@pytest.mark.parametrize("factor", ["up", "down", "none"])
def test_it_works_in_half_precision_and_comes_back(factor):
    finite(lambda **policy: build(factor, **policy), [images(4, 3)], twice=False)
    comes_back(build(factor, (1, 2, 1)), images(4, 3))


@pytest.mark.parametrize("pads", [(2, 2), (0, 3), (0, 0)])
def test_pads_decide_how_much_of_the_convolution_there_is(pads):
    x, taps = images(5, 4), (1, 4, -2, 2)
    layer = build("none", taps, pads)
    found = values(layer, x)
    for axis in (1, 2):
        width = [(0, 0)] * 4
        width[axis] = pads
        x = np.pad(x, width)
        rule = np.array(taps) / sum(taps)
        x = np.apply_along_axis(lambda row, rule=rule: np.convolve(row, rule, "valid"), axis, x)
    np.testing.assert_allclose(found, x, atol=1e-5)
    assert layer.compute_output_shape((2, 5, 4, 1)) == x.shape
    assert type(layer).from_config(layer.get_config()).pads == pads


def test_beyond_an_edge_are_the_nearest_pixels_so_that_doubling_is_bilinear():
    layer, x = build("up", border="edge"), images(3, 2)
    wide = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    expected = reference(wide, (1, 3, 3, 1), "up")[:, 2:-2, 2:-2]
    np.testing.assert_allclose(values(layer, x), expected, atol=1e-5)
    assert values(layer, np.ones((1, 3, 2, 1))) == pytest.approx(np.ones((1, 6, 4, 1)))
    assert type(layer).from_config(layer.get_config()).border == "edge"


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match="for the factor 'none'"):
        build("up", pads=(1, 1))
    with pytest.raises(ValueError, match="Received: 'sideways'"):
        build("sideways")
    with pytest.raises(ValueError, match="Received: 'mirror'"):
        build("up", border="mirror")
    with pytest.raises(ValueError, match="sum to divide by"):
        build("up", (1, -1))
