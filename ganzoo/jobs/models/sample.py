"""Pictures, sounds and videos from a trained generator."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.data.source_images import read_source_images
from ganzoo.errors import UsageError, unknown
from ganzoo.files.publish import make_folder, publish
from ganzoo.jobs import rendering
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.modalities import modality_of

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_IN_A_ROW = 16  # samples on the way between two seeds, at most


def sample(
    source: str | Path,
    *,
    n: int = 16,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    interpolate: tuple[int, int] | None = None,
    labels: Sequence[int | str] | None = None,
    data: str | os.PathLike | None = None,
    truncation: float | None = None,
    raw: bool = False,
    separate: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    allow_nonfinite: bool = False,
) -> list[Path]:
    """Write samples: pictures as PNG, sounds as WAV and PNG, videos as GIF.

    Args:
        source: A model's name, a weights file, a run's folder or its number.
        n: How many; of pictures to translate, at most so many.
        seed: Samples 0, ..., n - 1 of this seed.
        seeds: Instead, sample 0 of each of these seeds.
        interpolate: Instead, n samples on the way between sample 0 of two seeds.
        labels: Classes of a conditional model, each by its index or its name, repeated as often
            as needed. By default all classes in turn; on a way between two the first alone.
        data: The pictures that a model translates: a folder, a zip archive or one picture.
            With seeds or on a way between two they are repeated as often as needed.
        truncation: Latents cut off at so many standard deviations; see `GAN.draw_latents`.
        raw: The generator's own weights instead of their average.
        separate: One file per sample, in the folder `out`, instead of all in one.
        out: Where; by default a name beside nothing that exists, in the current folder. If
            there are several files of all samples, they differ in their ending.
        overwrite: Whether a file that is there may be replaced.
        backend: "jax", "torch" or "tensorflow".
        allow_plugin_mismatch: As of `load.load`.
        allow_nonfinite: As of `load.load`.

    Returns:
        The files written.
    """
    found = find_source(source, raw=raw)
    count = len(seeds) if seeds is not None else n
    # a discriminator may learn classes that its generator is not told
    told = found.about.get("generator_labels", []) is not None
    classes = found.classes if told else []
    chosen = _labels(labels, classes, count, one=interpolate is not None)
    sources = _sources(data, found, count, repeated=bool(seeds or interpolate))
    count = count if sources is None else len(sources)
    renderer = rendering.renderer_for(found.image_shape)
    if separate and renderer.single is None:
        many = modality_of(found.image_shape).plural.capitalize()
        raise UsageError(f"{many} have no pictures of their own.", hint="Leave out --separate.")
    endings = [renderer.single[0]] if separate else list(renderer.encoders)
    out = Path(out) if out is not None else _default_out(found, [] if separate else endings)
    paths = _paths(out, endings[0], count, seeds) if separate else _beside(out, endings)
    _check_free(out, paths, overwrite)
    gan = load.load_source(
        found,
        raw=raw,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
        allow_nonfinite=allow_nonfinite,
    )
    if chosen is not None and len(gan.generator.inputs[1].shape) == 2:
        chosen = np.eye(len(found.classes), dtype="float32")[chosen]  # attributes, one at a time
    latents = _latents(gan, count, seed, seeds, interpolate, truncation)
    asked = chosen if sources is None else sources
    samples = gan.sampler.generate_images(latents, asked, truncation=truncation)
    if separate:
        make_folder(out)
        contents = (renderer.single[1](one, found.rate) for one in samples)
    elif sources is not None and renderer.side_by_side:
        contents = iter([rendering.encode_png(renderer.side_by_side(sources, samples))])
    else:
        columns = count if interpolate and count <= _IN_A_ROW else None
        contents = (renderer.encoders[ending](samples, found.rate, columns) for ending in endings)
    for path, content in zip(paths, contents, strict=True):
        publish(path, content, overwrite=overwrite)
    return paths


def _sources(
    data: str | os.PathLike | None, found: Source, n: int, *, repeated: bool
) -> np.ndarray | None:
    """The pictures to translate, uint8 (n, h, w, c); None for a model that makes its own."""
    if found.source_shape is None:
        if data is not None:
            raise UsageError(
                f"This model does not translate pictures. Received: data {os.fspath(data)!r}.",
                hint="Leave out --data.",
            )
        return None
    if data is None:
        raise UsageError(
            "This model translates pictures, and weights hold none. Expected: pictures of yours.",
            hint="Say which: --data FOLDER, a zip archive or one picture.",
        )
    sources = read_source_images(data, found.source_shape, n)
    return np.resize(sources, (n, *found.source_shape)) if repeated else sources


def _beside(out: Path, endings: Sequence[str]) -> list[Path]:
    """The files of all samples: `out`, and beside it those of the other endings."""
    if out.suffix in rendering.SUFFIXES - set(endings):
        raise UsageError(
            f"These samples are written as {' and '.join(endings)}. Received: {out}.",
            hint=f"Choose another --out: {out.with_suffix(endings[0])}.",
        )
    kept = out.suffix if out.suffix in endings else endings[0]
    return [out if ending == kept else out.with_suffix(ending) for ending in endings]


def _paths(folder: Path, ending: str, n: int, seeds: Sequence[int] | None) -> list[Path]:
    """A file for each sample, in order; with the seed if each has its own."""
    names = [f"{i:06d}" for i in range(n)]
    if seeds is not None:
        names = [f"{name}-seed{seed}" for name, seed in zip(names, seeds, strict=True)]
    return [folder / f"{name}{ending}" for name in names]


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
        first, last = (gan.sampler.sample_latents(1, end, truncation) for end in interpolate)
        return gan.sampler.interpolate_latents(first, last, n)
    if seeds is not None:
        return ops.concatenate([gan.sampler.sample_latents(1, one, truncation) for one in seeds])
    return gan.sampler.sample_latents(n, seed, truncation)


def _labels(
    labels: Sequence[int | str] | None, classes: Sequence[str], n: int, *, one: bool
) -> np.ndarray | None:
    """Class indices of n samples; without labels of all classes, or of `one` alone."""
    if not classes:
        if labels:
            raise UsageError(
                f"This model draws no class on demand. Received: labels {list(labels)}."
            )
        return None
    labels = list(labels) if labels else list(range(1 if one else len(classes)))
    chosen = [_index(label, classes) for label in labels]
    wrong = [label for label in chosen if not 0 <= label < len(classes)]
    if wrong:
        raise UsageError(
            f"Labels must be in [0, {len(classes)}). Received: {wrong}.",
            hint="Classes: " + ", ".join(f"{i} {name}" for i, name in enumerate(classes)) + ".",
        )
    return np.resize(np.array(chosen, "int32"), n)


def _index(label: int | str, classes: Sequence[str]) -> int:
    """The index of a class."""
    if not isinstance(label, str):
        return label
    if label not in classes:
        raise unknown("class", label, classes)
    return list(classes).index(label)


def _default_out(found: Source, endings: Sequence[str]) -> Path:
    """A name that is free, with each of the endings; that of a folder without any."""
    where = found.where
    stem = found.title or (where.stem if where.suffix == ".safetensors" else where.name)
    name = f"{where.resolve().parent.name}-samples" if stem in ("weights", "state") else stem
    name = f"{name}-samples" if not name.endswith("-samples") else name
    names = (name, *(f"{name}-{i}" for i in range(2, 10_000)))
    free = (one for one in names if not any(Path(f"{one}{e}").exists() for e in (endings or [""])))
    return Path(next(free) + (endings[0] if endings else ""))
