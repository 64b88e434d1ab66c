"""Animations of a walk through the latents of a trained generator."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo import rendering
from ganzoo.errors import UsageError
from ganzoo.files.publish import publish
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.models.sample import check_paths_free, free_path
from ganzoo.jobs.sample_labels import sample_labels
from ganzoo.modalities import IMAGES

MAX_FRAMES = 10_000


def walk(
    source: str | Path,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3),
    seconds: float = 6.0,
    fps: float = 20.0,
    labels: Sequence[int | str] | None = None,
    truncation: float | None = None,
    size: int = 256,
    raw: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
) -> Path:
    """Write an endless animation: from the sample of one seed to the next, and back to the first.

    Args:
        source: A model's name, a weights file, a run's folder or its number.
        seeds: Seeds of which sample 0 is passed, at least two.
        seconds: Length of the animation.
        fps: Frames per second, at most 50.
        labels: Classes, attributes or numbers of a conditional model: one for all, or one at each
            seed. Attributes and numbers change on the way, a class halfway. By default the first.
        truncation: See `ganzoo.jobs.models.sample.sample`.
        size: Images are enlarged by a whole number, up to so many pixels.
        raw: Use the generator's own weights instead of their average.
        out: A file that ends in .gif, .webp, .png or .mp4; by default a .gif that is free here.
        overwrite: Replace a file that is there.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        allow_plugin_mismatch: Accept another architecture; see `ganzoo.load`.

    Returns:
        The file.

    Raises:
        UsageError: The model draws no images from latents, or an argument is not usable.
    """
    found = find_source(source, raw=raw)
    if len(found.image_shape) != IMAGES.rank or found.source_shape is not None:
        raise UsageError("A walk is drawn of models whose samples are images, from latents alone.")
    frames = round(seconds * fps)
    if not (0 < fps <= 50 and 2 <= len(seeds) <= frames <= MAX_FRAMES):
        raise UsageError(
            f"A walk has two seeds or more, a frame for each, at most {MAX_FRAMES:,} frames, and "
            f"at most 50 a second. Received: {len(seeds)} seeds, {frames:,} frames, {fps:g} a "
            "second."
        )
    out = Path(out) if out is not None else free_path(found, "walk", [".gif"])
    if out.suffix.lower() not in rendering.ANIMATIONS:
        endings = ", ".join(rendering.ANIMATIONS)
        raise UsageError(f"A walk is written as {endings}. Received: {out}.")
    check_paths_free(out, [out], overwrite)
    rows = sample_labels(labels, found, len(seeds), one=labels is None)
    gan = load.load_source(
        found, raw=raw, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch
    )
    from ganzoo.gan.sampling.latent_paths import walk_positions

    if rows is not None:
        rows = _labels_on_the_way(rows, *walk_positions(len(seeds), frames))
    images = np.asarray(gan.sampler.walk(seeds, frames, labels=rows, truncation=truncation))
    shown = images if found.levels is None else found.levels.to_pixels(images)
    content = rendering.encode_animation(
        [_enlarged(rendering.single_image(image), size) for image in shown],
        fps, out.suffix.lower(),
    )  # fmt: skip
    publish(out, content, overwrite=overwrite)
    return out


def _labels_on_the_way(rows: np.ndarray, legs: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Labels of each frame, of those at each seed: classes (k,) or rows (k, ...)."""
    first, last = rows[legs], rows[(legs + 1) % len(rows)]
    if rows.ndim == 1:
        return np.where(shares < 0.5, first, last)
    return ((1 - shares[:, None]) * first + shares[:, None] * last).astype(rows.dtype)


def _enlarged(image: Image.Image, size: int) -> Image.Image:
    times = max(1, size // max(image.size))
    new = (times * image.width, times * image.height)
    return image.resize(new, Image.Resampling.NEAREST)
