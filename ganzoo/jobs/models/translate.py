"""Files of images that a generator translates at their own size, such as photographs to enlarge."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import rendering
from ganzoo.data.decoding.whole_images import (
    WholeImage,
    image_files,
    is_one_image,
    open_files,
    read_image,
)
from ganzoo.data.progress import Progress, notice
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.publish import check_target, make_folder, publish
from ganzoo.jobs.models.find import Source

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

WHOLE, AUTO = "whole", "auto"  # tiles: one, or as large as bounded memory allows
_MIN_TILE = 8
_MAX_SCALE = 16
_SUFFIX = ".png"
_MAX_NAMED = 5  # of the images that cannot be used


def enlarges(found: Source) -> bool:
    """Return whether a model makes images of another size than those it is given."""
    source = found.source_shape
    return source is not None and source[:2] != found.image_shape[:2]


def translate_files(
    data: str | os.PathLike,
    load: Callable[[], "GAN"],
    *,
    free_path: Callable[[list[str]], Path],
    n: int | None = None,
    tile: int | str | None = None,
    scale: float | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    skip_existing: bool = False,
) -> list[Path]:
    """Write the translation of each image as PNG, under its own name.

    An image that cannot be used is named, and the others are written before the error at the end.
    A file is written as a whole or not at all, so that what is there need not be made again.

    Args:
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
        skip_existing: Pass over images whose file is there, with whatever options it was made.

    Returns:
        The files written.

    Raises:
        UsageError: An option is not usable, a file is there, or the generator cannot.
        InvalidInput: An image cannot be used.
    """
    # long: its arguments are those of `ganzoo sample`
    data = Path(data)
    tile = _check_tile(tile)
    if scale is not None and not 0 < scale <= _MAX_SCALE:
        raise UsageError(f"scale must be in (0, {_MAX_SCALE}]. Received: {scale:g}.")
    names = image_files(data, n)
    paths = _paths(data, names, out, free_path)
    there = {name for name, path in paths.items() if os.path.lexists(path)}
    if there and skip_existing:
        notice(f"Passed over {len(there):,} of {len(names):,} images, whose files are there.")
        names = [name for name in names if name not in there]
    for path in (paths[name] for name in names):
        check_target(path.parent if path.parent.exists() else _first_missing(path.parent))
    if there and not (overwrite or skip_existing):
        raise UsageError(
            f"{paths[min(there)]} exists already, and nothing is overwritten.",
            hint="Choose another --out, --skip-existing for the images that are not there yet, or "
            "--overwrite.",
        )
    if not names:
        return []
    gan, unusable = load(), []
    with open_files(data) as read:
        for index, name in enumerate(names, 1):
            try:
                image = read_image(read(name), name)
            except InvalidInput as error:
                if len(names) == 1:
                    raise
                notice(f"warning: {error}")
                unusable.append(name)
                continue
            title = name if len(names) == 1 else f"{index:,}/{len(names):,} {name}"
            make_folder(paths[name].parent)
            pieces = _translated(gan, image, title, tile, scale)
            publish(paths[name], pieces, overwrite=overwrite)
    if unusable:
        raise InvalidInput(
            f"{len(unusable):,} of {len(names):,} images cannot be used; the others are written. "
            f"Received: {', '.join(map(repr, unusable[:_MAX_NAMED]))}"
            f"{', ...' if unusable[_MAX_NAMED:] else ''}.",
            hint="Mend them, and continue with --skip-existing.",
        )
    return [paths[name] for name in names]


def _translated(
    gan: "GAN", image: WholeImage, title: str, tile: int | None, scale: float | None
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
    with Progress(title, len(tiling), "tiles") as progress:
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
    stems = {name: str(Path(name).with_suffix("")) for name in names}
    counts = Counter(stems.values())
    return {
        name: folder / f"{stem if counts[stem] == 1 else name}{_SUFFIX}"
        for name, stem in stems.items()
    }


def _first_missing(folder: Path) -> Path:
    """The first folder of a path that is not there yet."""
    while not folder.parent.exists():
        folder = folder.parent
    return folder
