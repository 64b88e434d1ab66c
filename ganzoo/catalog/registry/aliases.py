"""Aliases: names of versions that may move, one small file each.

    <registry>/dcgan-digits/aliases/best     "2" and a line break

`latest` is no file: it is the greatest number.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from ganzoo.catalog.registry.history import TAGGED, UNTAGGED, tell
from ganzoo.catalog.registry.versions import Version, numbers, open_version
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.names import check_name
from ganzoo.files.text import quote
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder, publish_text, sync_folder
from ganzoo.files.reading import read_bytes

LATEST = "latest"
FOLDER = "aliases"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def aliases(folder: Path) -> dict[str, int]:
    """The aliases in a model's folder, by name.

    Raises:
        InvalidInput: One of them holds no number.
    """
    return {name: _read(folder / FOLDER / name) for name in _names(folder)}


def readable(folder: Path) -> dict[str, int]:
    """The aliases that hold a number, by name; a damaged one means no version."""
    found = {}
    for name in _names(folder):
        with suppress(InvalidInput):
            found[name] = _read(folder / FOLDER / name)
    return found


def parse_alias(content: bytes, where: str) -> int:
    """The number in an alias' file; `InvalidInput` for anything else."""
    text = content.decode("ascii", errors="replace").removesuffix("\n")
    if not _NUMBER.fullmatch(text):
        raise InvalidInput(
            f"An alias holds a version's number. Received: {quote(text)} in {where}."
        )
    return int(text)


def check_alias(alias: str) -> str:
    """The alias itself, if it may be one: a name, but neither a number nor `latest`."""
    check_name(alias, "alias", error=UsageError)
    if alias.isdigit() or alias == LATEST:
        raise UsageError(
            f"An alias is neither a number nor {LATEST!r}, which mean versions already. "
            f"Received: {alias!r}."
        )
    return alias


def tag(folder: Path, number: int, alias: str) -> None:
    """Let an alias mean a version from now on, whatever it meant before.

    Args:
        folder: The model's folder.
        number: Of a version that is there.
        alias: A name.
    """
    check_alias(alias)
    open_version(folder, number)
    write(folder, number, alias)


def write(folder: Path, number: int, alias: str) -> None:
    """Write an alias' file; see `tag`."""
    try:
        make_folder(folder / FOLDER)
    except OSError as error:
        raise environment_problem("make", folder / FOLDER, error) from error
    publish_text(folder / FOLDER / alias, f"{number}\n", overwrite=True)
    tell(folder, TAGGED, version=number, alias=alias)


def untag(folder: Path, alias: str) -> None:
    """Remove an alias; the version stays."""
    known = _names(folder)  # not what they hold: a bad one must go too
    if alias not in known:
        raise unknown("alias", alias, known)
    try:
        os.unlink(folder / FOLDER / alias)
        sync_folder(folder / FOLDER)
    except OSError as error:
        raise environment_problem("remove", folder / FOLDER / alias, error) from error
    tell(folder, UNTAGGED, alias=alias)


def resolve(folder: Path, selector: str = LATEST) -> int:
    """The number that a selector means.

    Args:
        folder: The model's folder, with at least one version.
        selector: A number, an alias, or `latest`.

    Raises:
        UnknownName: There is no such alias.
        InvalidInput: It holds no number.
    """
    if _NUMBER.fullmatch(selector):
        return int(selector)
    if selector == LATEST:
        known = numbers(folder)
        return max([*known.present, *known.broken], default=0)
    known = _names(folder)
    if selector not in known:
        raise unknown("alias or version", selector, {LATEST, *known})
    return _read(folder / FOLDER / selector)


def find(folder: Path, selector: str = LATEST, *, mendable: bool = False) -> Version:
    """The version that a selector means; see `resolve` and `open_version`."""
    return open_version(folder, resolve(folder, selector), mendable=mendable)


def _names(folder: Path) -> list[str]:
    """What aliases a model's folder has, whatever they hold."""
    try:
        names = sorted(os.listdir(folder / FOLDER))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise environment_problem("read", folder / FOLDER, error) from error
    return [name for name in names if not name.startswith(".")]


def _read(path: Path) -> int:
    return parse_alias(read_bytes(path, limit=64), quote(path))
