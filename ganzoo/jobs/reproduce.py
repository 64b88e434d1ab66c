"""Reproducing: a card's recipe is trained again, and measured as its results were."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.recipe.overrides import apply_settings, with_data_from
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry import lookup, remotes
from ganzoo.catalog.registry.cards import Card, Result
from ganzoo.catalog.registry.versions import version_numbers
from ganzoo.data.progress import reporting
from ganzoo.errors import GanzooError, UsageError
from ganzoo.jobs.comparison import SHARE, compared, other_than, uncompared
from ganzoo.jobs.evaluation.evaluate import evaluate, record_results
from ganzoo.jobs.evaluation.features import load_extractor
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.build import open_dataset
from ganzoo.jobs.training.train import Events, train
from ganzoo.metrics import METRICS

if TYPE_CHECKING:
    from ganzoo.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a card says of a model.

    Args:
        name: The model or version, for messages.
        model: The model's name in a registry; None for one that is not in any.
        card: Its card.
    """

    name: str
    model: str | None
    card: Card


def claim_of(name: str) -> Claim:
    """The card of a model that has results: of a version, or else the model's own.

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
        cards = _cards(lookup.find_entry(name))
    for card in cards:
        if card.results:
            return Claim(name=name, model=model, card=card)
    raise UsageError(
        f"There is nothing to reproduce: the card of {name!r} has no results.",
        hint=f"Train it, then judge it: ganzoo train {model or name}",
    )


def reproduce(
    claim: Claim,
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
        claim: From `claim_of`.
        data: Where the data set is on this machine.
        share: Of a value.
        run: The run's own folder, new or empty; by default the next number in `runs`.
        runs: Where runs are numbered.
        backend: "jax", "torch" or "tensorflow".
        argv: The command line, for the manifest.
        events: Called with what happens, as it happens.

    Returns:
        `model`, `run`, `reproduced`, `backend` (the card's and this one's), and `results`: for
        each of the card `metric`, `features`, `value`, `spread`, `measured`, `difference`,
        `tolerance`, `reproduced`, and where it is not compared the `reason`.

    Raises:
        UsageError: None of the results can be compared; nothing is trained then.
    """
    chosen = environment.begin(backend)
    recipe = _recipe(claim.card, data)
    with reporting(events):
        dataset = open_dataset(recipe.dataset)
        last = max((r.protocol.step or 0 for r in claim.card.results), default=0)
        reasons = [_hindrance(one, dataset, last) for one in claim.card.results]
    if all(reasons):
        raise UsageError(
            f"None of the results of {claim.name!r} can be compared here: {reasons[0]}.",
        )
    if last:
        recipe = apply_settings(recipe, [f"training.steps={last}"])
    done = train(
        recipe, model=claim.model, run=run, runs=runs, backend=backend, argv=argv, events=events
    )
    going = [one for one, reason in zip(claim.card.results, reasons, strict=True) if not reason]
    found = _measured(done.path, going, backend=backend, events=events)
    measured = [one for one in found if not isinstance(one, str)]
    if measured:
        record_results(done.path, measured)
    rows = []
    for one, reason in zip(claim.card.results, reasons, strict=True):
        row = reason or found.pop(0)
        rows.append(uncompared(one, row) if isinstance(row, str) else compared(one, row, share))
    verdicts = [row["reproduced"] for row in rows if "reason" not in row]
    provenance = claim.card.provenance
    return {
        "model": claim.name,
        "run": str(done.path),
        "backend": {"card": provenance.backend if provenance else None, "here": chosen},
        "reproduced": bool(verdicts) and all(verdicts),
        "results": rows,
    }


def _cards(entry: lookup.Entry) -> list[Card]:
    """The newest version's card, if there is one, and the model's own."""
    cards = []
    if version_numbers(entry.folder):
        cards.append(entry.version().card())
    if entry.has_card:
        cards.append(entry.card())
    return cards or [entry.version().card()]  # which says that there is none


def _recipe(card: Card, data: str | None) -> Recipe:
    tables = card.recipe.tables()
    if data is not None:
        tables["dataset"]["data"] = data
    recipe = with_data_from(Recipe.from_tables(tables), Path.cwd())
    check_recipe_plugins(recipe)
    return recipe


def _hindrance(result: Result, dataset: "Dataset", last: int) -> str | None:
    """Why a result cannot be compared, as far as that is known before any training."""
    protocol = result.protocol
    if result.metric not in METRICS:
        return f"there is no metric {result.metric!r} here"
    if protocol.fake is None or protocol.fake < 2:
        return "its protocol does not say how many images were generated"
    if protocol.step not in (None, last):
        return f"it was measured at step {protocol.step}, others at step {last}"
    theirs = (protocol.model_extra or {}).get("fingerprint")
    if theirs not in (None, dataset.fingerprint):
        return other_than("data of fingerprint", theirs, dataset.fingerprint)
    if protocol.features is None:
        return None
    try:
        discovery.find_plugin("features", protocol.features)
        extractor = load_extractor(protocol.features)
        extractor.check(dataset.image_shape)
    except GanzooError as error:
        return f"its features cannot be had here: {str(error).rstrip('.')}"
    if protocol.digest not in (None, extractor.digest):
        return other_than("features of digest", protocol.digest, extractor.digest)
    return None


def _measured(
    run: Path, results: Sequence[Result], *, backend: str | None, events: Events
) -> list[dict[str, Any] | str]:
    """For each result the same measured anew, in its order, or why that cannot be.

    Some metrics use fewer images than were generated, and their protocol says how many they
    used. So it is tried with the most images that any of the results says, and again with fewer
    for those that then used too many.
    """
    found: dict[int, dict[str, Any] | str] = {}
    for how, n in _attempts(results):
        asked = [i for i, one in enumerate(results) if i not in found and _drawn(one) == how]
        if not asked:
            continue
        names = list(dict.fromkeys(results[i].metric for i in asked))
        try:
            rows = evaluate(run, metrics=names, n=n, backend=backend, events=events, **how)
        except UsageError as error:
            found |= dict.fromkeys(asked, str(error).rstrip("."))
            continue
        by_name = {row["metric"]: row for row in rows}
        for i in asked:
            row, wanted = by_name[results[i].metric], results[i].protocol.fake
            if wanted in (n, row["protocol"].get("fake")):
                found[i] = row
    return [found[i] for i in range(len(results))]


def _attempts(results: Sequence[Result]) -> Iterator[tuple[dict[str, Any], int]]:
    """Each way to draw and look, with each number of images that is said of such drawings."""
    seen: list[dict[str, Any]] = []
    for how in map(_drawn, results):
        if how in seen:
            continue
        seen.append(how)
        images = how | {"features": None}
        alike = [one for one in results if _drawn(one) | {"features": None} == images]
        for n in sorted({one.protocol.fake or 0 for one in alike}, reverse=True):
            yield how, n


def _drawn(result: Result) -> dict[str, Any]:
    """How the images of a result were drawn and looked at."""
    protocol = result.protocol
    return {
        "features": protocol.features,
        "seeds": result.seeds or [protocol.seed or 0],
        "raw": protocol.weights == "raw",
        "truncation": protocol.truncation,
    }
