"""Text from others that no terminal obeys."""

import re

# C0 except tab and newline, DEL and C1, bidirectional marks and overrides, zero-width and
# line separators, the byte-order mark, lone surrogates: what can move a cursor, hide or
# reorder text.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def inert(text: str) -> str:
    """`text` with every character that a terminal would obey written as an escape."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
