"""PyTorch: eager, differentiated by autograd."""

import contextvars
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
import torch
from torch.utils.checkpoint import checkpoint, set_checkpoint_early_stop

from ganzoo.backend import devices
from ganzoo.backend.convolutions.torch_convolution import conv as conv
from ganzoo.backend.convolutions.torch_convolution import conv_transpose as conv_transpose
from ganzoo.backend.convolutions.torch_convolution import (
    differentiated_twice,
    is_differentiated_twice,
)
from ganzoo.backend.devices.accumulation import accumulating, averaged, collecting
from ganzoo.backend.scope import WriteCapture
from ganzoo.backend.steps.due import is_due as is_due
from ganzoo.backend.steps.plain_optimizers import is_plain
from ganzoo.backend.steps.rematerialization import rematerializing
from ganzoo.backend.steps.torch_compilation import compiled_outputs, compiling, is_compiling
from ganzoo.backend.steps.torch_evaluation import evaluated_once as evaluated_once
from ganzoo.backend.steps.torch_evaluation import evaluating_once
from ganzoo.backend.tensor import Tensor
from ganzoo.backend.torch_network import inner_call as inner_call
from ganzoo.backend.torch_network import training_outputs as planned_outputs
from ganzoo.backend.types import FusedSteps, GradientResult

_FEW = 1 << 16  # numbers, beyond which PyTorch's threads pay


class Stepper(keras.Model):
    """Fits `step(data)` to Keras' torch trainer."""

    def train_step(self, data):
        data = self.unpack(data)
        with devices.in_step(microbatches=self.accumulation_steps):
            whole = devices.count() == self.accumulation_steps == 1 and not self.rematerialized
            with compiling(self.jit_compile, whole):
                if self.steps_per_dispatch == 1:
                    self._step(data)
                else:
                    for k in range(len(data[0])):
                        self._step(tuple(part[k] for part in data))
        return self.get_metrics_result()

    def _should_torch_compile(self) -> bool:
        return False  # the networks are compiled, not all of Keras' step

    @functools.cached_property
    def _is_random(self) -> bool:
        """True if a layer has random numbers of its own."""
        networks = (self.generator, self.discriminator)
        return any(len(network.variables) > len(network.weights) for network in networks)

    def _step(self, data) -> None:
        """One step. Keras' dropout draws from torch's own generator unless its layer has an
        explicit seed; no checkpoint holds that state, so it becomes a function of the step.
        """
        if not self._is_random:
            return self.step(data)  # nothing waits for the device
        seed, step, device = int(self.seed.value), int(self.steps.value), self.steps.value.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(seed << 32 | step)
            return self.step(data)


def sum_over(function: Callable, number: int) -> list:
    """The sum of the lists of tensors that `function(i)` returns, one i after the other.

    Each begins with the same state of PyTorch's random numbers.
    """
    sums: list = []
    for index in range(number):
        last = index == number - 1
        cuda = [torch.cuda.current_device()] if device() == "gpu" else []
        with torch.random.fork_rng(cuda, enabled=not last):
            values = function(index)
        sums = [a + b for a, b in zip(sums, values, strict=True)] if sums else values
    return sums


@averaged
@accumulating(sum_over)
def gradients(
    loss_fn: Callable, variables: Sequence, scale: Callable = lambda x: x
) -> GradientResult:
    """Evaluate `loss_fn() -> (loss, logs)` and differentiate the loss, times `scale`."""
    with torch.enable_grad(), WriteCapture() as capture:
        loss, logs = loss_fn()
    values = [variable.value for variable in variables]
    grads = torch.autograd.grad(scale(loss), values, materialize_grads=True)
    logs = {name: value.detach() for name, value in logs.items()}
    return GradientResult(loss.detach(), logs, list(grads), capture.writes)


def input_gradients(function: Callable, x):
    """Gradient of the sum of `function(x)` with respect to `x`, differentiable again.

    Writes to variables inside `function` are dropped.
    """
    if not x.requires_grad:
        x = x.detach().requires_grad_(True)
    with torch.enable_grad(), WriteCapture(), differentiated_twice():
        total = torch.sum(function(x))
    return torch.autograd.grad(total, x, create_graph=True)[0]


@collecting(sum_over)
def no_grad(function: Callable):
    """The value of `function()`: no gradient flows through it, and its writes are dropped."""
    with torch.no_grad(), WriteCapture():
        return function().detach()


def apply(optimizer, gradients: Sequence, variables: Sequence) -> None:
    """Update `variables` by one step of `optimizer`."""
    with torch.no_grad():
        weights = [variable.value for variable in variables]
        here = all(weight.device.type in ("cpu", "cuda") for weight in weights)
        if not (here and is_plain(optimizer, variables)):
            optimizer.apply(gradients, variables)
            return
        update = _adam if isinstance(optimizer, keras.optimizers.Adam) else _sgd
        update(optimizer, list(map(_contiguous, gradients)), variables, weights)
        optimizer.iterations.assign_add(1)


def ema_update(averages: Sequence, values: Sequence, weight: Tensor) -> None:
    """Move each average toward its value: `average += weight * (value - average)`."""
    old, new = [average.value for average in averages], [value.value for value in values]
    with torch.no_grad():
        if not isinstance(weight, torch.Tensor) or weight.device.type == "cpu":  # it is at hand
            torch._foreach_lerp_(old, new, float(weight))  # pyright: ignore
            return
        change = torch._foreach_sub(new, old)  # pyright: ignore
        torch._foreach_mul_(change, weight)  # pyright: ignore
        torch._foreach_add_(old, change)  # pyright: ignore


def _sgd(optimizer: Any, slopes: list[torch.Tensor], _: Sequence, weights: list) -> None:
    """Stochastic gradient descent over all weights at once."""
    rate = keras.ops.convert_to_tensor(optimizer.learning_rate, "float32")
    torch._foreach_add_(weights, slopes, alpha=-rate.item())  # pyright: ignore


def _adam(optimizer: Any, slopes: list[torch.Tensor], variables: Sequence, weights: list) -> None:
    """Adam over all weights at once. Kingma & Ba 2015, https://arxiv.org/abs/1412.6980.

    As in Keras, it has the form at the end of section 2: epsilon is added to the root of the
    uncorrected second moment. PyTorch's fused kernel would multiply by beta_2 rounded to float32,
    which shifts second moments by up to 1e-5.
    """
    lists: Any = torch  # whose operations on lists are public by no other name
    indices = [optimizer._get_variable_index(variable) for variable in variables]
    moments = [[kept[i].value for i in indices]
               for kept in (optimizer._momentums, optimizer._velocities)]  # fmt: skip
    step = optimizer.iterations.value.float() + 1.0
    first, second = (torch.as_tensor(b) for b in (optimizer.beta_1, optimizer.beta_2))
    rate = keras.ops.convert_to_tensor(optimizer.learning_rate, "float32")
    rate = rate * torch.sqrt(1.0 - second**step) / (1.0 - first**step)
    lists._foreach_lerp_(moments[0], slopes, float(1.0 - optimizer.beta_1))
    squares = lists._foreach_mul(slopes, slopes)
    lists._foreach_lerp_(moments[1], squares, float(1.0 - optimizer.beta_2))
    roots = lists._foreach_sqrt(moments[1])
    lists._foreach_add_(roots, float(optimizer.epsilon))
    if rate.device.type == "cpu":  # its number is at hand
        lists._foreach_addcdiv_(weights, moments[0], roots, value=-rate.item())
    else:
        changes = lists._foreach_div(moments[0], roots)
        lists._foreach_mul_(changes, rate)
        lists._foreach_sub_(weights, changes)


def _contiguous(gradient: torch.Tensor) -> torch.Tensor:
    """The gradient in the order of its weight; that of a kernel is transposed."""
    if gradient.ndim < 3 or gradient.is_contiguous():
        return gradient.contiguous()
    return gradient.flatten(0, -2).contiguous().view(gradient.shape)  # as a matrix: in blocks


def fused_batch_norm(x, scale, offset, epsilon: float) -> tuple | None:
    """See `ganzoo.backend`. One row has no variance in torch's terms."""
    rows, channels = x.numel() // x.shape[-1], x.shape[-1]
    if rows == 1:
        return None
    images = x.reshape(1, rows, 1, channels).permute(0, 3, 1, 2)  # channels last in memory
    mean, variance = x.new_zeros(channels), x.new_zeros(channels)
    outputs = torch.native_batch_norm(images, scale, offset, mean, variance, True, 1.0, epsilon)[0]
    outputs = outputs.permute(0, 2, 3, 1).reshape(x.shape)
    return outputs, mean, variance * ((rows - 1) / rows)


def dropout_factors(x: torch.Tensor, rate: float) -> torch.Tensor | None:
    """0 for a share of `rate`, else 1 / (1 - rate): the shape of `x`. None if it is not on the
    processor, which draws uniform numbers four times as fast as those of a Bernoulli distribution.
    """
    if x.device.type != "cpu":
        return None
    return torch.rand(x.shape).ge_(rate).mul_(1.0 / (1.0 - rate)).to(x.dtype)


def as_tensor(array: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """The array as a tensor of the dtype of `like`, and where it is."""
    return torch.as_tensor(array, dtype=like.dtype, device=like.device)


def reshape(x: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The tensor in another shape."""
    return x.reshape(tuple(shape))


def host_arrays(*tensors: torch.Tensor, each: int) -> tuple:
    """The tensors as NumPy arrays in the same memory, if they are on the processor, and few are
    the numbers to be made, `each` of an element: for these a call of NumPy takes a third of the
    time of one of PyTorch.
    """
    plain = torch.Tensor, torch.nn.Parameter
    few = all(type(x) in plain and x.device.type == "cpu" for x in tensors)
    few = few and all(each * x.numel() <= _FEW for x in tensors)
    few = few and not torch.jit.is_tracing()  # pyright: ignore
    return tuple(x.numpy() for x in tensors) if few else tensors


def one_kernel(function: Callable) -> Callable:
    """The function: few numbers are made in NumPy."""
    return function


def rematerialize(function: Callable, tensors: list) -> list:
    """`function(tensors)`, computed again where gradients need what is inside."""
    if not torch.is_grad_enabled():
        return function(tensors)
    # autograd may call it in a thread of the device's own
    context, function = contextvars.copy_context(), devices.bound(function)
    with set_checkpoint_early_stop(False):  # whose exception Keras would take apart
        return checkpoint(lambda x: context.copy().run(function, x), tensors, use_reentrant=False)


@evaluating_once
@rematerializing(rematerialize)
def training_outputs(network: keras.Model, inputs: Any):
    """Outputs of a network in training mode."""
    if is_compiling() and not is_differentiated_twice():  # of which the compiler knows nothing
        return compiled_outputs(network, inputs, planned_outputs)
    return planned_outputs(network, inputs)


def lazy_cond(due, value: Callable, otherwise: Callable):
    """`value()` where `due`, a boolean scalar, else `otherwise()`: scalars alike in form."""
    return keras.ops.cond(due, value, otherwise)


def update_if(due, update: Callable, otherwise: Callable, variables: Sequence):
    """`update()`, which changes `variables`, where `due`; else `otherwise()`."""
    return keras.ops.cond(due, update, otherwise)


def jit(function: Callable) -> Callable:
    """`function`, without gradients. (Compiling does not pay for single calls.)"""
    return torch.no_grad()(function)


def fused_steps(convolutional: bool) -> FusedSteps:
    """One step a call: torch runs eagerly, fusing would only delay the callbacks."""
    return FusedSteps(steps=1, xla=False)


def device() -> str:
    """The kind of device that computes: "cpu", "gpu" for CUDA, or another of torch's."""
    kind = keras.ops.zeros(()).device.type
    return "gpu" if kind == "cuda" else kind


def peak_device_memory() -> int | None:
    """The most memory that was ever taken on this process's GPU, in bytes; None without one."""
    return torch.cuda.max_memory_reserved() if device() == "gpu" else None


def feed(batches: Iterable) -> Iterable:
    """Keras' torch trainer takes tuples from an iterator as they come."""
    return iter(batches)
