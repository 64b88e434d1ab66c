"""The prepared cache: a data set is decoded once, and mapped from disk ever after.

    <folder>/<key>/images.npy  labels.npy  about.json      one data set, prepared one way
    <folder>/known/<stamp>.json                            which content a quick identity has

The key is the digest of everything that decides the pixels: name, options, content. Entries
appear whole (see `ganzoo.files.publish`) and never change. Content is a digest over all bytes
of all files, which takes as long as reading them; so the *quick* identity (path, size and
time of modification of every file) is remembered with it, and the second start reads nothing.
A file edited within one tick of the clock, with its size and time unchanged, is not noticed:
remove the cache folder then.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.errors import GanzooError, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest, canonical_json
from ganzoo.files.leftovers import reclaim
from ganzoo.files.names import check_digest
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder, publish_folder, publish_text, withdraw, write_new
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_json

_SCHEMA = 1  # part of every key: a new layout finds no old entries
_ABOUT = "about.json"
_MAX_ABOUT_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An entry of the cache.

    Args:
        images: Read-only memory map of `images.npy`.
        labels: Read-only memory map of `labels.npy`, or `None`.
        about: What `build` said about it.
    """

    images: np.ndarray
    labels: np.ndarray | None
    about: dict[str, Any]


def cached(
    key_parts: Mapping[str, Any], build: Callable[[Path], dict[str, Any]], *, folder: Path
) -> Prepared:
    """The entry for `key_parts`, built if it is not there or is damaged.

    Args:
        key_parts: Everything that decides the content, as JSON types.
        build: Writes `images.npy`, and `labels.npy` if there are labels, into the folder it
            is given (with `write_array`), and returns facts about them as JSON types.
        folder: The cache, usually `cache_home() / "datasets"`.

    Raises:
        EnvironmentProblem: The disk is full, or the folder cannot be written to.
    """
    key = bytes_digest(canonical_json({"schema": _SCHEMA, **key_parts}).encode())
    place = folder / key
    prepared = _open(place)
    if prepared is not None:
        return prepared
    _make(folder)
    reclaim(folder)
    if place.exists():
        withdraw(place)  # damaged

    def write(temporary: Path) -> None:
        about = build(temporary)
        sizes = {path.name: path.stat().st_size for path in temporary.iterdir()}
        entry = {"key": dict(key_parts), "files": sizes, "about": about}
        write_new(temporary / _ABOUT, canonical_json(entry).encode())

    try:
        publish_folder(place, write)
    except UsageError:  # another process was faster
        if not place.exists():
            raise
    prepared = _open(place)
    if prepared is None:
        raise InvalidInput(f"The prepared data set in {str(place)!r} cannot be read back.")
    return prepared


def remembered(stamp: str, find: Callable[[], str], *, folder: Path) -> str:
    """The content behind a quick identity, found once and remembered.

    Args:
        stamp: A SHA-256 in hex that changes whenever the content may have.
        find: Finds the digest of the content, by reading everything.
        folder: The cache.
    """
    place = folder / "known" / f"{check_digest(stamp)}.json"
    try:
        known = parse_json(read_bytes(place, limit=_MAX_ABOUT_BYTES), str(place))
        return check_digest(known["content"])
    except (GanzooError, KeyError, TypeError):
        content = find()
    _make(place.parent)
    publish_text(place, canonical_json({"content": content}), overwrite=True)
    return content


def write_array(
    path: Path, shape: tuple[int, ...], dtype: str, parts: Iterable[np.ndarray]
) -> None:
    """Writes an `.npy` file part by part.

    Not through a memory map, where a full disk would kill the process instead of raising.

    Args:
        path: A file that does not exist, in the folder given to `build`.
        shape: Shape of the whole array.
        dtype: Its type: `"uint8"`, `"int32"`.
        parts: Consecutive parts of it, along the first axis.
    """
    written = 0

    def pieces() -> Iterator[bytes | memoryview]:
        nonlocal written
        yield _npy_header(shape, dtype)
        for part in parts:
            part = np.ascontiguousarray(part, dtype=dtype)
            written += len(part)
            yield part.reshape(-1).view(np.uint8).data

    write_new(path, pieces())
    if written != shape[0]:
        raise ValueError(f"{path.name} needs {shape[0]} rows. Received: {written}.")


def _npy_header(shape: tuple[int, ...], dtype: str) -> bytes:
    file = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": descr, "fortran_order": False, "shape": tuple(map(int, shape))}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def _open(place: Path) -> Prepared | None:
    """The entry, if it is there with files of the right sizes."""
    if not place.is_dir():
        return None
    try:
        about = place / _ABOUT
        entry = parse_json(read_bytes(about, limit=_MAX_ABOUT_BYTES), str(about))
        for name, size in entry["files"].items():
            if (place / name).stat().st_size != size:
                return None
        images = _map(place / "images.npy")
        labels = _map(place / "labels.npy") if "labels.npy" in entry["files"] else None
        return Prepared(images=images, labels=labels, about=entry["about"])
    except (GanzooError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # whatever is wrong, it is built again


def _map(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _make(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise environment_problem("write", folder, error) from error
