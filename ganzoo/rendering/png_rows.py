"""PNG files whose rows are encoded as they come, for images that would not fit into memory.

The layout: https://www.w3.org/TR/png-3/, sections 5.3 (chunks), 9 (filters) and 11.3.2.3 (profile).
"""

import struct
import zlib
from collections.abc import Iterable, Iterator

import numpy as np

_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels: gray, with transparency, RGB, RGBA
_SUB, _UP = 1, 2  # filters: minus the pixel to the left, minus that above
_LEVEL = 3  # of compression: half the time of the default, a few percent more bytes
_MAX_ROWS = 64  # that are filtered at once


def encode_rows(
    size: tuple[int, int],
    channels: int,
    dtype: str,
    bands: Iterable[np.ndarray],
    profile: bytes | None = None,
) -> Iterator[bytes]:
    """Yield the pieces of a PNG file.

    Args:
        size: Height and width.
        channels: 1 (gray), 2 (gray with transparency), 3 (RGB) or 4 (RGBA).
        dtype: "uint8" or "uint16".
        bands: (rows, width, channels) of that type, from the top down, height rows in all.
        profile: ICC profile of the colors.

    Raises:
        ValueError: The bands do not make an image of that size.
    """
    height, width = size
    depth = np.dtype(dtype).itemsize * 8
    yield b"\x89PNG\r\n\x1a\n"
    yield _chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, _COLOR_TYPES[channels], 0, 0, 0)
    )
    if profile is not None:
        yield _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
    compressor, done = zlib.compressobj(_LEVEL), 0
    above = np.zeros(width * channels * depth // 8, np.uint8)
    for band in bands:
        if band.shape[1:] != (width, channels) or band.dtype != dtype:
            raise ValueError(f"Rows of another image. Received: {band.dtype} {band.shape}.")
        done += len(band)
        for start in range(0, len(band), _MAX_ROWS):
            rows = np.ascontiguousarray(band[start : start + _MAX_ROWS]).astype(
                np.dtype(dtype).newbyteorder(">"), copy=False
            )
            rows = rows.view(np.uint8).reshape(len(rows), -1)
            data = compressor.compress(_filtered(rows, above, channels * depth // 8))
            above = rows[-1].copy()
            if data:
                yield _chunk(b"IDAT", data)
    if done != height:
        raise ValueError(f"There must be {height} rows. Received: {done}.")
    yield _chunk(b"IDAT", compressor.flush())
    yield _chunk(b"IEND", b"")


def _filtered(rows: np.ndarray, above: np.ndarray, step: int) -> bytes:
    """Rows as the file holds them, each by the filter that leaves the smaller numbers.

    Args:
        rows: Bytes of pixels, (rows, bytes).
        above: The row above the first one.
        step: Bytes of a pixel.
    """
    up = rows - np.concatenate([above[None], rows[:-1]])
    sub = rows.copy()
    sub[:, step:] -= rows[:, :-step]
    costs = [np.abs(one.view(np.int8).astype(np.int16)).sum(axis=1) for one in (sub, up)]
    by_sub = costs[0] <= costs[1]
    filters = np.where(by_sub, _SUB, _UP).astype(np.uint8)[:, None]
    chosen = np.where(by_sub[:, None], sub, up)
    return np.concatenate([filters, chosen], axis=1).tobytes()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
