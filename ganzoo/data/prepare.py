"""Picture files to one array in the prepared cache, naming every picture that cannot be used.

Other files too, sounds for instance, for whoever brings a function that decodes them.
"""

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

from ganzoo.data.cache import Prepared, cached, remembered, write_array
from ganzoo.data.folder import Files, Read
from ganzoo.data.images import pixels
from ganzoo.data.progress import Progress, notice
from ganzoo.errors import InvalidInput
from ganzoo.files.digests import bytes_digest, canonical_json

_CHUNK = 256  # pictures in memory at once
_ENOUGH = 10  # unusable pictures, after which no more are looked for


Decode = Callable[[bytes, str], np.ndarray]  # a file's bytes and its name, for the error


class Options(Protocol):
    """How files are decoded."""

    def options(self) -> dict[str, Any]:
        """The values as JSON types, for keys and fingerprints."""


def prepare(
    files: Files,
    names: Sequence[str],
    *,
    dataset: str,
    fit: Options,
    folder: Path,
    decode: Decode | None = None,
) -> Prepared:
    """Decodes pictures into the cache, unless they are there.

    Args:
        files: Where the pictures are.
        names: Which of them, in the order of the rows; sorted, where nothing else is meant.
        dataset: Name of the data set, for progress.
        fit: A `Fit`: crop, size and channels. Or, with `decode`, what that goes by: no two
            ways of decoding may have the same options.
        folder: The cache.
        decode: Makes an array of one file, or raises `InvalidInput`; arrays are to be alike.
            By default `ganzoo.data.images.pixels`.

    Returns:
        The entry; its `about` holds `"fingerprint"`: the same for the same names, bytes and
        `fit`, wherever and in whatever kind of container the files are.

    Raises:
        InvalidInput: Pictures that cannot be used, or are not alike; all are named, up to ten.
    """
    stamp = bytes_digest(canonical_json([files.stamp, names]).encode())
    content = remembered(stamp, lambda: _content(files, names, dataset), folder=folder)
    key = {"fit": fit.options(), "content": content}
    unit = "images" if decode is None else "files"
    decode = decode or (lambda data, name: pixels(data, name, fit))

    def build(place: Path) -> dict[str, Any]:
        with Progress(f"{dataset}: decoding", len(names), unit) as progress:
            _write_images(place / "images.npy", files, names, decode, progress)
        return {"fingerprint": bytes_digest(canonical_json(key).encode())}

    return cached(key, build, folder=folder)


def _content(files: Files, names: Sequence[str], dataset: str) -> str:
    """The digest of all names and bytes."""
    digests: dict[str, str] = {}
    with files.reader() as read, Progress(f"{dataset}: reading", len(names), "files") as progress:
        for name in names:
            digests[name] = bytes_digest(read(name))
            progress.advance()
    if len(names) > 1 and len(set(digests.values())) == 1:
        notice(f"warning: all {len(names):,} files of the data set {dataset!r} are identical")
    return bytes_digest(canonical_json(list(digests.items())).encode())


def _write_images(
    path: Path, files: Files, names: Sequence[str], decode: Decode, progress: Progress
) -> None:
    with files.reader() as read, warnings.catch_warnings():
        # one setting for all threads, made here: the decoder refuses what Pillow warns of
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        chunks = _decoded(read, names, decode, progress)
        first = next(chunks)
        shape = (len(names), *first.shape[1:])
        write_array(path, shape, first.dtype.name, itertools.chain([first], chunks))


def _decoded(
    read: Read, names: Sequence[str], decode: Decode, progress: Progress
) -> Iterator[np.ndarray]:
    """Arrays (chunk, ...) of all pictures, in order."""
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


_Shaped = tuple[str, tuple[int, ...]]  # name of a picture; height, width, channels


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
    def words(shape: tuple[int, ...]) -> str:
        height, width, channels = shape
        return f"{width}x{height} pixels in {'gray' if channels == 1 else 'color'}"

    name, shape = unlike[0]
    ways = []
    if any(other[:2] != example[1][:2] for _, other in unlike):
        ways.append("--set dataset.size=64")
    if any(other[2] != example[1][2] for _, other in unlike):
        ways.append("--set dataset.mode=rgb (or gray)")
    return InvalidInput(
        f"All pictures must be alike. Received: {example[0]!r} with {words(example[1])} and"
        f" {name!r} with {words(shape)}"
        f"{f', {_many(len(unlike))} in all unlike the first' if unlike[1:] else ''}.",
        hint=f"Make them alike with {' and '.join(ways)}.",
    )


def _many(count: int) -> str:
    return f"at least {_ENOUGH}" if count >= _ENOUGH else str(count)
