import numpy as np
import pytest
from calculus import agrees, comes_back, finite

import ganzoo

pytestmark = pytest.mark.backend


def reference(x):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-8)


def build(**options):
    return ganzoo.layers.PixelNorm(**options)


@pytest.mark.parametrize("shape", [(3, 4), (2, 2, 3, 4)])
def test_values_and_both_derivatives_are_those_of_the_definition(shape):
    agrees(build(), reference, [np.random.default_rng(0).normal(size=shape)])


def test_it_is_finite_at_zeros_and_in_half_precision_and_comes_back():
    finite(build, [np.random.default_rng(0).normal(size=(2, 2, 2, 4)) * 300])
    comes_back(build(), np.ones((2, 3, 3, 4)))
