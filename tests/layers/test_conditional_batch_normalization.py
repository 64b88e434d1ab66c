import numpy as np
import pytest

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
def test_values_and_both_derivatives_are_those_of_the_definition(
    calculus, classes, condition, reference
):
    layer = calculus.filled(build(classes=classes))
    calculus.agrees(layer, reference, [X, condition], training=True)


def test_it_starts_as_plain_batch_normalization(calculus):
    found = build(classes=3)([calculus.tensor(X), calculus.tensor(LABELS)], training=True)
    np.testing.assert_allclose(calculus.to_numpy(found), normalized(X), atol=1e-5)


def test_moving_averages_are_learnt_in_training_and_used_otherwise(calculus):
    layer = build(classes=3, momentum=0.5)
    inputs = [calculus.tensor(X), calculus.tensor(LABELS)]
    mean, variance = np.zeros(2), np.ones(2)
    for _ in range(3):
        layer(inputs, training=True)
        mean = (mean + X.mean(axis=(0, 1, 2))) / 2
        variance = (variance + X.var(axis=(0, 1, 2))) / 2
    exact = (X - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(calculus.to_numpy(layer(inputs)), exact, atol=1e-5)


def test_linear_maps_may_be_spectrally_normalized(calculus):
    layer = calculus.filled(build(spectral=True))
    quotients = []
    for part in (layer.gamma, layer.beta):
        for _ in range(100):
            part.normalized_kernel(training=True)
        kernel = np.float64(calculus.to_numpy(part.layer.kernel))
        quotients.append(kernel / np.linalg.svd(kernel)[1][0])
    found = layer([calculus.tensor(X), calculus.tensor(VECTORS)], training=True)
    exact = with_vectors(X, VECTORS, *quotients)
    np.testing.assert_allclose(calculus.to_numpy(found), exact, atol=1e-4)


def test_bits_are_a_condition_too(calculus):
    """Labels of several attributes are vectors of 0 and 1."""
    layer = calculus.filled(build())
    bits = VECTORS > 0
    found = [layer([calculus.tensor(X), calculus.tensor(bits.astype(kind))], training=True)
             for kind in ("int32", "float32")]  # fmt: skip
    np.testing.assert_array_equal(*map(calculus.to_numpy, found))


def test_tables_have_no_spectral_norm():
    with pytest.raises(ValueError, match="classes=3"):
        build(classes=3, spectral=True)


@pytest.mark.parametrize(
    ("options", "condition"), [({"classes": 3}, LABELS), ({"spectral": True}, VECTORS)]
)
def test_it_is_finite_in_half_precision_and_comes_back(calculus, options, condition):
    calculus.finite(
        lambda **policy: build(**options, **policy), [X, condition], twice=False, training=True
    )
    calculus.comes_back(
        build(**options, momentum=0.8, kernel_initializer="orthogonal"), X, condition
    )
