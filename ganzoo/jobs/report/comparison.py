"""Page that compares runs: their samples next to each other, their curves in one chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any

import numpy as np

import ganzoo
from ganzoo.catalog.runs import Run
from ganzoo.errors import UsageError
from ganzoo.files.text import format_duration
from ganzoo.jobs.report.charts import chart_legend, line_chart
from ganzoo.jobs.report.formatting import escape_html, flatten, format_count, format_number
from ganzoo.jobs.report.page import asset_hash, page_asset, run_samples, sample_shape, subtable
from ganzoo.jobs.report.sample_viewer import sample_viewer
from ganzoo.jobs.report.training_log import ACCURACIES, HEADINGS, PROGRESS, TrainingLog
from ganzoo.modalities import IMAGES, MODALITIES
from ganzoo.rendering import evenly_spaced, renderer_for

MAX_IMAGES = 10  # of each run
MAX_CHARTS = 16
_COLORS = ("real", "fake", "c2", "c3", "c4", "c5")  # classes of the style sheet
_STROKES = ("", " dashed", " dotted")
MAX_RUNS = len(_COLORS) * len(_STROKES)

LOSS_NOTE = "Losses of different objectives do not compare."
PROTOCOL_NOTE = "These runs were measured by different protocols: their values do not compare."
SCORES = ("frechet", "precision", "recall")
PERCENT = (*ACCURACIES, "precision", "recall")


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """One of the runs that are compared."""

    run: Run
    label: str
    look: str  # classes of the style sheet
    manifest: Mapping[str, Any]
    log: TrainingLog


def comparison_page(
    runs: Sequence[Run], labels: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> str:
    """Return one self-contained HTML page about several runs.

    Args:
        runs: The runs.
        labels: A name for each.
        rows: Rows of a table with one value per run; see `ganzoo.jobs.monitoring.compare`.

    Raises:
        UsageError: There are more runs than lines that can be told apart.
        InvalidInput: A run is broken.
    """
    if len(runs) > MAX_RUNS:
        raise UsageError(f"A page compares at most {MAX_RUNS} runs. Received: {len(runs)}.")
    looks = [color + stroke for stroke in _STROKES for color in _COLORS]
    compared = [
        _read_compared(run, label, look)
        for run, label, look in zip(runs, labels, looks[: len(runs)], strict=True)
    ]
    style, script = page_asset("page.css"), page_asset("page.js")
    return Template(page_asset("comparison.html")).substitute(
        title=escape_html(f"{len(runs)} runs compared"),
        style=style,
        script=script,
        style_hash=asset_hash(style),
        script_hash=asset_hash(script),
        samples="".join(map(_sample_card, compared)),
        charts=_charts(compared),
        table=_table(labels, rows),
        ganzoo=ganzoo.__version__,
    )


def _read_compared(run: Run, label: str, look: str) -> _Compared:
    manifest = run.manifest()
    shape = sample_shape(subtable(manifest, "data")) or ()
    unit = MODALITIES.get(len(shape), IMAGES).plural
    log = TrainingLog.from_lines(run.log(), run.recipe().tables(), unit)
    return _Compared(run=run, label=label, look=look, manifest=manifest, log=log)


def _sample_card(one: _Compared) -> str:
    data = subtable(one.manifest, "data")
    shape = sample_shape(data) or ()
    viewer = sample_viewer(
        evenly_spaced(run_samples(one.run), MAX_IMAGES),
        None,
        images_at=one.log.images_at,
        unit=one.log.unit,
        legend=renderer_for(shape if len(shape) in MODALITIES else IMAGES.axes).legend,
        media=one.run.undamaged(sorted(one.run.path.glob("samples.*"))),
        columns=sample_shape(data, "source_shape") is not None,
    )
    return (
        f'<section class="card"><h3><i class="swatch {one.look}"></i>{escape_html(one.label)}'
        f"</h3>{viewer or '<p class=hint>It has no samples yet.</p>'}</section>"
    )


def _charts(compared: Sequence[_Compared]) -> str:
    names = list(dict.fromkeys(name for one in compared for name in one.log.names()))
    names = [name for name in names if name not in PROGRESS] + ["images_per_second"]
    cards = filter(None, (_chart_card(name, compared) for name in names))
    return "".join(list(cards)[:MAX_CHARTS]) or '<p class="empty">Nothing has been logged yet.</p>'


def _chart_card(name: str, compared: Sequence[_Compared]) -> str:
    """Return the chart of one logged value, a line for each run; empty if it was never logged."""
    title = HEADINGS.get(name, name.replace("_", " "))
    title = title[:1].upper() + title[1:]
    curves = [one.log.curve(name, one.label, one.look) for one in compared]
    curves = [curve for curve in curves if curve and np.isfinite(curve.values).any()]
    if not curves:
        return ""
    percent = name in PERCENT
    chart = line_chart(curves, title=title, percent=percent, zero=name == "images_per_second")
    return (
        f'<figure class="card"><figcaption><h3>{escape_html(title)}</h3>'
        f"{chart_legend(curves, percent=percent)}</figcaption>{chart}"
        f'<p class="hint">{_note(name, compared)}</p></figure>'
    )


def _note(name: str, compared: Sequence[_Compared]) -> str:
    if name in ("d_loss", "g_loss"):
        return LOSS_NOTE
    protocols = [one.manifest.get("evaluation") for one in compared if name in one.log.names()]
    if name in SCORES and any(protocol != protocols[0] for protocol in protocols):
        return PROTOCOL_NOTE
    return ""


def _table(labels: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    head = "".join(f"<th scope=col>{escape_html(label)}" for label in labels)
    body, group = [], None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            body.append(f"<tr><th scope=rowgroup colspan={len(labels) + 1}>{escape_html(group)}")
        cells = "".join(f"<td>{_cell(row['key'], value)}" for value in row["values"])
        body.append(f"<tr><td>{escape_html(row['key'].replace('_', ' '))}{cells}")
    return f"<table class=differences><thead><tr><th>{head}<tbody>{''.join(body)}</table>"


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key == "seconds" and isinstance(value, int | float):
        return format_duration(value)
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, list):
        return ", ".join(_cell(key, one) for one in value) or "none"
    if isinstance(value, Mapping):
        return escape_html(" ".join(f"{name} {leaf}" for name, leaf in flatten(value)))
    return format_count(value) if isinstance(value, int) else escape_html(value)
