"""`ganzoo export`: weights, or a generator in another framework's format."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.support import options
from ganzoo.cli.support.printing import print_files
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.errors import UsageError

Out = Annotated[
    Path,
    typer.Argument(
        metavar="OUT",
        help="The file to write, ending in .safetensors, .html (a page that draws), .page (a folder"
        " of it, with the weights beside it), .keras, .onnx or .pt2 (torch.export), or a folder for"
        " a TensorFlow SavedModel.",
    ),
]
Everything = Annotated[
    bool, typer.Option("--all", help="Write every array of the run's newest checkpoint.")
]


def export(
    source: options.Source,
    out: Out,
    everything: Everything = False,
    raw: options.Raw = False,
    overwrite: options.Overwrite = False,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Write weights, or a generator in another format.

    The ending of the file decides. By default the generator's moving average alone, which is all
    that `sample` needs.
    """
    options.require_mutually_exclusive(all=everything, raw=raw)
    if out.suffix == ".safetensors":
        from ganzoo.jobs.models.export import export as job

        written = job(source, out, everything=everything, raw=raw, overwrite=overwrite)
    elif everything:
        raise UsageError(f"--all writes a .safetensors file. Received: {out}.")
    else:
        silence_frameworks()
        from ganzoo.jobs.formats.file_formats import export_format

        written = export_format(
            source,
            out,
            raw=raw,
            overwrite=overwrite,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
        )
    print_files([written], as_json=as_json)
