"""A trained generator in the formats of others: Keras, ONNX, TensorFlow's SavedModel, PyTorch.

Each is written by Keras' own exporters, from latents (and labels) to images in the generator's
range, float32 (n, height, width, channels), for any number n.
"""

import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.backend import select
from ganzoo.errors import EnvironmentProblem, UsageError
from ganzoo.files.publish import publish, publish_folder
from ganzoo.jobs.models import load

if TYPE_CHECKING:
    import keras

    from ganzoo.gan.gan import GAN


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file.

    Args:
        name: What it is, for messages.
        suffix: How its files end; "" for a folder.
        backends: The backends that can write it, the best first.
        write: Writes a model to a path.
        extra: What to install where a package is missing.
    """

    name: str
    suffix: str
    backends: tuple[str, ...]
    write: Callable[["keras.Model", str], None]
    extra: str = ""


def _write(kind: str) -> Callable[["keras.Model", str], None]:
    return lambda model, path: model.export(path, format=kind, verbose=False)


def _write_onnx(model: "keras.Model", path: str) -> None:
    import keras

    if keras.backend.backend() != "torch":
        model.export(path, format="onnx", verbose=False)
        return
    from ganzoo.backend.torch import ONNX_OPSET, integers_in_onnx

    with integers_in_onnx():
        model.export(path, format="onnx", verbose=False, opset_version=ONNX_OPSET)


def _write_torch(model: "keras.Model", path: str) -> None:
    from ganzoo.backend.torch import any_batch

    shapes = any_batch(len(model.inputs))
    model.export(path, format="torch", verbose=False, dynamic_shapes=shapes)


FORMATS = {
    one.suffix: one
    for one in (
        Format(name="Keras", suffix=".keras", backends=select.BACKENDS,
               write=lambda model, path: model.save(path)),
        Format(name="ONNX", suffix=".onnx", backends=("torch", "tensorflow", "jax"),
               write=_write_onnx,
               extra="pip install 'keras-ganzoo[onnx]' and use --backend torch"),
        Format(name="torch.export", suffix=".pt2", backends=("torch",), write=_write_torch),
        Format(name="SavedModel", suffix="", backends=("tensorflow", "jax"),
               write=_write("tf_saved_model"), extra="pip install tensorflow"),
    )
}  # fmt: skip


def format_of(out: Path) -> Format:
    """The format that a path's ending asks for.

    Raises:
        UsageError: there is none with that ending.
    """
    if out.suffix not in FORMATS:
        endings = ", ".join(suffix for suffix in FORMATS if suffix)
        raise UsageError(
            f"No format has files that end in {out.suffix!r}.",
            hint=f"One of .safetensors, {endings}; a name without an ending is a SavedModel.",
        )
    return FORMATS[out.suffix]


def write(
    source: str | os.PathLike,
    out: Path,
    *,
    raw: bool = False,
    overwrite: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
) -> Path:
    """Write the generator of a model, a run or a weights file in the format that `out` ends in.

    Args:
        source: As of `load.find`.
        out: Where: a name that ends in .keras, .onnx or .pt2, or a folder for a SavedModel.
        raw: The generator's own weights instead of their average.
        overwrite: Whether a file that is there may be replaced; a folder never is.
        backend: None takes the first installed backend that can write the format.
        allow_plugin_mismatch: As of `load.load`.

    Raises:
        UsageError: no such format, or the backend cannot write it, or `out` is there.
        EnvironmentProblem: a package that the format needs is missing.
    """
    wanted = format_of(out)
    if os.path.lexists(out) and not (overwrite and wanted.suffix):
        raise UsageError(
            f"{out} exists already, and nothing is overwritten.",
            hint="Choose another name" + (", or --overwrite." if wanted.suffix else "."),
        )
    found = load.find(source, raw=raw)
    gan = load.read(
        found,
        raw=raw,
        backend=_backend(wanted, backend),
        allow_plugin_mismatch=allow_plugin_mismatch,
    )
    called(gan)

    def exported(path: Path) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the exporters, about their own insides
                wanted.write(gan.generator, str(path))
        except ImportError as error:
            raise EnvironmentProblem(
                f"{wanted.name} needs a package that is not installed: {error}.",
                hint=f"Install it: {wanted.extra}." if wanted.extra else None,
            ) from error

    if not wanted.suffix:
        publish_folder(out, lambda folder: exported(folder))
        return out
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"generator{wanted.suffix}"
        exported(path)
        publish(out, path.read_bytes(), overwrite=overwrite)
    return out


def called(gan: "GAN") -> None:
    """Call the generator once: Keras exports no model that never was."""
    inputs = [np.zeros((1, *one.shape[1:]), one.dtype) for one in gan.generator.inputs]
    gan.generator(inputs if gan.sampler.conditional else inputs[0])


def _backend(wanted: Format, asked: str | None) -> str:
    """The backend to write with: what is asked for or running, or else the best that is here."""
    backend = asked or select.imported()
    if backend is None:
        here = [name for name in wanted.backends if name in select.installed()]
        return here[0] if here else wanted.backends[0]
    if backend not in wanted.backends:
        raise UsageError(
            f"{wanted.name} cannot be written with the backend {backend!r}.",
            hint=f"Use {' or '.join(wanted.backends)}, in a process of its own.",
        )
    return backend
