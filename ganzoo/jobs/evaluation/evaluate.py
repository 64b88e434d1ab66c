"""Evaluation of a trained model, a run, a weights file or given images by metrics."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog import run_manifest
from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.checks import check_plugin_options
from ganzoo.catalog.recipe.overrides import UNKNOWN_DATA, known_dataset
from ganzoo.catalog.recipe.recipe import Part
from ganzoo.catalog.registry.cards import Result as CardResult
from ganzoo.catalog.runs import Run, split_best
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import Listener, reporting
from ganzoo.errors import UsageError
from ganzoo.jobs.evaluation.generated import (
    GeneratedSamples,
    is_image_source,
    samples_of_gan,
    samples_of_images,
    weights_protocol,
)
from ganzoo.jobs.evaluation.measure import (
    aggregate_seeds,
    check_arguments,
    check_count,
    measure_samples,
    select_extractor,
)
from ganzoo.jobs.models import environment, load
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.open_dataset import open_dataset
from ganzoo.metrics import MetricResult
from ganzoo.metrics.extractor import Extractor

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


def evaluate(
    source: str | os.PathLike | int,
    *,
    against: Part | None = None,
    data: str | None = None,
    metrics: Sequence[str] | None = None,
    features: str | None = None,
    n: int = 10_000,
    seeds: Sequence[int] = (0,),
    raw: bool = False,
    truncation: float | None = None,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    events: Listener | None = None,
) -> list[dict[str, Any]]:
    """Evaluate a model or given images against real data.

    Args:
        source: A model's name, a run, a weights file, or a folder or zip archive of images.
        against: The real data; by default the training data of the model.
        data: Path of the training data on this machine, if its recipe does not say.
        metrics: Keys of `METRICS`; by default all that can be measured.
        features: Name of the features; by default the data set's own, or `photo`.
        n: Number of generated samples; of given images, at most so many.
        seeds: Seeds of the generated samples; several give means and standard deviations.
        raw: Whether to use the generator itself instead of its moving average.
        truncation: Truncation of latents in standard deviations, as in `ganzoo sample`.
        backend: "jax", "torch" or "tensorflow".
        allow_plugin_mismatch: Whether the architecture may come from another distribution or
            version than the one recorded with the weights; the protocol then says so.
        events: Called with progress events; see `ganzoo.data.progress.reporting`.

    Returns:
        For each metric a table as in a card: `metric`, `value`, `error` or `spread` and `seeds`,
        `better`, `protocol`.

    Raises:
        UnknownName: The source, a metric or the features do not exist.
        UsageError: A metric cannot be measured, or the extractor does not accept the images.
    """
    # long: its arguments are those of `ganzoo evaluate`; the work is in `measure_samples`
    check_arguments(n, seeds, metrics)
    source = str(source) if isinstance(source, int) else source
    given = is_image_source(source)
    if given and (raw or truncation is not None):
        raise UsageError("Images have neither weights nor latents: neither raw nor truncation.")
    found = None if given else find_source(source, raw=raw)
    part = real_part(source, found, against, data)
    check_plugin_options("dataset", part, f"the data set {part.name!r}")
    if features is not None:
        discovery.find_plugin(
            "features", features
        )  # a wrong name is refused before anything is read
    environment.prepare_environment(backend)
    with reporting(events):
        dataset = open_dataset(part)
        if found is None:
            generated = samples_of_images(Path(source), dataset, n)
        else:
            protocol = weights_protocol(found, dataset, raw=raw)
            gan = load.load_source(
                found, raw=raw, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch
            )
            generated = samples_of_gan(gan, dataset, n, truncation=truncation, protocol=protocol)
        _check_samples(generated, dataset, seeds)
        extractor = select_extractor(features, part.name, dataset, metrics)
        results = [measure_samples(generated, dataset, extractor, metrics, one) for one in seeds]
    return aggregate_seeds(results, seeds)


def _check_samples(generated: GeneratedSamples, dataset: Dataset, seeds: Sequence[int]) -> None:
    check_count("generated", generated.count)
    check_count("real", len(dataset))
    if len(seeds) > 1 and not generated.seeded:
        raise UsageError("Given images do not depend on a seed. Expected: at most one seed.")


def evaluate_gan(
    gan: "GAN",
    dataset: Dataset,
    extractor: Extractor | None,
    metrics: Sequence[str] | None = None,
    n: int = 10_000,
    seed: int = 0,
    *,
    raw: bool = False,
    protocol: dict[str, Any] | None = None,
) -> list[MetricResult]:
    """Evaluate a GAN in memory, for instance during training.

    Args:
        gan: The GAN.
        dataset: Real data, with labels if the generator is conditional.
        extractor: Extractor of images, from `load_extractor`; `None` if no metric needs one.
        metrics: Keys of `METRICS`; by default all that can be measured.
        n: Number of generated samples.
        seed: Seed of the generated samples and of random subsets.
        raw: Whether to use the generator itself instead of its moving average.
        protocol: What the protocol should say about the weights, such as
            `{"step": 1000, "split": "train"}`.
    """
    check_arguments(n, [seed], metrics)
    averaged = gan.ema is not None and not raw
    protocol = {"weights": "ema" if averaged else "raw", **(protocol or {})}
    generated = samples_of_gan(gan, dataset, n, raw=raw, protocol=protocol)
    return measure_samples(generated, dataset, extractor, metrics, seed)


def record_results(run: str | os.PathLike, results: Sequence[Mapping[str, Any]]) -> Path:
    """Write results into a run's card; they replace results of the same protocol and step.

    Args:
        run: The run's folder or its number, with or without `@best`.
        results: Tables from `evaluate`.

    Returns:
        Path of the card.
    """
    opened = Run.open(split_best(run)[0])
    with opened.lock():
        card = opened.card()
        new = [CardResult.model_validate(result) for result in results]
        kept = [old for old in card.results if not any(_replaces(one, old) for one in new)]
        changed = card.model_copy(update={"results": [*kept, *new]})
        run_manifest.replace_file(opened.path, opened.card_path.name, changed.toml().encode())
    return opened.card_path


def _replaces(new: CardResult, old: CardResult) -> bool:
    return new.comparable_with(old) and new.protocol.step == old.protocol.step


def real_part(
    source: str | os.PathLike, found: Source | None, against: Part | None, data: str | None
) -> Part:
    """Return the data set to compare with, as a recipe names it.

    Args:
        source: What the user named.
        found: Its weights; `None` for images.
        against: A data set to compare with instead.
        data: Path of the training data, if the recipe does not say.

    Raises:
        UsageError: Nobody has said what to compare with.
    """
    if against is not None:
        return against
    if found is None:
        raise UsageError(
            f"Images are evaluated against a data set. Received: {os.fspath(source)!r} alone.",
            hint="Name one: --against fashion-mnist.",
        )
    own = Run(found.where.parent)  # a run's own recipe knows where its data is
    part = own.recipe().dataset if own.recipe_path.is_file() else found.recipe.dataset
    if data is None:
        if part.name == UNKNOWN_DATA:
            raise UsageError(
                f"Nobody has said what {os.fspath(source)!r} was trained on.",
                hint="Give images of your own with --data, or a data set with --against.",
            )
        return part
    options: dict[str, Any] = part.options | {"data": data}
    return Part(name=known_dataset(part.name, data), **options)
