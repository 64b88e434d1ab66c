"""Files of images that a generator translates at their own size, such as photographs to enlarge."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import rendering
from ganzoo.data.decoding.whole_images import WholeImage, image_files, is_one_image, read_images
from ganzoo.data.progress import Progress
from ganzoo.errors import UsageError
from ganzoo.files.publish import check_target, make_folder, publish
from ganzoo.jobs.models.find import Source

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

WHOLE, AUTO = "whole", "auto"  # tiles: one, or as large as bounded memory allows
_MIN_TILE = 8
_MAX_SCALE = 16
_SUFFIX = ".png"


def enlarges(found: Source) -> bool:
    """Return whether a model makes images of another size than those it is given."""
    source = found.source_shape
    return source is not None and source[:2] != found.image_shape[:2]


def translate_files(
    found: Source,
    data: str | os.PathLike,
    load: Callable[[], "GAN"],
    *,
    free_path: Callable[[list[str]], Path],
    n: int | None = None,
    tile: int | str | None = None,
    scale: float | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write the translation of each image as PNG, under its own name.

    Args:
        found: The model.
        data: A folder or a zip archive of images, or one image.
        load: Function that returns the model's GAN; called once all paths are checked.
        free_path: Function that returns a path in the current folder whose name is free with one of
            some endings; without any, that of a folder.
        n: The most images, the first by name; by default all.
        tile: Side of a tile in pixels of the source; "auto" or None, or "whole" for no tiles.
        scale: How many times as large an image becomes, where that is not the network's own
            number: it is resized at the end.
        out: The folder, or the file for one image; by default a name that is free.
        overwrite: Replace files that are there.

    Returns:
        The files written.

    Raises:
        UsageError: An option is not usable, a file is there, or the generator cannot.
        InvalidInput: An image cannot be used.
    """
    data = Path(data)
    tile = _check_tile(tile)
    if scale is not None and not 0 < scale <= _MAX_SCALE:
        raise UsageError(f"scale must be in (0, {_MAX_SCALE}]. Received: {scale:g}.")
    names = image_files(data, n)
    paths = _paths(data, names, out, free_path)
    for path in paths.values():
        check_target(path.parent if path.parent.exists() else _first_missing(path.parent))
        if os.path.lexists(path) and not overwrite:
            raise UsageError(
                f"{path} exists already, and nothing is overwritten.",
                hint="Choose another --out, or --overwrite.",
            )
    gan = load()
    for name, image in read_images(data, names):
        make_folder(paths[name].parent)
        pieces = _translated(gan, image, name, tile, scale)
        publish(paths[name], pieces, overwrite=overwrite)
    return list(paths.values())


def _translated(
    gan: "GAN", image: WholeImage, name: str, tile: int | None, scale: float | None
) -> Iterator[bytes]:
    """The pieces of the PNG file of an image's translation."""
    from ganzoo.gan.sampling.tiles import Tiling, translated_rows

    pixels = image.pixels
    if gan.tile_overlap is None and tile != 0:
        raise UsageError(
            "The tiles of this generator would differ: each pixel depends on the whole image, as "
            "with instance normalization.",
            hint="--tile whole translates each image at once, if memory suffices.",
        )
    tiling = Tiling(gan.sampler, pixels.shape[:2], gan.tile_overlap or 0, tile)
    size = tiling.translated_size
    new_size = size
    if scale is not None:
        new_size = tuple(max(round(side * scale), 1) for side in pixels.shape[:2])
    with Progress(name, len(tiling), "tiles") as progress:
        bands = translated_rows(tiling, pixels, after_tile=progress.advance)
        if new_size != size:
            bands = rendering.resize_rows(bands, size, new_size)
        yield from rendering.encode_rows(
            new_size, pixels.shape[-1], str(pixels.dtype), bands, image.profile
        )


def _check_tile(tile: int | str | None) -> int | None:
    """The side of a tile; None: chosen later; 0: no tiles."""
    if tile in (None, AUTO, WHOLE):
        return 0 if tile == WHOLE else None
    try:
        side = int(tile)
    except ValueError:
        side = 0
    if side < _MIN_TILE:
        raise UsageError(
            f"tile must be a number of pixels from {_MIN_TILE}, {AUTO!r} or {WHOLE!r}. "
            f"Received: {tile!r}."
        )
    return side


def _paths(
    data: Path, names: list[str], out: Path | None, free_path: Callable[[list[str]], Path]
) -> dict[str, Path]:
    """The file for each image: its name, with an ending of PNG."""
    if is_one_image(data):
        path = free_path([_SUFFIX]) if out is None else out
        path = path / f"{data.stem}{_SUFFIX}" if path.is_dir() else path
        if path.suffix.lower() != _SUFFIX:
            raise UsageError(
                f"Images of any size are written as PNG. Received: {path}.",
                hint=f"Choose another --out: {path.with_suffix(_SUFFIX)}.",
            )
        return {names[0]: path}
    folder = free_path([]) if out is None else out
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"Several images are written into a folder. Received: {folder}, which is a file.",
            hint="Choose another --out.",
        )
    if data.is_dir() and folder.resolve().is_relative_to(data.resolve()):
        raise UsageError(
            f"The images would be written among those that are read. Received: {folder}.",
            hint="Choose another --out.",
        )
    stems = [Path(name).with_suffix("") for name in names]
    return {
        name: folder / (f"{stem}{_SUFFIX}" if stems.count(stem) == 1 else f"{name}{_SUFFIX}")
        for name, stem in zip(names, stems, strict=True)
    }


def _first_missing(folder: Path) -> Path:
    """The first folder of a path that is not there yet."""
    while not folder.parent.exists():
        folder = folder.parent
    return folder
