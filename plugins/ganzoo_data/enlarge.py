"""Photographs of one's own and small, degraded ones made from them, to learn to enlarge images."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from PIL import Image

from ganzoo.data.cache import Prepared, load_or_build, remembered_digest, write_array
from ganzoo.data.dataset import Dataset
from ganzoo.data.folder import Files
from ganzoo.data.images import REVISION as DECODER
from ganzoo.data.images import open_image
from ganzoo.data.progress import Progress
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import bytes_digest, canonical_json
from ganzoo.files.publish import write_new
from ganzoo.files.text import quote

from .data_files import open_files
from .degradation import DEGRADATIONS, REVISION

_PIXELS = "pixels.bin"  # of all photographs, one after the other
_FIXED = (1 << 63, 0)  # seed and epoch of the pairs that stay the same
_SCALES = range(2, 9)


def enlarge(
    *,
    data: str,
    size: int = 256,
    scale: int = 4,
    degradation: str = "second-order",
    crops: int = 1,
    max_size: int | None = 2048,
) -> Dataset:
    """Your own photographs, for models that enlarge: small images are made from them.

    In training each epoch shows another part of every photograph, turned or mirrored, degraded
    anew. What it is depends on the training's seed, the epoch and the row alone. What is
    evaluated and drawn are fixed pairs: the middle of each photograph, or random parts where
    there are several.

    Args:
        data: Path of a folder or zip of images, of any sizes from `size`.
        size: Height and width of the parts that are cut out, in pixels; a multiple of `scale`.
        scale: Factor by which the small images are smaller, from 2 to 8.
        degradation: How they are made: `"bicubic"` downsampling; `"first-order"`, blur, resizing,
            noise and JPEG; or `"second-order"`, twice these, Real-ESRGAN's.
        crops: Parts of a photograph in an epoch; rows of the data set for each.
        max_size: Longer side in pixels to which larger photographs are reduced, for space on the
            disk and since photographs are sharper when they are smaller; none for as they are.

    Returns:
        Parts of photographs (n, size, size, 3) and, as labels, small images
        (n, size / scale, size / scale, 3).

    Raises:
        UsageError: Nothing is there, or an option is out of range.
        InvalidInput: A photograph cannot be used, or is smaller than `size`.
    """
    _check_options(size, scale, degradation, crops, max_size)
    files = open_files(data)
    names = files.image_names()
    content = _content(files, names)
    photographs = Photographs(_prepare(files, names, content, max_size))
    photographs.check_size(size, names)
    options = {"size": size, "scale": scale, "degradation": degradation, "crops": crops}
    # by its pixels, whatever decoded them; random numbers, resizing and JPEG stay what they are
    # within a minor version
    versions = {of.__name__: of.__version__.rsplit(".", 1)[0] for of in (np, PIL)}
    key = {"enlarge": photographs.digest, **options, "revision": REVISION, **versions}
    pairs = Pairs(photographs, size, scale, degradation, crops)
    fixed = load_or_build(key, pairs.write_fixed)
    assert fixed.labels is not None

    def fresh_rows(rows: np.ndarray, epoch: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        found = [pairs.pair(int(row), epoch, seed) for row in rows]
        return np.stack([x for x, _ in found]), np.stack([y for _, y in found])

    return Dataset(
        name="enlarge",
        images=fixed.images,
        labels=fixed.labels,
        draw=fresh_rows,
        license="not stated (the user's own images)",
        source=str(files.where),
        fingerprint=bytes_digest(canonical_json(key).encode()),
    )


class Photographs:
    """Photographs of any sizes in one file, which is mapped into memory.

    Args:
        prepared: Entry of the cache; its images are rows of start, height and width, and its
            `about` holds the SHA-256 of all pixels as `"digest"`.
    """

    def __init__(self, prepared: Prepared):
        self.rows = np.asarray(prepared.images)
        self.digest = prepared.about["digest"]
        self.pixels = np.memmap(prepared.folder / _PIXELS, np.uint8, mode="r")

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> np.ndarray:
        start, height, width = (int(n) for n in self.rows[index])
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    def check_size(self, size: int, names: Sequence[str]) -> None:
        """Refuse photographs of which no part of that size can be cut out."""
        small = [name for name, (_, h, w) in zip(names, self.rows, strict=True) if min(h, w) < size]
        if small:
            raise InvalidInput(
                f"Parts of {size}x{size} pixels are cut out of photographs that are as large. "
                f"Received: {len(small):,} smaller ones, such as {quote(small[0])}.",
                hint="Choose a smaller size: --set dataset.size=128.",
            )


class Pairs:
    """Parts of photographs and their small images, functions of row, epoch and seed.

    Args:
        photographs: Photographs.
        size: Side of a part, in pixels.
        scale: Factor by which the small images are smaller.
        degradation: Key of `DEGRADATIONS`.
        crops: Rows for each photograph.
    """

    def __init__(
        self, photographs: Photographs, size: int, scale: int, degradation: str, crops: int
    ):
        self.photographs, self.size, self.scale = photographs, size, scale
        self.degrade, self.crops = DEGRADATIONS[degradation], crops

    def __len__(self) -> int:
        return len(self.photographs) * self.crops

    def part(self, row: int, epoch: int, seed: int) -> tuple[np.ndarray, np.random.Generator]:
        """Return a part, and the random numbers by which it is degraded."""
        rng = np.random.Generator(np.random.Philox(counter=[0, 0, 0, epoch], key=[seed, row]))
        photograph = self.photographs[row // self.crops]
        last = [n - self.size for n in photograph.shape[:2]]
        top, left = (int(rng.integers(n + 1)) for n in last)
        rotation = int(rng.integers(8))
        if seed == _FIXED[0]:
            rotation = 0
            top, left = (n // 2 for n in last) if self.crops == 1 else (top, left)
        part = photograph[top : top + self.size, left : left + self.size]
        part = np.rot90(part, rotation % 4)
        return np.ascontiguousarray(part[:, ::-1] if rotation >= 4 else part), rng

    def pair(self, row: int, epoch: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a part and its small image."""
        part, rng = self.part(row, epoch, seed)
        return part, self.degrade(part.astype(np.float32) / 255, self.scale, rng)

    def write_fixed(self, folder: Path) -> dict[str, Any]:
        """Write the pairs that stay the same, as arrays of the cache."""
        seed, epoch = _FIXED
        rows, large = range(len(self)), (len(self), self.size, self.size, 3)
        parts = (self.part(row, epoch, seed)[0][None] for row in rows)
        write_array(folder / "images.npy", large, "uint8", parts)

        def small() -> Iterator[np.ndarray]:
            with Progress("enlarge: degrading", len(self), "images") as progress:
                for row in rows:
                    yield self.pair(row, epoch, seed)[1][None]
                    progress.advance()

        size = self.size // self.scale
        write_array(folder / "labels.npy", (len(self), size, size, 3), "uint8", small())
        return {}


def _content(files: Files, names: Sequence[str]) -> str:
    """The digest of the names and bytes of all photographs, remembered while nothing changes."""

    def find() -> str:
        with files.reader() as read, Progress("enlarge: reading", len(names), "files") as progress:
            found = []
            for name in names:
                found.append([name, bytes_digest(read(name))])
                progress.advance()
        return bytes_digest(canonical_json(found).encode())

    stamp = bytes_digest(canonical_json(["enlarge", files.stamp, list(names)]).encode())
    return remembered_digest(stamp, find)


def _prepare(files: Files, names: Sequence[str], content: str, max_size: int | None) -> Prepared:
    """The photographs decoded, upright and in color, and reduced."""

    def build(folder: Path) -> dict[str, Any]:
        rows, start, digest = [], 0, hashlib.sha256()
        with files.reader() as read, Progress("enlarge: decoding", len(names)) as progress:

            def pixels() -> Iterator[bytes]:
                nonlocal start
                for name in names:
                    image = open_image(read(name), name, mode="rgb")
                    if max_size is not None:
                        image.thumbnail((max_size, max_size), Image.Resampling.LANCZOS)
                    rows.append((start, image.height, image.width))
                    start += image.height * image.width * 3
                    progress.advance()
                    digest.update(f"{image.size}\n".encode() + image.tobytes())
                    yield image.tobytes()

            write_new(folder / _PIXELS, pixels())
        table = np.array(rows, np.int64)
        write_array(folder / "images.npy", table.shape, "int64", [table])
        return {"digest": digest.hexdigest()}

    key = {"photographs": content, "max_size": max_size, "decoder": DECODER}
    return load_or_build(key, build)


def _check_options(
    size: int, scale: int, degradation: str, crops: int, max_size: int | None
) -> None:
    if scale not in _SCALES or size < scale or size % scale:
        raise UsageError(
            "scale must be from 2 to 8, and size a multiple of it. "
            f"Received: scale={scale}, size={size}."
        )
    if degradation not in DEGRADATIONS:
        raise unknown("degradation", str(degradation), tuple(DEGRADATIONS))
    if crops < 1 or (max_size is not None and max_size < size):
        raise UsageError(
            "crops must be at least 1, and max_size at least size. "
            f"Received: crops={crops}, max_size={max_size}, size={size}."
        )
