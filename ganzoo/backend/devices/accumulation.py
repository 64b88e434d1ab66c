"""Gradients of a batch: means over the devices, and over microbatches, one after the other.

Only one microbatch is in memory at a time. All begin with the same weights and the same state, and
the gradients, the loss, the logs and what was written (batch statistics) are averaged: so of
whatever is a mean over samples the result is that of the whole batch, up to rounding.

A function of a microbatch takes its rows by `devices.microbatch`. `sum_over` is the backend's:
the sum of the lists of tensors that a function returns for 0, 1, ...
"""

import functools
import math
from collections.abc import Callable
from typing import Any

from keras import ops
from keras.backend import is_float_dtype, standardize_dtype

from ganzoo.backend import devices
from ganzoo.backend.tensor import Tensor
from ganzoo.backend.types import GradientResult


def averaged(gradients: Callable[..., GradientResult]) -> Callable[..., GradientResult]:
    """`backend.gradients` of one device, made to return the means over all, by one reduction."""

    @functools.wraps(gradients)
    def of_all(*arguments: Any) -> GradientResult:
        result = gradients(*arguments)
        return result if devices.count() == 1 else _averaged(result)

    return of_all


def _averaged(result: GradientResult) -> GradientResult:
    parts = [*result.gradients, result.loss, *result.logs.values()]
    flat = ops.concatenate([ops.reshape(ops.cast(x, "float32"), (-1,)) for x in parts])
    flat, end, means = devices.mean(flat), 0, []
    for part in parts:
        begin, end = end, end + math.prod(part.shape)
        means.append(ops.cast(ops.reshape(flat[begin:end], part.shape), part.dtype))
    number = len(result.gradients)
    logs = dict(zip(result.logs, means[number + 1 :], strict=True))
    return result._replace(gradients=means[:number], loss=means[number], logs=logs)


def accumulating(sum_over: Callable) -> Callable[[Callable], Callable]:
    """`backend.gradients` of a microbatch, made to return the means over all."""

    def decorate(gradients: Callable[..., GradientResult]) -> Callable[..., GradientResult]:
        @functools.wraps(gradients)
        def of_batch(
            loss_fn: Callable, variables, scale: Callable = lambda x: x, microbatches: int = 1
        ) -> GradientResult:
            of_rows = functools.partial(gradients, loss_fn, variables, scale)
            return of_rows() if microbatches == 1 else _mean(of_rows, microbatches, sum_over)

        return of_batch

    return decorate


def collecting(sum_over: Callable) -> Callable[[Callable], Callable]:
    """`backend.no_grad` of a microbatch, made to return the rows of all."""

    def decorate(no_grad: Callable) -> Callable:
        @functools.wraps(no_grad)
        def of_batch(function: Callable, microbatches: int = 1):
            if microbatches == 1:
                return no_grad(function)

            def one(index: Tensor) -> list[Tensor]:
                with devices.in_microbatch(index, microbatches):
                    return [devices.among_microbatches(no_grad(function))]

            return sum_over(one, microbatches)[0]

        return of_batch

    return decorate


def _mean(
    gradients: Callable[[], GradientResult], number: int, sum_over: Callable
) -> GradientResult:
    variables: list = []
    names: list[str] = []

    def one(index: Tensor) -> list[Tensor]:
        with devices.in_microbatch(index, number):
            result = gradients()
        names[:] = result.logs
        variables[:] = [variable for variable, _ in result.writes]
        values = (value for _, value in result.writes)
        tensors = (*values, result.loss, *result.logs.values(), *result.gradients)
        return [_share(x, index, number) for x in tensors]

    means = iter(sum_over(one, number))
    return GradientResult(
        writes=[(variable, next(means)) for variable in variables],
        loss=next(means),
        logs={name: next(means) for name in names},
        gradients=list(means),
    )


def _share(x: Tensor, index: Tensor, number: int) -> Tensor:
    """A microbatch's part of the mean. Whole numbers, which are the states of seeds, are alike
    after each of them, and the last one's are taken.
    """
    x = ops.convert_to_tensor(x)
    if is_float_dtype(standardize_dtype(x.dtype)):
        return x / number
    return ops.where(ops.equal(index, number - 1), x, ops.zeros_like(x))
