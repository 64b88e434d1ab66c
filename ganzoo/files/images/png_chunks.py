"""PNG files by their chunks, for what Pillow does not have: 16 bits per channel of color."""

import struct
import zlib
from collections.abc import Sequence


def encode_png_chunks(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return a PNG file of some chunks; the last one, which is empty, is added."""
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*chunks, (b"IEND", b"")]
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
