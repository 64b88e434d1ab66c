"""Translation of an image of any size, in tiles, so that its memory does not grow with the image.

Every tile is the inside of a window, which reaches `overlap` pixels farther where the image does.
All windows of an image have one size, for which a generator is compiled once: the last one of a row
is moved inwards. So a border of the image is a border of its window, and padded as such.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from ganzoo.backend.steps.network_graph import graph_of, slots_in
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.gan.sampling.sampler import Sampler

_MAX_WINDOW = 256  # pixels of a side, where the rule below would allow more
_MIN_TILE = 16
_MAX_BYTES = 2**27  # of the largest activation of a window
_PROBE = 64  # pixels of a side of an image that shapes are computed for
_LEVELS = {"uint8": 255.0, "uint16": 65535.0}


class Window(NamedTuple):
    """A part of an axis, and what of it counts.

    Args:
        start: The first pixel that the generator sees.
        size: How many it sees.
        first: The first pixel whose translation counts.
        stop: The pixel after the last one.
    """

    start: int
    size: int
    first: int
    stop: int


def windows(length: int, tile: int, overlap: int) -> list[Window]:
    """Return the windows of an axis of some length; one, if it is no longer than a window."""
    size = tile + 2 * overlap
    if length <= size:
        return [Window(0, length, 0, length)]
    found, first = [], 0
    while first < length:
        start = min(max(first - overlap, 0), length - size)
        stop = length if start + size == length else start + size - overlap
        found.append(Window(start, size, first, stop))
        first = stop
    return found


class Tiling:
    """The windows of an image, and the number of times that it becomes larger.

    Args:
        sampler: A generator that takes images of any size, and no latents.
        size: Height and width of the image.
        overlap: Pixels around a tile beyond which its translation hardly depends on the image.
        tile: Side of a tile in pixels of the image; None: chosen so that an activation of a
            window takes no more than 128 MB, but at least 16 and the overlap, since smaller ones
            would compute each pixel more than nine times; 0: the whole image at once.

    Raises:
        UsageError: The generator takes images of one size, or latents, is no functional model, or
            gives images of other channels; or an image becomes smaller, or larger by no whole
            number.
    """

    def __init__(
        self, sampler: Sampler, size: tuple[int, int], overlap: int, tile: int | None = None
    ):
        taken = sampler.label_shape or ()
        if len(taken) != 3 or taken[:2] != (None, None) or sampler.latent_shape != (0,):
            raise UsageError(
                "Only a generator that takes images of any size, and nothing else, translates "
                f"whole images. Received: one that takes labels of shape {taken}.",
                hint="Leave out the tiles: it is given images that are cropped to its size.",
            )
        self.sampler, self.size = sampler, size
        self.scale, activation = _growth(sampler.generator)
        if tile is None:
            side = min(_MAX_WINDOW, math.isqrt(_MAX_BYTES // activation))
            tile = max(side - 2 * overlap, overlap, _MIN_TILE)
        self.rows, self.columns = (windows(n, tile or n, overlap) for n in size)

    @property
    def translated_size(self) -> tuple[int, int]:
        """Height and width of the translation."""
        return self.size[0] * self.scale, self.size[1] * self.scale

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)


def _growth(generator: keras.Model) -> tuple[int, int]:
    """The factor of an image's size, and the bytes of the largest activation for each pixel."""
    channels, made = (x[0].shape[-1] for x in (generator.inputs, generator.outputs))
    if made != channels:
        raise UsageError(
            "Tiles are for generators whose images have the channels of their sources. "
            f"Received: {made} channels of {channels}.",
            hint="Leave out the tiles: sources are given whole, all of one size.",
        )
    shapes, (last,) = _shapes(generator, [(1, _PROBE, _PROBE, channels)])
    factors = [size / _PROBE for size in last[1:3]]
    if factors[0] != factors[1] or factors[0] < 1 or factors[0] != int(factors[0]):
        raise UsageError(
            "Tiles are for generators whose images are a whole number of times as large as their "
            f"sources. Received: {last[1:3]} pixels of {_PROBE} x {_PROBE}."
        )
    return int(factors[0]), max(4 * math.prod(shape) // _PROBE**2 for shape in shapes)


def _shapes(network: keras.Model, given: list[tuple]) -> tuple[list[tuple], list[tuple]]:
    """The shapes of all images that a network computes, also in models inside it; its outputs'."""
    graph = graph_of(network)
    if graph is None:
        raise UsageError(
            "Tiles are for generators that are functional models of Keras without masks. "
            f"Received: {network.name!r}, a {type(network).__name__}."
        )
    tensors = [*network.inputs, *(x for node in graph.nodes for x in node.outputs)]
    every = keras.Model(network.inputs, tensors)
    shapes = every.compute_output_shape(given if len(given) > 1 else given[0])
    found = [shape for shape in shapes if len(shape) == len(given[0])]
    for node in graph.nodes:
        if isinstance(node.owner, keras.Model):
            taken = [shapes[slot.index] for slot in slots_in((node.args, node.kwargs))]
            found += _shapes(node.owner, taken)[0]
    return found, [shapes[index] for index in graph.outputs]


def translated_rows(
    tiling: Tiling,
    image: np.ndarray,
    *,
    use_ema: bool = True,
    after_tile: Callable[[], None] = lambda: None,
) -> Iterator[np.ndarray]:
    """Yield the rows of an image's translation, those of a row of tiles at a time.

    What the generator has no channel for is translated beside: transparency, and with a
    generator of color images gray, as an image of its own. With a generator of gray images
    so is each channel.

    Args:
        tiling: How the image is cut.
        image: (height, width, channels), uint8 or uint16, of 1 to 4 channels: gray or color,
            with or without transparency.
        use_ema: Use the moving average of the weights, where there is one.
        after_tile: Called after each tile.

    Yields:
        (rows, width, channels) of the image's type, from the top down.

    Raises:
        InvalidInput: The translation is not finite.
    """
    scale, (_, width) = tiling.scale, tiling.translated_size
    for row in tiling.rows:
        band = np.empty(((row.stop - row.first) * scale, width, image.shape[-1]), image.dtype)
        for column in tiling.columns:
            seen = image[
                row.start : row.start + row.size, column.start : column.start + column.size
            ]
            made = _translated(tiling, seen, use_ema)
            rows, columns = (
                slice((part.first - part.start) * scale, (part.stop - part.start) * scale)
                for part in (row, column)
            )
            band[:, column.first * scale : column.stop * scale] = made[rows, columns]
            after_tile()
        yield band


def _translated(tiling: Tiling, seen: np.ndarray, use_ema: bool) -> np.ndarray:
    """The translation of what a window shows, (h, w, c) -> (h scale, w scale, c)."""
    taken = tiling.sampler.generator.inputs[0].shape[-1]
    count = seen.shape[-1]
    colors = count - 1 if count in (2, 4) else count  # the last of an even number is transparency
    groups = [list(range(colors))] if colors == taken else [[k] for k in range(colors)]
    made = np.empty((seen.shape[0] * tiling.scale, seen.shape[1] * tiling.scale, count), seen.dtype)
    for group in [*groups, *([k] for k in range(colors, count))]:
        part = seen[..., group]
        if (part == part[0, 0]).all() and group[0] >= colors:  # opaque, nearly always
            made[..., group] = part[0, 0]
            continue
        repeated = part if len(group) == taken else np.repeat(part, taken, axis=-1)
        result = _call(tiling.sampler, repeated, use_ema)
        if len(group) < taken:
            result = result.mean(axis=-1, keepdims=True)
        made[..., group] = np.rint(result * _LEVELS[str(seen.dtype)])
    return made


def _call(sampler: Sampler, image: np.ndarray, use_ema: bool) -> np.ndarray:
    """The translation of an image in [0, 1], float32, cut off there."""
    low, high = sampler.value_range
    values = image[None].astype("float32") * ((high - low) / _LEVELS[str(image.dtype)]) + low
    made = sampler.generate(
        sampler.sample_latents(1, 0), ops.convert_to_tensor(values), use_ema=use_ema
    )
    made = np.array(ops.convert_to_numpy(made))[0]
    if not np.isfinite(made).all():
        raise InvalidInput("The generator's images are not finite: its weights are broken.")
    made -= low
    made /= high - low
    return made.clip(0.0, 1.0, out=made)
