"""Page of the report: samples, training curves, recipe and metadata; any part may be missing."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w

from ganzoo.catalog.recipe.length import TrainingLength, training_length
from ganzoo.files.text import format_duration
from ganzoo.jobs.report.formatting import (
    escape_html,
    format_count,
    format_number,
    format_time,
    highlight_toml,
)
from ganzoo.jobs.report.metadata import definition_list, run_metadata
from ganzoo.jobs.report.sample_viewer import sample_viewer
from ganzoo.jobs.report.training_log import TrainingLog, log_charts, log_table
from ganzoo.jobs.report.warning_list import warning_list
from ganzoo.modalities import IMAGES, MODALITIES, Modality
from ganzoo.rendering import renderer_for

if TYPE_CHECKING:
    from ganzoo.catalog.runs import Run

STATES = {
    "running": "This run is still training, and this page refreshes itself while it is.",
    "interrupted": "Stopped before its end. <code>ganzoo resume</code> continues it.",
    "diverged": "Stopped because a loss, a gradient or a weight was no longer finite.",
    "failed": "Stopped by an error. <code>ganzoo resume</code> continues it from the newest "
    "checkpoint.",
}
BACKENDS = {"jax": "JAX", "torch": "PyTorch", "tensorflow": "TensorFlow"}


def report_of_run(run: "Run", *, manifest: Mapping | None = None, served: bool = False) -> str:
    """Return the report of a run folder as HTML.

    Its images are `samples/*.png`, named by step; the newest sound or video is `samples.wav` or
    `samples.gif` in the run folder.

    Args:
        run: The run.
        manifest: A manifest to use instead of the run's own.
        served: Whether the page is made again as long as it is open; it then refreshes itself
            whatever the state is, since a run can be resumed.
    """
    if manifest is None:
        manifest = run.manifest()
        manifest = {**manifest, "state": run.state(manifest)}
    recipe, count = run.recipe(), subtable(manifest, "data").get("count")
    return render_report(
        recipe=recipe.tables(),
        manifest=manifest,
        length=training_length(recipe, count) if isinstance(count, int) else None,
        log=run.log(),
        warnings=run.warnings(),
        samples=run_samples(run),
        gif=next(iter(run.undamaged(run.path.glob(run.gif_path.name))), None),
        media=run.undamaged(sorted(run.path.glob("samples.*"))),
        served=served,
    )


def run_samples(run: "Run") -> list[tuple[int, Path]]:
    """Return the sample images of a run with their steps, first to last."""
    numbered = ((re.findall(r"\d+", path.stem), path) for path in run.sample_images())
    return sorted((int(digits[-1]), path) for digits, path in numbered if digits)


def render_report(
    *,
    recipe: Mapping,
    manifest: Mapping,
    log: Sequence[Mapping],
    warnings: Sequence[Mapping] = (),
    length: TrainingLength | None = None,
    samples: Sequence[tuple[int, Path]] = (),
    gif: Path | None = None,
    media: Sequence[Path] = (),
    served: bool = False,
) -> str:
    """Return one self-contained HTML page about a run; the same page for the same run.

    Every argument may be empty: a run that has logged nothing yet has a report. Every string is
    escaped, and the page's own policy lets nothing be fetched and no other script run.

    Args:
        recipe: Tables of the recipe.
        manifest: Manifest of the run.
        log: Lines of the log; a later line of the same step replaces an earlier one.
        warnings: Warnings of the log.
        length: The length of the training, if it is known.
        samples: Pairs of step and PNG file; other files are left out.
        gif: An animation to offer for download, unless it is missing.
        media: Sound or video files of the newest samples.
        served: Whether the page refreshes itself in every state, not of a running run alone.
    """
    style, script = page_asset("page.css"), page_asset("page.js")
    data = subtable(manifest, "data")
    shape = sample_shape(data) or ()
    modality = MODALITIES.get(len(shape), IMAGES)
    training_log = TrainingLog.from_lines(log, recipe, modality.plural)
    return Template(page_asset("page.html")).substitute(
        title=escape_html(_page_title(recipe, manifest)),
        style=style,
        script=script,
        style_hash=asset_hash(style),
        script_hash=asset_hash(script),
        head=_page_head(recipe, manifest, data, modality, served),
        samples=sample_viewer(
            samples,
            gif,
            images_at=training_log.images_at,
            unit=training_log.unit,
            legend=renderer_for(shape if len(shape) in MODALITIES else IMAGES.axes).legend,
            media=media,
            embed_gif=manifest.get("state") != "running",
            columns=sample_shape(data, "source_shape") is not None,
        ),
        facts=_progress_summary(data, training_log, length, manifest.get("state") == "running")
        + _network_sizes(subtable(manifest, "parameters"))
        + _objective_summary(recipe),
        warnings=warning_list(warnings),
        charts=log_charts(training_log, recipe, subtable(manifest, "evaluation")),
        numbers=log_table(training_log),
        recipe=highlight_toml(tomli_w.dumps(recipe)) if recipe else "",
        metadata=run_metadata(manifest, data),
        ganzoo=escape_html(manifest.get("ganzoo") or ""),
    )


def page_asset(name: str) -> str:
    """Return a file of the page's own, such as its style sheet."""
    return (resources.files("ganzoo.jobs.report") / name).read_text(encoding="utf-8").strip()


def asset_hash(asset: str) -> str:
    """Return the hash by which the page's own policy allows a style sheet or a script."""
    return base64.b64encode(hashlib.sha256(asset.encode()).digest()).decode()


def subtable(tables: Mapping, name: str) -> Mapping[str, Any]:
    """Return the table of a name; an empty one if it is missing or something else."""
    value = tables.get(name)
    return value if isinstance(value, Mapping) else {}


def _page_title(recipe: Mapping, manifest: Mapping) -> str:
    if manifest.get("model"):
        return str(manifest["model"])
    parts = (subtable(recipe, kind).get("name") for kind in ("architecture", "dataset"))
    return " on ".join(str(part) for part in parts if part) or "A run"


def sample_shape(data: Mapping, key: str = "image_shape") -> Sequence | None:
    """Return the shape of a sample from the manifest's table `data`, if it is there."""
    shape = data.get(key)
    return shape if isinstance(shape, list | tuple) and shape else None


def _page_head(
    recipe: Mapping, manifest: Mapping, data: Mapping, modality: Modality, served: bool
) -> str:
    architecture = subtable(recipe, "architecture").get("name")
    dataset = data.get("name") or subtable(recipe, "dataset").get("name")
    parts = []
    if architecture and dataset:
        parts.append(f"<b>{escape_html(architecture)}</b> on <b>{escape_html(dataset)}</b>")
    if data.get("count"):
        parts.append(f"{format_count(data['count'])} {modality.plural}{_shape_text(data)}")
    if backend := manifest.get("backend"):
        parts.append(f"trained with {escape_html(BACKENDS.get(str(backend), backend))}")
    if manifest.get("created"):
        parts.append(f"started {format_time(manifest['created'])}")
    state = str(manifest.get("state") or "")
    badge = f'<span class="state {state if state in STATES else ""}">{escape_html(state)}</span>'
    notes = [STATES[state]] if state in STATES else []
    if served or state == "running":
        notes.append('<span class="refresh"></span>')
    note = f'<p class="note">{" ".join(notes)}</p>' if notes else ""
    return (
        f"<h1>{escape_html(_page_title(recipe, manifest))} {badge if state else ''}</h1>"
        f'<p class="lead">{" · ".join(parts)}</p>{note}'
    )


def _shape_text(data: Mapping) -> str:
    shape = sample_shape(data)
    if shape is None:
        return ""
    if len(shape) == 1:
        return f" of {escape_html(shape[0])} coordinates"
    return f" of {' × '.join(map(escape_html, shape))}"


def _progress_summary(
    data: Mapping, log: TrainingLog, length: TrainingLength | None, running: bool
) -> str:
    """Return length, steps, time, speed and the time left of the training."""
    if not log.steps.size:
        return ""
    facts = []
    step, images = int(log.steps[-1]), log.images_at(int(log.steps[-1]))
    if images is not None:
        total = data.get("count")
        epochs = images / total if isinstance(total, int) and total > 0 else None
        detail = f"{format_number(epochs, digits=3)} epochs" if epochs else ""
        facts.append((f"{log.unit.capitalize()} shown", format_count(images), detail))
    detail = f"of {format_count(length.steps)}" if length and length.steps != step else ""
    facts.append(("Steps", format_count(step), detail))
    speeds = log.column("images_per_second")
    speeds = speeds[np.isfinite(speeds)]
    median = f"{format_number(np.median(speeds), digits=3)} per second" if speeds.size else ""
    recent = float(np.median(speeds[-9:])) if speeds.size else 0.0
    if running and length and recent > 0:
        median += f"<br>{format_duration(length.seconds_left(step, recent))} left"
    seconds = log.column("seconds")
    if np.isfinite(seconds).any():
        facts.append(("Time", format_duration(float(np.nanmax(seconds))), median))
    elif median:
        facts.append(("Speed", median, ""))
    items = "".join(
        f"<div><dt>{term}</dt><dd>{value}<small>{detail}</small></dd></div>"
        for term, value, detail in facts
    )
    return f'<dl class="facts">{items}</dl>'


def _network_sizes(parameters: Mapping) -> str:
    """Return the parameter counts of both networks, with bars."""
    sizes = [
        (network, color, parameters[network])
        for network, color in (("generator", "fake"), ("discriminator", "real"))
        if isinstance(parameters.get(network), int)
    ]
    if not sizes:
        return ""
    largest = max(max(size for _, _, size in sizes), 1)
    rows = "".join(
        f"<li><span>{network}</span><b>{format_count(size)}</b>"
        f'<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="4"/>'
        f'<rect class="{color}" width="{100 * size / largest:.1f}" height="4"/></svg></li>'
        for network, color, size in sizes
    )
    return f'<h3>Parameters</h3><ul class="networks">{rows}</ul>'


def _objective_summary(recipe: Mapping) -> str:
    """Return a summary of loss, regularizers, optimizers and batch size."""
    gan, training = subtable(recipe, "gan"), subtable(recipe, "training")
    given = gan.get("regularizers")
    given = [r for r in given if isinstance(r, Mapping)] if isinstance(given, list) else []
    weights = [f" × {_describe_number(r['weight'])}" if "weight" in r else "" for r in given]
    names = [str(r.get("name")) + weight for r, weight in zip(given, weights, strict=True)]
    summary = {
        "loss": str(gan.get("loss", "")),
        "regularizers": ", ".join(names) or ("none" if gan else ""),
        "generator": _optimizer_summary(subtable(recipe, "generator_optimizer")),
        "discriminator": _optimizer_summary(subtable(recipe, "discriminator_optimizer")),
        "batch": str(training.get("batch", "")),
    }
    if gan.get("n_critic", 1) != 1:
        summary["per step"] = f"{_describe_number(gan['n_critic'])} discriminator updates"
    pairs = [(key, escape_html(value.replace("_", " "))) for key, value in summary.items() if value]
    return f"<h3>Training objective</h3>{definition_list(pairs)}" if pairs else ""


def _optimizer_summary(optimizer: Mapping) -> str:
    rate = _describe_number(optimizer.get("learning_rate", ""))
    return f"{optimizer.get('name', '')} {rate}".strip()


def _describe_number(number: Any) -> Any:
    """A number, or the name of the schedule in its place."""
    return number.get("schedule", "") if isinstance(number, Mapping) else number
