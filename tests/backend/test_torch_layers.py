"""Layers in PyTorch's operations are those of Keras, bit for bit."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, layers, to_numpy

pytestmark = pytest.mark.backend

torch_layers = Lazy("ganzoo.backend.torch_layers")

IMAGES, ROWS = (4, 6, 8, 3), (5, 7)
CASES = [
    (("Dense", {"units": 4, "bias_initializer": "random_normal"}), ROWS),
    (("Dense", {"units": 4, "use_bias": False, "activation": "tanh"}), ROWS),
    (("Dense", {"units": 2, "activation": "softplus"}), IMAGES),
    *((("Activation", {"activation": name}), ROWS)
      for name in ("linear", "relu", "selu", "tanh", "sigmoid")),
    (("LeakyReLU", {"negative_slope": 0.1}), ROWS),
    (("ReLU", {}), ROWS),
    (("Reshape", {"target_shape": (2, -1, 3)}), IMAGES),
    (("Flatten", {}), IMAGES),
    (("Flatten", {}), (3,)),
    (("AveragePooling2D", {"pool_size": 2}), IMAGES),
    (("AveragePooling2D", {"pool_size": (3, 2), "strides": (1, 2)}), IMAGES),
    (("UpSampling2D", {"size": (2, 3)}), IMAGES),
    (("Rescaling", {"scale": 0.3}), IMAGES),
]  # fmt: skip


def same(layer, inputs):
    call = torch_layers.call_of(layer)
    np.testing.assert_array_equal(to_numpy(call(inputs)), to_numpy(layer.call(inputs)))


def random(shape):
    return keras.ops.convert_to_tensor(np.random.default_rng(0).normal(size=shape), "float32")


def only_on_torch():
    if keras.backend.backend() != "torch":
        pytest.skip("the others compile the step")


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_a_layer_has_the_results_of_its_call(kind, shape):
    only_on_torch()
    name, options = kind
    layer = getattr(layers, name)(**options)
    layer.build(shape)
    same(layer, random(shape))


@pytest.mark.parametrize("name", ["Add", "Concatenate"])
def test_layers_of_several_inputs_have_the_results_of_their_calls(name):
    only_on_torch()
    layer = getattr(layers, name)()
    layer.build([ROWS, ROWS])
    same(layer, [random(ROWS), random(ROWS) * 2.0])
    if name == "Add":
        same(layer, [random((5, 1, 7)), random(ROWS)])


def test_other_options_are_left_to_keras():
    only_on_torch()
    for layer in (
        layers.ReLU(6.0),
        layers.ReLU(negative_slope=0.1),
        layers.AveragePooling2D(2, padding="same"),
        layers.UpSampling2D(interpolation="bilinear"),
        layers.Rescaling(2.0, offset=1.0),
        layers.Flatten(data_format="channels_first"),
        layers.Softmax(),
    ):
        assert torch_layers.call_of(layer) is None
