import numpy as np
import pytest

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
def test_values_and_both_derivatives_are_those_of_the_definition(calculus, shape):
    layer = calculus.filled(build(shape, spectral=False))
    calculus.agrees(layer, reference_in_order_of(layer), [images(*shape) / 2])


def reference_in_order_of(layer):
    maps = (layer.queries, layer.keys, layer.values, layer.outputs)
    expected = [*(part.kernel for part in maps), layer.gamma]
    order = [[v is w for v in layer.trainable_variables].index(True) for w in expected]
    return lambda x, *weights: reference(x, *(weights[k] for k in order))


def test_it_starts_as_the_identity(calculus):
    x = images(2, 4, 8)
    np.testing.assert_array_equal(calculus.to_numpy(build()(calculus.tensor(x))), np.float32(x))


def test_its_size_is_that_of_the_authors_code():
    layer = build((4, 4, 64))
    assert (
        sum(np.prod(w.shape) for w in layer.trainable_variables) == 64 * (8 + 8 + 32) + 32 * 64 + 1
    )


def test_its_maps_are_spectrally_normalized(calculus):
    layer = calculus.filled(build())
    maps = (layer.queries, layer.keys, layer.values, layer.outputs)
    quotients = []
    for part in maps:
        for _ in range(100):
            part.normalized_kernel(training=True)
        kernel = np.float64(calculus.to_numpy(part.layer.kernel))
        quotients.append(kernel / np.linalg.svd(kernel)[1][0])
    x = images(2, 4, 8)
    found = calculus.to_numpy(layer(calculus.tensor(x)))
    exact = reference(x, *quotients, calculus.to_numpy(layer.gamma))
    np.testing.assert_allclose(found, exact, atol=1e-4)


def test_the_estimates_of_its_norms_move_in_training_only(calculus):
    layer, x = build(), calculus.tensor(images(2, 4, 8))
    states = []
    for training in (False, True):
        layer(x, training=training)
        states.append([calculus.to_numpy(u) for u in layer.non_trainable_variables])
    assert len(states[0]) == 4
    assert not any(map(np.array_equal, *states))


def test_no_two_of_its_maps_start_alike(calculus):
    layer = build((2, 4, 8), kernel_initializer="orthogonal")
    assert not np.array_equal(
        *(calculus.to_numpy(m.layer.kernel) for m in (layer.queries, layer.keys))
    )


def test_it_is_finite_at_zeros_and_in_half_precision(calculus):
    def make(**policy):
        layer = build(spectral=False, **policy)
        layer.gamma.assign(1.0)
        return layer

    calculus.finite(make, [images(2, 4, 8)])


def test_it_comes_back_from_its_configuration(calculus):
    calculus.comes_back(build(spectral=False, kernel_initializer="orthogonal"), images(2, 4, 8))
