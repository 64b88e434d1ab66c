"""Inference of a Keras network on uint8 images, in few shapes so that little is compiled."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from ganzoo import backend

Network = Callable[..., tuple[np.ndarray, np.ndarray | None]]


def network_runner(model: keras.Model, prepare: Callable = lambda images: images) -> Network:
    """Return the network as a function of arrays, in inference mode.

    Args:
        model: float32 (b, h, w, c), or several of these, -> features (b, d), and logits (b, k) if
            it has them.
        prepare: Images as floats in [0, 255] -> the model's input, in `keras.ops`.
    """
    weights = (model.trainable_variables, model.non_trainable_variables)

    def forward(trainable, non_trainable, *images):
        inputs = [prepare(ops.cast(one, "float32")) for one in images]
        inputs = inputs if len(inputs) > 1 else inputs[0]
        outputs, _ = model.stateless_call(trainable, non_trainable, inputs, training=False)
        return outputs if isinstance(outputs, (list, tuple)) else [outputs]

    compiled = backend.jit(forward)

    def network(*images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        n = len(images[0])
        missing = (1 << (n - 1).bit_length()) - n  # up to a power of two
        padded = [np.concatenate([x, np.repeat(x[-1:], missing, axis=0)]) for x in images]
        values = [[variable.value for variable in group] for group in weights]
        outputs = compiled(*values, *map(ops.convert_to_tensor, padded))
        features, *logits = (np.array(ops.convert_to_numpy(array))[:n] for array in outputs)
        return features, logits[0] if logits else None

    return network


def weight_arrays(model: keras.Model) -> dict[str, np.ndarray]:
    """Return copies of all weights by name: `"conv_1/kernel"`."""
    return {
        name: np.array(ops.convert_to_numpy(v.value)) for name, v in named_variables(model).items()
    }


def assign_weights(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Assign the weights of a model; names and shapes have been compared."""
    for name, variable in named_variables(model).items():
        variable.assign(arrays[name].astype("float32"))


def named_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Return all variables by the name of their layer and their own."""
    named = {f"{layer.name}/{v.name}": v for layer in model.layers for v in layer.variables}
    if len(named) != len(model.variables):
        raise ValueError("Every layer that owns weights needs a name of its own.")
    return named
