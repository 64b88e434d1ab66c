"""Judging: generated images against real ones, each number with its protocol.

What is judged may be a trained generator or a folder of pictures. The metrics come from the
table `METRICS`; none is known by name here.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.checks import check_plugin_options
from ganzoo.catalog.recipe.plugin_locks import plugin_differences
from ganzoo.catalog.recipe.recipe import Part, Recipe
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.cards import Result as CardResult
from ganzoo.catalog.runs import Run, split_best
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import Listener, Progress, reporting
from ganzoo.errors import UsageError, unknown
from ganzoo.files.publish import publish_text
from ganzoo.jobs.evaluation.features import (
    default_features,
    described_by,
    extractor_for,
    fake_side,
    plain_of,
    real_side,
)
from ganzoo.jobs.evaluation.generated import Fakes, about_weights, is_pictures, of_gan, of_pictures
from ganzoo.jobs.models import environment, load
from ganzoo.jobs.models.build import open_dataset
from ganzoo.metrics import METRICS, Metric, Result
from ganzoo.metrics.extractor import Extractor

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_LEAST = 10  # samples on either side: some metrics divide them into ten parts
_LONGEST_NOTE = 200  # characters of a value in a protocol
_OF_IMAGES = {"features", "moments", "logits"}  # what takes an extractor


def evaluate(
    source: str | os.PathLike,
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
    """Judge a model or pictures.

    Args:
        source: A model's name, a run, a weights file, or a folder or zip archive of pictures.
        against: The real data; by default what the model was trained on.
        data: Where that is on this machine, if its recipe does not say.
        metrics: Names in `METRICS`; by default all that can be measured.
        features: Name of the extractor; by default the data set's own, or FID's Inception.
        n: How many generated images; of pictures, at most so many.
        seeds: Of the generated images; from two on, means and their spread are given.
        raw: The generator's own weights instead of their average.
        truncation: Of the latents, in standard deviations, as `ganzoo sample` takes it.
        backend: "jax", "torch" or "tensorflow".
        allow_plugin_mismatch: Whether the architecture may be that of another distribution or
            version than the one that the weights were made with; the protocol says so then.
        events: Called with the progress; see `ganzoo.data.progress.reporting`.

    Returns:
        For each metric a table as a card has it: `metric`, `value`, `error` or `spread` and
        `seeds`, `better`, `protocol`.

    Raises:
        UnknownName: There is no such source, metric or extractor.
        UsageError: A metric lacks something, or the images do not fit each other or the
            extractor.
    """
    _check(n, seeds, metrics)
    pictures = is_pictures(source)
    if pictures and (raw or truncation is not None):
        raise UsageError("Pictures have neither weights nor latents: no raw and no truncation.")
    found = None if pictures else load.find(source, raw=raw)
    part = _real_part(source, found, against, data)
    check_plugin_options("dataset", part, f"the data set {part.name!r}")
    if features is not None:
        discovery.find_plugin("features", features)  # a wrong name is told before anything is read
    environment.begin(backend)
    with reporting(events):
        dataset = open_dataset(part)
        if found is None:
            fakes = of_pictures(Path(source), dataset, n)
        else:
            gan = load.read(
                found, raw=raw, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch
            )
            about = about_weights(found, dataset, raw=raw) | _other_plugin(found)
            fakes = of_gan(gan, dataset, n, truncation=truncation, protocol=about)
        for what, count in (("generated", fakes.count), ("real", len(dataset))):
            if count < _LEAST:
                raise UsageError(f"At least {_LEAST} {what} images are needed. Received: {count}.")
        if len(seeds) > 1 and not fakes.drawn:
            raise UsageError("Pictures do not depend on a seed: give one seed at most.")
        extractor = extractor_of(features, part.name, dataset, metrics)
        measured = [_measure(fakes, dataset, extractor, metrics, seed) for seed in seeds]
    return rows(measured, seeds)


def _other_plugin(found: load.Source) -> dict[str, str]:
    """What the protocol says of an architecture that is not the one of the training."""
    locks = found.about.get("plugins")
    told = plugin_differences(locks, found.recipe, kinds=["architecture"])
    return {"plugin_mismatch": told[0][:_LONGEST_NOTE]} if told else {}


def record_results(run: str | os.PathLike, results: Sequence[Mapping[str, Any]]) -> Path:
    """Write results into a run's card, in place of those that were measured alike.

    Args:
        run: The run's folder or its number, with or without `@best`.
        results: From `evaluate`.

    Returns:
        The card.
    """
    opened = Run.open(split_best(run)[0])
    with opened.lock():
        card = Card.read(opened.card_path)
        new = [CardResult.model_validate(result) for result in results]
        kept = [old for old in card.results if not any(_replaces(one, old) for one in new)]
        changed = card.model_copy(update={"results": [*kept, *new]})
        publish_text(opened.card_path, changed.toml(), overwrite=True)
    return opened.card_path


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
) -> list[Result]:
    """Judge a generator that is at hand, for instance while it is being trained.

    Args:
        gan: The game.
        dataset: The real images or points, with labels if the generator is conditional.
        extractor: From `extractor_for`; `None` for points.
        metrics: Names in `METRICS`; by default all that can be measured.
        n: How many generated images.
        seed: Of their latents, and of what metrics draw by lot.
        raw: The generator's own weights instead of their average.
        protocol: What else to say of the weights: `{"step": 1000, "split": "train"}`.
    """
    _check(n, [seed], metrics)
    averaged = gan.ema is not None and not raw
    about = {"weights": "ema" if averaged else "raw", **(protocol or {})}
    fakes = of_gan(gan, dataset, n, raw=raw, protocol=about)
    return _measure(fakes, dataset, extractor, metrics, seed)


def _replaces(new: CardResult, old: CardResult) -> bool:
    """Whether a result takes the place of another: measured alike, on the weights of one step."""
    return new.measured_like(old) and new.protocol.step == old.protocol.step


def rows(measured: Sequence[Sequence[Result]], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """The results of each seed as one table for each metric.

    Args:
        measured: For each seed the results of the same metrics in the same order.
        seeds: The seeds.
    """
    tables = []
    for same in zip(*measured, strict=True):
        table = same[0].tables() | {"better": METRICS[same[0].metric].better}
        if len(seeds) > 1:
            values = [result.value for result in same]
            table.pop("error", None)
            table |= {"value": float(np.mean(values)), "seeds": list(seeds)}
            table["spread"] = float(np.std(values, ddof=1))
            table["protocol"].pop("seed", None)
        tables.append(table)
    return tables


def _measure(
    fakes: Fakes,
    dataset: Dataset,
    extractor: Extractor | None,
    metrics: Sequence[str] | None,
    seed: int,
) -> list[Result]:
    if fakes.shape != dataset.image_shape:
        raise UsageError(
            f"Generated and real images must have one shape. Expected: {dataset.image_shape}, as "
            f"the data set {dataset.name!r}. Received: {fakes.shape}.",
            hint="Prepare the real images alike, for instance with --set dataset.size=64.",
        )
    chosen = chosen_metrics(metrics, *_kinds(fakes, dataset, extractor))
    if metrics is None and fakes.protocol.get("split") != "train":
        # copies of images that were never trained on are no memory
        chosen = [metric for metric in chosen if not metric.of_training_data]
    if extractor is not None:
        extractor.check(dataset.image_shape)
    real = real_side(dataset, {kind for m in chosen for kind in m.real}, extractor)
    kinds = {kind for metric in chosen for kind in metric.fake}
    fake = fake_side(fakes.draw(seed), fakes.count, kinds, extractor)
    common = {"data": dataset.name, "fingerprint": dataset.fingerprint, **fakes.protocol}
    common |= {"seed": seed} if fakes.drawn else {}
    results = []
    with Progress("metrics", len(chosen), "metrics") as progress:
        for metric in chosen:
            result = metric.measure(real, fake, seed=seed)
            seen = described_by(dataset.image_shape)
            if extractor is not None and _OF_IMAGES & {*metric.real, *metric.fake}:
                seen = extractor.protocol(dataset.image_shape)
            results.append(replace(result, protocol=seen | common | result.protocol))
            progress.advance()
    return results


def chosen_metrics(names: Sequence[str] | None, real: set[str], fake: set[str]) -> list[Metric]:
    """The metrics of these names, or all that can be measured.

    Args:
        names: Keys of `METRICS`.
        real: The forms that there are of the real side.
        fake: The forms that there are of the fakes.

    Raises:
        UsageError: One of the names needs something that there is not.
    """
    if names is None:
        return [metric for metric in METRICS.values() if not metric.missing(real, fake)]
    for name in names:
        if lacking := METRICS[name].missing(real, fake):
            raise UsageError(
                f"The metric {name!r} needs {' and '.join(lacking)}. Received: "
                f"real {', '.join(sorted(real))}; fake {', '.join(sorted(fake))}."
            )
    return [METRICS[name] for name in dict.fromkeys(names)]


def _kinds(
    fakes: Fakes, dataset: Dataset, extractor: Extractor | None
) -> tuple[set[str], set[str]]:
    """The forms that there are of either side."""
    plain = plain_of(dataset.image_shape)
    if plain is not None:
        forms = {"features", "moments"} | (set() if plain.name else {"points"})
        labeled = not plain.name and dataset.labels is not None
        return forms | ({"labels"} if labeled else set()), forms
    real, fake = {"images"}, {"images"}
    if extractor is not None:
        real |= {"features", "moments"}
        fake |= {"features", "moments"} | ({"logits"} if extractor.classes else set())
        if fakes.labeled and extractor.classes == tuple(dataset.classes):
            fake.add("labels")  # the logits stand for the very classes that were asked for
    return real, fake


def extractor_of(
    name: str | None, dataset_name: str, dataset: Dataset, metrics: Sequence[str] | None
) -> Extractor | None:
    """The extractor to use; none where no metric that was asked for looks through one.

    Args:
        name: Of the features; by default the data set's own, or FID's Inception.
        dataset_name: The data set's name, as a recipe has it.
        dataset: What it must fit.
        metrics: Names in `METRICS`; by default all.

    Raises:
        UsageError: It does not fit.
        EnvironmentProblem: Its weights are not here.
    """
    wanted = [METRICS[name] for name in metrics] if metrics is not None else METRICS.values()
    if plain_of(dataset.image_shape) is not None:
        if name is not None:
            many = dataset.modality.plural.capitalize()
            raise UsageError(f"{many} have no features. Received: features {name!r}.")
        return None
    if not any(_OF_IMAGES & {*metric.real, *metric.fake} for metric in wanted):
        return None
    found = extractor_for(name or default_features(dataset_name))
    found.check(dataset.image_shape)
    return found


def _check(n: int, seeds: Sequence[int], metrics: Sequence[str] | None) -> None:
    for name in metrics or ():
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
    if n < _LEAST:
        raise UsageError(f"At least {_LEAST} generated images are needed. Received: {n}.")
    if not seeds or len(set(seeds)) < len(seeds) or not all(0 <= s < 2**31 for s in seeds):
        raise UsageError(f"Seeds must be different and in [0, 2**31). Received: {list(seeds)}.")


def _real_part(
    source: str | os.PathLike, found: load.Source | None, against: Part | None, data: str | None
) -> Part:
    """The data set to compare with."""
    if against is not None:
        return against
    if found is None:
        raise UsageError(
            f"Pictures are judged against a data set. Received: {os.fspath(source)!r} alone.",
            hint="Say which: --against fashion-mnist.",
        )
    beside = found.where.parent / "recipe.toml"  # a run's own recipe knows where its data is
    part = Recipe.read(beside).dataset if beside.is_file() else found.recipe.dataset
    return part if data is None else Part(name=part.name, **(part.options | {"data": data}))
