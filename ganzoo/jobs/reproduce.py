"""Reproduction: the recipe of a card is trained again, and evaluated as its results were."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.plugins.discovery import find_plugin
from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.recipe.overrides import apply_settings, with_data_from
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry import lookup, remotes
from ganzoo.catalog.registry.cards import Card, Result
from ganzoo.catalog.registry.versions import version_numbers
from ganzoo.data.progress import reporting
from ganzoo.errors import GanzooError, UsageError
from ganzoo.jobs.evaluation.evaluate import evaluate, record_results
from ganzoo.jobs.evaluation.features import load_extractor
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.open_dataset import open_dataset
from ganzoo.jobs.training.train import Events, train
from ganzoo.metrics import METRICS

if TYPE_CHECKING:
    from ganzoo.data.dataset import Dataset

SHARE = 0.1  # of a value: differences that rounding on another machine can make of a training
_MAX_ERRORS = 3  # standard errors, or deviations over seeds
_WEIGHTS_KEYS = ("seed", "step")  # keys of a protocol that are not about the measurement


@dataclass(frozen=True, kw_only=True)
class PublishedResults:
    """The card of a model that has results.

    Args:
        name: The model or version, for messages.
        model: The model's name in a registry; None for one that is not in any.
        card: Its card.
    """

    name: str
    model: str | None
    card: Card


def published_results(name: str) -> PublishedResults:
    """Return the card of a model that has results: that of a version, or else the model's own.

    Args:
        name: `"model"`, whose newest version counts; `"model@2"`, `"model@best"`, `"hf://..."`.

    Raises:
        UnknownName: There is no such model.
        UsageError: Nothing was measured on it.
    """
    model: str | None = name
    if remotes.is_address(name):
        from ganzoo.jobs.hub.pull import find_or_pull  # for whoever names an address only

        model, cards = None, [find_or_pull(name).card()]
    elif "@" in name:
        model = name.rpartition("@")[0]
        cards = [lookup.find_version(name).card()]
    else:
        cards = _cards_of_model(lookup.find_entry(name))
    for card in cards:
        if card.results:
            return PublishedResults(name=name, model=model, card=card)
    raise UsageError(
        f"There is nothing to reproduce: the card of {name!r} has no results.",
        hint=f"Train and evaluate it: ganzoo train {model or name}",
    )


# long: its arguments are those of `ganzoo reproduce`
def reproduce(
    published: PublishedResults,
    *,
    data: str | None = None,
    share: float = SHARE,
    run: Path | None = None,
    runs: Path = Path("runs"),
    backend: str | None = None,
    argv: Sequence[str] = (),
    events: Events = lambda event: None,
) -> dict[str, Any]:
    """Train a card's recipe again, as far as its results were measured, and compare.

    A number is reproduced if it differs from the card's by no more than 3 times the card's
    spread or error, or by `share` of its value, whichever is more. Numbers of different
    protocols are not compared.

    Args:
        published: The card, from `published_results`.
        data: Path of the data set on this machine.
        share: Share of a value that counts as no difference.
        run: The run's own folder, new or empty; by default the next number in `runs`.
        runs: The folder in which runs are numbered.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        argv: The command line, for the manifest.
        events: Function called with each event.

    Returns:
        `model`, `run`, `reproduced`, `backend` (the card's and this one's), and `results`: for
        each of the card `metric`, `features`, `value`, `spread`, `measured`, `difference`,
        `tolerance`, `reproduced`, and the `reason` if it is not compared.

    Raises:
        UsageError: None of the results can be compared; nothing is trained then.
    """
    card, results = published.card, published.card.results
    if card.provenance and card.provenance.parent:
        raise UsageError("Its training began from other weights, which no recipe names.")
    chosen = environment.prepare_environment(backend)
    recipe = _recipe_with_data(card, data)
    with reporting(events):
        dataset = open_dataset(recipe.dataset)
        last = max((result.protocol.step or 0 for result in results), default=0)
        reasons = [_reason_not_to_compare(result, dataset, last) for result in results]
    if all(reasons):
        name = published.name
        raise UsageError(f"None of the results of {name!r} can be compared here: {reasons[0]}.")
    if last:
        recipe = apply_settings(recipe, [f"training.steps={last}"])
    trained = train(
        recipe, model=published.model, run=run, runs=runs, backend=backend, argv=argv, events=events
    )
    comparable = [one for one, reason in zip(results, reasons, strict=True) if not reason]
    found = _measure_results(trained.path, comparable, backend=backend, events=events)
    if new_results := [one for one in found if not isinstance(one, str)]:
        record_results(trained.path, new_results)
    rows = _compare_results(results, [reason or found.pop(0) for reason in reasons], share)
    verdicts = [row["reproduced"] for row in rows if "reason" not in row]
    return {
        "model": published.name,
        "run": str(trained.path),
        "backend": {"card": card.provenance and card.provenance.backend, "here": chosen},
        "reproduced": bool(verdicts) and all(verdicts),
        "results": rows,
    }


def compare_result(result: Result, row: dict[str, Any], share: float) -> dict[str, Any]:
    """Compare a card's number with the measured one, if both have the same protocol.

    Args:
        result: The card's result.
        row: A row from `evaluate`.
        share: Share of the card's value by which they may differ, or by 3 times the card's
            spread or error, whichever is more.

    Returns:
        `metric`, `features`, `value`, `spread`, `measured`, `difference`, `tolerance`,
        `reproduced`; of another protocol `reproduced` is None and `reason` says why. Keys that
        the card's protocol lacks are not compared.
    """
    expected, received = result.protocol.model_dump(exclude_none=True), row["protocol"]
    for key, value in expected.items():
        if key not in _WEIGHTS_KEYS and received.get(key) != value:
            return _uncompared_row(
                result, _describe_difference(f"{key} =", value, received.get(key))
            )
    difference = row["value"] - result.value
    deviation = result.spread if result.spread is not None else result.error
    tolerance = max(_MAX_ERRORS * (deviation or 0.0), share * abs(result.value))
    return _result_row(result) | {
        "measured": row["value"],
        "difference": difference,
        "tolerance": tolerance,
        "reproduced": abs(difference) <= tolerance,
    }


def _compare_results(
    results: Sequence[Result], rows: Sequence[dict[str, Any] | str], share: float
) -> list[dict[str, Any]]:
    """The comparison of each result with its measured row, or the reason why there is none."""
    return [
        _uncompared_row(one, row) if isinstance(row, str) else compare_result(one, row, share)
        for one, row in zip(results, rows, strict=True)
    ]


def _uncompared_row(result: Result, reason: str) -> dict[str, Any]:
    return _result_row(result) | {"reproduced": None, "reason": reason}


def _result_row(result: Result) -> dict[str, Any]:
    return {
        "metric": result.metric,
        "features": result.protocol.features,
        "value": result.value,
        "spread": result.spread if result.spread is not None else result.error,
    }


def _describe_difference(what: str, expected: Any, received: Any) -> str:
    """A difference in words; enough of a digest to tell it from others."""
    one, other = (text[:12] if len(text) == 64 else text for text in map(str, (expected, received)))
    return f"it was measured with {what} {one}, here it is {other}"


def _cards_of_model(entry: lookup.Entry) -> list[Card]:
    """The newest version's card, if there is one, and the model's own."""
    cards = []
    if version_numbers(entry.folder):
        cards.append(entry.version().card())
    if entry.has_card:
        cards.append(entry.card())
    return cards or [entry.version().card()]  # which says that there is none


def _recipe_with_data(card: Card, data: str | None) -> Recipe:
    tables = card.recipe.tables()
    if data is not None:
        tables["dataset"]["data"] = data
    recipe = with_data_from(Recipe.from_tables(tables), Path.cwd())
    check_recipe_plugins(recipe)
    return recipe


def _reason_not_to_compare(result: Result, dataset: "Dataset", last: int) -> str | None:
    """Why a result cannot be compared, as far as that is known before any training."""
    protocol = result.protocol
    if result.metric not in METRICS:
        return f"there is no metric {result.metric!r} here"
    if protocol.fake is None or protocol.fake < 2:
        return "its protocol does not say how many images were generated"
    if protocol.step not in (None, last):
        return f"it was measured at step {protocol.step}, others at step {last}"
    fingerprint = (protocol.model_extra or {}).get("fingerprint")
    if fingerprint not in (None, dataset.fingerprint):
        return _describe_difference("data of fingerprint", fingerprint, dataset.fingerprint)
    if protocol.features is None:
        return None
    try:
        find_plugin("features", protocol.features)
        extractor = load_extractor(protocol.features)
        extractor.check(dataset.image_shape)
    except GanzooError as error:
        return f"its features cannot be had here: {str(error).rstrip('.')}"
    if protocol.digest not in (None, extractor.digest):
        return _describe_difference("features of digest", protocol.digest, extractor.digest)
    return None


def _measure_results(
    run: Path, results: Sequence[Result], *, backend: str | None, events: Events
) -> list[dict[str, Any] | str]:
    """The measured row of each result, in its order, or why it cannot be measured.

    Some metrics use fewer images than were generated, and their protocol says how many they
    used. So it is tried with the most images that any of the results says, and again with fewer
    for those that then used too many.
    """
    found: dict[int, dict[str, Any] | str] = {}
    for options, n in _reproduction_evaluations(results):
        due = [
            i
            for i, one in enumerate(results)
            if i not in found and _evaluation_options(one) == options
        ]
        if not due:
            continue
        names = list(dict.fromkeys(results[i].metric for i in due))
        try:
            rows = evaluate(run, metrics=names, n=n, backend=backend, events=events, **options)
        except UsageError as error:
            found |= dict.fromkeys(due, str(error).rstrip("."))
            continue
        by_name = {row["metric"]: row for row in rows}
        for i in due:
            row = by_name[results[i].metric]
            if results[i].protocol.fake in (n, row["protocol"].get("fake")):
                found[i] = row
    return [found[i] for i in range(len(results))]


def _reproduction_evaluations(results: Sequence[Result]) -> Iterator[tuple[dict[str, Any], int]]:
    """Each set of options of an evaluation, with each number of images that it was used with."""
    seen: list[dict[str, Any]] = []
    for options in map(_evaluation_options, results):
        if options in seen:
            continue
        seen.append(options)
        images = options | {"features": None}
        alike = [one for one in results if _evaluation_options(one) | {"features": None} == images]
        for n in sorted({one.protocol.fake or 0 for one in alike}, reverse=True):
            yield options, n


def _evaluation_options(result: Result) -> dict[str, Any]:
    protocol = result.protocol
    return {
        "features": protocol.features,
        "seeds": result.seeds or [protocol.seed or 0],
        "raw": protocol.weights == "raw",
        "truncation": protocol.truncation,
    }
