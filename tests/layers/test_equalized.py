import math

import numpy as np
import pytest
from calculus import agrees, comes_back, filled, finite, tensor, to_numpy, values
from lazy_keras import keras, ops

import ganzoo
from ganzoo import backend

pytestmark = pytest.mark.backend

X = np.random.default_rng(0).normal(size=(2, 4, 3, 2))


def layers():
    return ganzoo.layers


def dense(x, kernel, bias, scale, multiplier):
    return x @ (kernel * scale) + bias * multiplier


def conv(x, kernel, bias=0.0, *, scale, strides=1):
    """ "same" padding for a 3x3 kernel, a kernel tap at a time."""
    n, h, w, c = x.shape
    pads = [max((-(-size // strides) - 1) * strides + 3 - size, 0) for size in (h, w)]
    x = np.pad(x, [(0, 0), *[(p // 2, p - p // 2) for p in pads], (0, 0)])
    out = np.zeros((n, -(-h // strides), -(-w // strides), kernel.shape[-1]))
    for i in range(3):
        for j in range(3):
            seen = x[:, i:, j:][:, ::strides, ::strides][:, : out.shape[1], : out.shape[2]]
            out += seen @ (kernel[i, j] * scale)
    return out + bias


@pytest.mark.parametrize("bias_gain", [False, True])
def test_dense_is_that_of_the_definition_with_both_derivatives(bias_gain):
    options = {"gain": 1.5, "lr_multiplier": 0.1, "bias_init": 1.0, "bias_gain": bias_gain}
    layer = layers().EqualizedDense(3, **options)
    layer.build((None, 2))
    scale = 1.5 * 0.1 / math.sqrt(2)
    multiplier = 0.15 if bias_gain else 0.1
    agrees(filled(layer), lambda x, k, b: dense(x, k, b, scale, multiplier), [X[:, 0]])


@pytest.mark.parametrize("strides", [1, 2])
def test_convolution_is_that_of_the_definition_with_both_derivatives(strides):
    layer = layers().EqualizedConv2D(3, 3, strides, gain=1.5, use_bias=strides == 1)
    layer.build((None, 4, 3, 2))
    scale = 1.5 / math.sqrt(3 * 3 * 2)
    agrees(filled(layer), lambda *args: conv(*args, scale=scale, strides=strides), [X])


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_outputs_of_unit_inputs_start_with_unit_variance_at_any_speed(multiplier):
    layer = layers().EqualizedDense(500, lr_multiplier=multiplier, bias_init=2.0)
    outputs = values(layer, np.random.default_rng(1).normal(size=(100, 100)))
    assert outputs.mean() == pytest.approx(2, abs=0.05)
    assert outputs.std() == pytest.approx(1, abs=0.05)
    assert to_numpy(layer.kernel).std() == pytest.approx(1 / multiplier, rel=0.05)


def test_a_step_of_adam_moves_outputs_less_by_the_multiplier():
    x = tensor(X[:, 0])

    def moved(multiplier):
        layer = layers().EqualizedDense(3, lr_multiplier=multiplier)
        layer.build((None, 2))
        filled(layer)
        optimizer = keras.optimizers.Adam(0.1, epsilon=1e-12)
        optimizer.build(layer.trainable_variables)
        before = layer(x)
        result = backend.gradients(lambda: (ops.sum(layer(x)), {}), layer.trainable_variables)
        backend.apply(optimizer, result.gradients, layer.trainable_variables)
        return to_numpy(layer(x)) - to_numpy(before)

    np.testing.assert_allclose(moved(0.01), 0.01 * moved(1.0), rtol=1e-3)


@pytest.mark.parametrize("kind", ["EqualizedDense", "EqualizedConv2D"])
def test_it_is_finite_in_half_precision_and_comes_back(kind):
    def make(**policy):
        size = [3] if kind == "EqualizedDense" else [3, (3, 2), 2, "valid"]
        options = {"gain": 1.4, "lr_multiplier": 0.01, "bias_init": 1.0, **policy}
        layer = getattr(layers(), kind)(*size, **options)
        layer.build((None, 4, 3, 2))
        return layer

    finite(make, [X])
    comes_back(make(), X)
