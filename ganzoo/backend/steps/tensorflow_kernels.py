"""TensorFlow: parts of a graph that are one operation of XLA."""

import contextvars
import functools
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ganzoo.backend.tensor import Tensor

# Whether the graph that is traced runs here. Others, such as exports, go where XLA may be missing.
_runs_here = contextvars.ContextVar("_runs_here", default=False)


def run_here(function: Callable) -> Callable:
    """The function; graphs that are traced while it is called are for this process."""

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        token = _runs_here.set(True)
        try:
            return function(*arguments, **named)
        finally:
            _runs_here.reset(token)

    return call


def one_kernel(function: Callable) -> Callable:
    """`function(*lists of integer tensors)`, as one operation of XLA where shapes are known, in
    the graphs of a step and of `jit`.
    """
    compiled = tf.function(function, jit_compile=True, autograph=False)

    def call(*lists: Sequence[Tensor]):
        shapes = [tf.TensorShape(x.shape) for tensors in lists for x in tensors]
        known = _runs_here.get() and all(shape.is_fully_defined() for shape in shapes)
        return (compiled if known and tf.inside_function() else function)(*map(tuple, lists))

    return call
