"""Decoding of a data set's files into one array in the cache, naming every unusable file."""

import contextlib
import contextvars
import functools
import itertools
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ganzoo.data.cache import Prepared, load_or_build, remembered_digest, write_array
from ganzoo.data.decoding.fitting import propose_shape
from ganzoo.data.decoding.processes import Decode, decode_files
from ganzoo.data.folder import Files, Read
from ganzoo.data.images import REVISION, Preprocessing, decode_image, is_revised
from ganzoo.data.progress import Progress, notice
from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.digests import bytes_digest, canonical_json

_BLOCK = 16 << 20  # bytes of decoded images that are written at once
_ENOUGH = 10  # unusable images, after which no more are looked for


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
    decode = decode or functools.partial(
        decode_image,
        preprocessing=preprocessing,  # type: ignore[arg-type]
    )
    revised: list[str] = []
    mirror = isinstance(preprocessing, Preprocessing) and preprocessing.mirror

    def build(entry: Path) -> dict[str, Any]:
        for note in notes:
            notice(f"{dataset}: {note}")
        with files.reader() as read, Progress(f"{dataset}: decoding", len(names), unit) as progress:

            def read_noting(name: str) -> bytes:
                data = read(name)
                if is_revised(data):
                    revised.append(name)
                return data

            images = _Images(read_noting, names, decode, dataset, progress, mirror=mirror)
            images.write(entry / "images.npy")
        revision = {"decoder": REVISION} if revised else {}  # other pixels are other data
        return {"fingerprint": bytes_digest(canonical_json(key | revision).encode())}

    return load_or_build(key | {"decoder": REVISION}, build, folder=folder)


def repeat_labels(labels: np.ndarray | None, preprocessing: Preprocessing) -> np.ndarray | None:
    """Return a label for each prepared row, from one for each image."""
    return labels if labels is None else np.repeat(labels, preprocessing.copies, axis=0)


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


@dataclass(frozen=True)
class _Images:
    """The images of a data set on their way into an array."""

    read: Read
    names: Sequence[str]
    decode: Decode
    dataset: str
    progress: Progress
    _: KW_ONLY
    mirror: bool

    def write(self, path: Path) -> None:
        gray: list[str] = []
        try:
            self._write_array(path, self._blocks(gray, in_color=False))
        except _ColorAmongGray:  # no row is of use: the array has another shape
            path.unlink(missing_ok=True)
            self.progress.done = 0
            gray.clear()
            self._write_array(path, self._blocks(gray, in_color=True))
        if gray:
            notice(
                f"{self.dataset}: {len(gray):,} of {len(self.names):,} images are gray and were"
                " made color; to make all gray: --set dataset.mode=gray"
            )

    def _write_array(self, path: Path, blocks: Generator[np.ndarray]) -> None:
        with contextlib.closing(blocks):  # ends the processes that decode, whatever happens
            first = next(blocks)
            shape = ((2 if self.mirror else 1) * len(self.names), *first.shape[1:])
            write_array(path, shape, first.dtype.name, itertools.chain([first], blocks))

    def _blocks(self, gray: list[str], *, in_color: bool) -> Generator[np.ndarray]:
        """Yield arrays (rows, ...) of all images, in order; their names if made color."""
        shapes: dict[str, tuple[int, ...]] = {}  # of the first image, and of those unlike it
        unusable: list[str] = []
        seen: Counter[tuple[int, ...]] = Counter()
        arrays: list[np.ndarray] = []
        results = decode_files(self.read, self.names, self.decode)
        with contextlib.closing(results):
            for name, result in results:
                self.progress.advance()
                if isinstance(result, str):
                    unusable.append(result)
                else:
                    first = next(iter(shapes.values()), result.shape)
                    arrays.append(self._in_color(result, first, name, gray, in_color=in_color))
                    shape = arrays[-1].shape
                    seen[shape] += 1
                    if not shapes or shape != first:
                        shapes[name] = shape
                if len(unusable) + max(0, len(shapes) - 1) >= _ENOUGH:
                    break
                if arrays and len(arrays) * arrays[-1].nbytes >= _BLOCK:
                    if not unusable and len(shapes) == 1:
                        yield self._stack(arrays)
                    arrays.clear()
        if unusable:
            raise _unusable(unusable)
        if len(shapes) > 1:
            raise _unlike(shapes, list(seen.elements()))
        if arrays:
            yield self._stack(arrays)

    def _in_color(
        self,
        image: np.ndarray,
        first: tuple[int, ...],
        name: str,
        gray: list[str],
        *,
        in_color: bool,
    ) -> np.ndarray:
        """Return a gray image among colored ones with three channels, and note its name."""
        channels = (first[-1], image.shape[-1]) if image.ndim == 3 else ()
        if channels == (1, 3) and not in_color:
            raise _ColorAmongGray
        if channels != (3, 1) and not (in_color and channels == (1, 1)):
            return image
        gray.append(name)
        return np.repeat(image, 3, axis=-1)

    def _stack(self, arrays: list[np.ndarray]) -> np.ndarray:
        """Stack images, each followed by its mirror image if there is to be one."""
        block = np.stack(arrays)
        if not self.mirror:
            return block
        return np.stack([block, block[..., ::-1, :]], axis=1).reshape(-1, *block.shape[1:])


class _ColorAmongGray(Exception):
    """An image of three channels after one of one channel."""


def _unusable(messages: list[str]) -> InvalidInput:
    if len(messages) == 1:
        return InvalidInput(messages[0], hint="Mend or remove it.")
    return InvalidInput(
        f"{_many(len(messages))} files cannot be used: {' '.join(messages[:_ENOUGH])}",
        hint="Mend or remove them.",
    )


def _unlike(shapes: dict[str, tuple[int, ...]], seen: Sequence[tuple[int, ...]]) -> InvalidInput:
    first, other = list(shapes.items())[:2]
    count, size = len(shapes) - 1, str(propose_shape(seen)).replace(" ", "")
    return InvalidInput(
        f"All images must have one size. Received: {first[0]!r} with {_format_size(first[1])}"
        f" and {other[0]!r} with {_format_size(other[1])}"
        f"{f', {_many(count)} in all unlike the first' if count > 1 else ''}.",
        hint=f"Make them alike with --set dataset.size={size}.",
    )


def _format_size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]} pixels"


def _many(count: int) -> str:
    return f"at least {_ENOUGH}" if count >= _ENOUGH else str(count)
