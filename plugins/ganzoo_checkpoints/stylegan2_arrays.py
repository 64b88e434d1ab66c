"""The arrays of StyleGAN2's generator under ganzoo's names; files differ in theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, kernel

_TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
_RATE = 0.01  # of the mapping, whose weights are stored divided by it


@dataclass(frozen=True)
class Names:
    """Names of the parts of a styled convolution in a layout, below that convolution's name."""

    kernel: str
    style: str
    bias: str
    strength: str


def styled_convs(size: int) -> Iterator[tuple[str, int]]:
    """Yield name and resolution of every styled convolution, in order."""
    yield "conv_4", 4
    for r in _doublings(8, size):
        yield from ((f"conv_{r}_{i}", r) for i in (1, 2))


def styled_conv(module: TorchModule, names: Names, name: str, noise: str, keras_name: str) -> None:
    """Make a styled convolution and its noise.

    Args:
        module: Arrays of the file.
        names: What the layout calls its parts.
        name: Name of the convolution there.
        noise: Name of its noise map there.
        keras_name: Name of the convolution here.
    """
    _modulated(module, names, name, keras_name)
    module.arrays[f"{keras_name}_relu/bias"] = module.read(f"{name}.{names.bias}")
    strength = module.read(f"{name}.{names.strength}")
    module.arrays[f"{keras_name}_relu/strength"] = strength.reshape(())
    noise_map = module.read(noise)
    module.arrays[f"{keras_name}_noise/map"] = noise_map.reshape(noise_map.shape[-2:])


def to_rgb(module: TorchModule, names: Names, name: str, bias: str, keras_name: str) -> None:
    """Make a layer that leads to an image."""
    _modulated(module, names, name, keras_name)
    module.arrays[f"{keras_name}_bias/bias"] = module.read(f"{name}.{bias}").reshape(-1)


def _modulated(module: TorchModule, names: Names, name: str, keras_name: str) -> None:
    array = module.read(f"{name}.{names.kernel}")  # (out, in, h, w), or (1, out, in, h, w)
    module.arrays[f"{keras_name}/kernel"] = kernel(array.reshape(array.shape[-4:]))
    module.layer(f"{name}.{names.style}", f"{keras_name}_style")


def average_style(arrays: dict[str, np.ndarray], latent_size: int) -> np.ndarray:
    """Return the mean of the styles of 4,096 latents, for a file without it."""
    x = np.random.default_rng(0).normal(size=(4096, latent_size)).astype(np.float32)
    x /= np.sqrt(np.mean(np.square(x), axis=1, keepdims=True) + 1e-8)
    i = 1
    while f"map_{i}/kernel" in arrays:
        scaled = arrays[f"map_{i}/kernel"] * (_RATE / x.shape[1] ** 0.5)
        x = x @ scaled + _RATE * arrays[f"map_{i}/bias"]
        x = np.sqrt(np.float32(2)) * np.maximum(x, 0.2 * x)
        i += 1
    return x.mean(axis=0)


def conversion(module: TorchModule, size: int, filters: list[str], **about: Any) -> Conversion:
    """Return the generator whose arrays were made.

    Args:
        module: Arrays of the file, and those that were made.
        size: Height and width of an image.
        filters: Names of filters in the file, which must be those of ganzoo.
        **about: Further arguments of `Conversion`, and `options` of the mapping.
    """
    arrays = module.arrays
    arrays["average_style/psi"] = np.ones((), np.float32)
    if not all(np.allclose(module.read(f) / module.read(f).sum(), _TAPS, 0, 1e-6) for f in filters):
        raise OtherLayout
    module.drop()
    channels = {r: arrays[f"image_{r}/kernel"].shape[2] for r in _doublings(4, size)}
    largest, base = max(channels.values()), channels[size] * size
    if channels != {r: min(base // r, largest) for r in channels}:
        raise OtherLayout
    options = {"style_size": arrays["conv_4_style/kernel"].shape[0], "fmap_base": base}
    options |= {"max_channels": largest, "noise": "constant", **about.pop("options")}
    options["mapping_layers"] = sum(n.startswith("map_") and n.endswith("kernel") for n in arrays)
    shape = (size, size, arrays["image_4/kernel"].shape[-1])
    return Conversion(image_shape=shape, options=options, arrays=arrays, **about)


def _doublings(first: int, last: int) -> list[int]:
    return [first << i for i in range((last // first).bit_length())]
