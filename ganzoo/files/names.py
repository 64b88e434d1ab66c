"""Names that may be joined to a folder, and digests; nothing unchecked ever is."""

import re

from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.text import quote

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


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
