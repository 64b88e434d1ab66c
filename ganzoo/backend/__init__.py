"""The only room that imports jax, torch or tensorflow.

A backend module offers these names and nothing else:

* `Stepper`: fits the one backend-neutral `step` to Keras' trainer.
* `gradients(objective, variables, scale)`: a turn's loss, logs, gradients and writes.
* `input_gradients(function, x)`: the gradient with respect to an input, differentiable again.
* `constant(function)`: its value, without gradients and without writes.
* `apply(optimizer, gradients, variables)`: one update of one player.
* `blend(targets, values, weight)`: the moving average, in place.
* `conv_transpose(x, kernel, ...)`, `conv(x, kernel, ...)`: convolutions in the
  formulation that is fast on this backend.
* `now_and_then(due, value, otherwise)`: one of two functions' values, in the way that is fast.
* `compiled(function)`: a function of tensors without side effects, compiled where it pays.
* `dispatch(convolutional)`: how many steps one call should fuse, and whether XLA pays.
* `device()`: "cpu", "gpu", ...: what kind of device computes.
* `feed(batches)`: what to give to `fit` so that batches arrive unchanged.

Which one is used follows `keras.backend.backend()`, which Keras fixes at its import;
`ganzoo.backend.select` chooses it before that. Importing `ganzoo.backend` itself imports
no framework: the names resolve on first use.
"""

import importlib
from typing import TYPE_CHECKING

__all__ = [
    "Stepper",
    "apply",
    "blend",
    "compiled",
    "constant",
    "conv",
    "conv_transpose",
    "device",
    "dispatch",
    "feed",
    "gradients",
    "input_gradients",
    "now_and_then",
]

if TYPE_CHECKING:
    from ganzoo.backend.jax import (
        Stepper,
        apply,
        blend,
        compiled,
        constant,
        conv,
        conv_transpose,
        device,
        dispatch,
        feed,
        gradients,
        input_gradients,
        now_and_then,
    )


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import keras

    module = importlib.import_module(f"ganzoo.backend.{keras.backend.backend()}")
    return getattr(module, name)
