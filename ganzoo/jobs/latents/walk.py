"""Animations of a walk through the latents of a trained generator."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo import rendering
from ganzoo.errors import UsageError
from ganzoo.files.publish import publish
from ganzoo.jobs.latents.starting_points import require_images
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.output_paths import output_file
from ganzoo.jobs.sample_labels import sample_labels

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
            seed, from which labels move to the next; classes as soft labels. By default the first.
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
    require_images(found, "Walks")
    frames = round(seconds * fps)
    if not (0 < fps <= 50 and 2 <= len(seeds) <= frames <= MAX_FRAMES):
        raise UsageError(
            f"A walk has two seeds or more, a frame for each, at most {MAX_FRAMES:,} frames, and "
            f"at most 50 a second. Received: {len(seeds)} seeds, {frames:,} frames, {fps:g} a "
            "second."
        )
    out = output_file(found, out, "walk", rendering.ANIMATIONS, overwrite=overwrite)
    rows = sample_labels(labels, found, len(seeds), one=labels is None)
    gan = load.load_source(
        found, raw=raw, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch
    )
    if rows is not None:
        rows = _labels_on_the_way(rows, found, frames)
    images = np.asarray(gan.sampler.walk(seeds, frames, labels=rows, truncation=truncation))
    shown = images if found.levels is None else found.levels.to_pixels(images)
    content = rendering.encode_animation(
        [_enlarged(rendering.single_image(image), size) for image in shown],
        fps, out.suffix.lower(),
    )  # fmt: skip
    publish(out, content, overwrite=overwrite)
    return out


def _labels_on_the_way(rows: np.ndarray, found: Source, frames: int) -> np.ndarray:
    """Labels of each frame, of those at each seed: classes (k,) or rows (k, ...)."""
    from ganzoo.gan.sampling.latent_paths import closed_walk

    if rows.ndim == 1 and np.ptp(rows) == 0:
        return np.repeat(rows[:1], frames)
    rows = np.eye(len(found.classes))[rows] if rows.ndim == 1 else rows
    return closed_walk(rows, frames, arc=False).astype("float32")


def _enlarged(image: Image.Image, size: int) -> Image.Image:
    times = max(1, size // max(image.size))
    new = (times * image.width, times * image.height)
    return image.resize(new, Image.Resampling.NEAREST)
