"""Conversion of the published weights of FID's Inception to safetensors:

    python -m ganzoo_features.convert_inception [IN [OUT]]

IN is the file that the PyTorch ports of FID load, `pt_inception-2015-12-05-6726825d.pth` or
`weights-inception-2015-12-05-6726825d.pth` (the same bytes under two names); without it, it is
downloaded. PyTorch is not needed, and no code of the file is run.
"""

import argparse
import http.client
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ganzoo.data.progress import Progress
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput
from ganzoo.files import safetensors
from ganzoo.files.digests import file_digest, tensors_digest
from ganzoo.files.foreign import open_weights
from ganzoo.files.home import data_home
from ganzoo.files.publish import make_folder
from ganzoo.files.text import quote

ADDRESS = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth"
)
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
SIZE = 95_628_359  # bytes
FILE = "inception-2015-12-05.safetensors"

_NAMES = {  # by type of layer: the port's name of an array, and ours
    "conv": {"weight": "kernel"},
    "fc": {"weight": "kernel", "bias": None},
    "bn": {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
        "num_batches_tracked": None,
    },
}


def weights_path() -> Path:
    """Return the path of the converted weights."""
    return data_home() / "features" / FILE


def convert_weights(source: Path, out: Path, *, sha256: str | None = SHA256) -> str:
    """Convert the published file.

    Args:
        source: The `.pth` file.
        out: The safetensors file to write; nothing is there yet.
        sha256: SHA-256 that the file must have; `None` accepts any.

    Returns:
        The digest of the weights, as protocols name it.

    Raises:
        InvalidInput: It is another file.
    """
    source = source.resolve()
    found = file_digest(source)
    if sha256 not in (None, found):
        raise InvalidInput(
            f"Expected the published weights, with SHA-256 {sha256}. "
            f"Received: {quote(source)} with {found}.",
            hint=f"Get them from {ADDRESS}, or say --any if you know what this file is.",
        )
    with open_weights(source) as weights:
        arrays = rename_tensors({name: array.read() for name, array in weights.items()})
    about = {"schema": 1, "features": "inception", "converted_from": {"sha256": found}}
    about |= {"license": "Apache-2.0", "source": ADDRESS}
    safetensors.save(out, arrays, about)
    return tensors_digest(arrays)


def download_weights(out: Path) -> None:
    """Download the published file; `convert_weights` checks its content.

    Raises:
        EnvironmentProblem: There is no network, or the server holds another file.
    """
    came = 0
    try:
        with (
            urllib.request.urlopen(ADDRESS, timeout=60) as answer,
            out.open("wb") as file,
            Progress("downloading Inception", SIZE, "bytes") as progress,
        ):
            while came <= SIZE and (piece := answer.read(1 << 20)):
                came += file.write(piece)
                progress.advance(len(piece))
        if came != SIZE:
            raise OSError(f"{came:,} bytes came, expected {SIZE:,}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is an answer too, and holds the connection
        raise EnvironmentProblem(
            f"The weights of Inception could not be downloaded. Received: {error}.",
            hint=f"Get {ADDRESS} elsewhere, and name the file.",
        ) from error


def rename_tensors(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the port's tensors under our names and in Keras' order of axes, float32."""
    arrays = {}
    for name, tensor in tensors.items():
        layer, _, parameter = name.rpartition(".")
        try:
            own = _NAMES[layer.rpartition(".")[2]][parameter]
        except KeyError:
            raise InvalidInput(
                f"Expected the tensors of Inception. Received: {quote(name)}."
            ) from None
        if own is not None:
            # (out, in, h, w) -> (h, w, in, out)
            axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}[tensor.ndim]
            layer = layer.replace(".", "_")
            arrays[f"{layer}/{own}"] = tensor.transpose(axes).astype(np.float32)
    return arrays


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ganzoo_features.convert_inception", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("source", metavar="IN", type=Path, nargs="?")
    parser.add_argument(
        "out", metavar="OUT", type=Path, nargs="?", help="default: where evaluation looks for it"
    )
    parser.add_argument("--any", action="store_true", help="take a file of any content")
    given = parser.parse_args(argv)
    out = given.out or weights_path()
    try:
        make_folder(out.parent.absolute())
        with tempfile.TemporaryDirectory(prefix="ganzoo-") as folder:
            source = given.source
            if source is None:
                source = Path(folder) / "inception.pth"
                download_weights(source)
            print(out, convert_weights(source, out, sha256=None if given.any else SHA256))
    except GanzooError as error:
        parser.exit(error.exit_code, f"error: {error}\n")


if __name__ == "__main__":
    main()
