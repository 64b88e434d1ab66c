"""Training on several devices: each trains on its rows of every batch.

On JAX one program is for all devices, and the framework splits it. On PyTorch and TensorFlow each
device has a process of its own, with all weights; the gradients, losses and logs of an update are
averaged over the devices. A mean over the samples of a batch is then right by itself. Whatever is
not such a mean goes through these functions, which on one device return what they are given:

* `mean(x)`, `total(x)`: over the devices, element by element; differentiable.
* `whole(x)`: the rows of all devices, in the order of the batch; differentiable.
* `own(x)`: this device's rows of what was made for all.
* `count()`: how many devices have rows of their own; on JAX 1.

A device may train on its rows in several microbatches, one after the other, as its memory allows:

* `microbatch(x)`: the rows of the one that is computed now.

They are in force inside a step of training only. Outside of it each process is alone, so that one
of them can sample and save while the others wait.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ganzoo.backend.tensor import Tensor
from ganzoo.errors import EnvironmentProblem


class Group:
    """The devices that train together, as one of them sees them.

    Args:
        rank: The number of this one among those that have rows of their own, from 0.
        count: How many of those there are.
        devices: How many devices there are, if one program is for several.
    """

    def __init__(self, rank: Any = 0, count: int = 1, devices: int | None = None):
        self.rank, self.count, self.devices = rank, count, devices or count

    def total(self, x: Tensor) -> Tensor:
        """The sum over the group; its gradient is the sum of the group's gradients."""
        return x

    def shard(self, x: Tensor, axis: int) -> Tensor:
        """Rows of this device's own; on JAX, all rows, each on its device."""
        return x

    def gather(self, number: float) -> list[float]:
        """A number of each process, by rank. Every process has to call it."""
        return [number]

    def share(self, text: str) -> str:
        """The text of the process of rank 0. Every process has to call it."""
        return text

    def problem(self, error: Exception) -> Exception | None:
        """Return what to raise in place of a framework's error that another process has caused."""

    def leave(self) -> None:
        """End what joining has begun."""


def unreachable() -> EnvironmentProblem:
    """Return the error of a process that waits for another one in vain."""
    return EnvironmentProblem(
        "A process that trains along has ended, or cannot be reached.",
        hint="Go on with `ganzoo resume` when the reason that it gave is mended.",
    )


class _OfThread(threading.local):
    """The state in force in this thread: the group, how many batches are stacked in one, in how
    many microbatches a step computes it, and which of them, of how many, is computed.
    """

    group: Group | None = None
    parts: int = 1
    microbatches: int = 1
    microbatch: tuple[Any, int] | None = None


_now = _OfThread()
_joined: Group | None = None


@contextlib.contextmanager
def joined(group: Group) -> Iterator[Group]:
    """Inside, steps of training are those of a group."""
    global _joined
    before, _joined = _joined, group
    try:
        yield group
    except Exception as error:
        if problem := group.problem(error):
            raise problem from error
        raise
    finally:
        _joined = before
        group.leave()


@contextlib.contextmanager
def in_step(group: Group | None = None, microbatches: int = 1) -> Iterator[None]:
    """Inside is a step of training, of the group that was joined or of another one.

    Each device has an equal part of each of so many microbatches, so that one of them has the rows
    that it has on one device.
    """
    before = _now.group, _now.microbatches
    _now.group, _now.microbatches = group or _now.group or _joined, microbatches
    try:
        yield
    finally:
        _now.group, _now.microbatches = before


@contextlib.contextmanager
def stacked(parts: int) -> Iterator[None]:
    """Inside, a batch is so many batches, one after the other, such as real and generated samples.

    The rows of a device are then so many pieces of the whole batch.
    """
    before, _now.parts = _now.parts, parts
    try:
        yield
    finally:
        _now.parts = before


@contextlib.contextmanager
def in_microbatch(index: Tensor, number: int) -> Iterator[None]:
    """Inside, one of so many microbatches is computed; its index, from 0, may be a tensor."""
    before, _now.microbatch = _now.microbatch, (index, number)
    try:
        yield
    finally:
        _now.microbatch = before


def bound(function: Callable) -> Callable:
    """The function under what is in force in this thread now, whichever thread calls it."""
    held = dict(vars(_now))

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        before = dict(vars(_now))
        vars(_now).update(held)
        try:
            return function(*arguments)
        finally:
            vars(_now).clear()
            vars(_now).update(before)

    return call


def count() -> int:
    """Return how many devices have rows of their own: 1 outside of a step, and on JAX."""
    return _now.group.count if _now.group is not None else 1


def number_joined() -> int:
    """Return how many processes have joined, inside a step or not."""
    return _joined.count if _joined is not None else 1


def total(x: Tensor) -> Tensor:
    """The sum over the devices: `x` on one. Any shape; differentiable any number of times."""
    if count() == 1:
        return x
    from keras import ops

    assert _now.group is not None
    return ops.cast(_now.group.total(ops.cast(x, _wide(x))), x.dtype)


def mean(x: Tensor) -> Tensor:
    """The mean over the devices: `x` on one. For means of a batch before a step that is not linear,
    such as the root of a variance.
    """
    return x if count() == 1 else total(x) / count()


def whole(x: Tensor) -> Tensor:
    """The rows of all devices, (count * rows, ...), in the order that they have on one device."""
    if count() == 1:
        return _exchanged(x, 0, _devices_here(), _pieces())
    from keras import ops

    assert _now.group is not None
    rows, *rest = x.shape
    parts = _now.parts * _pieces()
    x = ops.reshape(x, (parts, 1, rows // parts, *rest))
    mine = ops.equal(ops.arange(count()), _now.group.rank)  # (count,)
    mine = ops.reshape(mine, (1, -1, *[1] * (len(rest) + 1)))
    x = total(ops.where(mine, x, ops.zeros_like(x)))
    return ops.reshape(x, (count() * rows, *rest))


def own(x: Tensor, axis: int = 0) -> Tensor:
    """This device's rows of the whole batch, which is an axis of `x`."""
    return _own(x, axis, _pieces())


def arranged(x: Tensor) -> Tensor:
    """Rows of a step's data, as the devices of one program have them; a process has its own."""
    return x if count() > 1 else own(x)


def _own(x: Tensor, axis: int, pieces: int) -> Tensor:
    group = _now.group
    if group is None:
        return x
    if group.count == 1:
        return group.shard(_exchanged(x, axis, pieces, group.devices), axis)
    from keras import ops

    parts = _now.parts * pieces
    before, rows, after = x.shape[:axis], x.shape[axis] // group.count, x.shape[axis + 1 :]
    x = ops.reshape(x, (*before, parts, group.count, rows // parts, *after))
    return ops.reshape(ops.take(x, group.rank, axis=axis + 1), (*before, rows, *after))


def _pieces() -> int:
    """Return of how many pieces of a batch, each a microbatch's, a device has a part."""
    return _now.microbatches if _now.microbatch is None else 1


def _exchanged(x: Tensor, axis: int, outer: int, inner: int) -> Tensor:
    """Rows by `outer` and then `inner` in the order by `inner` and then `outer`."""
    if 1 in (outer, inner):
        return x
    from keras import ops

    shape = (*x.shape[:axis], _now.parts, outer, inner, -1, *x.shape[axis + 1 :])
    return ops.reshape(ops.swapaxes(ops.reshape(x, shape), axis + 1, axis + 2), x.shape)


def has_all_rows() -> bool:
    """Return True if a tensor has all rows of the batch: no other device or microbatch has some."""
    return count() == 1 and _now.microbatch is None


def random_rows(draw: Callable[[tuple], Tensor], shape: tuple, axis: int | None = 0) -> Tensor:
    """This device's rows of random numbers; in a microbatch those of its own.

    Args:
        draw: Function from a shape to numbers.
        shape: The shape of these numbers.
        axis: The axis of the rows; None: all devices and microbatches draw the same.
    """
    if axis is None:
        return draw(shape)
    number = 1 if _now.microbatch is None else _now.microbatch[1]
    rows = shape[axis] * count() * number
    numbers = draw((*shape[:axis], rows, *shape[axis + 1 :]))
    return microbatch(_own(numbers, axis, _now.microbatches), axis)


def microbatch(x: Tensor, axis: int = 0) -> Tensor:
    """The rows of the microbatch that is computed now, of this device's rows, an axis of `x`.

    `x` where the batch is computed at once. Each of the devices of one program has rows in each
    microbatch.
    """
    if _now.microbatch is None or x is None:
        return x
    from keras import ops

    index, number = _now.microbatch
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    x = ops.reshape(x, (*before, _now.parts, _devices_here(), number, -1, *after))
    return ops.reshape(ops.take(x, index, axis=axis + 2), (*before, -1, *after))


def among_microbatches(x: Tensor) -> Tensor:
    """Rows of the microbatch that is computed now, in their places: the rows of others are 0."""
    from keras import ops

    assert _now.microbatch is not None
    index, number = _now.microbatch
    after = x.shape[1:]
    x = ops.reshape(x, (_now.parts, _devices_here(), 1, -1, *after))
    here = ops.reshape(ops.equal(ops.arange(number), index), (1, 1, -1, 1, *[1] * len(after)))
    return ops.reshape(ops.where(here, x, ops.zeros_like(x)), (-1, *after))


def _devices_here() -> int:
    group = _now.group
    return 1 if group is None else group.devices // group.count


def _wide(x: Tensor) -> str:
    from keras.backend import standardize_dtype

    kind = standardize_dtype(x.dtype)
    return "float32" if kind in ("float16", "bfloat16") else kind
