import numpy as np
import pytest
from calculus import agrees, comes_back, finite, values

import ganzoo

pytestmark = pytest.mark.backend

X = np.random.default_rng(0).normal(size=(5, 6, 2))
SHIFTS = np.array([-2, -1, 0, 1, 2])


def build(radius=2, **options):
    return ganzoo.layers.PhaseShuffle(radius, **options)


def reference(x, shifts, radius=2):
    padded = np.pad(x, [(0, 0), (radius, radius), (0, 0)], mode="reflect")
    starts = shifts + radius
    return np.stack([p[s : s + x.shape[1]] for p, s in zip(padded, starts, strict=True)])


def test_values_and_both_derivatives_are_those_of_reflected_padding():
    agrees(build(), reference, [X, SHIFTS])


@pytest.mark.parametrize("radius", [0, 1, 5])
def test_any_radius_below_the_length_is_reflected(radius):
    found = values(build(radius), X, SHIFTS)
    exact = reference(X, np.clip(SHIFTS, -radius, radius), radius)
    np.testing.assert_array_equal(found, np.float32(exact))


def test_it_works_in_half_precision_and_comes_back():
    finite(build, [X, SHIFTS], twice=False)
    comes_back(build(1), X, SHIFTS)


def test_more_than_there_is_cannot_be_reflected():
    with pytest.raises(ValueError, match="2 samples, radius=2"):
        build().build([(None, 2, 1), (None,)])
