"""Calls of a network's layers one by one are those of Keras, bit for bit."""

import os

import numpy as np
import pytest
from lazy_keras import Lazy, keras, layers, ops, to_numpy

from ganzoo import backend
from ganzoo.catalog.plugins.discovery import discover
from ganzoo.testing.architecture_case import ArchitectureCase

scope = Lazy("ganzoo.backend.scope")
pytestmark = pytest.mark.backend
on_torch = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND") != "torch", reason="the others have Keras call the network"
)


def captured(call):
    """Outputs, and values by path of what was written."""
    keras.utils.set_random_seed(3)  # for dropout without a seed
    with scope.WriteCapture() as capture:
        outputs = call()
    outputs = [to_numpy(x) for x in keras.tree.flatten(outputs)]
    return outputs, {v.path: to_numpy(value) for v, value in capture.writes}


def same_in_both_ways(network, inputs):
    ours, our_writes = captured(lambda: backend.training_outputs(network, inputs))
    theirs, their_writes = captured(lambda: network(inputs, training=True))
    np.testing.assert_array_equal(len(ours), len(theirs))
    for mine, exact in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, exact)
    assert list(our_writes) == list(their_writes)
    for path, value in our_writes.items():
        np.testing.assert_array_equal(value, their_writes[path])
    return our_writes


def random_inputs(network):
    rng = np.random.default_rng(0)

    def filled(x):
        shape = [4 if n is None else n for n in x.shape]
        whole = "int" in x.dtype
        values = rng.integers(0, 2, shape) if whole else rng.normal(size=shape)
        return ops.convert_to_tensor(values, x.dtype)

    inputs = [filled(x) for x in network.inputs]
    return inputs if len(inputs) > 1 else inputs[0]


@on_torch
@pytest.mark.parametrize("name", sorted(discover("architecture").plugins))
def test_an_architecture_has_the_outputs_and_the_writes_of_its_ordinary_call(name):
    gan = ArchitectureCase(name).gan
    for network in (gan.generator, gan.discriminator):
        same_in_both_ways(network, random_inputs(network))


def chain(*found, inputs=(6,), dtype=None):
    x = images = keras.Input(inputs, dtype=dtype)
    for layer in found:
        x = layer(x)
    return keras.Model(images, x)


def doubled(x):
    return 2.0 * x


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "bfloat16"])
def test_dropout_batch_norm_and_shared_layers_are_those_of_keras(policy):
    dense = layers.Dense(6, dtype=policy)
    network = chain(
        dense, layers.BatchNormalization(dtype=policy), layers.Dropout(0.5, seed=1), dense,
        layers.Activation("tanh", dtype="float32"), doubled, layers.Dropout(0.5),
    )  # fmt: skip
    assert len(same_in_both_ways(network, random_inputs(network))) >= 3  # statistics and seeds


def test_nested_networks_and_several_inputs_and_outputs_are_those_of_keras():
    inner = chain(layers.Dense(6), layers.BatchNormalization())
    x, y = keras.Input((6,)), keras.Input((), dtype="int32")
    z = layers.Add()([inner(x), layers.Embedding(5, 6)(y)])
    network = keras.Model([x, y], [z, ops.split(z, 2, axis=1)[1]])
    assert len(same_in_both_ways(network, random_inputs(network))) == 2


def test_a_layer_that_hides_one_with_a_training_mode_tells_it_of_the_mode():
    class Outer(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.BatchNormalization()

        def call(self, x):
            return self.inner(x)

    network = chain(layers.Dense(6), Outer())
    assert len(same_in_both_ways(network, random_inputs(network))) == 2


def test_masks_reach_the_layers_that_read_them():
    class Seen(keras.layers.Layer):
        supports_masking = True

        def call(self, x, mask=None):
            return ops.cast(mask, "float32") if mask is not None else ops.zeros_like(x[..., 0])

    network = chain(layers.Embedding(4, 2, mask_zero=True), Seen(), dtype="int32")
    inputs = ops.convert_to_tensor([[0, 1, 2, 3, 0, 1]], "int32")
    same_in_both_ways(network, inputs)
    outputs = to_numpy(backend.training_outputs(network, inputs))
    assert outputs.tolist() == [[0, 1, 1, 1, 0, 1]]


def test_a_call_of_the_layers_own_and_a_model_of_its_own_are_called():
    class Twice(keras.layers.Layer):
        def __call__(self, *args, **kwargs):
            return 2.0 * super().__call__(*args, **kwargs)

        def call(self, x):
            return x + 1.0

    class Own(keras.Model):
        def call(self, x, training=False):
            return x + (1.0 if training else 0.0)

    x = ops.ones((2, 6))
    same_in_both_ways(chain(Twice()), x)
    assert to_numpy(backend.training_outputs(Own(), x)).tolist() == [[2.0] * 6] * 2


def test_inputs_of_another_shape_are_refused_as_by_keras():
    network = chain(layers.Dense(3))
    with pytest.raises(ValueError, match="expected shape"):
        backend.training_outputs(network, ops.ones((2, 5)))


@on_torch
def test_hooks_of_pytorch_are_called():
    network, seen = chain(layers.Dense(3, name="first"), layers.ReLU()), []
    x = random_inputs(network)
    backend.training_outputs(network, x)
    handle = network.get_layer("first").register_forward_hook(lambda *args: seen.append(1))
    backend.training_outputs(network, x)
    handle.remove()
    backend.training_outputs(network, x)
    assert seen == [1]


@on_torch
def test_on_pytorch_the_networks_of_the_zoo_are_called_layer_by_layer():
    from ganzoo.backend import torch_network

    gan = ArchitectureCase("mlp").gan
    for network in (gan.generator, gan.discriminator):
        backend.training_outputs(network, random_inputs(network))
        plan = torch_network._plans[network]
        assert not any(isinstance(step.call, keras.layers.Layer) for step in plan.operations)


@on_torch
def test_rescaling_is_a_product_and_nothing_else(monkeypatch):
    points = keras.Input((2,), name="points")
    network = keras.Model(points, keras.layers.Rescaling(0.5, name="half")(points))
    monkeypatch.setattr(keras.layers.Rescaling, "call", None)
    halves = backend.training_outputs(network, ops.convert_to_tensor([[2.0, 4.0]]))
    np.testing.assert_array_equal(to_numpy(halves), [[1.0, 2.0]])
