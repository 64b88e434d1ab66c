import numpy as np
import pytest
from calculus import agrees, comes_back, filled, finite, values

import ganzoo

pytestmark = pytest.mark.backend


def build(affine=True, **options):
    layer = ganzoo.layers.InstanceNormalization(affine=affine, **options)
    layer.build((None, 2, 2, 2))
    return layer


def reference(x, gamma=1.0, beta=0.0):
    x = x - x.mean((1, 2), keepdims=True)
    return x / np.sqrt((x**2).mean((1, 2), keepdims=True) + 1e-5) * gamma + beta


def test_each_channel_of_each_image_has_mean_0_and_variance_1():
    first = [[1.0, 3.0], [1.0, 3.0]]  # mean 2, variance 1
    second = [[0.0, 0.0], [0.0, 8.0]]  # mean 2, variance 12
    x = np.stack([np.stack([first, second], -1), np.stack([second, first], -1)])
    y = values(build(affine=False, epsilon=0.0), x)
    np.testing.assert_allclose(y[0, :, :, 0], [[-1, 1], [-1, 1]], atol=1e-6)
    high = 6 / np.sqrt(12)
    np.testing.assert_allclose(
        y[0, :, :, 1], [[-high / 3, -high / 3], [-high / 3, high]], atol=1e-6
    )
    np.testing.assert_allclose(y[1], y[0, :, :, ::-1], atol=1e-6)


def test_scale_and_offset_of_a_channel_come_after_it():
    layer = build(epsilon=0.0)
    layer.gamma.assign([2.0, 0.0])
    layer.beta.assign([0.5, 7.0])
    x = np.array([[[[1.0, 1.0], [3.0, 2.0]], [[1.0, 5.0], [3.0, 9.0]]]])
    y = values(layer, x)
    np.testing.assert_allclose(y[0, :, :, 0], [[-1.5, 2.5], [-1.5, 2.5]], atol=1e-6)
    np.testing.assert_allclose(y[0, :, :, 1], 7.0)


@pytest.mark.parametrize("affine", [True, False])
def test_values_and_both_derivatives_are_those_of_the_definition(affine):
    x = np.random.default_rng(0).normal(size=(2, 2, 2, 2))
    agrees(filled(build(affine)), reference, [x])


@pytest.mark.parametrize("affine", [True, False])
def test_it_is_finite_for_constant_images_and_in_half_precision_and_comes_back(affine):
    finite(build, [np.random.default_rng(0).normal(size=(2, 2, 2, 2)) * 300])
    again = comes_back(build(affine, epsilon=1e-3), np.ones((2, 2, 2, 2)))
    assert (again.affine, again.epsilon) == (affine, 1e-3)
