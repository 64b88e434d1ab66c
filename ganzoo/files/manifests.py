"""Folders with a manifest that lists every file with its size and SHA-256, and their names."""

import errno
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest, file_digest
from ganzoo.files.publish import publish_folder, write_new
from ganzoo.files.reading import open_regular, read_bytes
from ganzoo.files.strict_json import canonical_json
from ganzoo.files.text import environment_problem, quote

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Broken(Exception):
    """A folder is not what was published; the text says why."""


def listing(files: Mapping[str, bytes]) -> dict[str, dict]:
    """Return size and SHA-256 of each file by name, as a manifest lists them."""
    return {name: {"size": len(data), "sha256": bytes_digest(data)} for name, data in files.items()}


def seal(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a manifest with the SHA-256 of its canonical JSON under `digest`."""
    return {**content, "digest": bytes_digest(canonical_json(dict(content)).encode("utf-8"))}


def check_entry(entry: dict) -> None:
    """Raise TypeError, KeyError or InvalidInput unless `entry` is a size and a SHA-256."""
    check_digest(entry["sha256"])
    if type(entry["size"]) is not int or entry["size"] < 0 or len(entry) != 2:
        raise TypeError


def publish_listed(
    path: Path,
    files: Mapping[str, bytes],
    manifest: str,
    text: str,
    *,
    permissions: int = 0o666,
) -> None:
    """Publish a folder with these files and, written last, the manifest that lists them.

    Args:
        path: Path of the new folder.
        files: Content of each file by name; the names are checked.
        manifest: Name of the manifest.
        text: Text of the manifest.
        permissions: Permissions of each file, before the umask.
    """

    def write(temporary: Path) -> None:
        for name in sorted(files):
            write_new(temporary / name, files[name], permissions=permissions)
        write_new(temporary / manifest, text.encode("utf-8"), permissions=permissions)

    publish_folder(path, write)


def check_folder(folder: Path) -> None:
    """Check that a folder is there before it is read.

    Raises:
        Broken: There is no such folder, or something else in its place.
        EnvironmentProblem: It cannot be opened just now, which says nothing about its content.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise Broken(f"it cannot be opened ({error.strerror})") from error
        raise environment_problem("read", folder, error) from error
    os.close(descriptor)


def check_names(folder: Path, expected: Iterable[str]) -> None:
    """Raise `Broken` unless the folder holds files of exactly these names."""
    odd = sorted({*os.listdir(folder)} ^ {*expected})
    if odd:
        raise Broken(f"files missing or left over: {', '.join(map(quote, odd[:3]))}")


def check_listed(path: Path, entry: Mapping) -> None:
    """Raise what `read_listed` raises, without holding the file in memory."""
    try:
        with open_regular(path) as file:
            same = os.fstat(file.fileno()).st_size == entry["size"]
        same = same and file_digest(path) == entry["sha256"]
    except (UsageError, InvalidInput) as error:
        raise Broken(str(error).rstrip(".")) from error
    if not same:
        raise Broken(f"{path.name} is not what was saved")


def read_listed(path: Path, entry: Mapping) -> bytes:
    """Return the content of a file that must have the listed size and SHA-256.

    Args:
        path: Path of the file.
        entry: Entry of a manifest, checked.

    Raises:
        Broken: It is missing, altered, or not a regular file.
        EnvironmentProblem: It cannot be read.
    """
    try:
        data = read_bytes(path, limit=entry["size"])
    except (UsageError, InvalidInput) as error:
        raise Broken(str(error).rstrip(".")) from error
    if {"size": len(data), "sha256": bytes_digest(data)} != entry:
        raise Broken(f"{path.name} is not what was saved")
    return data


def check_name(name: str, kind: str = "name", *, error: type[GanzooError] = InvalidInput) -> str:
    """Return the name, if it can be one component of a path on every system.

    Args:
        name: Name out of a card, a manifest or an argument.
        kind: Kind of the named thing, for the message: `"model"`, `"file"`.
        error: Error to raise: `UsageError` for an argument, `InvalidInput` for a file's content.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith("."):
        raise error(
            f"Not a valid {kind}: expected 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with "
            f"a letter or digit and not ending with '.'. Received: {quote(name)}."
        )
    return name


def check_digest(digest: str, *, error: type[GanzooError] = InvalidInput) -> str:
    """Return the digest, if it is a SHA-256 in 64 lower-case hexadecimal digits."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise error(f"Not a sha256 digest: expected 64 of 0-9 and a-f. Received: {quote(digest)}.")
    return digest
