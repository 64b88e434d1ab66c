"""JAX: pure functions under jit, so the stateful step runs inside a scope that threads state."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Sequence

import jax
import keras
import numpy as np

from ganzoo.backend.convolutions.added_bias import with_bias
from ganzoo.backend.convolutions.grouped import depthwise, grouped
from ganzoo.backend.convolutions.jax_convolution import (
    convolve,
    convolve_by_frames,
    pads_for,
    spread,
    spread_by_frames,
)
from ganzoo.backend.devices.accumulation import accumulating, averaged, collecting
from ganzoo.backend.scope import WriteCapture
from ganzoo.backend.steps.due import is_due as is_due
from ganzoo.backend.steps.jax_stepper import Stepper as Stepper
from ganzoo.backend.steps.rematerialization import rematerializing
from ganzoo.backend.tensor import Tensor
from ganzoo.backend.types import FusedSteps, GradientResult


def sum_over(function: Callable, number: int) -> list:
    """The sum of the lists of tensors that `function(i)` returns, one i after the other.

    A loop, but on XLA's CPU, which runs convolutions inside a loop ten times slower.
    """
    if jax.default_backend() == "cpu":
        sums = function(0)
        for index in range(1, number):
            # the next one has to wait for the sums, or else all would be in memory at once; XLA
            # drops its own barriers before it orders operations, and cannot know that this is 0
            ends = (jax.numpy.ravel(x)[0].astype("float32") for x in sums)
            zero = jax.numpy.int32(sum(ends) > float("inf"))
            sums = [a + b for a, b in zip(sums, function(index + zero), strict=True)]
        return sums

    def add(sums, index):
        return [a + b for a, b in zip(sums, function(index), strict=True)], None

    zeros = [jax.numpy.zeros(x.shape, x.dtype) for x in jax.eval_shape(function, 0)]
    return jax.lax.scan(add, zeros, jax.numpy.arange(number))[0]


@averaged
@accumulating(sum_over)
def gradients(
    loss_fn: Callable, variables: Sequence, scale: Callable = lambda x: x
) -> GradientResult:
    """Evaluate `loss_fn() -> (loss, logs)` and differentiate the loss, times `scale`."""
    written = []

    def pure(values):
        with WriteCapture(zip(variables, values, strict=True)) as capture:
            loss, logs = loss_fn()
        written[:] = [variable for variable, _ in capture.writes]
        return scale(loss), (loss, logs, [value for _, value in capture.writes])

    values = [variable.value for variable in variables]
    grads, (loss, logs, new) = jax.grad(pure, has_aux=True)(values)
    return GradientResult(loss, logs, grads, list(zip(written, new, strict=True)))


def input_gradients(function: Callable, x):
    """Gradient of the sum of `function(x)` with respect to `x`, differentiable again.

    Writes to variables inside `function` are dropped.
    """

    def total(x):
        with WriteCapture():
            return jax.numpy.sum(function(x))

    return jax.grad(total)(x)


def evaluated_once(latents: Tensor, switch: bool) -> contextlib.AbstractContextManager:
    """Nothing: both evaluations of the generator are part of the compiled step."""
    return contextlib.nullcontext()


@collecting(sum_over)
def no_grad(function: Callable):
    """The value of `function()`: no gradient flows through it, and its writes are dropped."""
    with WriteCapture():
        return jax.lax.stop_gradient(function())


def apply(optimizer, gradients: Sequence, variables: Sequence) -> None:
    """Update `variables` by one step of `optimizer`.

    `stateless_apply`, because the loss scale's `apply` leaks tracers through its condition.
    """
    values, state = optimizer.stateless_apply(
        [variable.value for variable in optimizer.variables],
        gradients,
        [variable.value for variable in variables],
    )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    for variable, value in zip(optimizer.variables, state, strict=True):
        variable.assign(value)


def ema_update(averages: Sequence, values: Sequence, weight: Tensor) -> None:
    """Move each average toward its value: `average += weight * (value - average)`."""
    for average, value in zip(averages, values, strict=True):
        average.assign(average + weight * (value - average))


@with_bias
def conv(x, kernel, *, strides: int, padding: str):
    """Convolution: (n, h, w, c) x (kh, kw, c / groups, d) -> (n, h', w', d), of 1 to 3 axes."""
    groups = x.shape[-1] // kernel.shape[-2]
    size, kernel_size = tuple(x.shape[1:-1]), kernel.shape[:-2]
    steps = (strides,) * len(size)
    pads = pads_for(size, kernel_size, steps, padding)
    if groups > 1:
        if jax.default_backend() != "cpu":
            return keras.ops.conv(x, kernel, strides, padding, "channels_last")
        if groups == kernel.shape[-1] == x.shape[-1]:
            return depthwise(x, kernel, strides, pads)
        dense = functools.partial(conv, strides=strides, padding=padding)
        return grouped(dense, x, kernel, groups)
    if len(size) == 3 and jax.default_backend() == "cpu":
        return convolve_by_frames(x, kernel, steps, pads, size)
    return convolve(x, kernel, steps, pads, size)


@with_bias
def conv_transpose(x, kernel, *, strides: int, padding: str):
    """Transposed convolution: (n, h, w, c) x (kh, kw, d, c) -> (n, h', w', d), of 1 to 3 axes."""
    kernel_size = kernel.shape[:-2]
    overhang = 1 if padding == "valid" else 0  # the kernel goes beyond the last stride
    axes = zip(x.shape[1:-1], kernel_size, strict=True)
    size = tuple(n * strides + overhang * max(k - strides, 0) for n, k in axes)
    steps = (strides,) * len(size)
    pads = pads_for(size, kernel_size, steps, padding)
    if len(size) == 3 and jax.default_backend() == "cpu":
        return spread_by_frames(x, kernel, steps, pads, size)
    return spread(x, kernel, steps, pads, size)


def fused_batch_norm(x, scale, offset, epsilon: float) -> tuple | None:
    """None: XLA fuses the formula itself."""


def dropout_factors(x: Tensor, rate: float) -> Tensor | None:
    """None: the framework's own is as fast."""


def as_tensor(array: np.ndarray, like: Tensor) -> Tensor:
    """The array as a tensor of the dtype of `like`, and where it is."""
    return keras.ops.convert_to_tensor(array, like.dtype)


def reshape(x: Tensor, shape: Sequence) -> Tensor:
    """The tensor in another shape."""
    return keras.ops.reshape(x, shape)


def host_arrays(*tensors: Tensor, each: int) -> tuple:
    """The tensors: they are computed where they are."""
    return tensors


def one_kernel(function: Callable) -> Callable:
    """The function: compiled, it is one already."""
    return function


def inner_call(layer: keras.layers.Layer) -> keras.layers.Layer:
    """The layer: compiled, its bookkeeping costs nothing."""
    return layer


def rematerialize(function: Callable, tensors: list) -> list:
    """`function(tensors)`, computed again where gradients need what is inside."""
    return jax.checkpoint(function)(tensors)


@rematerializing(rematerialize)
def training_outputs(network: keras.Model, inputs):
    """Outputs of a network in training mode."""
    return network(inputs, training=True)


def lazy_cond(due, value: Callable, otherwise: Callable):
    """`value()` where `due`, a boolean scalar, else `otherwise()`: scalars alike in form.

    XLA's CPU runs convolutions inside a conditional more than ten times slower, so that there
    both are computed, and one is taken, unless it is known beforehand which it will be.
    """
    if isinstance(due, bool):
        return value() if due else otherwise()
    if jax.default_backend() != "cpu":
        return keras.ops.cond(due, value, otherwise)
    return jax.tree.map(lambda a, b: jax.numpy.where(due, a, b), value(), otherwise())


def update_if(due, update: Callable, otherwise: Callable, variables: Sequence):
    """`update()`, which changes `variables`, where `due`; else `otherwise()`."""

    def updated() -> tuple:
        with WriteCapture():
            return update(), [variable.value for variable in variables]

    def unchanged() -> tuple:
        return otherwise(), [variable.value for variable in variables]

    logs, values = lazy_cond(due, updated, unchanged)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return logs


def jit(function: Callable) -> Callable:
    """`function` under `jax.jit`."""
    return jax.jit(function)


def fused_steps(convolutional: bool) -> FusedSteps:
    """Fused steps (`lax.scan`) are free for dense networks and pay on accelerators, but
    convolutions inside a loop are ten times slower on XLA's CPU.
    """
    if convolutional and jax.default_backend() == "cpu":
        return FusedSteps(steps=1, xla=True)
    return FusedSteps(steps=16, xla=True)


def device() -> str:
    """The kind of device that computes: "cpu", "gpu" or "tpu"."""
    return jax.default_backend()


def peak_device_memory() -> int | None:
    """The most memory that was ever taken on this process's first accelerator, in bytes."""
    statistics = jax.local_devices()[0].memory_stats()  # None on a processor
    return None if statistics is None else statistics.get("peak_bytes_in_use")


def feed(batches: Iterable) -> Iterable:
    """Keras' JAX trainer takes tuples from an iterator as they come."""
    return iter(batches)
