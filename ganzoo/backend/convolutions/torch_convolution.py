"""Convolutions of PyTorch in channels-last memory, with fast derivatives of every order.

A tensor (n, h, w, c) is already what PyTorch calls channels last: it is seen as (n, c, h, w)
without a copy. The crop of a transposed convolution is padding of PyTorch's own kernel as far as
that can express it.

PyTorch's second derivative of a convolution is made of convolutions whose kernels are as large as
the images. Here it is written with the two functions that its first derivative takes, since
convolution is linear in its inputs and in its kernel.
"""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch

_twice = contextvars.ContextVar("_twice", default=False)


class _Geometry(NamedTuple):
    """The arguments of `torch.ops.aten.convolution` after input, kernel and bias."""

    strides: list[int]
    padding: list[int]
    dilation: list[int]
    transposed: bool
    output_padding: list[int]
    groups: int


@contextlib.contextmanager
def differentiated_twice() -> Iterator[None]:
    """In which convolutions are made for second derivatives; the first cost a little more."""
    token = _twice.set(True)
    try:
        yield
    finally:
        _twice.reset(token)


def is_differentiated_twice() -> bool:
    """Return True inside `differentiated_twice`."""
    return _twice.get()


def conv(x, kernel, bias=None, *, strides: int, padding: str):
    """Convolution. Shapes (n, h, w, c) x (kh, kw, c / groups, d) + (d,) -> (n, h', w', d); one
    axis and three likewise.
    """
    if _has_no_gradient(x, kernel):
        return _wide(conv, x, kernel, bias, strides=strides, padding=padding)
    if strides == 1 and _is_product(x, kernel):
        return _product(x, kernel, bias)
    axes = x.ndim - 2
    pads = [(0, 0)] * axes
    if padding == "same":
        sizes = zip(x.shape[1:-1], kernel.shape, strict=False)
        totals = [max((-(-n // strides) - 1) * strides + k - n, 0) for n, k in sizes]
        pads = [(total // 2, total - total // 2) for total in totals]
    before = [pad[0] for pad in pads]
    if any(left != right for left, right in pads):
        edges = [edge for pad in reversed(pads) for edge in pad]
        x, before = torch.nn.functional.pad(x, (0, 0, *edges)), [0] * axes
    groups = x.shape[-1] // kernel.shape[-2]
    return _convolved(x, kernel, bias, strides, before, [0] * axes, False, groups)


def _is_product(x: torch.Tensor, kernel: torch.Tensor) -> bool:
    """Return True if it is a product of matrices that takes half the time of a convolution, or no
    more; that of few columns and many rows takes longer.
    """
    *pixels, channels, filters = kernel.shape
    return (
        all(size == 1 for size in pixels)
        and channels == x.shape[-1]
        and not 1 < filters < 8
        and x.device.type == "cpu"  # elsewhere products are of more digits than convolutions
        and x.dtype.itemsize >= 4
    )


def _product(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """The convolution with a kernel of one pixel."""
    rows, matrix = x.reshape(-1, x.shape[-1]), kernel.reshape(kernel.shape[-2:])
    y = torch.mm(rows, matrix) if bias is None else torch.addmm(bias, rows, matrix)
    return y.reshape(*x.shape[:-1], matrix.shape[1])


def conv_transpose(x, kernel, bias=None, *, strides: int, padding: str):
    """Transposed convolution. Shapes (n, h, w, c) x (kh, kw, d, c) + (d,) -> (n, h', w', d); one
    axis and three likewise.
    """
    if _has_no_gradient(x, kernel):
        return _wide(conv_transpose, x, kernel, bias, strides=strides, padding=padding)
    crops = [_crop(k, strides, padding) for k in kernel.shape[:-2]]
    left = [crop[0] for crop in crops]
    longer = [max(before - after, 0) for before, after in crops]
    y = _convolved(x, kernel, bias, strides, left, longer, True, 1)
    for axis, (before, after) in enumerate(crops, 1):
        if after > before:  # PyTorch cuts off as much on either side, or less after
            y = y.narrow(axis, 0, y.shape[axis] - (after - before))
    return y


def _crop(taps: int, strides: int, padding: str) -> tuple[int, int]:
    """Crop of an axis of a transposed convolution, before and after; a negative one adds zeros.

    "same" makes n * strides of n, "valid" (n - 1) * strides + max(taps, strides).
    """
    if padding == "valid":
        return 0, min(taps - strides, 0)
    before = max((taps - strides) // 2, 0)
    return before, taps - strides - before


def _convolved(
    x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None, strides: int,
    padding: list[int], output_padding: list[int], transposed: bool, groups: int = 1,
) -> torch.Tensor:  # fmt: skip
    """The convolution of (n, ..., c), of numbers per axis."""
    if one_axis := x.ndim == 3:  # PyTorch has channels last for two axes and three only
        x, kernel = x[:, None], kernel[None]
        padding, output_padding = [0, *padding], [0, *output_padding]
    axes = x.ndim - 2
    steps = [1, strides] if one_axis else [strides] * axes
    geometry = _Geometry(steps, padding, [1] * axes, transposed, output_padding, groups)
    images, kernel = _channels_first(x.contiguous()), _kernel(kernel)
    if is_differentiated_twice():
        y = _channels_last(_Convolution.apply(images, kernel, geometry))
        y = y if bias is None else y + bias
    else:
        y = _channels_last(torch.ops.aten.convolution(images, kernel, bias, *geometry))
    return y[:, 0] if one_axis else y


def _kernel(kernel: torch.Tensor) -> torch.Tensor:
    """(kh, kw, c, d) -> (d, c, kh, kw), in memory (d, kh, kw, c)."""
    # a matrix is transposed in blocks, five times as fast as an array of four axes
    matrix = kernel.flatten(0, -2).t().contiguous()
    return _channels_first(matrix.view(-1, *kernel.shape[:-1]))


def _channels_first(x: torch.Tensor) -> torch.Tensor:
    """(n, h, w, c) -> (n, c, h, w), without a copy."""
    return x.permute(0, x.ndim - 1, *range(1, x.ndim - 1))


def _channels_last(x: torch.Tensor) -> torch.Tensor:
    """(n, c, h, w) -> (n, h, w, c), without a copy."""
    return x.permute(0, *range(2, x.ndim), 1)


def _convolution(x: torch.Tensor, kernel: torch.Tensor, geometry: _Geometry) -> torch.Tensor:
    return torch.ops.aten.convolution(x, kernel, None, *geometry)


class _Convolution(torch.autograd.Function):
    """`_convolution`, whose derivatives are made of it and of `_ConvolutionBackward`."""

    @staticmethod
    def forward(ctx: Any, x, kernel, geometry: _Geometry):
        ctx.save_for_backward(x, kernel)
        ctx.geometry = geometry
        return _convolution(x, kernel, geometry)

    @staticmethod
    def backward(ctx: Any, *slopes):
        needed = ctx.needs_input_grad[:2]
        found = _ConvolutionBackward.apply(*slopes, *ctx.saved_tensors, ctx.geometry, needed)
        return (*found, None)


class _ConvolutionBackward(torch.autograd.Function):
    """The gradients of input and kernel: each is linear in the slope and in the other one."""

    @staticmethod
    def forward(ctx: Any, slope, x, kernel, geometry: _Geometry, needed: Sequence[bool]):
        ctx.save_for_backward(slope, x, kernel)
        ctx.geometry = geometry
        ctx.set_materialize_grads(False)
        backward = torch.ops.aten.convolution_backward
        return backward(slope, x, kernel, None, *geometry, [*needed, False])[:2]

    @staticmethod
    def backward(ctx: Any, *slopes):
        """With respect to the slope, the input and the kernel, of slopes (of x, of kernel)."""
        of_x, of_kernel = slopes
        slope, x, kernel = ctx.saved_tensors
        of_slope = None
        if ctx.needs_input_grad[0]:
            pairs = [] if of_x is None else [(of_x, kernel)]
            pairs += [] if of_kernel is None else [(x, of_kernel)]
            parts = [_Convolution.apply(*pair, ctx.geometry) for pair in pairs]
            of_slope = functools.reduce(torch.add, parts) if parts else None
        needed = (
            ctx.needs_input_grad[1] and of_kernel is not None,
            ctx.needs_input_grad[2] and of_x is not None,
        )
        others = x if of_x is None else of_x, kernel if of_kernel is None else of_kernel
        found = (None, None)
        if any(needed):
            found = _ConvolutionBackward.apply(slope, *others, ctx.geometry, needed)
        return (of_slope, *found, None, None)


def _wide(convolution: Callable, x: torch.Tensor, *others, **geometry) -> torch.Tensor:
    """The convolution in single precision."""
    wide = [None if other is None else other.float() for other in others]
    return convolution(x.float(), *wide, **geometry).to(x.dtype)


def _has_no_gradient(x: torch.Tensor, kernel: torch.Tensor) -> bool:
    """Return True if torch 2.13 cannot differentiate it: "grad_weight must be contiguous".

    It depends on the processor whether that is so in bfloat16.
    """
    return kernel.shape[-1] == 1 and x.dtype.itemsize == 2 and x.device.type == "cpu"
