"""The log of a run: one line of JSON for each entry, appended to, torn by nothing.

Each line ends with a digest over itself and the digest of the line before, so that a line that
was changed or lost shows. Lines of older versions carry none; the first that does covers them.
"""

import errno
import hashlib
import json
import math
import os
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ganzoo.errors import InvalidInput
from ganzoo.files.publish import publish, sync_folder
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_object
from ganzoo.files.text import environment_problem, quote

_MAX_BYTES = 1024**3
_KEY = "line_digest"  # the last key of a line
_DIGITS = 32  # hexadecimal, of a digest
_CHAINED = re.compile(rb'"%s": "([0-9a-f]{%d})"\}\n\Z' % (_KEY.encode(), _DIGITS))
_ENDING = _DIGITS + len('"}\n')  # bytes of a line from its digest on
_TAIL = 4096  # bytes in which the last digest is looked for
_SHARE = 0.01  # of the time, for making lines outlast a power cut
_next_sync = 0.0  # seconds; no earlier, so that the share is kept


def read_log(path: Path, *, containing: str = "") -> list[dict[str, Any]]:
    """Return all entries, without a last line that a crash has torn.

    Args:
        path: The log; it need not exist.
        containing: Text that must stand in the line of an entry, unless it is the last one with
            values; reading those alone is much faster.

    Raises:
        InvalidInput: A line that ends is not a JSON object, or not what was written.
    """
    lines, text = _whole_lines(path), containing.encode()
    check_lines(lines, path)
    last = max((n for n, line in enumerate(lines, start=1) if b'"event"' not in line), default=0)
    found = [
        parse_object(line, f"line {number} of {quote(path)}")
        for number, line in enumerate(lines, start=1)
        if text in line or number == last
    ]
    for entry in found:
        entry.pop(_KEY, None)
    return found


def check_lines(lines: Iterable[bytes], path: Path) -> str:
    """Return the digest of the last line, if every line is what was written.

    Args:
        lines: Lines with their line breaks.
        path: The log that they are from, for the message.

    Raises:
        InvalidInput: A line was changed, or one before it is lost.
    """
    digest, chained = "", False
    for number, line in enumerate(lines, start=1):
        recorded = _recorded_digest(line)
        digest = _line_digest(digest, line[:-_ENDING] if recorded else line)
        changed = recorded != digest if recorded else chained
        if changed:
            raise InvalidInput(
                f"Line {number} of {quote(path)} is not what was written, or the one before it "
                "is lost.",
                hint="Restore the log from a copy, or remove it: a run that is resumed then goes "
                "on with a new one.",
            )
        chained = bool(recorded)
    return digest


def append_entry(path: Path, entry: Mapping[str, Any]) -> None:
    """Add an entry in one write, and drop a torn line before it.

    Args:
        path: The log; it is created if it is not there.
        entry: Values by name, numbers of NumPy among them. One that is not finite becomes null,
            which JSON can express.

    Raises:
        EnvironmentProblem: The disk is full, ...; the log is as it was.
    """
    values = {name: _json_number(value) for name, value in entry.items() if name != _KEY}
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                size = sum(map(len, _whole_lines(path)))
                os.ftruncate(descriptor, size)
            _append(descriptor, size, _chained(values, _last_digest(descriptor, size, path)))
            _sync(descriptor)
        finally:
            os.close(descriptor)
        if not size:
            sync_folder(path.parent)
    except OSError as error:
        raise environment_problem("write", path, error) from error


def truncate_log(path: Path, step: int) -> None:
    """Drop every entry after a step, and a torn last line.

    Args:
        path: The log; it need not exist.
        step: The last step to keep; entries without one stay.
    """
    lines, entries = _whole_lines(path), read_log(path)
    kept = [
        (line, entry)
        for line, entry in zip(lines, entries, strict=True)
        if not isinstance(entry.get("step"), int) or entry["step"] <= step
    ]
    if not path.exists() or sum(len(line) for line, _ in kept) == path.stat().st_size:
        return
    rest: list[bytes] = []
    digest = ""
    for line, entry in kept:
        if _recorded_digest(line):  # another one, if a line before it was dropped
            line = _chained(entry, digest)
        digest = _recorded_digest(line) or _line_digest(digest, line)
        rest.append(line)
    publish(path, rest, overwrite=True)


def log_end(path: Path) -> dict[str, Any]:
    """Return size and last digest of a log, which outlast a power cut from then on.

    Args:
        path: The log; it need not exist.

    Returns:
        `{"size": bytes of whole lines, "digest": ...}`; see `check_end`.
    """
    if not path.exists():
        return {"size": 0, "digest": ""}
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                size = sum(map(len, _whole_lines(path)))
            return {"size": size, "digest": _last_digest(descriptor, size, path)}
        finally:
            os.close(descriptor)
    except OSError as error:
        raise environment_problem("read", path, error) from error


def check_end(path: Path, end: Mapping[str, Any], *, grows: bool) -> None:
    """Check that a log has lost no lines since its end was recorded.

    Args:
        path: The log.
        end: What `log_end` returned.
        grows: Whether there may be more lines by now.

    Raises:
        InvalidInput: There are less lines, others, or more than there may be.
    """
    content, size = b"".join(_whole_lines(path)), end["size"]
    fits = len(content) == size or (grows and len(content) > size)
    if not fits or check_lines(content[:size].splitlines(keepends=True), path) != end["digest"]:
        raise InvalidInput(
            f"{quote(path)} is not what was written. Expected: {end['size']:,} bytes. "
            f"Received: {len(content):,}.",
            hint="Restore it from a copy, or remove it: a run that is resumed then goes on with "
            "a new one.",
        )


def _chained(values: Mapping[str, Any], before: str) -> bytes:
    """The line of an entry behind a line with the digest `before`."""
    text = json.dumps({**values, _KEY: ""}, ensure_ascii=False, allow_nan=False)
    start = text.encode()[:-2]
    return start + _line_digest(before, start).encode() + b'"}\n'


def _line_digest(before: str, line: bytes) -> str:
    return hashlib.sha256(before.encode() + line).hexdigest()[:_DIGITS]


def _recorded_digest(line: bytes) -> str:
    """The digest in a line; "" if there is none."""
    found = _CHAINED.search(line[-_ENDING - len(_KEY) - 5 :])
    return found[1].decode() if found else ""


def _last_digest(descriptor: int, size: int, path: Path) -> str:
    """The digest of the last whole line, computed where it carries none."""
    tail = os.pread(descriptor, min(size, _TAIL), max(size - _TAIL, 0))
    return _recorded_digest(tail) or check_lines(_whole_lines(path), path)


def _append(descriptor: int, size: int, line: bytes) -> None:
    """Write a line, or nothing: a full disk may take a part."""
    written = 0
    try:
        written = os.write(descriptor, line)
        if written < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _sync(descriptor: int) -> None:
    """Let what was written outlast a power cut, unless that would take too much of the time."""
    global _next_sync
    if (begun := time.monotonic()) >= _next_sync:
        os.fsync(descriptor)
        now = time.monotonic()
        _next_sync = now + (now - begun) / _SHARE


def _whole_lines(path: Path) -> list[bytes]:
    """The lines that are whole, each with its line break."""
    if not path.exists():
        return []
    content = read_bytes(path, limit=_MAX_BYTES)
    whole, newline, _ = content.rpartition(b"\n")
    return (whole + newline).splitlines(keepends=True)


def _json_number(value: Any) -> Any:
    if hasattr(value, "item"):  # a number of NumPy or of a framework
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
