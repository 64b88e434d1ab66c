"""Export of generators to other formats: Keras, ONNX, SavedModel, PyTorch, and a page.

All but the page are written by Keras' own exporters, from latents (and labels) to images in the
generator's range, float32 (n, height, width, channels), for any number n.
"""

import importlib.util
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.backend import select
from ganzoo.errors import EnvironmentProblem, UsageError
from ganzoo.files.publish import publish, publish_folder
from ganzoo.jobs.formats.onnx_file import complete_onnx, onnx_facts
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import find_source

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format of generators.

    Args:
        name: Its name, for messages.
        suffix: The ending of its files.
        folder: Whether it is a folder of several files.
        backends: The backends that can write it, the best first.
        write: Function of a GAN, what is known of it (see `onnx_facts`), and a path.
        extra: The package to install where one is missing.
    """

    name: str
    suffix: str
    backends: tuple[str, ...]
    write: "Writer"
    folder: bool = False
    extra: str = ""


_ANY_SIZE = 64  # height and width with which a generator of any size is called once

Writer = Callable[["GAN", Mapping[str, Any], str], None]


def _exporter(kind: str) -> Writer:
    return lambda gan, facts, path: gan.generator.export(path, format=kind, verbose=False)


def _write_onnx(gan: "GAN", facts: Mapping[str, Any], path: str) -> None:
    import keras

    if importlib.util.find_spec("onnx") is None:
        raise EnvironmentProblem(
            "ONNX files need the package onnx, which is not installed.",
            hint='Install it with: pip install "keras-ganzoo[onnx]"',
        )
    if keras.backend.backend() != "torch":
        gan.generator.export(path, format="onnx", verbose=False)
    else:
        from ganzoo.backend.torch_onnx import ONNX_OPSET, integers_in_onnx

        with integers_in_onnx():
            gan.generator.export(path, format="onnx", verbose=False, opset_version=ONNX_OPSET)
    complete_onnx(path, facts)


def _write_torch(gan: "GAN", facts: Mapping[str, Any], path: str) -> None:
    from ganzoo.backend.torch_onnx import any_batch

    shapes = any_batch(gan.generator.inputs)
    gan.generator.export(path, format="torch", verbose=False, dynamic_shapes=shapes)


def _write_page(gan: "GAN", facts: Mapping[str, Any], path: str) -> None:
    from ganzoo.jobs.formats.web_page import write_page

    write_page(gan, facts, path)


def _write_page_folder(gan: "GAN", facts: Mapping[str, Any], path: str) -> None:
    from ganzoo.jobs.formats.web_page import write_page_folder

    os.makedirs(path, exist_ok=True)
    write_page_folder(gan, facts, path)


FORMATS = {
    one.suffix: one
    for one in (
        Format(name="Keras", suffix=".keras", backends=select.BACKENDS,
               write=lambda gan, facts, path: gan.generator.save(path)),
        Format(name="ONNX", suffix=".onnx", backends=("torch", "tensorflow", "jax"),
               write=_write_onnx,
               extra="pip install 'keras-ganzoo[onnx]' and use --backend torch"),
        Format(name="torch.export", suffix=".pt2", backends=("torch",), write=_write_torch),
        Format(name="A page", suffix=".html", backends=select.BACKENDS, write=_write_page),
        Format(name="A page's folder", suffix=".page", backends=select.BACKENDS, folder=True,
               write=_write_page_folder),
        Format(name="SavedModel", suffix="", folder=True, backends=("tensorflow", "jax"),
               write=_exporter("tf_saved_model"), extra="pip install tensorflow"),
    )
}  # fmt: skip


def find_format(out: Path) -> Format:
    """Return the format of files with the ending of a path.

    Raises:
        UsageError: There is none with that ending.
    """
    if out.suffix not in FORMATS:
        endings = ", ".join(suffix for suffix in FORMATS if suffix)
        raise UsageError(
            f"No format has files that end in {out.suffix!r}.",
            hint=f"One of .safetensors, {endings}; a name without an ending is a SavedModel.",
        )
    return FORMATS[out.suffix]


def export_format(
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
        source: A name or path; see `ganzoo.jobs.models.find.resolve_source`.
        out: Where: a name that ends in .keras, .onnx, .pt2, .html or .page, or a folder for a
            SavedModel.
        raw: The generator's own weights instead of their average.
        overwrite: Whether a file that is there may be replaced; a folder never is.
        backend: None takes the first installed backend that can write the format.
        allow_plugin_mismatch: Accept another architecture; see `ganzoo.load`.

    Raises:
        UsageError: No such format, or the backend cannot write it, or `out` is there.
        EnvironmentProblem: A package that the format needs is missing.
    """
    target = find_format(out)
    if os.path.lexists(out) and not (overwrite and not target.folder):
        raise UsageError(
            f"{out} exists already, and nothing is overwritten.",
            hint="Choose another name" + ("." if target.folder else ", or --overwrite."),
        )
    found = find_source(source, raw=raw)
    gan = load.load_source(
        found,
        raw=raw,
        backend=_backend_for(target, backend),
        allow_plugin_mismatch=allow_plugin_mismatch,
    )
    call_generator(gan)

    def exported(path: Path) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the exporters, about their own insides
                target.write(gan, onnx_facts(gan, found), str(path))
        except ImportError as error:
            raise EnvironmentProblem(
                f"{target.name} needs a package that is not installed: {error}.",
                hint=f"Install it: {target.extra}." if target.extra else None,
            ) from error

    if target.folder:
        publish_folder(out, lambda folder: exported(folder))
        return out
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"generator{target.suffix}"
        exported(path)
        publish(out, path.read_bytes(), overwrite=overwrite)
    return out


def call_generator(gan: "GAN") -> None:
    """Call the generator once: Keras exports no model that was never called."""
    inputs = [
        np.zeros([_ANY_SIZE if size is None else size for size in (1, *one.shape[1:])], one.dtype)
        for one in gan.generator.inputs
    ]
    gan.generator(inputs if len(inputs) > 1 else inputs[0])


def _backend_for(target: Format, requested: str | None) -> str:
    """The backend to write with: the requested or running one, or else the best that is here."""
    backend = requested or select.imported()
    if backend is None:
        here = [name for name in target.backends if name in select.installed()]
        return here[0] if here else target.backends[0]
    if backend not in target.backends:
        raise UsageError(
            f"{target.name} cannot be written with the backend {backend!r}.",
            hint=f"Use {' or '.join(target.backends)}, in a process of its own.",
        )
    return backend
