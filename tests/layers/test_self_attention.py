import numpy as np
import pytest
from calculus import agrees, comes_back, filled, finite, normalized_kernels, values
from lazy_keras import to_numpy, trained_weights

import ganzoo

pytestmark = pytest.mark.backend


def build(shape=(2, 4, 8), **options):
    layer = ganzoo.layers.SelfAttention(**options)
    layer.build((None, *shape))
    return layer


def pooled(x):
    n, h, w, c = x.shape
    found = np.empty((n, h // 2, w // 2, c))
    for i in range(h // 2):
        for j in range(w // 2):
            found[:, i, j] = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(1, 2))
    return found


def reference(x, queries, keys, values, outputs, gamma):
    """Equations 1 to 3, a sample at a time."""
    n, h, w, c = x.shape
    y = np.empty_like(x)
    for k in range(n):
        q = (x[k] @ queries).reshape(h * w, -1)
        k_pooled, v = (pooled(x[k : k + 1] @ a).reshape(-1, a.shape[1]) for a in (keys, values))
        logits = q @ k_pooled.T
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        y[k] = x[k] + gamma * (weights @ v @ outputs).reshape(h, w, c)
    return y


def images(*shape):
    return np.random.default_rng(3).normal(size=(2, *shape))


@pytest.mark.parametrize("shape", [(2, 4, 8), (3, 5, 4)])
def test_values_and_both_derivatives_are_those_of_the_definition(shape):
    layer = filled(build(shape, spectral=False))
    agrees(layer, reference_in_order_of(layer), [images(*shape) / 2])


def reference_in_order_of(layer):
    maps = (layer.queries, layer.keys, layer.values, layer.outputs)
    expected = [*(part.kernel for part in maps), layer.gamma]
    order = [[v is w for v in layer.trainable_variables].index(True) for w in expected]
    return lambda x, *weights: reference(x, *(weights[k] for k in order))


def test_it_starts_as_the_identity():
    x = images(2, 4, 8)
    np.testing.assert_array_equal(values(build(), x), np.float32(x))


def test_its_size_is_that_of_the_authors_code():
    assert trained_weights(build((4, 4, 64))) == 64 * (8 + 8 + 32) + 32 * 64 + 1


def test_its_maps_are_spectrally_normalized():
    layer = filled(build())
    kernels = normalized_kernels(layer.queries, layer.keys, layer.values, layer.outputs)
    x = images(2, 4, 8)
    exact = reference(x, *kernels, to_numpy(layer.gamma))
    np.testing.assert_allclose(values(layer, x), exact, atol=1e-4)


def test_the_estimates_of_its_norms_move_in_training_only():
    layer, x = build(), images(2, 4, 8)
    states = []
    for training in (False, True):
        values(layer, x, training=training)
        states.append([to_numpy(u) for u in layer.non_trainable_variables])
    assert len(states[0]) == 4
    assert not any(map(np.array_equal, *states))


def test_no_two_of_its_maps_start_alike():
    layer = build((2, 4, 8), kernel_initializer="orthogonal")
    assert not np.array_equal(*(to_numpy(m.layer.kernel) for m in (layer.queries, layer.keys)))


def test_it_is_finite_at_zeros_and_in_half_precision_and_comes_back():
    def make(**policy):
        layer = build(spectral=False, **policy)
        layer.gamma.assign(1.0)
        return layer

    finite(make, [images(2, 4, 8)])
    comes_back(build(spectral=False, kernel_initializer="orthogonal"), images(2, 4, 8))
