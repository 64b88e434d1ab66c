import numpy as np
import pytest
from calculus import differences
from lazy_keras import keras, ops, to_numpy

import ganzoo
from ganzoo import backend

pytestmark = pytest.mark.backend


def normalized(inner, shape, **options):
    layer = ganzoo.layers.SpectralNormalization(inner, **options)
    layer.build((None, *shape))
    return layer


def dense(units=4, inputs=3, **options):
    layer = normalized(keras.layers.Dense(units, name="dense"), (inputs,), **options)
    rng = np.random.default_rng(0)
    layer.layer.kernel.assign(rng.normal(size=(inputs, units)).astype("float32"))
    layer.u.assign(rng.normal(size=(1, units)).astype("float32"))
    return layer


def conv():
    return normalized(ganzoo.layers.Conv2D(4, 3, name="conv"), (6, 6, 2))


@pytest.mark.parametrize("make", [dense, conv])
def test_sigma_becomes_the_largest_singular_value(make):
    layer = make()
    kernel = to_numpy(layer.layer.kernel)
    sigma = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]).astype("float64"))[1][0]
    for _ in range(300):
        quotient = layer.normalized_kernel(training=True)
    np.testing.assert_allclose(to_numpy(quotient), kernel / sigma, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_the_kernel_itself_is_never_assigned(training):
    layer = dense()
    kernel, u = to_numpy(layer.layer.kernel), to_numpy(layer.u)
    layer(np.ones((2, 3), "float32"), training=training)
    np.testing.assert_array_equal(to_numpy(layer.layer.kernel), kernel)
    assert np.array_equal(to_numpy(layer.u), u) != training  # only training moves the estimate


def test_the_wrapped_layer_is_called_with_the_quotient():
    layer = conv()
    layer.layer.bias.assign(np.arange(4, dtype="float32"))
    images = np.random.default_rng(1).normal(size=(2, 6, 6, 2)).astype("float32")
    outputs, quotient = to_numpy(layer(images)), to_numpy(layer.normalized_kernel())
    layer.layer.kernel.assign(quotient)
    np.testing.assert_allclose(outputs, to_numpy(layer.layer(images)), atol=1e-5)


def unit(x):
    return x / np.sqrt((x**2).sum() + 1e-12)


def test_the_gradient_flows_through_sigma():
    layer = dense()
    kernel, u = (np.float64(to_numpy(w)) for w in (layer.layer.kernel, layer.u))
    x = np.random.default_rng(2).normal(size=(5, 3))
    v = unit(u @ kernel.T)
    u = unit(v @ kernel)  # both are constants of the call, so they do not move below
    inputs = ops.convert_to_tensor(x, "float32")
    result = backend.gradients(
        lambda: (ops.sum(ops.tanh(layer(inputs, training=True))), {}), [layer.layer.kernel]
    )
    slope = differences(lambda k: np.tanh(x @ (k / (v @ k @ u.T).item())).sum(), kernel)
    np.testing.assert_allclose(to_numpy(result.gradients[0]), slope, atol=2e-4)


def test_training_goes_as_written_by_hand():
    """Keras' layer of this name assigns to its kernel in `call`, and leaves this track."""
    layer = dense(iterations=2)
    kernel, u = (np.float64(to_numpy(w)) for w in (layer.layer.kernel, layer.u))
    x = np.random.default_rng(3).normal(size=(5, 3))
    bias, optimizer = np.zeros(4), keras.optimizers.SGD(0.1)
    optimizer.build(layer.trainable_variables)
    inputs = ops.convert_to_tensor(x, "float32")

    for _ in range(5):
        result = backend.gradients(
            lambda: (ops.mean(ops.square(layer(inputs, training=True))), {}),
            layer.trainable_variables,
        )
        backend.apply(optimizer, result.gradients, layer.trainable_variables)
        for variable, value in result.writes:
            variable.assign(value)

        for _ in range(2):
            v = unit(u @ kernel.T)
            u = unit(v @ kernel)
        sigma = (v @ kernel @ u.T).item()
        y = x @ kernel / sigma + bias
        dy = 2 * y / y.size
        dq = x.T @ dy  # of the quotient kernel / sigma
        kernel = kernel - 0.1 * (dq / sigma - (dq * kernel).sum() / sigma**2 * (v.T @ u))
        bias = bias - 0.1 * dy.sum(0)

    np.testing.assert_allclose(to_numpy(layer.layer.kernel), kernel, atol=2e-5)
    np.testing.assert_allclose(to_numpy(layer.u), u, atol=2e-5)


def test_it_stays_finite_at_a_kernel_of_zeros():
    layer = dense()
    layer.layer.kernel.assign(np.zeros((3, 4), "float32"))
    inputs = ops.ones((2, 3))
    result = backend.gradients(
        lambda: (ops.sum(layer(inputs, training=True)), {}), [layer.layer.kernel]
    )
    assert np.isfinite(to_numpy(result.gradients[0])).all()
    assert np.isfinite(to_numpy(layer.normalized_kernel())).all()


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1.0])
def test_in_half_precision_sigma_is_as_good_as_in_single(scale):
    exact, inner = dense(), keras.layers.Dense(4, dtype="mixed_float16")
    layer = normalized(inner, (3,), dtype="mixed_float16")
    for one in (exact, layer):
        one.layer.kernel.assign(to_numpy(dense().layer.kernel) * scale)
        one.u.assign(to_numpy(dense().u))
    inputs = np.ones((2, 3), "float32")
    result = backend.gradients(
        lambda: (ops.sum(ops.cast(layer(inputs, training=True), "float32")), {}), [inner.kernel]
    )
    outputs = layer(inputs)
    assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
    np.testing.assert_allclose(to_numpy(outputs), to_numpy(exact(inputs)), atol=4e-3)
    assert np.isfinite(to_numpy(result.gradients[0])).all()
    assert np.isfinite(to_numpy(layer.u)).all()


def test_it_comes_back_from_its_configuration_under_the_layers_name():
    layer = dense(iterations=3)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.name == layer.name == "dense"
    assert again.iterations == 3
    assert again.compute_output_shape((None, 3)) == (None, 4)
