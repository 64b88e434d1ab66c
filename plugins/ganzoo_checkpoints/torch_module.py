"""State dicts of PyTorch: their arrays, turned into the order of Keras'.

A converter reads what it knows. Where an array is missing, or one is left that it has neither
read nor named as dropped, the layout is another one.
"""

from collections.abc import Callable, Iterator
from functools import wraps

import numpy as np

from ganzoo.files.foreign import Conversion, ForeignWeights

Weights = ForeignWeights
_PREFIXES = (  # `module.` is that of a DataParallel; the averaged networks of pickles
    "", "module.", "state_dict.", "state_dict.module.", "model_state_dict.",
    "params_ema.", "params.", "g_ema.", "G_ema.", "G_ema.Model.", "2.",
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

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

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

    def kernel(self, name: str) -> np.ndarray:
        """Return a kernel in Keras' order."""
        return kernel(self.read(name))

    def layer(
        self,
        name: str,
        keras_name: str,
        *,
        bias: bool = True,
        order: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tuple[int, int]:
        """Make a convolution, a transposed one or a linear layer, spectrally normalized or not.

        Args:
            name: Name of the layer.
            keras_name: That of the layer in the Keras model.
            bias: Whether it has a bias.
            order: Function that brings kernel, bias and singular vector into the order of Keras.

        Returns:
            The last two sizes of the kernel: inputs and outputs.
        """
        order, weight, vector = order or kernel, f"{name}.weight", f"{name}.u0"
        if f"{weight}_orig" in self:
            weight, vector = f"{weight}_orig", f"{weight}_u"
        inner = keras_name
        if vector in self:
            inner = f"{keras_name}/{keras_name.rpartition('/')[2]}"
            self.arrays[f"{keras_name}/u"] = order(self.read(vector).reshape(-1)).reshape(1, -1)
        array = self.arrays[f"{inner}/kernel"] = order(self.read(weight))
        if bias:
            self.arrays[f"{inner}/bias"] = order(self.read(f"{name}.bias"))
        return array.shape[-2], array.shape[-1]

    def batch_norm(self, name: str, keras_name: str) -> None:
        """Make a batch norm."""
        self.arrays[f"{keras_name}/gamma"] = self.read(f"{name}.weight")
        self.arrays[f"{keras_name}/beta"] = self.read(f"{name}.bias")
        self.statistics(name, keras_name)

    def statistics(self, name: str, keras_name: str, prefix: str = "running_") -> None:
        """Make the moving mean and variance of a batch norm."""
        self.arrays[f"{keras_name}/moving_mean"] = self.read(f"{name}.{prefix}mean")
        self.arrays[f"{keras_name}/moving_variance"] = self.read(f"{name}.{prefix}var")

    def drop(self, *endings: str) -> None:
        """Leave out the arrays with these endings, and no other."""
        if not all(name.endswith(("num_batches_tracked", *endings)) for name in self._left):
            raise OtherLayout


def kernel(array: np.ndarray) -> np.ndarray:
    """(out, in, h, w) -> (h, w, in, out); (out, in) -> (in, out); a vector is as it was."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def dense(array: np.ndarray) -> np.ndarray:
    """A 1x1 convolution as a dense layer: (out, in, 1, 1) -> (in, out); a vector is as it was."""
    return array[:, :, 0, 0].T if array.ndim == 4 else array


def first_layer(array: np.ndarray, pixels: int = 16) -> np.ndarray:
    """A linear layer whose outputs are feature maps: (pixels c, in) -> (in, pixels c), or a vector.

    The outputs are in the order (c, h, w) before, and (h, w, c) after.
    """
    parts = array.reshape(array.shape[0] // pixels, pixels, -1)  # (c, hw, in)
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
