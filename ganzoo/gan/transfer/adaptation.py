"""Arrays of one model in the shapes of another, which has other channels or other classes.

Of the weights of one name, those whose shapes differ in what follows from the data can be had:

    channels of images  in the discriminator inputs: repeated or added up, so that gray images give
                        what they gave as colored ones; in the generator outputs: repeated, averaged
    classes             those of the same names; each other class begins as the mean of all
    with classes from a model without: what they add begins at 0, tables of classes repeat the
    one that there was; and back: what classes added is left out, tables are averaged

Everything here is NumPy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DataSpec:
    """The numbers of a data set that decide the shapes of weights.

    Args:
        channels: Channels of an image; 0 if unknown.
        classes: Names of the classes that a model is conditioned on, or their number; 0 for a
            model without.
    """

    channels: int = 0
    classes: Sequence[str] | int = 0

    @property
    def count(self) -> int:
        """Number of classes."""
        return self.classes if isinstance(self.classes, int) else len(self.classes)


def adapt(
    array: np.ndarray, shape: tuple[int, ...], source: DataSpec, target: DataSpec, *, outputs: bool
) -> tuple[np.ndarray, str] | None:
    """Return an array in another shape, and what was done; `None` where nothing can be.

    Args:
        array: A weight of the source.
        shape: Shape of the weight of that name in the target.
        source: Data that the source was trained on.
        target: Data that the target is for.
        outputs: Whether images are outputs of the weight's network, a generator, or inputs.
    """
    classes, other = source.count, target.count
    if not classes and other and shape == (other, *array.shape):
        return np.broadcast_to(array, shape), f"repeated for each of {other} classes"
    if classes and not other and array.shape == (classes, *shape):
        return array.mean(axis=0), f"averaged over {classes} classes"
    axes = [i for i, pair in enumerate(zip(array.shape, shape, strict=False)) if pair[0] != pair[1]]
    if len(shape) != array.ndim or len(axes) != 1:
        return None
    axis = axes[0]
    here, there = array.shape[axis], shape[axis]
    array = np.moveaxis(array, axis, 0)
    of_channels = source.channels, target.channels
    if 0 not in of_channels and (here, there) == of_channels:
        found = _channels(array, there, outputs=outputs), f"{here} -> {there} channels"
    elif (here - classes, there - other) == of_channels and 0 not in of_channels:  # planes behind
        images = _channels(array[: source.channels], target.channels, outputs=outputs)
        rows, text = _classes(array[source.channels :], source, target)
        found = (
            np.concatenate([images, rows]),
            f"{of_channels[0]} -> {of_channels[1]} channels, {text}",
        )
    elif classes != other and here - classes == there - other >= 0:
        rows, text = _classes(array[here - classes :], source, target)
        found = np.concatenate([array[: here - classes], rows]), text
    elif outputs and array.ndim > 1 and axis == array.ndim - 2 and bool(classes) != bool(other):
        found = _inputs_of_classes(array, there)  # such as of an embedding of the class
    else:
        return None
    return np.moveaxis(found[0], 0, axis), found[1]


def _channels(array: np.ndarray, count: int, *, outputs: bool) -> np.ndarray:
    """Channels first: (channels, ...) -> (count, ...)."""
    here = len(array)
    if here == count:
        return array
    if count == 1:
        return array.mean(axis=0, keepdims=True) if outputs else array.sum(axis=0, keepdims=True)
    repeated = array[np.arange(count) % here]  # 3 -> 4: the fourth is as the first
    return repeated if outputs else repeated * (here / count)


def _classes(array: np.ndarray, source: DataSpec, target: DataSpec) -> tuple[np.ndarray, str]:
    """Classes first: (classes, ...) -> (other, ...)."""
    count = target.count
    if not len(array):
        return np.zeros((count, *array.shape[1:]), array.dtype), f"{count} classes begin at 0"
    if not count:
        return array[:0], f"without {len(array)} classes"
    names = [] if isinstance(source.classes, int) else list(source.classes)
    target_names = [None] * count if isinstance(target.classes, int) else list(target.classes)
    mean = array.mean(axis=0)
    rows = [array[names.index(name)] if name in names else mean for name in target_names]
    same = sum(name in names for name in target_names)
    return np.stack(rows), f"{same} of {count} classes by name, the others as the mean of all"


def _inputs_of_classes(array: np.ndarray, count: int) -> tuple[np.ndarray, str]:
    """Inputs first: (inputs, ...) -> (count, ...)."""
    if count < len(array):
        return array[:count], f"without {len(array) - count} inputs that the class had"
    more = np.zeros((count - len(array), *array.shape[1:]), array.dtype)
    return np.concatenate([array, more]), f"{len(more)} inputs of the class begin at 0"
