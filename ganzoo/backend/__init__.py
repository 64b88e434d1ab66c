"""The only package that imports jax, torch or tensorflow.

A backend module offers these names and nothing else:

* `Stepper`: fits the one backend-neutral `step` to Keras' trainer.
* `gradients(loss_fn, variables, scale, microbatches)`: loss, logs, gradients and state writes.
* `sum_over(function, number)`: of what a function returns for 0, 1, ...; one at a time in memory.
* `input_gradients(function, x)`: the gradient with respect to an input, differentiable again.
* `no_grad(function, microbatches)`: its value, without gradients and without writes.
* `evaluated_once(latents, switch)`: inside, what a network makes of them is computed once, on
  PyTorch.
* `apply(optimizer, gradients, variables)`: one update of one network.
* `ema_update(averages, values, weight)`: exponential moving averages, in place.
* `conv_transpose(x, kernel, bias, ...)`, `conv(x, kernel, bias, ...)`: convolutions in the
  formulation that is fast on this backend.
* `fused_batch_norm(x, scale, offset, epsilon)`: normalized values, mean and variance of each
  channel, the last axis, by one kernel of the framework; None where it has none.
* `dropout_factors(x, rate)`: what dropout multiplies a tensor with; None where the framework's own
  is as fast.
* `as_tensor(array, like)`: a NumPy array as a tensor of the dtype of `like`, and where it is.
* `host_arrays(*tensors, each)`: tensors, or NumPy arrays where a few numbers, `each` of an
  element, are computed faster so.
* `inner_call(layer)`: a layer, as one around it calls it.
* `reshape(x, shape)`: as in `keras.ops`, whose own looks at every number of the shape first.
* `one_kernel(function)`: a function of integer tensors, as one operation where that is faster.
* `rematerialize(function, tensors)`: a function's results, computed again for gradients.
* `training_outputs(network, inputs)`: a network's outputs in training mode.
* `is_due(steps, every)`: whether a number of steps is a multiple of another, as a condition for:
* `lazy_cond(due, value, otherwise)`: one of two functions' values, in the way that is fast.
* `update_if(due, update, otherwise, variables)`: the same for a function that changes variables.
* `jit(function)`: a function of tensors without side effects, compiled where it pays.
* `fused_steps(convolutional)`: how many steps one call should fuse, and whether XLA pays.
* `device()`: "cpu", "gpu", ...: what kind of device computes.
* `peak_device_memory()`: the most memory that was taken on an accelerator; None without one.
* `feed(batches)`: what to give to `fit` so that batches arrive unchanged.

Which one is used follows `keras.backend.backend()`, which Keras fixes at its import;
`ganzoo.backend.select` chooses it before that. Importing `ganzoo.backend` itself imports
no framework: the names resolve on first use.
"""

import functools
import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from ganzoo.backend.tensor import Tensor

__all__ = [
    "Stepper",
    "Tensor",
    "apply",
    "as_tensor",
    "conv",
    "conv_transpose",
    "device",
    "dropout_factors",
    "ema_update",
    "evaluated_once",
    "feed",
    "fused_batch_norm",
    "fused_steps",
    "gradients",
    "host_arrays",
    "inner_call",
    "input_gradients",
    "is_due",
    "jit",
    "lazy_cond",
    "no_grad",
    "one_kernel",
    "peak_device_memory",
    "rematerialize",
    "reshape",
    "sum_over",
    "training_outputs",
    "update_if",
]

if TYPE_CHECKING:
    from ganzoo.backend.jax import (
        Stepper,
        apply,
        as_tensor,
        conv,
        conv_transpose,
        device,
        dropout_factors,
        ema_update,
        evaluated_once,
        feed,
        fused_batch_norm,
        fused_steps,
        gradients,
        host_arrays,
        inner_call,
        input_gradients,
        is_due,
        jit,
        lazy_cond,
        no_grad,
        one_kernel,
        peak_device_memory,
        rematerialize,
        reshape,
        sum_over,
        training_outputs,
        update_if,
    )


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_in_use(), name)


@functools.cache
def _in_use() -> ModuleType:
    import keras

    return importlib.import_module(f"ganzoo.backend.{keras.backend.backend()}")
