"""Grouped convolution made of dense ones, for frameworks whose own is slow on the CPU.

A grouped convolution cuts the channels into groups, which do not see each other. The kernel's
gradient of JAX' and TensorFlow's takes 50 to 300 times as long as that of a dense convolution
of all the channels. Here the groups are dense convolutions, side by side; small groups share
one, whose kernel is 0 between them; where every channel is a group, shifted images are summed.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from keras import ops

_WIDTH = 32  # channels of one dense convolution; 16 compiles longer, 64 multiplies more zeros


def grouped(conv: Callable, x, kernel, groups: int):
    """`conv(x, kernel)` for each group of channels.

    Args:
        conv: A dense convolution of two tensors.
        x: (n, ..., groups c)
        kernel: (..., c, groups d)
        groups: How many.

    Returns:
        (n, ..., groups d)
    """
    c, d = kernel.shape[-2], kernel.shape[-1] // groups
    fitting = [k for k in range(2, groups + 1) if groups % k == 0 and k * max(c, d) <= _WIDTH]
    together = max([1, *fitting])
    parts = groups // together
    if together > 1:  # (..., c, groups d) -> (..., together c, groups d), 0 between groups
        own = np.eye(together, dtype="float32").reshape(together, 1, 1, together, 1)
        kernel = ops.reshape(kernel, (*kernel.shape[:-2], 1, c, parts, together, d))
        kernel = kernel * ops.cast(ops.convert_to_tensor(own), kernel.dtype)
        kernel = ops.reshape(kernel, (*kernel.shape[:-5], together * c, groups * d))
    pairs = zip(ops.split(x, parts, axis=-1), ops.split(kernel, parts, axis=-1), strict=True)
    return ops.concatenate([conv(*pair) for pair in pairs], axis=-1)


def depthwise(x, kernel, strides: int, pads: Sequence[tuple[int, int]]):
    """Convolution of each channel by itself.

    Args:
        x: (n, ..., c)
        kernel: (..., 1, c)
        strides: Step of every axis.
        pads: Zeros before and after every axis.

    Returns:
        (n, ..., c)
    """
    x = ops.pad(x, [(0, 0), *pads, (0, 0)])
    sizes = [(n - k) // strides + 1 for n, k in zip(x.shape[1:-1], kernel.shape[:-2], strict=True)]
    sums = None
    for taps in itertools.product(*map(range, kernel.shape[:-2])):
        starts = zip(taps, sizes, strict=True)
        window = [slice(tap, tap + (n - 1) * strides + 1, strides) for tap, n in starts]
        product = x[(slice(None), *window)] * kernel[taps][0]
        sums = product if sums is None else sums + product
    return sums
