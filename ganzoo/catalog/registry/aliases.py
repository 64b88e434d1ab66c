"""Aliases: names of versions that may move, one small file each.

    <registry>/dcgan-digits/aliases/best     "2" and a line break

`latest` is no file: it is the greatest number.
"""

import os
from contextlib import suppress
from pathlib import Path

from ganzoo.catalog.registry.remotes import LATEST
from ganzoo.catalog.registry.versions import (
    Version,
    is_version_number,
    names_in,
    open_version,
    version_numbers,
)
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.manifests import check_name
from ganzoo.files.publish import make_folder, publish_text, sync_folder
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import environment_problem, quote

FOLDER = "aliases"
MAX_BYTES = 64


def readable_aliases(folder: Path) -> dict[str, int]:
    """Aliases in a model's folder that hold a number, by name; a damaged one is left out."""
    found = {}
    for name in alias_names(folder):
        with suppress(InvalidInput):
            found[name] = read_alias(folder, name)
    return found


def alias_names(folder: Path) -> list[str]:
    """Names of the aliases in a model's folder, whatever they hold."""
    return [name for name in names_in(folder / FOLDER) if not name.startswith(".")]


def read_alias(folder: Path, name: str) -> int:
    """Return the number in an alias' file; `InvalidInput` for anything else."""
    path = folder / FOLDER / name
    content = read_bytes(os.path.realpath(path), limit=MAX_BYTES)  # a link where it was pulled
    text = content.decode("ascii", errors="replace").removesuffix("\n")
    if not is_version_number(text):
        raise InvalidInput(
            f"An alias holds a version's number. Received: {quote(text)} in {quote(path)}."
        )
    return int(text)


def check_alias(alias: str) -> str:
    """Return an alias, if it may be one: a name, but neither a number nor `latest`."""
    check_name(alias, "alias", error=UsageError)
    if alias.isdigit() or alias == LATEST:
        raise UsageError(
            f"An alias is neither a number nor {LATEST!r}, which mean versions already. "
            f"Received: {alias!r}."
        )
    return alias


def set_alias(folder: Path, number: int, alias: str) -> None:
    """Let an alias mean a version from now on, whatever it meant before.

    Args:
        folder: The model's folder.
        number: A version that is there.
        alias: A name.
    """
    check_alias(alias)
    open_version(folder, number)
    make_folder(folder / FOLDER)
    publish_text(folder / FOLDER / alias, f"{number}\n", overwrite=True)


def remove_alias(folder: Path, alias: str) -> None:
    """Remove an alias; the version stays."""
    known = alias_names(folder)  # not what they hold: a bad one must go too
    if alias not in known:
        raise unknown("alias", alias, known)
    try:
        os.unlink(folder / FOLDER / alias)
        sync_folder(folder / FOLDER)
    except OSError as error:
        raise environment_problem("remove", folder / FOLDER / alias, error) from error


def select_version(folder: Path, selector: str = LATEST) -> Version:
    """Return the version that a selector means.

    Args:
        folder: The model's folder, with at least one version.
        selector: A number, an alias, or `latest`.

    Raises:
        UnknownName: There is no such alias.
        UsageError: There is no version of this number.
        InvalidInput: The alias holds no number, or the version is damaged.
    """
    if is_version_number(selector):
        return open_version(folder, int(selector))
    if selector == LATEST:
        return open_version(folder, max(version_numbers(folder), default=0))
    known = alias_names(folder)
    if selector not in known:
        raise unknown("alias or version", selector, {LATEST, *known})
    return open_version(folder, read_alias(folder, selector))
