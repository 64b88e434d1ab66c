"""Values, text from others and errors of the system, as they are written into messages."""

import errno
import math
import os
import re
from datetime import date, time

from ganzoo.errors import EnvironmentProblem, GanzooError

# C0 except tab and newline, DEL and C1, bidirectional marks and overrides, zero-width and
# line separators, the byte-order mark, lone surrogates: what can move a cursor, hide or
# reorder text.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_HINTS = {
    errno.ENOSPC: "Free some disk space.",
    errno.EDQUOT: "The disk quota is used up: free some space.",
    errno.EFBIG: "Raise the file size limit (`ulimit -f`) or use another disk.",
    errno.EIO: "The disk or the network drive has a fault.",
    errno.EROFS: "Choose a folder on a disk that can be written to.",
    errno.EACCES: "Check its owner and permissions.",
    errno.EPERM: "Check its owner and permissions.",
    errno.EMFILE: "Raise the limit of open files (`ulimit -n`).",
    errno.ENOENT: "Check the path; the folder must exist.",
}


def quote(value: object, limit: int = 200) -> str:
    """Return the value in quotes, escaped and cut.

    Args:
        value: A text, a path or anything with a `repr`.
        limit: The most characters that are quoted.
    """
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(value, str | bytes) and len(value) > limit:
        return f"{value[:limit]!r}... ({len(value)} characters)"
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def format_value(value: object) -> str:
    """Return the value as TOML would write it, short and printable."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 128:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, date | time):
        return value.isoformat()
    return quote(value)


def format_exception(error: BaseException) -> str:
    """Return type and message of an exception in one short, printable line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # a stranger's `__str__`
        text = ""
    text = "".join(c if c.isprintable() else "?" for c in text)[:300].rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def format_duration(seconds: float) -> str:
    """Return a time in its two largest units: `8.4 s`, `1 min 23 s`, `2 h 05 min`, `3 d 4 h`."""
    if not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def shorten(text: str, limit: int = 80) -> str:
    """Return the text, cut and ended with "..." where it is longer than the limit."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def escape(text: str) -> str:
    """Return the text with every character that a terminal would obey as an escape."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def location(path: tuple[str | int, ...], where: str) -> str:
    """Return the name of a value within a document: "`training.batch` in recipe.toml"."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            plain = re.fullmatch(r"[A-Za-z0-9_-]{1,64}", part)
            name += ("." if name else "") + (part if plain else quote(part))
    return f"`{name}` in {where}" if name else where


def system_hint(error: BaseException) -> str | None:
    """Return what to do about an error of the system; `None` for any other."""
    return _HINTS.get(error.errno or 0) if isinstance(error, OSError) else None


def environment_problem(verb: str, path: str | os.PathLike, error: OSError) -> EnvironmentProblem:
    """Return the error for an operation that the system refused.

    Args:
        verb: Name of the operation: `"write"`, `"read"`.
        path: File or folder as the user knows it, not a temporary one.
        error: Error of the system.
    """
    reason = error.strerror or str(error)
    return EnvironmentProblem(
        f"Cannot {verb} {quote(path)}: {reason}.",
        hint=system_hint(error),
    )


def printable_path(path: str | os.PathLike, error: type[GanzooError]) -> str:
    """Return the path as text; raise `error` if it is empty or holds NUL or bad Unicode."""
    text = os.fspath(path)
    try:
        if b"\0" in os.fsencode(text) or not text:
            raise ValueError
    except (ValueError, TypeError) as cause:
        raise error(
            f"A path must be text without NUL characters and not empty. Received: {quote(path)}."
        ) from cause
    return os.fsdecode(text)
