"""TensorFlow: graphs by `tf.function`, differentiated by tapes."""

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ganzoo.backend import devices
from ganzoo.backend.convolutions.added_bias import with_bias
from ganzoo.backend.convolutions.grouped import grouped
from ganzoo.backend.devices.accumulation import accumulating, averaged, collecting
from ganzoo.backend.scope import WriteCapture
from ganzoo.backend.steps.due import is_due as is_due
from ganzoo.backend.steps.plain_optimizers import is_plain
from ganzoo.backend.steps.rematerialization import rematerializing
from ganzoo.backend.steps.tensorflow_kernels import one_kernel as one_kernel
from ganzoo.backend.steps.tensorflow_kernels import run_here
from ganzoo.backend.tensor import Tensor
from ganzoo.backend.types import FusedSteps, GradientResult
from ganzoo.errors import UsageError

_ZERO = tf.UnconnectedGradients.ZERO


class Stepper(keras.Model):
    """Fits `step(data)` to Keras' TensorFlow trainer."""

    @run_here
    def train_step(self, data):
        # TensorFlow 2.21's graph optimizer loses an order between the updates of a step: one in
        # five steps of a convolutional WGAN-GP came out different, by 1e-5 to 1e-4
        tf.config.optimizer.set_experimental_options({"dependency_optimization": False})
        data = self.unpack(data)
        with devices.in_step(microbatches=self.accumulation_steps):
            if self.steps_per_dispatch == 1:
                self.step(data)
            else:
                self._fused(data)
        return self.get_metrics_result()

    def _fused(self, data) -> None:
        def body(k):
            self.step(tuple(part[k] for part in data))
            return (k + 1,)

        steps = tf.shape(data[0])[0]
        tf.while_loop(lambda k: k < steps, body, (tf.constant(0),), parallel_iterations=1)


def sum_over(function: Callable, number: int) -> list:
    """The sum of the lists of tensors that `function(i)` returns, one i after the other."""
    if tf.executing_eagerly():
        sums = function(0)
        for index in range(1, number):
            sums = [a + b for a, b in zip(sums, function(index), strict=True)]
        return sums
    # in a function of its own, since a loop has to know beforehand what it adds up
    one = tf.function(function, autograph=False).get_concrete_function(tf.TensorSpec((), "int32"))

    def add(index, *sums):
        return index + 1, *[a + b for a, b in zip(sums, one(index), strict=True)]

    zeros = [tf.zeros(x.shape, x.dtype) for x in one.outputs]
    first = (tf.constant(0), *zeros)
    return list(tf.while_loop(lambda i, *_: i < number, add, first, parallel_iterations=1)[1:])


@averaged
@accumulating(sum_over)
def gradients(
    loss_fn: Callable, variables: Sequence, scale: Callable = lambda x: x
) -> GradientResult:
    """Evaluate `loss_fn() -> (loss, logs)` and differentiate the loss, times `scale`."""
    values = [variable.value for variable in variables]
    with WriteCapture() as capture, tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        loss, logs = loss_fn()
        scaled = scale(loss)
    grads = tape.gradient(scaled, values, unconnected_gradients=_ZERO)
    return GradientResult(loss, logs, grads, capture.writes)


def input_gradients(function: Callable, x):
    """Gradient of the sum of `function(x)` with respect to `x`, differentiable again.

    Writes to variables inside `function` are dropped.
    """
    with WriteCapture(), tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        total = tf.reduce_sum(function(x))
    return tape.gradient(total, x, unconnected_gradients=_ZERO)


def evaluated_once(latents: Tensor, switch: bool) -> contextlib.AbstractContextManager:
    """Nothing: both evaluations of the generator are part of the compiled step."""
    return contextlib.nullcontext()


@collecting(sum_over)
def no_grad(function: Callable):
    """The value of `function()`: no gradient flows through it, and its writes are dropped."""
    with WriteCapture():
        return tf.stop_gradient(function())


def apply(optimizer, gradients: Sequence, variables: Sequence) -> None:
    """Update `variables` by one step of `optimizer`."""
    dense = not any(isinstance(gradient, tf.IndexedSlices) for gradient in gradients)
    if dense and isinstance(optimizer, keras.optimizers.Adam) and is_plain(optimizer, variables):
        _adam(optimizer, gradients, variables)
    else:
        optimizer.apply(gradients, variables)


def _adam(optimizer: Any, gradients: Sequence, variables: Sequence) -> None:
    """Adam as in Keras, which computes the corrections of both moments anew for each weight."""
    step = tf.cast(optimizer.iterations.value + 1, "float32")
    first, second = (tf.pow(tf.cast(b, "float32"), step)
                     for b in (optimizer.beta_1, optimizer.beta_2))  # fmt: skip
    rate = keras.ops.cast(optimizer.learning_rate, "float32") * tf.sqrt(1 - second) / (1 - first)
    for gradient, variable in zip(gradients, variables, strict=True):
        index = optimizer._get_variable_index(variable)
        m, v = optimizer._momentums[index].value, optimizer._velocities[index].value
        m.assign_add((gradient - m) * (1 - optimizer.beta_1))
        v.assign_add((tf.square(gradient) - v) * (1 - optimizer.beta_2))
        variable.value.assign_sub(m * rate / (tf.sqrt(v) + optimizer.epsilon))
    optimizer.iterations.assign_add(1)


def ema_update(averages: Sequence, values: Sequence, weight: Tensor) -> None:
    """Move each average toward its value: `average += weight * (value - average)`."""
    for average, value in zip(averages, values, strict=True):
        average.assign_add(tf.cast(weight, average.dtype) * (value - average))


@with_bias
def conv(x, kernel, *, strides: int, padding: str):
    """Convolution. Shapes (n, h, w, c) x (kh, kw, c / groups, d) -> (n, h', w', d); one axis and
    three likewise.
    """
    groups = x.shape[-1] // kernel.shape[-2]
    if len(x.shape) == 4 and groups == kernel.shape[-1] == x.shape[-1] > 1:
        kernel = tf.transpose(kernel, (0, 1, 3, 2))
        return keras.ops.depthwise_conv(x, kernel, strides, padding, "channels_last")
    if groups > 1 and not tf.config.list_physical_devices("GPU"):
        dense = functools.partial(conv, strides=strides, padding=padding)
        return grouped(dense, x, kernel, groups)
    return keras.ops.conv(x, kernel, strides, padding, "channels_last")


@with_bias
def conv_transpose(x, kernel, *, strides: int, padding: str):
    """Transposed convolution. Shapes (n, h, w, c) x (kh, kw, d, c) -> (n, h', w', d); one axis
    and three likewise.
    """
    return keras.ops.conv_transpose(x, kernel, strides, padding, data_format="channels_last")


def fused_batch_norm(x, scale, offset, epsilon: float) -> tuple | None:
    """See `ganzoo.backend`. TensorFlow's kernel has no float64."""
    if x.dtype != tf.float32:
        return None
    channels = x.shape[-1]
    scale = tf.ones(channels, x.dtype) if scale is None else scale
    offset = tf.zeros(channels, x.dtype) if offset is None else offset
    images = tf.reshape(x, (-1, 1, 1, channels))
    # not `tf.nn.fused_batch_norm`: it raises a small epsilon
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon
    )
    rows = tf.cast(tf.shape(images)[0], x.dtype)
    return tf.reshape(outputs, tf.shape(x)), mean, variance * ((rows - 1) / rows)


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


def inner_call(layer: keras.layers.Layer) -> keras.layers.Layer:
    """The layer: compiled, its bookkeeping costs nothing."""
    return layer


def rematerialize(function: Callable, tensors: list) -> list:
    """`function(tensors)`, computed again where gradients need what is inside.

    `tf.recompute_grad` has no second derivatives.

    Raises:
        UsageError: There are several devices: their sums would be asked for in no certain order.
    """
    if devices.count() > 1:
        raise UsageError(
            "On TensorFlow several devices cannot train with rematerialization.",
            hint="--set training.rematerialize=false, or train on PyTorch or JAX.",
        )

    @tf.custom_gradient
    def call(*tensors):
        def gradients(*slopes):
            given = [slope for slope in slopes if slope is not None and slope.dtype.is_floating]
            with tf.control_dependencies(given):  # not before, and not what there was
                again = [_since(given[0], x) for x in tensors]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([x for x in again if x.dtype.is_floating])
                results = function(again)
            pairs = [p for p in zip(results, slopes, strict=True) if p[1] is not None]
            results, slopes = (
                [pair[i] for pair in pairs if pair[0].dtype.is_floating] for i in (0, 1)
            )
            return tape.gradient(results, again, slopes, unconnected_gradients=_ZERO)

        return function(list(tensors)), gradients

    # tensors of the graph around a condition, in which this may be, become those of its branch
    return list(call(*(tf.identity(tf.convert_to_tensor(x)) for x in tensors)))


def _since(slope: Tensor, x: Tensor) -> Tensor:
    """A tensor, which XLA can neither compute before a slope nor know to be the same."""
    never = tf.cast(tf.reshape(slope, (-1,))[0], "float32") > float("inf")
    return tf.logical_or(x, never) if x.dtype == tf.bool else x + tf.cast(never, x.dtype)


@rematerializing(rematerialize)
def training_outputs(network: keras.Model, inputs):
    """Outputs of a network in training mode."""
    return network(inputs, training=True)


def lazy_cond(due, value: Callable, otherwise: Callable):
    """`value()` where `due`, a boolean scalar, else `otherwise()`: scalars alike in form."""
    return keras.ops.cond(due, value, otherwise)


def update_if(due, update: Callable, otherwise: Callable, variables: Sequence):
    """`update()`, which changes `variables`, where `due`; else `otherwise()`."""
    return keras.ops.cond(due, update, otherwise)


def jit(function: Callable) -> Callable:
    """`function` as a graph."""
    return tf.function(run_here(function))


def fused_steps(convolutional: bool) -> FusedSteps:
    """Fused steps under XLA pay for dense networks and on accelerators; on the CPU XLA
    slows convolutions down (0.63-0.71 of the speed without it).
    """
    if convolutional and not tf.config.list_physical_devices("GPU"):
        return FusedSteps(steps=1, xla=False)
    # processes of several devices cannot meet inside XLA
    return FusedSteps(steps=16, xla=devices.number_joined() == 1)


def device() -> str:
    """The kind of device that computes: "cpu", "gpu" or "tpu"."""
    return tf.DeviceSpec.from_string(keras.ops.zeros(()).device).device_type.lower()


def peak_device_memory() -> int | None:
    """The most memory that was ever taken on this process's GPU, in bytes; None without one."""
    if device() != "gpu":
        return None
    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


def feed(batches) -> tf.data.Dataset:
    """The batches with static shapes; Keras would forget the batch size.

    Nothing reads ahead: a thread that waits for Python to give it the next batch, while Python
    waits for that thread to end because the last one was taken, would wait for ever.
    """
    signature = tuple(tf.TensorSpec(shape, dtype) for shape, dtype in batches.signature)
    data = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    return data.with_options(options)
