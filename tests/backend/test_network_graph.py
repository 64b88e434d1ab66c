"""Networks in inference mode: the same outputs, and no value that is not needed any more."""

import weakref

import numpy as np
import pytest
from lazy_keras import Lazy, keras, layers, ops, to_numpy

pytestmark = pytest.mark.backend

network_graph = Lazy("ganzoo.backend.steps.network_graph")


def watching():
    """A layer that remembers, without keeping it, what it made, and which of the others live."""

    class Watching(layers.Layer):
        made, alive = [], []

        def call(self, x, training=False):
            assert training is False
            self.alive.append([ref() is not None for ref in self.made])
            result = ops.add(x, 1.0)
            self.made.append(weakref.ref(result))
            return result

    return Watching


@pytest.mark.parametrize("size", [None, 4])
def test_of_images_of_any_size_only_what_is_needed_is_kept(size):
    kind = watching()
    x = entered = keras.Input((size, size, 1))
    for _ in range(4):
        x = kind()(x)
    model = keras.Model(entered, layers.Concatenate()([x, entered]))
    kind.made.clear()
    kind.alive.clear()
    image = ops.convert_to_tensor(np.zeros((1, 4, 4, 1), "float32"))
    given = [[v.value for v in group] for group in (model.trainable_variables, [])]
    made = network_graph.stateless_inference(model, *given, [image])
    assert to_numpy(made)[0, 0, 0].tolist() == [4.0, 0.0]
    kept = [False, False, True] if size is None else [True, True, True]
    assert kind.alive[-1] == kept


def test_other_values_of_variables_are_used_and_none_is_written():
    entered = keras.Input((None, None, 2))
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(3, 3, name="conv")(entered))
    model = keras.Model([entered], [x, entered])
    image = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(1, 5, 5, 2)).astype("f4"))
    groups = model.trainable_variables, model.non_trainable_variables
    given = [[ops.add(v.value, 0.5) for v in group] for group in groups]
    before = [to_numpy(v.value).copy() for v in model.variables]
    made = network_graph.stateless_inference(model, *given, [image])
    expected, _ = model.stateless_call(*given, image, training=False)
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), rtol=0, atol=1e-6)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(to_numpy(variable.value), value)


def test_numbers_are_those_of_all_layers_also_of_networks_inside():
    entered = keras.Input((None, None, 2))
    inner = keras.Model(entered, layers.ReLU()(layers.Conv2D(3, 1)(entered)))
    given = keras.Input((4, 4, 1))
    model = keras.Model(given, inner(layers.Conv2D(2, 1, strides=2)(given)))
    assert network_graph.numbers_of(model) == 2 * 2 * 2 + 2 * 64 * 64 * 3
