"""The page: what was trained, how far it came, with what; every part may be missing."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Protocol

import numpy as np
import tomli_w

from ganzoo.data.kinds import IMAGES, KINDS, Kind
from ganzoo.jobs.rendering import Renderer, renderer_for
from ganzoo.jobs.report.about import about, listed
from ganzoo.jobs.report.frames import stage
from ganzoo.jobs.report.logbook import Logbook, charts, numbers
from ganzoo.jobs.report.markup import count, duration, moment, number, text, toml

STATES = {
    "running": "Written while the run was still training.",
    "interrupted": "Stopped before its end. <code>ganzoo resume</code> continues it.",
    "diverged": "Stopped because a loss, a gradient or a weight was no longer finite.",
}
BACKENDS = {"jax": "JAX", "torch": "PyTorch", "tensorflow": "TensorFlow"}


class RecipeLike(Protocol):
    """A recipe as plain tables."""

    def tables(self) -> dict:
        """The tables of the recipe."""


class RunLike(Protocol):
    """What a report reads of a run folder."""

    samples: Path
    gif_path: Path

    def recipe(self) -> RecipeLike:
        """The recipe that the run follows."""

    def manifest(self) -> dict:
        """Who, where, with what."""

    def log(self) -> list[dict]:
        """What was measured, line by line."""


def report_of(run: RunLike, *, manifest: Mapping | None = None) -> str:
    """The report of a run folder; its pictures are `samples/*.png`, named by step.

    What is to be heard or watched lies beside them, as `samples.wav` or `samples.gif`.

    Args:
        run: The run.
        manifest: Instead of the one that the run has.
    """
    numbered = ((re.findall(r"\d+", path.stem), path) for path in run.samples.glob("*.png"))
    return report(
        recipe=run.recipe().tables(),
        manifest=run.manifest() if manifest is None else manifest,
        log=run.log(),
        samples=sorted((int(digits[-1]), path) for digits, path in numbered if digits),
        gif=run.gif_path,
        moving=sorted(run.samples.parent.glob("samples.*")),
    )


def report(
    *,
    recipe: Mapping,
    manifest: Mapping,
    log: Sequence[Mapping],
    samples: Sequence[tuple[int, Path]] = (),
    gif: Path | None = None,
    moving: Sequence[Path] = (),
) -> str:
    """One self-contained HTML page about a run: the same text for the same run.

    Nothing has to be there: a run that has logged nothing yet has a report. Every string is
    escaped, and the page's own policy lets nothing be fetched and no other script run.

    Args:
        recipe: The tables of the recipe.
        manifest: The manifest of the run.
        log: The lines of the log; a later line of the same step replaces an earlier one.
        samples: (step, PNG file); what is not a PNG is left out.
        gif: An animation to offer, if the file is there.
        moving: Files of the newest samples, to hear and to watch.
    """
    style, script = _asset("page.css"), _asset("page.js")
    data = _table(manifest, "data")
    book = Logbook.of(log, recipe, _kind(data).many)
    return Template(_asset("page.html")).substitute(
        title=text(_name(recipe, manifest)),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        head=_head(recipe, manifest, data),
        stage=stage(
            samples,
            gif,
            images_at=book.images_at,
            unit=book.unit,
            legend=_form(data).legend,
            moving=moving,
            columns=_shape_of(data, "source_shape") is not None,
        ),
        facts=_facts(recipe, manifest, data, book),
        charts=charts(book, recipe, _table(manifest, "evaluation")),
        numbers=numbers(book),
        recipe=toml(tomli_w.dumps(recipe)) if recipe else "",
        about=about(manifest, data),
        ganzoo=text(manifest.get("ganzoo") or ""),
    )


def _asset(name: str) -> str:
    return (resources.files("ganzoo.jobs.report") / name).read_text(encoding="utf-8").strip()


def _hash(asset: str) -> str:
    return base64.b64encode(hashlib.sha256(asset.encode()).digest()).decode()


def _table(tables: Mapping, name: str) -> Mapping:
    found = tables.get(name)
    return found if isinstance(found, Mapping) else {}


def _name(recipe: Mapping, manifest: Mapping) -> str:
    if manifest.get("model"):
        return str(manifest["model"])
    parts = (_table(recipe, kind).get("name") for kind in ("architecture", "dataset"))
    return " on ".join(str(part) for part in parts if part) or "A run"


def _shape_of(data: Mapping, key: str = "image_shape") -> Sequence | None:
    shape = data.get(key)
    return shape if isinstance(shape, list | tuple) and shape else None


def _kind(data: Mapping) -> Kind:
    """What the samples are: images, if nothing says otherwise."""
    return KINDS.get(len(_shape_of(data) or ()), IMAGES)


def _form(data: Mapping) -> Renderer:
    shape = _shape_of(data) or ()
    return renderer_for(shape if len(shape) in KINDS else IMAGES.axes)


def _head(recipe: Mapping, manifest: Mapping, data: Mapping) -> str:
    architecture = _table(recipe, "architecture").get("name")
    dataset = data.get("name") or _table(recipe, "dataset").get("name")
    parts = []
    if architecture and dataset:
        parts.append(f"<b>{text(architecture)}</b> learning <b>{text(dataset)}</b>")
    if data.get("count"):
        parts.append(f"{count(data['count'])} {_kind(data).many}{_shape(data)}")
    if backend := manifest.get("backend"):
        parts.append(f"on {text(BACKENDS.get(str(backend), backend))}")
    if manifest.get("created"):
        parts.append(f"begun {moment(manifest['created'])}")
    state = str(manifest.get("state") or "")
    pill = f'<span class="state {state if state in STATES else ""}">{text(state)}</span>'
    note = f'<p class="note">{STATES[state]}</p>' if state in STATES else ""
    return (
        f"<h1>{text(_name(recipe, manifest))} {pill if state else ''}</h1>"
        f'<p class="lead">{" · ".join(parts)}</p>{note}'
    )


def _shape(data: Mapping) -> str:
    shape = _shape_of(data)
    if shape is None:
        return ""
    if len(shape) == 1:
        return f" of {text(shape[0])} numbers"
    return f" of {' × '.join(map(text, shape))}"


def _facts(recipe: Mapping, manifest: Mapping, data: Mapping, book: Logbook) -> str:
    """The few numbers that one looks for first."""
    facts = []
    if book.steps.size:
        step, images = int(book.steps[-1]), book.images_at(int(book.steps[-1]))
        if images is not None:
            total = data.get("count")
            passes = images / total if isinstance(total, int) and total > 0 else None
            detail = f"{number(passes, digits=3)} times through the data" if passes else ""
            facts.append((f"{book.unit.capitalize()} shown", count(images), detail))
        planned = _table(recipe, "training").get("steps")
        detail = f"of {count(planned)}" if planned and planned != step else ""
        facts.append(("Steps", count(step), detail))
        speed = book.column("images_per_second")
        speed = speed[np.isfinite(speed)]
        detail = f"{number(float(np.median(speed)), digits=3)} a second" if speed.size else ""
        seconds = book.column("seconds")
        if np.isfinite(seconds).any():
            facts.append(("Time", duration(float(np.nanmax(seconds))), detail))
        elif detail:
            facts.append(("Speed", detail, ""))
    items = "".join(
        f"<div><dt>{term}</dt><dd>{value}<small>{detail}</small></dd></div>"
        for term, value, detail in facts
    )
    facts = f'<dl class="facts">{items}</dl>' if items else ""
    return f"{facts}{_players(_table(manifest, 'parameters'))}{_game(recipe)}"


def _players(parameters: Mapping) -> str:
    """Both networks with their sizes as bars."""
    sizes = [
        (player, color, parameters[player])
        for player, color in (("generator", "fake"), ("discriminator", "real"))
        if isinstance(parameters.get(player), int)
    ]
    if not sizes:
        return ""
    largest = max(max(number for _, _, number in sizes), 1)
    rows = "".join(
        f"<li><span>{player}</span><b>{count(weights)}</b>"
        f'<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="4"/>'
        f'<rect class="{color}" width="{100 * weights / largest:.1f}" height="4"/></svg></li>'
        for player, color, weights in sizes
    )
    return f'<h3>Weights of the two players</h3><ul class="players">{rows}</ul>'


def _game(recipe: Mapping) -> str:
    """The rules in a few words; the recipe below has them all."""
    game, training = _table(recipe, "gan"), _table(recipe, "training")
    penalties = game.get("penalties") if isinstance(game.get("penalties"), list | tuple) else ()
    names = [f"{p.get('name')} × {p.get('weight', 1)}" for p in penalties if isinstance(p, Mapping)]
    rules = {
        "loss": str(game.get("loss", "")),
        "penalties": ", ".join(names) or ("none" if game else ""),
        "generator": _optimizer(_table(recipe, "generator_optimizer")),
        "discriminator": _optimizer(_table(recipe, "discriminator_optimizer")),
        "batch": str(training.get("batch", "")),
    }
    if game.get("n_critic", 1) != 1:
        rules["in a step"] = f"{game['n_critic']} discriminator updates"
    told = [(rule, text(value.replace("_", " "))) for rule, value in rules.items() if value]
    return f"<h3>The game</h3>{listed(told)}" if told else ""


def _optimizer(optimizer: Mapping) -> str:
    rate = optimizer.get("learning_rate", "")
    if isinstance(rate, Mapping):
        rate = rate.get("schedule", "")
    return f"{optimizer.get('name', '')} {rate}".strip()
