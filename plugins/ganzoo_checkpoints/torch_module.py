"""State dicts of PyTorch: their arrays, turned into the order of Keras'.

A converter reads what it knows. Where an array is missing, or one is left that it has neither
read nor named as dropped, the layout is another one.
"""

from collections.abc import Callable, Mapping
from functools import wraps

import numpy as np

from ganzoo.files.foreign import Conversion, LazyArray

Weights = Mapping[str, LazyArray]
_PREFIXES = (  # `module.` is that of a DataParallel
    "", "module.", "state_dict.", "state_dict.module.", "model_state_dict.",
)  # fmt: skip


class OtherLayout(Exception):
    """The file has another layout than a converter's."""


class TorchModule:
    """Arrays of a module, and those of a Keras model that are made of them.

    Args:
        weights: Arrays of a file.
        markers: Names that the layout has, below whatever prefix.
    """

    def __init__(self, weights: Weights, *markers: str):
        for prefix in _PREFIXES:
            own = {n.removeprefix(prefix): a for n, a in weights.items() if n.startswith(prefix)}
            if all(name in own for name in markers):
                break
        else:
            raise OtherLayout
        self.arrays: dict[str, np.ndarray] = {}
        self._own, self._left = own, set(own)

    def __contains__(self, name: str) -> bool:
        return name in self._own

    def shape(self, name: str, ndim: int) -> tuple[int, ...]:
        """Return the shape of an array that must have so many axes."""
        if name not in self._own or len(self._own[name].shape) != ndim:
            raise OtherLayout
        return self._own[name].shape

    def read(self, name: str) -> np.ndarray:
        """Return an array as float32."""
        if name not in self._own:
            raise OtherLayout
        self._left.discard(name)
        return self._own[name].read().astype(np.float32)

    def layer(self, name: str, keras_name: str, *, bias: bool = True) -> None:
        """Make a convolution, a transposed one or a linear layer."""
        self.arrays[f"{keras_name}/kernel"] = kernel(self.read(f"{name}.weight"))
        if bias:
            self.arrays[f"{keras_name}/bias"] = self.read(f"{name}.bias")

    def batch_norm(self, name: str, keras_name: str) -> None:
        """Make a batch norm."""
        for theirs, ours in (
            ("weight", "gamma"), ("bias", "beta"),
            ("running_mean", "moving_mean"), ("running_var", "moving_variance"),
        ):  # fmt: skip
            self.arrays[f"{keras_name}/{ours}"] = self.read(f"{name}.{theirs}")

    def drop(self, *endings: str) -> None:
        """Leave out the arrays with these endings, and no other."""
        if not all(name.endswith(("num_batches_tracked", *endings)) for name in self._left):
            raise OtherLayout


def kernel(array: np.ndarray) -> np.ndarray:
    """(out, in, h, w) -> (h, w, in, out); (out, in) -> (in, out)."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def first_layer(array: np.ndarray) -> np.ndarray:
    """A linear layer whose outputs are 4x4 feature maps: (16 c, in) -> (in, 16 c), (16 c,) as it.

    The outputs are in the order (c, h, w) before, and (h, w, c) after.
    """
    parts = array.reshape(array.shape[0] // 16, 16, -1)  # (c, hw, in)
    return parts.transpose(2, 1, 0).reshape(*reversed(array.shape[1:]), array.shape[0])


def converter(
    function: Callable[[Weights], Conversion],
) -> Callable[[Weights], Conversion | None]:
    """Return a converter that returns `None` where the function finds another layout."""

    @wraps(function)
    def convert(weights: Weights) -> Conversion | None:
        try:
            return function(weights)
        except OtherLayout:
            return None

    return convert
