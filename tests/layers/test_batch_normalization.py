import numpy as np
import pytest
from calculus import agrees, filled, to_numpy
from lazy_keras import keras, ops

import ganzoo
from ganzoo import backend

pytestmark = pytest.mark.backend


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(0.3, 2.0, (4, 5, 5, 3)).astype("float32")


def layer(kind, **options):
    layer = kind(momentum=0.9, epsilon=1e-5, name="norm", **options)
    layer.build((None, 5, 5, 3))
    start = np.random.default_rng(1)
    layer.set_weights([start.uniform(0.5, 1.5, w.shape) for w in layer.weights])
    assert isinstance(layer, keras.layers.BatchNormalization)
    return layer


@pytest.mark.parametrize("options", [{}, {"scale": False, "center": False}])
def test_it_gives_and_keeps_what_keras_own_layer_does(images, options):
    ours, theirs = (
        layer(k, **options)
        for k in (ganzoo.layers.BatchNormalization, keras.layers.BatchNormalization)
    )
    for training in (True, False):
        given = [np.asarray(keras.ops.convert_to_numpy(one(images, training=training)))
                 for one in (ours, theirs)]  # fmt: skip
        np.testing.assert_allclose(*given, atol=1e-5)
    for own, their in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(own, their, atol=1e-6)


def test_its_second_derivatives_are_those_of_central_differences(images):
    images = images[:2, :1, :2]  # few: the mean of many hides a term that is missing
    norm, x = layer(ganzoo.layers.BatchNormalization), ops.convert_to_tensor(images)
    weights = np.random.default_rng(2).normal(size=images.shape).astype("float32")
    weights = ops.convert_to_tensor(weights)

    def network(x):  # what comes before the layer is not linear, as in a discriminator
        return ops.sum(ops.tanh(norm(ops.exp(x), training=True)) * weights, axis=(1, 2, 3))

    def slope_at(x) -> np.ndarray:
        slope = backend.input_gradients(network, ops.convert_to_tensor(x.astype("float32")))
        return np.asarray(ops.convert_to_numpy(slope), "float64")

    def penalty(x):
        return 0.5 * ops.sum(ops.square(backend.input_gradients(network, x)), axis=(1, 2, 3))

    slope = slope_at(images)
    # the gradient of half the squared slope is how the slope changes along itself
    step = 1e-3 * slope / np.abs(slope).max()
    expected = slope_at(images + step) - slope_at(images - step)
    expected *= np.abs(slope).max() / 2e-3
    found = np.asarray(ops.convert_to_numpy(backend.input_gradients(penalty, x)))
    assert np.abs(found - expected).max() < 1e-2 * np.abs(expected).max()


def test_mixed_precision_keeps_statistics_in_float32(images):
    norm = layer(ganzoo.layers.BatchNormalization, dtype="mixed_float16")
    given = norm(keras.ops.convert_to_tensor(300 * images), training=True)
    assert keras.backend.standardize_dtype(given.dtype) == "float16"
    assert np.isfinite(norm.get_weights()[3]).all()
    assert {w.dtype for w in norm.get_weights()} == {np.dtype("float32")}


@pytest.mark.parametrize(
    ("shape", "axis", "options"),
    [
        ((6, 3), -1, {"scale": False}),
        ((2, 3, 2), -1, {"center": False}),
        ((2, 3, 2, 2), 1, {"epsilon": 1e-8}),
        ((2, 1, 2, 2, 2), -1, {}),
    ],
)
def test_values_and_both_derivatives_are_those_of_the_definition(shape, axis, options):
    norm = ganzoo.layers.BatchNormalization(axis=axis, **options)
    norm.build(shape)
    axes = tuple(k for k in range(len(shape)) if k != axis % len(shape))

    def reference(x, *weights):
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        x = (x - mean) / np.sqrt(variance + options.get("epsilon", 1e-3))
        each = [-1 if k == axis % len(shape) else 1 for k in range(len(shape))]
        named = dict(zip([w.name for w in norm.trainable_variables], weights, strict=True))
        scale, offset = named.get("gamma", np.ones(1)), named.get("beta", np.zeros(1))
        return x * scale.reshape(each) + offset.reshape(each)

    x = np.random.default_rng(3).normal(size=shape) * 2 + 1
    agrees(filled(norm), reference, [x], training=True)


def test_one_row_is_normalized_to_its_offset(images):
    norm = layer(ganzoo.layers.BatchNormalization)
    given = norm(images[:1, :1, :1], training=True)
    np.testing.assert_allclose(to_numpy(given).ravel(), norm.get_weights()[1], atol=1e-3)
    assert np.isfinite(norm.get_weights()).all()
