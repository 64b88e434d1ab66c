"""The bias of a convolution, for the backends whose compiler adds it in the same pass."""

import functools
from collections.abc import Callable


def with_bias(convolution: Callable) -> Callable:
    """The convolution as a function of inputs, kernel and bias, (channels,) or None."""

    @functools.wraps(convolution)
    def biased(x, kernel, bias=None, **geometry):
        outputs = convolution(x, kernel, **geometry)
        return outputs if bias is None else outputs + bias

    return biased
