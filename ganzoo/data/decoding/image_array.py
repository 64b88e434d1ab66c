"""Decoded images on their way into one array, or an error that names every unusable file."""

import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.data.cache import write_array
from ganzoo.data.decoding.fitting import propose_shape
from ganzoo.data.decoding.processes import Decode, decode_files
from ganzoo.data.progress import Progress, notice
from ganzoo.errors import InvalidInput

_BLOCK = 16 << 20  # bytes of decoded images that are written at once
_ENOUGH = 10  # unusable images, after which no more are looked for

_Shape = tuple[Any, ...]  # height, width, channels, type


@dataclass(frozen=True)
class ImageArray:
    """The images of a data set on their way into an array."""

    read: Callable[[str], bytes]
    names: Sequence[str]
    decode: Decode
    dataset: str
    progress: Progress
    _: KW_ONLY
    mirror: bool
    _extremes: list[tuple[float, float]] = field(default_factory=list)  # of each block

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

    def levels(self) -> dict[str, Any]:
        """Return the smallest and the largest number of images that are not uint8."""
        if not self._extremes:
            return {}
        low, high = min(low for low, _ in self._extremes), max(high for _, high in self._extremes)
        return {"levels": [low, high if low < high else low + 1]}

    def _write_array(self, path: Path, blocks: Generator[np.ndarray]) -> None:
        with contextlib.closing(blocks):  # ends the processes that decode, whatever happens
            first = next(blocks)
            shape = ((2 if self.mirror else 1) * len(self.names), *first.shape[1:])
            write_array(path, shape, first.dtype.name, itertools.chain([first], blocks))

    def _blocks(self, gray: list[str], *, in_color: bool) -> Generator[np.ndarray]:
        """Yield arrays (rows, ...) of all images, in order; their names if made color."""
        shapes: dict[str, _Shape] = {}  # of the first image, and of those unlike it
        unusable: list[str] = []
        seen: Counter[_Shape] = Counter()
        arrays: list[np.ndarray] = []
        results = decode_files(self.read, self.names, self.decode)
        with contextlib.closing(results):
            for name, result in results:
                self.progress.advance()
                if isinstance(result, str):
                    unusable.append(result)
                else:
                    first = next(iter(shapes.values()), (*result.shape, result.dtype.name))
                    arrays.append(self._in_color(result, first, name, gray, in_color=in_color))
                    shape = (*arrays[-1].shape, arrays[-1].dtype.name)
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
        first: _Shape,
        name: str,
        gray: list[str],
        *,
        in_color: bool,
    ) -> np.ndarray:
        """Return a gray image among colored ones with three channels, and note its name."""
        channels = (first[-2], image.shape[-1]) if image.ndim == 3 else ()
        if channels == (1, 3) and not in_color:
            raise _ColorAmongGray
        if channels != (3, 1) and not (in_color and channels == (1, 1)):
            return image
        gray.append(name)
        return np.repeat(image, 3, axis=-1)

    def _stack(self, arrays: list[np.ndarray]) -> np.ndarray:
        """Stack images, each followed by its mirror image if there is to be one."""
        block = np.stack(arrays)
        if block.ndim == 4 and block.dtype != np.uint8:
            self._extremes.append((float(block.min()), float(block.max())))
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


def _unlike(shapes: dict[str, _Shape], seen: Sequence[_Shape]) -> InvalidInput:
    first, other = list(shapes.items())[:2]
    if first[1][:2] == other[1][:2]:
        return InvalidInput(
            f"All images must have as many channels of one type. Received: {first[0]!r} with"
            f" {first[1][2]} of {first[1][3]} and {other[0]!r} with {other[1][2]} of"
            f" {other[1][3]}.",
            hint="Make them alike with --set dataset.mode=rgb, gray or rgba.",
        )
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
