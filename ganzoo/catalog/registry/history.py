"""What was done to a model, one line for each, appended to and never changed.

    <registry>/dcgan-digits/history.jsonl
        {"at":"2026-01-31T12:00:00+00:00","check":"...","digest":"...","version":2,"what":"published"}

A line is written after the deed: whatever kills a writer, nothing is told that was not done. So
a version that was published by its account, is not there, and was not removed has been lost; and
one of another digest has been put in its place.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.errors import InvalidInput
from ganzoo.files.digests import bytes_digest
from ganzoo.files.text import quote
from ganzoo.files.publish import append_line
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import canonical_json, parse_json

FILE = "history.jsonl"
PUBLISHED, REMOVED, TAGGED, UNTAGGED = "published", "removed", "tagged", "untagged"
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class History:
    """What is told of a model.

    Args:
        versions: For each number that was published last what was done to it: its digest, or
            None if it was removed.
        problems: What is wrong with the account itself, a sentence each.
    """

    versions: dict[int, str | None]
    problems: list[str]


def tell(folder: Path, what: str, **facts: Any) -> None:
    """Add a line.

    Args:
        folder: The model's folder.
        what: `PUBLISHED`, `REMOVED`, `TAGGED` or `UNTAGGED`.
        **facts: `version`, `digest`, `alias`.

    Raises:
        EnvironmentProblem: The disk is full, ...; what was done stays done.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    entry = {"at": now, "what": what, **facts}
    line = canonical_json(entry | {"check": _check(entry)})
    append_line(folder / FILE, line)


def read(folder: Path) -> History:
    """What is told of the versions of a model; nothing where nothing was ever told."""
    versions: dict[int, str | None] = {}
    problems = []
    path = folder / FILE
    lines = read_bytes(path, limit=_MOST_BYTES).split(b"\n") if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            entry = _parsed(line, f"line {number} of {quote(path)}") if line else None
        except InvalidInput as error:
            problems.append(str(error))
            continue
        if entry and entry["what"] == PUBLISHED:
            versions[entry["version"]] = entry["digest"]
        elif entry and entry["what"] == REMOVED:
            versions[entry["version"]] = None
    return History(versions=versions, problems=problems)


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    """The entry of a line that is as it was written."""
    entry = parse_json(line, where)
    try:
        check = entry.pop("check")
        version = entry["version"] if entry["what"] in (PUBLISHED, REMOVED) else 1
        if check != _check(entry) or type(version) is not int:
            raise TypeError
        if entry["what"] == PUBLISHED and not isinstance(entry["digest"], str):
            raise TypeError
    except (TypeError, KeyError, AttributeError):
        raise InvalidInput(f"{where} is not as it was written.") from None
    return entry


def _check(entry: dict[str, Any]) -> str:
    return bytes_digest(canonical_json(entry).encode("utf-8"))[:16]
