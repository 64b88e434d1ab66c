"""Decoding of a data set's files into one array in the cache, naming every unusable file."""

import contextlib
import contextvars
import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ganzoo.data.cache import Prepared, load_or_build, remembered_digest, write_array
from ganzoo.data.decoding.image_array import ImageArray
from ganzoo.data.decoding.preprocessing import RAW
from ganzoo.data.decoding.processes import Decode, decode_files
from ganzoo.data.folder import Files
from ganzoo.data.images import (
    REVISION,
    Preprocessing,
    decode_image,
    newest_revision,
    revision_of,
)
from ganzoo.data.progress import Progress, notice
from ganzoo.errors import GanzooError, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest, canonical_json

_SKIPPED = "skipped.npy"  # indices of the files that have no row
_MAX_NAMED = 10  # of those that are left out

_forbidden = contextvars.ContextVar("ganzoo_decoding_forbidden", default=False)


class Options(Protocol):
    """Options of decoding, such as `Preprocessing`."""

    def options(self) -> dict[str, Any]:
        """Return the values as JSON types, for keys and fingerprints."""
        ...


class NotDecoded(GanzooError):
    """The files of a data set, where nothing may be decoded.

    Args:
        files: Files of the data set.
        names: Names of those that would be decoded.
    """

    def __init__(self, files: Files, names: Sequence[str]):
        super().__init__(f"Nothing is decoded now. Received: {len(names):,} files.")
        self.files, self.names = files, names


@contextlib.contextmanager
def decoding_forbidden() -> Iterator[None]:
    """Forbid decoding in a `with` block: data sets of files end in `NotDecoded`."""
    token = _forbidden.set(True)
    try:
        yield
    finally:
        _forbidden.reset(token)


def prepare_files(
    files: Files,
    names: Sequence[str],
    *,
    dataset: str,
    preprocessing: Options,
    decode: Decode | None = None,
    folder: Path | None = None,
    notes: Sequence[str] = (),
) -> Prepared:
    """Decode files into the cache, unless they are there.

    Args:
        files: Files of the data set.
        names: Names of those to decode, in the order of the rows.
        dataset: Name of the data set, for progress.
        preprocessing: Crop, size and channels of images, where gray ones among others become color
            if no mode is given; or, with `decode`, the options of that:
            no two ways of decoding may have the same options.
        decode: Function of a file's bytes and name that returns an array, or raises
            `InvalidInput`; all arrays must have one shape. By default `decode_image`.
        folder: Folder of the cache; see `load_or_build`.
        notes: Sentences for people about the files, written when they are decoded and not again.

    Returns:
        Entry of the cache. Its `about` holds `"fingerprint"`, the same for the same names, bytes,
        options and damaged files that have no row, whatever path or kind of archive they are in.

    Raises:
        InvalidInput: Images that cannot be used, or are not of one size; all are named, up to ten.
        NotDecoded: Nothing may be decoded now.
    """
    if _forbidden.get():
        raise NotDecoded(files, names)
    stamp = bytes_digest(canonical_json([files.stamp, names]).encode())
    content = remembered_digest(stamp, lambda: _content(files, names, dataset), folder=folder)
    key = {"fit": preprocessing.options(), "content": content}  # part of published fingerprints
    unit = "images" if decode is None else "files"
    decode = decode or functools.partial(
        decode_image,
        preprocessing=preprocessing,  # type: ignore[arg-type]
    )
    of_images = preprocessing if isinstance(preprocessing, Preprocessing) else Preprocessing()
    skip, revisions = of_images.skip_damaged, {1}
    newest = REVISION if skip else newest_revision(names, of_images)

    def build(entry: Path) -> dict[str, Any]:
        for note in notes:
            notice(f"{dataset}: {note}")
        damaged = _damaged(files, names, of_images, dataset) if skip else {}
        whole = [name for name in names if name not in damaged]
        with files.reader() as read, Progress(f"{dataset}: decoding", len(whole), unit) as progress:

            def read_noting(name: str) -> bytes:
                data = read(name)
                revisions.add(revision_of(data))
                return data

            images = ImageArray(
                read_noting, whole, decode, dataset, progress, mirror=of_images.mirror
            )
            images.write(entry / "images.npy")
        made = dict(key)  # other pixels and other rows are other data
        if max(revisions) > 1:
            made["decoder"] = max(revisions)
        if damaged:
            made["skipped"] = sorted(damaged)
            indices = [index for index, name in enumerate(names) if name in damaged]
            write_array(entry / _SKIPPED, (len(indices),), "int64", [np.array(indices)])
        return {"fingerprint": bytes_digest(canonical_json(made).encode())} | images.levels()

    return load_or_build(key | {"decoder": newest}, build, folder=folder)


def labels_of_rows(labels: np.ndarray | None, prepared: Prepared) -> np.ndarray | None:
    """Return the labels of the files that have a row, from those of all files."""
    path = prepared.folder / _SKIPPED
    if labels is None or not path.exists():
        return labels
    return np.delete(labels, np.load(path, allow_pickle=False), axis=0)


def repeat_labels(labels: np.ndarray | None, preprocessing: Preprocessing) -> np.ndarray | None:
    """Return a label for each prepared row, from one for each image."""
    return labels if labels is None else np.repeat(labels, preprocessing.copies, axis=0)


def choose_levels(
    prepared: Prepared, chosen: Sequence[float] | None, fingerprint: str
) -> tuple[tuple[float, float] | None, str]:
    """Return the levels of a data set, and its fingerprint with them.

    Args:
        prepared: Prepared images.
        chosen: The option `levels`; by default the smallest and the largest number of all images.
        fingerprint: Fingerprint of the images.

    Raises:
        UsageError: They are no two numbers, or the images are uint8, which has no others.
    """
    found = prepared.about.get("levels")
    if chosen is None:
        return None if found is None else (found[0], found[1]), fingerprint
    if found is None or len(chosen) != 2 or not chosen[0] < chosen[1]:
        raise UsageError(
            "levels are two numbers, the lower one first, for images that are not of 8 bits."
            f" Received: levels={list(chosen)}, images of {prepared.images.dtype}."
        )
    fingerprint = bytes_digest(f"{fingerprint} levels {list(map(float, chosen))}".encode())
    return (float(chosen[0]), float(chosen[1])), fingerprint


def _damaged(
    files: Files, names: Sequence[str], preprocessing: Preprocessing, dataset: str
) -> dict[str, str]:
    """The files that cannot be decoded, with the reason, which is said.

    One that a crop or a mode does not fit is not among them: these are for the user to mend.
    """
    mode = RAW if preprocessing.mode == RAW else None
    size = {} if preprocessing.crop is None else {"size": None, "fit": "crop"}
    alone = replace(preprocessing, crop=None, mode=mode, **size)
    decode = functools.partial(decode_image, preprocessing=alone)
    found: dict[str, str] = {}
    with files.reader() as read, Progress(f"{dataset}: looking", len(names), "images") as progress:
        for name, result in decode_files(read, names, decode):
            progress.advance()
            if isinstance(result, str):
                found[name] = result
    if len(found) == len(names):
        raise InvalidInput(
            f"No file of the data set {dataset!r} can be decoded. {next(iter(found.values()))}"
        )
    if found:
        notice(
            f"{dataset}: left out {len(found):,} of {len(names):,} files that cannot be decoded: "
            f"{' '.join([*found.values()][:_MAX_NAMED])}"
        )
    return found


def _content(files: Files, names: Sequence[str], dataset: str) -> str:
    """Return the digest of all names and bytes."""
    digests: dict[str, str] = {}
    with files.reader() as read, Progress(f"{dataset}: reading", len(names), "files") as progress:
        for name in names:
            digests[name] = bytes_digest(read(name))
            progress.advance()
    if len(names) > 1 and len(set(digests.values())) == 1:
        notice(f"warning: all {len(names):,} files of the data set {dataset!r} are identical")
    return bytes_digest(canonical_json(list(digests.items())).encode())
