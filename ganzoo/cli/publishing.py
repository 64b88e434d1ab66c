"""`ganzoo push`, `pull`, `tag`, `sign`, `remove`, `verify` and `registry`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli.support.options import Backend, Json, require_mutually_exclusive
from ganzoo.cli.support.printing import (
    format_columns,
    format_fields,
    format_number_of,
    print_data,
    print_json,
    print_note,
    single_line,
)

app = typer.Typer(help="List, add and remove registries of models.")

Folder = Annotated[
    Path | None,
    typer.Option("--registry", metavar="FOLDER", help="A registry other than your own."),
]
PublicKey = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The public key that must have signed it."),
]
Version = Annotated[
    str, typer.Argument(metavar="MODEL@VERSION", help="A version's number, or an alias of it.")
]


def push(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN|MODEL",
            help="A run folder, its number (7, 7@best), or a version of a model.",
        ),
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model to publish as.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Add the whole state of the training.")
    ] = False,
    float16: Annotated[
        bool, typer.Option("--float16", help="Store the generator's float32 arrays as float16.")
    ] = False,
    license: Annotated[
        str | None,
        typer.Option(metavar="SPDX", help="License of the weights.  [default: the card's]"),
    ] = None,
    summary: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A line about it.  [default: the card's]")
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse a damaged newest checkpoint or sample image."),
    ] = False,
    folder: Folder = None,
    to: Annotated[
        str | None, typer.Option(metavar="hf://ORG/REPO", help="A repository on the Hub.")
    ] = None,
    page: Annotated[
        bool,
        typer.Option("--page", help="Publish a page that draws, too: a static Space of the Hub."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Publish a run's weights as a new version of a model.

    A version never changes. The same weights are published once, however often they are pushed.
    """
    require_mutually_exclusive(registry=folder, to=to)
    from ganzoo.jobs.publishing.push import push as job

    done = job(
        source,
        name,
        everything=everything,
        float16=float16,
        license=license,
        summary=summary,
        strict=strict,
        folder=folder,
        to=to,
        page=page,
    )
    print_publication(done, as_json=as_json)


def pull(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="hf://org/repo[@revision][/model[@version]], or REGISTRY:MODEL of an added one.",
        ),
    ],
    key: PublicKey = None,
    as_json: Json = False,
) -> None:
    """Bring a version of a model here from the Hub, verified."""
    from ganzoo.jobs.publishing.manage import pull as job

    _print_result(job(name, key=key), as_json=as_json)


def tag(
    name: Version,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="Such as best.")],
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Give a version another name, which may move."""
    from ganzoo.jobs.publishing.manage import tag as job

    _print_result(job(name, alias, folder=folder), as_json=as_json)


def sign(
    name: Version,
    key: Annotated[
        Path, typer.Option(metavar="FILE", help="Your private Ed25519 key: PEM, or OpenSSH's.")
    ],
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Sign a version with your key.

    Others can tell then that it is yours: `registry add`, `pull` and `verify` take the public key.
    """
    from ganzoo.jobs.publishing.manage import sign as job

    ask = _ask_passphrase if sys.stdin is not None and sys.stdin.isatty() else None
    _print_result(job(name, key, folder=folder, passphrase=ask), as_json=as_json)


def remove(name: Version, folder: Folder = None, as_json: Json = False) -> None:
    """Remove a version by its number, or an alias alone."""
    from ganzoo.jobs.publishing.manage import remove as job

    _print_result(job(name, folder=folder), as_json=as_json)


def verify(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|RUN|MODEL",
            help="A .safetensors file, a run, a model, a version, or a registry's folder.",
        ),
    ],
    key: PublicKey = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Build the networks, too, and read the weights.")
    ] = False,
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Check every byte of a file, a run, a model or a registry.

    Compares it with what was written or published; exits with 3 when anything is wrong.
    """
    from ganzoo.jobs.publishing.verify import verify as job

    found = job(source, key=key, deep=deep, backend=backend)
    if as_json:
        print_json(found)
    else:
        print_data(_format_verification(found))
    problems = found["problems"]
    if problems:
        first = f"{problems[0]['path']}: {problems[0]['reason']}"
        many = format_number_of("problem", len(problems))
        print_note("error: " + single_line(f"{many}; the first: {first}"))
        raise typer.Exit(3)


@app.command("list")
def list_registries(as_json: Json = False) -> None:
    """List the registries, in the order in which they are asked."""
    from ganzoo.jobs.publishing.manage import list_registries as job

    found = job()
    if as_json:
        print_json(found)
    else:
        rows = [
            (
                one["name"],
                format_number_of("model", one["models"]),
                one["address"] or one["folder"],
                one["key"] or "",
            )
            for one in found
        ]
        print_data(format_columns(rows, indent=""))


@app.command("add")
def add_registry(
    address: Annotated[
        str, typer.Argument(metavar="FOLDER|hf://ORG/REPO", help="Where the registry is.")
    ],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What to call it.  [default: its last part]"),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The public key that must have signed its versions."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look models up in another registry too. Nothing is fetched for it."""
    from ganzoo.jobs.publishing.manage import add_registry as job

    _print_result({"name": job(address, name, key=key)}, as_json=as_json)


@app.command("remove")
def remove_registry(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `ganzoo registry list` says.")],
    as_json: Json = False,
) -> None:
    """Forget a registry that was added. Its files stay where they are."""
    from ganzoo.catalog.registry.added import forget_registry

    forget_registry(name)
    _print_result({"removed": name}, as_json=as_json)


def print_publication(done: dict[str, Any], *, as_json: bool) -> None:
    """Print the version that a job has published, or found to be there already."""
    if not done["created"]:
        print_note("It is there already.")
    _print_result(done, as_json=as_json)


def _ask_passphrase() -> str:
    return typer.prompt("Passphrase of the key", hide_input=True, err=True)


def _print_result(content: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(content)
    else:
        print_data(format_fields(content))


def _format_verification(found: dict[str, Any]) -> str:
    """Lines about what was verified: its path, the tensors of a file, everything that is wrong."""
    nested = ("problems", "not_checked", "tensors", "files", "loaded")
    blocks = [format_fields({key: value for key, value in found.items() if key not in nested})]
    tensors = found.get("tensors", {})
    if tensors:
        rows = [
            (name, one["dtype"], " x ".join(map(str, one["shape"])), one["sha256"])
            for name, one in tensors.items()
        ]
        blocks.append("tensors\n" + format_columns(rows))
    for key in ("not_checked", "problems"):
        if rows := [(one["path"], one["reason"]) for one in found.get(key, ())]:
            blocks.append(f"{key.replace('_', ' ')}\n{format_columns(rows)}")
    if not found["problems"]:
        what = "Everything that was checked" if found.get("not_checked") else "Everything"
        blocks.append(f"{what} is as it was written.")
    return "\n\n".join(blocks)
