"""Measuring: metrics of generated samples against a data set, each with its protocol.

Metrics come from the table `METRICS`; none is known by name here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import Progress
from ganzoo.errors import UsageError, unknown
from ganzoo.jobs.evaluation.features import (
    default_features,
    descriptor_for,
    descriptor_protocol,
    generated_samples,
    load_extractor,
    real_samples,
)
from ganzoo.jobs.evaluation.generated import GeneratedSamples
from ganzoo.metrics import METRICS, Metric, MetricResult
from ganzoo.metrics.extractor import FEATURE_CHANNELS, Extractor

MIN_SAMPLES = 10  # real and generated: some metrics divide them into ten parts
_SAMPLES_PER_FEATURE = 4  # with fewer the Fréchet distance is biased, and the kernel's comes first
# Representations that need an extractor.
_EXTRACTED = {"features", "moments", "logits", "target_distances", "pair_distances"}


def check_arguments(n: int, seeds: Sequence[int], metrics: Sequence[str] | None) -> None:
    """Refuse unknown metrics, too few samples, and seeds that are repeated or out of range.

    Args:
        n: Number of generated samples.
        seeds: Their seeds.
        metrics: Keys of `METRICS`, or `None` for all.

    Raises:
        UnknownName: A metric does not exist.
        UsageError: Another argument is out of range.
    """
    for name in metrics or ():
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
    check_count("generated", n)
    if not seeds or len(set(seeds)) < len(seeds) or not all(0 <= s < 2**31 for s in seeds):
        raise UsageError(f"Seeds must be different and in [0, 2**31). Received: {list(seeds)}.")


def check_count(what: str, count: int) -> None:
    """Refuse too few samples; `what` is "generated" or "real"."""
    if count < MIN_SAMPLES:
        raise UsageError(f"At least {MIN_SAMPLES} {what} images are needed. Received: {count}.")


def select_extractor(
    name: str | None, dataset_name: str, dataset: Dataset, metrics: Sequence[str] | None
) -> Extractor | None:
    """Return the extractor to use; `None` if no selected metric needs one.

    Args:
        name: Name of the features; by default the data set's own, or `photo`, or none for
            images of other than 1 or 3 channels.
        dataset_name: Name of the data set, as in a recipe.
        dataset: Real data.
        metrics: Keys of `METRICS`; by default all.

    Raises:
        UsageError: The extractor does not accept the images.
        EnvironmentProblem: Its weights are missing.
    """
    selected = [METRICS[key] for key in metrics] if metrics is not None else METRICS.values()
    if descriptor_for(dataset.image_shape) is not None:
        if name is not None:
            many = dataset.modality.plural.capitalize()
            raise UsageError(f"{many} have no features. Received: features {name!r}.")
        return None
    if not any(_EXTRACTED & {*metric.real, *metric.fake} for metric in selected):
        return None
    if name is None and dataset.image_shape[-1] not in FEATURE_CHANNELS:
        return None  # metrics that need no features are there all the same
    extractor = load_extractor(name or default_features(dataset_name))
    extractor.check(dataset.image_shape)
    return extractor


def measure_samples(
    generated: GeneratedSamples,
    dataset: Dataset,
    extractor: Extractor | None,
    metrics: Sequence[str] | None,
    seed: int,
) -> list[MetricResult]:
    """Measure generated samples against all samples of a data set.

    Args:
        generated: Generated samples.
        dataset: Real data.
        extractor: Extractor of images; `None` if no metric needs one.
        metrics: Keys of `METRICS`; by default all that can be measured.
        seed: Seed of the generated samples and of random subsets.

    Raises:
        UsageError: Generated and real samples differ in shape, or a metric cannot be measured.
    """
    if generated.shape != dataset.image_shape:
        raise UsageError(
            f"Generated and real images must have one shape. Expected: {dataset.image_shape}, that "
            f"of the data set {dataset.name!r}. Received: {generated.shape}.",
            hint="Prepare the real images alike, where the data set has it: "
            "--against NAME --set size=64.",
        )
    selected = select_metrics(metrics, *_available(generated, dataset, extractor))
    if metrics is None and generated.protocol.get("split") != "train":
        # copies of images that were not trained on are no memorization
        selected = [metric for metric in selected if not metric.of_training_data]
    if extractor is not None:
        extractor.check(dataset.image_shape)
        few = _SAMPLES_PER_FEATURE * extractor.feature_size
        if metrics is None and min(len(dataset), generated.count) < few:
            selected.sort(key=lambda metric: metric.name != "kernel")
    real = real_samples(dataset, {name for m in selected for name in m.real}, extractor)
    needed = {name for metric in selected for name in metric.fake}
    batches, levels = generated.batches(seed), dataset.deep
    fake = generated_samples(batches, generated.count, needed, extractor, levels)
    common = {"data": dataset.name, "fingerprint": dataset.fingerprint, **generated.protocol}
    common |= {"seed": seed} if generated.seeded else {}
    results = []
    with Progress("metrics", len(selected), "metrics") as progress:
        for metric in selected:
            result = metric.measure(real, fake, seed=seed)
            features = descriptor_protocol(dataset.image_shape)
            if extractor is not None and _EXTRACTED & {*metric.real, *metric.fake}:
                features = extractor.protocol(dataset.image_shape)
                features |= {} if levels is None else {"values": "8 bits of the levels"}
            results.append(replace(result, protocol=features | common | result.protocol))
            progress.advance()
    return results


def select_metrics(names: Sequence[str] | None, real: set[str], fake: set[str]) -> list[Metric]:
    """Return the metrics of these names, or all that can be measured.

    Args:
        names: Keys of `METRICS`, or `None`.
        real: Available representations of real samples.
        fake: Available representations of generated samples.

    Raises:
        UsageError: A named metric needs a representation that is missing.
    """
    if names is None:
        return [metric for metric in METRICS.values() if not metric.missing(real, fake)]
    for name in names:
        METRICS[name].check(real, fake)
    return [METRICS[name] for name in dict.fromkeys(names)]


def _available(
    generated: GeneratedSamples, dataset: Dataset, extractor: Extractor | None
) -> tuple[set[str], set[str]]:
    """Return the available representations of real and of generated samples."""
    descriptor = descriptor_for(dataset.image_shape)
    if descriptor is not None:
        names = {"features", "moments"} | (set() if descriptor.name else {"points"})
        labeled = not descriptor.name and dataset.labels is not None
        return names | ({"labels"} if labeled else set()), names
    real, fake = {"images"}, {"images", "targets"} if generated.paired else {"images"}
    if extractor is not None:
        real |= {"features", "moments"}
        fake |= {"features", "moments"} | ({"logits"} if extractor.classes else set())
        if generated.labeled and extractor.classes == tuple(dataset.classes):
            fake.add("labels")  # the logits are of the same classes
        if extractor.distance is not None:
            fake |= {"target_distances"} if generated.paired else set()
            fake |= {"pair_distances"} if generated.translated else set()
    return real, fake


def aggregate_seeds(
    results_by_seed: Sequence[Sequence[MetricResult]], seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """Return one table for each metric, with mean and standard deviation over several seeds.

    Args:
        results_by_seed: For each seed the results of the same metrics in the same order.
        seeds: The seeds.
    """
    tables = []
    for results in zip(*results_by_seed, strict=True):
        table = results[0].tables() | {"better": METRICS[results[0].metric].better}
        if len(seeds) > 1:
            values = [result.value for result in results]
            table.pop("error", None)
            table |= {"value": float(np.mean(values)), "seeds": list(seeds)}
            table["spread"] = float(np.std(values, ddof=1))
            table["protocol"].pop("seed", None)
        tables.append(table)
    return tables
