"""Cache of prepared data sets, which are decoded once and memory-mapped ever after.

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
from ganzoo.files.home import cache_home
from ganzoo.files.leftovers import reclaim
from ganzoo.files.manifests import check_digest
from ganzoo.files.publish import make_folder, publish_folder, publish_text, withdraw, write_new
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_object
from ganzoo.files.text import environment_problem

_SCHEMA = 1  # part of every key: a new layout finds no old entries
_ABOUT = "about.json"
_MAX_ABOUT_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Entry of the cache.

    Args:
        folder: Folder of the entry.
        images: Read-only memory map of `images.npy`.
        labels: Read-only memory map of `labels.npy`, or `None`.
        about: Facts that `build` returned.
    """

    folder: Path
    images: np.ndarray
    labels: np.ndarray | None
    about: dict[str, Any]


def load_or_build(
    key_parts: Mapping[str, Any],
    build: Callable[[Path], dict[str, Any]],
    *,
    folder: Path | None = None,
) -> Prepared:
    """Return the entry for `key_parts`, built if it is not there or is damaged.

    Args:
        key_parts: Everything that decides the content, as JSON types.
        build: Function that writes `images.npy`, `labels.npy` if there are labels, and files of
            its own into the folder it is given (with `write_array`), and returns facts about them
            as JSON types of less than 1 MiB.
        folder: Folder of the cache; by default `datasets` in `cache_home()`.

    Raises:
        EnvironmentProblem: The disk is full, or the folder cannot be written to.
    """
    folder = folder or cache_home() / "datasets"
    key = bytes_digest(canonical_json({"schema": _SCHEMA, **key_parts}).encode())
    entry_path = folder / key
    prepared = _open(entry_path)
    if prepared is not None:
        return prepared
    _make(folder)
    reclaim(folder)
    if entry_path.exists():
        withdraw(entry_path)  # damaged

    def write(temporary: Path) -> None:
        about = build(temporary)
        sizes = {path.name: path.stat().st_size for path in temporary.iterdir()}
        entry = canonical_json({"key": dict(key_parts), "files": sizes, "about": about}).encode()
        if len(entry) > _MAX_ABOUT_BYTES:
            raise ValueError(
                f"Facts have less than 1 MiB; arrays are files. Received: {len(entry):,} bytes."
            )
        write_new(temporary / _ABOUT, entry)

    try:
        publish_folder(entry_path, write)
    except UsageError:  # another process was faster
        if not entry_path.exists():
            raise
    prepared = _open(entry_path)
    if prepared is None:
        raise InvalidInput(f"The prepared data set in {str(entry_path)!r} cannot be read back.")
    return prepared


def remembered_digest(stamp: str, find: Callable[[], str], *, folder: Path | None = None) -> str:
    """Return the digest of the content behind a quick identity, found once and remembered.

    Args:
        stamp: SHA-256 in hex that changes whenever the content may have.
        find: Function that returns the digest of the content, by reading everything.
        folder: Folder of the cache; see `load_or_build`.
    """
    entry_path = (folder or cache_home() / "datasets") / "known" / f"{check_digest(stamp)}.json"
    try:
        known = parse_object(read_bytes(entry_path, limit=_MAX_ABOUT_BYTES), str(entry_path))
        return check_digest(known["content"])
    except (GanzooError, KeyError, TypeError):
        content = find()
    _make(entry_path.parent)
    publish_text(entry_path, canonical_json({"content": content}), overwrite=True)
    return content


def write_array(
    path: Path, shape: tuple[int, ...], dtype: str, parts: Iterable[np.ndarray]
) -> None:
    """Write an `.npy` file part by part.

    Not through a memory map, where a full disk would kill the process instead of raising.

    Args:
        path: Path of the new file, in the folder given to `build`.
        shape: Shape of the whole array.
        dtype: Name of its type: `"uint8"`, `"int32"`.
        parts: Consecutive parts of the array, along the first axis.
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


def _open(entry_path: Path) -> Prepared | None:
    """Return the entry, if it is there with files of the right sizes."""
    if not entry_path.is_dir():
        return None
    try:
        about = entry_path / _ABOUT
        entry = parse_object(read_bytes(about, limit=_MAX_ABOUT_BYTES), str(about))
        for name, size in entry["files"].items():
            if (entry_path / name).stat().st_size != size:
                return None
        images = _map(entry_path / "images.npy")
        labels = _map(entry_path / "labels.npy") if "labels.npy" in entry["files"] else None
        return Prepared(folder=entry_path, images=images, labels=labels, about=entry["about"])
    except (GanzooError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # whatever is wrong, it is built again


def _map(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _make(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise environment_problem("write", folder, error) from error
