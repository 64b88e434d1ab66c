"""Pictures from a trained generator."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.files.publish import make_folder, publish
from ganzoo.jobs import load, pictures

if TYPE_CHECKING:
    from ganzoo.game.gan import GAN


def sample(
    source: str | Path,
    *,
    n: int = 16,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    interpolate: tuple[int, int] | None = None,
    labels: Sequence[int] | None = None,
    truncation: float | None = None,
    raw: bool = False,
    separate: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    backend: str | None = None,
) -> list[Path]:
    """Write samples as PNG: a grid, or one file per picture.

    Args:
        source: A model's name, a weights file, a run's folder or its number.
        n: How many pictures.
        seed: Pictures 0, ..., n - 1 of this seed.
        seeds: Instead, picture 0 of each of these seeds.
        interpolate: Instead, n pictures on the way between picture 0 of two seeds.
        labels: Class indices of a conditional model, repeated as often as needed; all classes
            in turn by default.
        truncation: Latents cut off at so many standard deviations; see `GAN.draw_latents`.
        raw: The generator's own weights instead of their average.
        separate: One file per picture, in the folder `out`.
        out: Where; by default a name beside nothing that exists, in the current folder.
        overwrite: Whether a file that is there may be replaced.
        backend: "jax", "torch" or "tensorflow".

    Returns:
        The files written.
    """
    found = load.find(source, raw=raw)
    count = len(seeds) if seeds is not None else n
    chosen = _labels(labels, found.classes, count)
    points = len(found.image_shape) == 1
    if points and separate:
        raise UsageError("Points have no pictures of their own.", hint="Leave out --separate.")
    out = Path(out) if out is not None else _default_out(found, separate)
    paths = _paths(out, count, seeds) if separate else [out]
    _check_free(out, paths, overwrite)
    gan = load.read(found, raw=raw, backend=backend)
    if chosen is not None and len(gan.generator.inputs[1].shape) == 2:
        chosen = np.eye(len(found.classes), dtype="float32")[chosen]  # attributes, one at a time
    latents = _latents(gan, count, seed, seeds, interpolate, truncation)
    images = gan.pictures(latents, chosen)
    if separate:
        make_folder(out)
        drawn = map(pictures.bare, images)
    elif interpolate and count <= 16 and not points:
        drawn = [pictures.grid(images, columns=count)]
    else:
        drawn = [pictures.picture(images)]
    for path, picture in zip(paths, drawn, strict=True):
        publish(path, pictures.png(picture), overwrite=overwrite)
    return paths


def _paths(folder: Path, n: int, seeds: Sequence[int] | None) -> list[Path]:
    """A file for each picture, in order; with the seed if each has its own."""
    names = [f"{i:06d}" for i in range(n)]
    if seeds is not None:
        names = [f"{name}-seed{seed}" for name, seed in zip(names, seeds, strict=True)]
    return [folder / f"{name}.png" for name in names]


def _check_free(out: Path, paths: list[Path], overwrite: bool) -> None:
    """Refuse, before anything takes long, to write where something is."""
    if out not in paths and out.exists() and not out.is_dir():
        raise UsageError(
            f"--separate writes into a folder. Received: {out}, which is a file.",
            hint="Choose another --out.",
        )
    taken = next((path for path in paths if os.path.lexists(path)), None)
    if taken and not overwrite:
        raise UsageError(
            f"{taken} exists already, and nothing is overwritten.",
            hint="Choose another --out, or --overwrite.",
        )


def _latents(gan: "GAN", n: int, seed: int, seeds, interpolate, truncation) -> Any:
    from keras import ops

    if interpolate:
        first, last = (gan.draw_latents(1, end, truncation) for end in interpolate)
        return gan.between(first, last, n)
    if seeds is not None:
        return ops.concatenate([gan.draw_latents(1, one, truncation) for one in seeds])
    return gan.draw_latents(n, seed, truncation)


def _labels(labels: Sequence[int] | None, classes: Sequence[str], n: int) -> np.ndarray | None:
    if not classes:
        if labels:
            raise UsageError(f"This model has no classes. Received: labels {list(labels)}.")
        return None
    labels = list(labels) if labels else list(range(len(classes)))
    wrong = [label for label in labels if not 0 <= label < len(classes)]
    if wrong:
        raise UsageError(
            f"Labels must be in [0, {len(classes)}). Received: {wrong}.",
            hint="Classes: " + ", ".join(f"{i} {name}" for i, name in enumerate(classes)) + ".",
        )
    return np.resize(np.array(labels, "int32"), n)


def _default_out(found: load.Source, separate: bool) -> Path:
    where = found.where
    stem = found.title or (where.stem if where.suffix == ".safetensors" else where.name)
    name = f"{where.resolve().parent.name}-samples" if stem in ("weights", "state") else stem
    name = f"{name}-samples" if not name.endswith("-samples") else name
    suffix = "" if separate else ".png"
    candidates = [Path(f"{name}{suffix}"), *(Path(f"{name}-{i}{suffix}") for i in range(2, 10_000))]
    return next(path for path in candidates if not path.exists())
