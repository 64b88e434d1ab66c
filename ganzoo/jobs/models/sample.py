"""Files of samples from a trained generator: images, audio and video."""

import functools
import mimetypes
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import rendering
from ganzoo.data.source_images import read_source_images
from ganzoo.errors import UsageError
from ganzoo.files.publish import make_folder, publish
from ganzoo.jobs.latents.chosen_samples import generate_chosen
from ganzoo.jobs.latents.latent_files import check_latents, read_latents
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.output_paths import check_paths_free, free_path
from ganzoo.jobs.models.translate import enlarges, translate_files
from ganzoo.jobs.sample_labels import sample_labels
from ganzoo.modalities import modality_of

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_SAMPLES = 16
_MAX_ROW = 16  # samples of an interpolation that are drawn in one row


def sample(
    source: str | Path,
    *,
    n: int | None = None,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    interpolate: tuple[int, int] | None = None,
    labels: Sequence[int | str] | None = None,
    data: str | os.PathLike | None = None,
    tile: int | str | None = None,
    scale: float | None = None,
    latents: Path | None = None,
    truncation: float | Sequence[float] | None = None,
    raw: bool = False,
    separate: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    skip_existing: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    allow_nonfinite: bool = False,
) -> list[Path]:
    """Write samples: images as PNG, sounds as WAV and PNG, videos as GIF, or as `out` ends.

    Args:
        source: A model's name, a weights file, a run's folder or its number.
        n: Number of samples, by default 16; the largest number of images to translate.
        seed: Seed of samples 0, ..., n - 1.
        seeds: Take sample 0 of each of these seeds instead.
        interpolate: Interpolate between sample 0 of two seeds instead, in n samples.
        labels: Classes of a conditional model, each by its index or its name, or rows of attributes
            or numbers, repeated as often as needed; see `ganzoo.jobs.sample_labels`. By default
            all classes in turn; in an interpolation the first alone.
        data: The images that a model translates: a folder, a zip archive or one image. With
            seeds or an interpolation they are repeated as often as needed. A model that makes
            images of another size translates each at its own, into a PNG file of its name; see
            `ganzoo.jobs.models.translate`.
        tile: Translate images at their own size, in tiles of so many pixels of a side, in tiles
            whose memory is bounded ("auto"), or at once ("whole").
        scale: How many times as large images become, where it is not the model's own number.
        latents: A file of latents that `ganzoo project` or `ganzoo edit` wrote, instead of seeds
            and labels.
        truncation: Standard deviations at which latents are cut off; see
            `Sampler.sample_latents`. Of several, all samples with the first come first.
        raw: Use the generator's own weights instead of their average.
        separate: Write one file per sample, in the folder `out`, instead of all in one.
        out: Path of the file; by default a name that is free in the current folder. Its ending
            decides the format: .png, .jpg, .webp, .gif with a frame for each image, or .npy and
            .tif with all values. Several files of all samples differ in their ending.
        overwrite: Replace a file that is there.
        skip_existing: Of images translated at their own size, pass over those whose file is there.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        allow_plugin_mismatch: Accept another architecture; see `ganzoo.load`.
        allow_nonfinite: Accept NaN and infinity among the weights; see `ganzoo.load`.

    Returns:
        The files written.
    """
    # long: its arguments are those of `ganzoo sample`
    found = find_source(source, raw=raw)

    def load_gan() -> "GAN":
        return load.load_source(
            found,
            raw=raw,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
            allow_nonfinite=allow_nonfinite,
        )

    own_size = tile is not None or scale is not None or skip_existing
    if own_size or (data is not None and enlarges(found)):
        others = (seed or None, seeds, interpolate, labels, latents, truncation, separate or None)
        _check_translation(found, data, *others)
        return translate_files(
            data or "",
            load_gan,
            free_path=functools.partial(free_path, found, "images"),
            n=n,
            tile=tile,
            scale=scale,
            out=out and Path(out),
            overwrite=overwrite,
            skip_existing=skip_existing,
        )
    n = _SAMPLES if n is None else n
    saved = None if latents is None else read_latents(Path(latents))
    count = len(seeds) if seeds is not None else n if saved is None else len(saved.latents)
    labels = None if saved is not None else labels
    conditions = sample_labels(labels, found, count, one=interpolate is not None)
    images = _source_images(data, found, count, repeated=bool(seeds or interpolate))
    count = count if images is None else len(images)
    out = None if out is None else Path(out)
    suffixes = _sample_suffixes(found, out, separate=separate)
    what = "interpolation" if interpolate else "samples"
    out = out or free_path(found, what, [] if separate else suffixes)
    bounds = list(truncation) if isinstance(truncation, Sequence) else [truncation]
    total = count * len(bounds)
    paths = (
        _separate_paths(out, suffixes[0], total, seeds and [*seeds] * len(bounds))
        if separate
        else _joint_paths(out, suffixes)
    )
    check_paths_free(out, paths, overwrite)
    gan = load_gan()
    if conditions is not None and conditions.ndim - 1 < len(gan.sampler.label_shape or ()):
        conditions = np.eye(len(found.classes), dtype="float32")[conditions]  # of an older file
    conditions = conditions if images is None else images

    if saved is not None and latents is not None:
        check_latents(saved, gan, Path(latents))
        samples = saved.generate_images(gan)
    else:
        chosen = (count, seed, seeds, interpolate)
        samples = generate_chosen(gan, chosen, conditions, bounds)
    if separate:
        make_folder(out)
    columns = count if len(bounds) > 1 or (interpolate and count <= _MAX_ROW) else None
    contents = _encode_samples(found, samples, images, suffixes, columns, separate=separate)
    for path, content in zip(paths, contents, strict=True):
        publish(path, content, overwrite=overwrite)
    return paths


def _check_translation(found: Source, data: str | os.PathLike | None, *others: object) -> None:
    """Refuse what makes no sense where images are translated at their own size."""
    if found.source_shape is None or data is None:
        raise UsageError(
            "--tile, --scale and --skip-existing are for images and models that translate them. "
            f"Received: {'no images' if found.source_shape else 'a model that translates none'}.",
            hint="Name them: --data FOLDER, a zip archive or one image."
            if found.source_shape
            else "Leave them out.",
        )
    if any(one is not None for one in others):
        raise UsageError(
            "Images that are translated at their own size depend on nothing else, and each is a "
            "file of its own.",
            hint="Leave out seeds, labels, latents, truncation and --separate.",
        )


def _sample_suffixes(found: Source, out: Path | None, *, separate: bool) -> list[str]:
    """The suffixes of the files of all samples, or the one of a file of each."""
    renderer = rendering.renderer_for(found.image_shape)
    if separate:
        if renderer.single is None:
            many = modality_of(found.image_shape).plural.capitalize()
            raise UsageError(f"{many} have no files of their own.", hint="Leave out --separate.")
        exact = rendering.exact_file(found.image_shape, found.levels)
        return [(exact or renderer.single)[0]]
    suffixes = list(renderer.suffixes)
    chosen = "" if out is None else out.suffix.lower()
    if out is not None and chosen not in renderer.encoders:
        kind = mimetypes.guess_type(out.name)[0] or ""
        if kind.startswith(("image/", "audio/", "video/")):
            raise UsageError(
                f"These samples can be written as {', '.join(renderer.encoders)}. Received: {out}.",
                hint=f"Choose another --out: {out.with_suffix(suffixes[0])}.",
            )
    elif chosen in rendering.STILL_FORMATS and ".png" in suffixes:
        suffixes[suffixes.index(".png")] = chosen
    elif chosen and chosen not in suffixes:
        suffixes = [chosen]
    return suffixes


def _encode_samples(
    found: Source,
    samples: np.ndarray,
    images: np.ndarray | None,
    suffixes: Sequence[str],
    columns: int | None,
    *,
    separate: bool,
) -> Iterator[bytes]:
    """The content of each file, in the order of the paths."""
    renderer = rendering.renderer_for(found.image_shape)
    exact = rendering.exact_file(found.image_shape, found.levels)
    shown = samples if found.levels is None else found.levels.to_pixels(samples)
    if separate and exact:
        yield from map(exact[1], samples)
    elif separate and renderer.single:
        yield from (renderer.single[1](one, found.rate) for one in samples)
    elif images is not None and renderer.side_by_side and suffixes[0] in rendering.STILL_FORMATS:
        each = np.split(shown, len(shown) // len(images))  # of a truncation
        yield rendering.encode_still(renderer.side_by_side(images, *each), suffixes[0])
    else:
        for end in suffixes:
            values = samples if end in renderer.exact else shown
            yield renderer.encoders[end](values, found.rate, columns)


def _source_images(
    data: str | os.PathLike | None, found: Source, n: int, *, repeated: bool
) -> np.ndarray | None:
    """The images to translate, uint8 (n, h, w, c); None for a model that translates none."""
    if found.source_shape is None:
        if data is not None:
            raise UsageError(
                f"This model does not translate images. Received: data {os.fspath(data)!r}.",
                hint="Leave out --data.",
            )
        return None
    if data is None:
        raise UsageError(
            "This model translates images. Expected: images to translate. Received: none.",
            hint="Name them: --data FOLDER, a zip archive or one image.",
        )
    sources = read_source_images(data, found.source_shape, n)
    return np.resize(sources, (n, *found.source_shape)) if repeated else sources


def _joint_paths(out: Path, suffixes: Sequence[str]) -> list[Path]:
    """The files of all samples: `out`, and beside it those with other suffixes."""
    kept = out.suffix.lower() if out.suffix.lower() in suffixes else suffixes[0]
    return [out if suffix == kept else out.with_suffix(suffix) for suffix in suffixes]


def _separate_paths(folder: Path, suffix: str, n: int, seeds: Sequence[int] | None) -> list[Path]:
    """A file for each sample, in order; with the seed if each has its own."""
    names = [f"{i:06d}" for i in range(n)]
    if seeds is not None:
        names = [f"{name}-seed{seed}" for name, seed in zip(names, seeds, strict=True)]
    return [folder / f"{name}{suffix}" for name in names]
