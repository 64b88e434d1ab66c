"""Decoding of a data set's files into one array in the cache, naming every unusable file."""

import contextlib
import contextvars
import functools
import itertools
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from ganzoo.data.cache import Prepared, load_or_build, remembered_digest, write_array
from ganzoo.data.folder import Files, Read
from ganzoo.data.images import REVISION, decode_image, is_revised
from ganzoo.data.progress import Progress, notice
from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.digests import bytes_digest, canonical_json

_CHUNK = 256  # images in memory at once
_ENOUGH = 10  # unusable images, after which no more are looked for


_forbidden = contextvars.ContextVar("ganzoo_decoding_forbidden", default=False)

Decode = Callable[[bytes, str], np.ndarray]  # a file's bytes and its name, for the error


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
        Entry of the cache. Its `about` holds `"fingerprint"`, the same for the same names, bytes
        and options, whatever path or kind of archive the files are in.

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
    decode = decode or (
        lambda data, name: decode_image(data, name, preprocessing)  # type: ignore[arg-type]
    )
    revised: list[str] = []

    def decode_noting(data: bytes, name: str) -> np.ndarray:
        if is_revised(data):
            revised.append(name)
        return decode(data, name)

    def build(entry: Path) -> dict[str, Any]:
        for note in notes:
            notice(f"{dataset}: {note}")
        with Progress(f"{dataset}: decoding", len(names), unit) as progress:
            _write_images(entry / "images.npy", files, names, decode_noting, dataset, progress)
        revision = {"decoder": REVISION} if revised else {}  # other pixels are other data
        return {"fingerprint": bytes_digest(canonical_json(key | revision).encode())}

    return load_or_build(key | {"decoder": REVISION}, build, folder=folder)


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


def _write_images(
    path: Path, files: Files, names: Sequence[str], decode: Decode, dataset: str, progress: Progress
) -> None:
    gray: list[str] = []

    def decode_in_color(data: bytes, name: str) -> np.ndarray:
        image = decode(data, name)
        if image.shape[-1] == 3:
            return image
        gray.append(name)
        return np.repeat(image, 3, axis=-1)

    with files.reader() as read, warnings.catch_warnings():
        # one setting for all threads, made here: the decoder refuses what Pillow warns of
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            _write_array(path, len(names), _decoded(read, names, decode, progress))
        except _GrayAmongColor:  # no row is of use: the array has another shape
            path.unlink(missing_ok=True)
            progress.done = 0
            _write_array(path, len(names), _decoded(read, names, decode_in_color, progress))
    if gray:
        notice(
            f"{dataset}: {len(gray):,} of {len(names):,} images are gray and were made color;"
            " to make all gray: --set dataset.mode=gray"
        )


def _write_array(path: Path, count: int, chunks: Iterator[np.ndarray]) -> None:
    first = next(chunks)
    shape = (count, *first.shape[1:])
    write_array(path, shape, first.dtype.name, itertools.chain([first], chunks))


class _GrayAmongColor(Exception):
    """Images of one and of three channels."""


def _decoded(
    read: Read, names: Sequence[str], decode: Decode, progress: Progress
) -> Iterator[np.ndarray]:
    """Yield arrays (chunk, ...) of all images, in order."""
    example: _Shaped | None = None
    unusable: list[str] = []
    unlike: list[_Shaped] = []
    attempt = functools.partial(_attempt, read, decode)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            arrays = []
            for name, result in zip(chunk, pool.map(attempt, chunk), strict=True):
                if isinstance(result, InvalidInput):
                    unusable.append(result.message)
                    continue
                example = example or (name, result.shape)
                if result.ndim == 3 and {result.shape[2], example[1][2]} == {1, 3}:
                    raise _GrayAmongColor
                if result.shape != example[1]:
                    unlike.append((name, result.shape))
                arrays.append(result)
            if len(unusable) + len(unlike) >= _ENOUGH:
                break
            progress.advance(len(chunk))
            if not unusable and not unlike:
                yield np.stack(arrays)
    if unusable:
        raise _unusable(unusable)
    if unlike and example:
        raise _unlike(example, unlike)


_Shaped = tuple[str, tuple[int, ...]]  # name of an image; height, width, channels


def _attempt(read: Read, decode: Decode, name: str) -> np.ndarray | InvalidInput:
    try:
        return decode(read(name), name)
    except InvalidInput as error:
        return error


def _unusable(messages: list[str]) -> InvalidInput:
    if len(messages) == 1:
        return InvalidInput(messages[0], hint="Mend or remove it.")
    return InvalidInput(
        f"{_many(len(messages))} files cannot be used: {' '.join(messages[:_ENOUGH])}",
        hint="Mend or remove them.",
    )


def _unlike(example: _Shaped, unlike: list[_Shaped]) -> InvalidInput:
    name, shape = unlike[0]
    return InvalidInput(
        f"All images must have one size. Received: {example[0]!r} with {_format_size(example[1])}"
        f" and {name!r} with {_format_size(shape)}"
        f"{f', {_many(len(unlike))} in all unlike the first' if unlike[1:] else ''}.",
        hint="Make them alike with --set dataset.size=64.",
    )


def _format_size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]} pixels"


def _many(count: int) -> str:
    return f"at least {_ENOUGH}" if count >= _ENOUGH else str(count)
