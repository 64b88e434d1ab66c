"""The manifest of a run: its state and origin, and the size and SHA-256 of what lies beside it.

    manifest.json   {..., "files": {"card.toml": {...}, ...}, "log": {...}, "checkpoint": 1000,
                     "digest": "..."}

It lists nothing that may have changed since. A file that is about to change is taken out of it
first, and listed once it is there: whatever kills the process in between, and whenever, leaves a
file without a digest, and never one that looks damaged. While a run goes on, its report, its
animation and the like are not listed; samples are with every checkpoint.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo.catalog import run_log
from ganzoo.errors import InvalidInput
from ganzoo.files.digests import file_digest
from ganzoo.files.manifests import Broken, check_entry, check_listed, listing, seal
from ganzoo.files.publish import publish, publish_text
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_object
from ganzoo.files.text import quote

NAME = "manifest.json"
LOG_NAME = "log.jsonl"
FILES = "files"  # size and sha256 of each, by its path in the run's folder
LOG = "log"  # the end of the log; see `run_log.log_end`
CHECKPOINT = "checkpoint"  # step of the newest; there may be newer ones, if the run was killed
DIGEST = "digest"  # of everything else in the manifest

_SCHEMA, _SCHEMA_WITHOUT_DIGESTS = 2, 1
_MAX_BYTES = 8 * 1024 * 1024
_SAMPLE = re.compile(r"samples/step-([0-9]{1,18})\.png")
_CHANGING = re.compile(r"weights\.safetensors|report\.html|progress\.gif|samples\.[a-z0-9]{1,8}")
_FIXED = re.compile(rf"recipe\.toml|card\.toml|data\.digests|{_SAMPLE.pattern}")


def is_changing(name: str) -> bool:
    """Return whether a file is made anew while a run goes on."""
    return bool(_CHANGING.fullmatch(name))


def own_files(folder: Path) -> Iterator[str]:
    """Yield the paths in a run's folder that its manifest lists: all but log and checkpoints."""
    for parent in ("", "samples"):
        within = folder / parent
        for name in sorted(os.listdir(within)) if within.is_dir() else ():
            path = f"{parent}/{name}" if parent else name
            if (is_changing(path) or _FIXED.fullmatch(path)) and (folder / path).is_file():
                yield path


def read(folder: Path) -> dict[str, Any]:
    """Return the manifest in a run's folder, without its own digest.

    Raises:
        InvalidInput: It is not a JSON object, or not what was written. One of a version of ganzoo
            that kept no digests is taken as it is.
    """
    path = folder / NAME
    raw = read_bytes(path, limit=_MAX_BYTES)
    content = parse_object(raw, quote(path))
    schema = content.get("schema", _SCHEMA_WITHOUT_DIGESTS)
    if schema == _SCHEMA_WITHOUT_DIGESTS and DIGEST not in content:
        return content
    if type(schema) is int and schema > _SCHEMA:
        raise InvalidInput(
            f"Another version of ganzoo wrote {quote(path)}: expected schema {_SCHEMA} or less. "
            f"Received: {schema}."
        )
    content.pop(DIGEST, None)
    try:
        for name, entry in content[FILES].items():
            check_entry(entry)
            if not (is_changing(name) or _FIXED.fullmatch(name)):
                raise TypeError
        if raw != _text(content).encode("utf-8"):
            raise TypeError
    except (TypeError, KeyError, AttributeError, InvalidInput):
        raise InvalidInput(
            f"{quote(path)} is not what was written.", hint="Restore it from a copy."
        ) from None
    return content


def write(folder: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the manifest in a run's folder, which is locked by us.

    Args:
        folder: The run's folder.
        content: Its content. Files that are listed in it already are not looked at; those that
            are not are read and listed, but for those that change while a run goes on.

    Returns:
        The content that was written.
    """
    files = dict(content.get(FILES, {}))
    for name in own_files(folder):
        if name not in files:
            size, digest = (folder / name).stat().st_size, file_digest(folder / name)
            files[name] = {"size": size, "sha256": digest}
    if content.get("state") == "running":
        files = {name: entry for name, entry in files.items() if not is_changing(name)}
    known = {FILES: dict(sorted(files.items())), LOG: run_log.log_end(folder / LOG_NAME)}
    return _publish(folder, {**content, **known})


def forget_after(folder: Path, content: Mapping[str, Any], step: int) -> dict[str, Any]:
    """Take out of the manifest whatever changes when a run goes on from a step.

    Args:
        folder: The run's folder.
        content: Content of the manifest.
        step: The step.

    Returns:
        The content that was written. Nothing was, if the manifest has no digests.
    """
    if FILES not in content:
        return dict(content)
    kept = {
        name: entry
        for name, entry in content[FILES].items()
        if (sample := _SAMPLE.fullmatch(name)) and int(sample[1]) <= step
    }
    rest = {key: value for key, value in content.items() if key not in (LOG, CHECKPOINT)}
    return _publish(folder, rest | {FILES: kept})


def replace_file(folder: Path, name: str, data: bytes) -> None:
    """Replace a file of a run, which is locked by us, and list it.

    Args:
        folder: The run's folder.
        name: Path of the file in it.
        data: Its new content.
    """
    content = read_if_there(folder)
    if FILES in content and content[FILES].pop(name, None):
        _publish(folder, content)
    publish(folder / name, data, overwrite=True)
    if FILES in content:
        _publish(folder, content | {FILES: content[FILES] | listing({name: data})})


def damaged_files(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return what is wrong with files of a run, by name; those that are not listed are not read.

    Args:
        folder: The run's folder.
        names: Paths of the files in it.

    Raises:
        InvalidInput: The manifest is damaged.
    """

    def look(content: Mapping[str, Any]) -> dict[str, str]:
        listed, found = content.get(FILES, {}), {}
        for name in names:
            try:
                if name in listed:
                    check_listed(folder / name, listed[name])
            except Broken as problem:
                found[name] = str(problem)
        return found

    names = list(names)
    content = read_if_there(folder)
    found = look(content)
    if found and (newer := read_if_there(folder)) != content:  # the run went on meanwhile
        return look(newer)
    return found


def check_file(folder: Path, name: str) -> None:
    """Check a file of a run before it is used; one that is not listed passes.

    Args:
        folder: The run's folder.
        name: Path of the file in it.

    Raises:
        InvalidInput: It is not what was written, or gone; or the manifest is damaged.
    """
    for problem in damaged_files(folder, [name]).values():
        raise InvalidInput(
            f"{problem}, by the manifest beside it. Received: {quote(folder / name)}.",
            hint="Restore it from a copy.",
        )


def read_log(folder: Path, *, containing: str = "") -> list[dict[str, Any]]:
    """Return all entries of the log of a run; see `run_log.read_log`.

    Raises:
        InvalidInput: A line was changed or lost, or the manifest is damaged.
    """

    def look(content: Mapping[str, Any]) -> list[dict[str, Any]]:
        entries = run_log.read_log(folder / LOG_NAME, containing=containing)
        if LOG in content:
            grows = content.get("state") == "running"
            run_log.check_end(folder / LOG_NAME, content[LOG], grows=grows)
        return entries

    content = read_if_there(folder)
    try:
        return look(content)
    except InvalidInput:
        if (newer := read_if_there(folder)) == content:
            raise
        return look(newer)  # the run went on meanwhile


def read_if_there(folder: Path) -> dict[str, Any]:
    """Return what `read` returns, or nothing if there is no manifest."""
    return read(folder) if (folder / NAME).exists() else {}


def _publish(folder: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    content = {**content, "schema": _SCHEMA}
    publish_text(folder / NAME, _text(content), overwrite=True)
    return content


def _text(content: Mapping[str, Any]) -> str:
    """The one text of a manifest."""
    return json.dumps(seal(content), indent=2) + "\n"
