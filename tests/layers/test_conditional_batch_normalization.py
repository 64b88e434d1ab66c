import numpy as np
import pytest
from calculus import agrees, comes_back, filled, finite, normalized_kernels, values

import ganzoo

pytestmark = pytest.mark.backend

X = np.random.default_rng(0).normal(size=(4, 2, 3, 2)) * 2 + 1
LABELS = np.array([2, 0, 2, 1])
VECTORS = np.random.default_rng(1).normal(size=(4, 3))


def build(**options):
    layer = ganzoo.layers.ConditionalBatchNormalization(**options)
    layer.build([(None, 2, 3, 2), (None,) if options.get("classes") else (None, 3)])
    return layer


def normalized(x):
    mean, variance = (getattr(x, name)(axis=(0, 1, 2)) for name in ("mean", "var"))
    return (x - mean) / np.sqrt(variance + 1e-5)


def with_labels(x, labels, gamma, beta):
    return normalized(x) * gamma[labels][:, None, None] + beta[labels][:, None, None]


def with_vectors(x, vectors, gamma, beta):
    gamma, beta = 1 + vectors @ gamma, vectors @ beta
    return normalized(x) * gamma[:, None, None] + beta[:, None, None]


@pytest.mark.parametrize(
    ("classes", "condition", "reference"), [(3, LABELS, with_labels), (None, VECTORS, with_vectors)]
)
def test_values_and_both_derivatives_are_those_of_the_definition(classes, condition, reference):
    layer = filled(build(classes=classes))
    agrees(layer, reference, [X, condition], training=True)


def test_it_starts_as_plain_batch_normalization():
    found = values(build(classes=3), X, LABELS, training=True)
    np.testing.assert_allclose(found, normalized(X), atol=1e-5)


def test_moving_averages_are_learnt_in_training_and_used_otherwise():
    layer = build(classes=3, momentum=0.5)
    mean, variance = np.zeros(2), np.ones(2)
    for _ in range(3):
        values(layer, X, LABELS, training=True)
        mean = (mean + X.mean(axis=(0, 1, 2))) / 2
        variance = (variance + X.var(axis=(0, 1, 2))) / 2
    exact = (X - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(values(layer, X, LABELS), exact, atol=1e-5)


def test_linear_maps_may_be_spectrally_normalized():
    layer = filled(build(spectral=True))
    exact = with_vectors(X, VECTORS, *normalized_kernels(layer.gamma, layer.beta))
    np.testing.assert_allclose(values(layer, X, VECTORS, training=True), exact, atol=1e-4)


def test_bits_are_a_condition_too():
    """Labels of several attributes are vectors of 0 and 1."""
    layer = filled(build())
    bits = [(VECTORS > 0).astype(kind) for kind in ("int32", "float32")]
    np.testing.assert_array_equal(*(values(layer, X, b, training=True) for b in bits))


def test_tables_have_no_spectral_norm():
    with pytest.raises(ValueError, match="classes=3"):
        build(classes=3, spectral=True)


@pytest.mark.parametrize(
    ("options", "condition"), [({"classes": 3}, LABELS), ({"spectral": True}, VECTORS)]
)
def test_it_is_finite_in_half_precision_and_comes_back(options, condition):
    finite(lambda **policy: build(**options, **policy), [X, condition], twice=False, training=True)
    comes_back(build(**options, momentum=0.8, kernel_initializer="orthogonal"), X, condition)
