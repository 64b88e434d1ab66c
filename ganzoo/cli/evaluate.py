"""`ganzoo evaluate`: metrics, each with its protocol."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from ganzoo.cli.support import options
from ganzoo.cli.support.printing import (
    format_columns,
    humanize,
    print_data,
    print_json,
    print_note,
    wrap,
)
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.errors import UsageError

_DETAILS_WIDTH = 33  # of the last column, so that a line has at most 80

EvaluatedSource = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        autocompletion=options.complete_model,
        help="A model, a run, a .safetensors file, or a folder or zip archive of images.",
    ),
]
Against = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The real data set.  [default: the model's own]"),
]
DatasetOptions = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="An option of --against; TOML. Repeats."),
]
Metrics = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="frechet,kernel,...  [default: all that apply]"),
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The feature extractor.  [default: the data set's own, else photo]",
    ),
]
Count = Annotated[int, typer.Option("-n", metavar="N", min=10, help="Generated images.")]
Seed = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0, max=options.MAX_SEED, help="Seed of the generated images.  [default: 0]"
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="Several seeds, 0,1,2: means and standard deviations."),
]
Truncation = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0.01,
        max=99,
        callback=options.require_number,
        help="Truncate latents at X standard deviations.",
    ),
]
Record = Annotated[
    bool, typer.Option("--record", help="Write the results into the card of the run.")
]


def evaluate(
    source: EvaluatedSource,
    against: Against = None,
    settings: DatasetOptions = None,
    data: options.Data = None,
    metrics: Metrics = None,
    features: Features = None,
    n: Count = 10_000,
    seed: Seed = None,
    seeds: Seeds = None,
    raw: options.Raw = False,
    truncation: Truncation = None,
    record: Record = False,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Compare a model's samples, or given images, with real images.

    Each number comes with its protocol; numbers of different protocols do not compare.
    """
    options.require_mutually_exclusive(seed=seed, seeds=seeds)
    if settings and against is None:
        raise UsageError("--set changes the data set of --against. Received: --set alone.")
    real = _real_data(against, settings, data)
    names = [name.strip() for name in metrics.split(",")] if metrics is not None else None
    each = options.parse_integers("--seeds", seeds) or [seed or 0]
    if record:
        _require_run(source)
    silence_frameworks()
    from ganzoo.cli.support.reporters import report_events
    from ganzoo.jobs.evaluation.evaluate import evaluate as job

    with report_events() as events:
        results = job(
            source,
            **real,
            metrics=names,
            features=features,
            n=n,
            seeds=each,
            raw=raw,
            truncation=truncation,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
            events=events,
        )
    if record:
        from ganzoo.jobs.evaluation.evaluate import record_results

        print_note(f"recorded in {record_results(source, results)}")
    if as_json:
        print_json({"source": source, "results": results})
    else:
        print_data(format_results(results))


def _real_data(against: str | None, settings: list[str] | None, data: Any) -> dict[str, Any]:
    """Return the arguments of the job that say which real data set to compare with."""
    from ganzoo.cli.support.recipe_arguments import absolute_path, resolve_dataset

    if against is None:
        return {"against": None, "data": absolute_path(data)}
    return {"against": resolve_dataset(against, settings=settings, data=data), "data": None}


def _require_run(source: str) -> None:
    """Refuse to record results of anything but a run, before anything slow begins."""
    from ganzoo.catalog.runs import Run, split_best

    Run.open(split_best(source)[0])


def format_results(results: Sequence[Mapping[str, Any]]) -> str:
    """Format results in one block for each extractor, with what its protocols share."""
    if not results:
        return "No metric applies to this source."
    names = dict.fromkeys(result["protocol"].get("features") for result in results)
    blocks = [[r for r in results if r["protocol"].get("features") == name] for name in names]
    return "\n\n".join(map(_format_results_block, blocks))


def _format_results_block(results: Sequence[Mapping[str, Any]]) -> str:
    """Format lines of numbers, each with its own part of the protocol, over the shared part."""
    protocols = [result["protocol"] for result in results]
    shared = {
        key: value
        for key, value in protocols[0].items()
        if all(key in protocol and protocol[key] == value for protocol in protocols)
    }
    rows = [("metric", "value", "±", "better", "measured with")]
    for result, protocol in zip(results, protocols, strict=True):
        own = {key: value for key, value in protocol.items() if key not in shared}
        details = ", ".join(f"{key} {_shorten_digest(value)}" for key, value in own.items())
        value = humanize(float(result["value"]))
        first, *more = textwrap.wrap(details, _DETAILS_WIDTH) or [""]
        rows.append(
            (result["metric"], value, _format_error(result), result.get("better", ""), first)
        )
        rows += [("", "", "", "", line) for line in more]
    fields = [f"{key} {_shorten_digest(value)}" for key, value in shared.items()]
    if "seeds" in results[0]:
        seeds = ", ".join(map(str, results[0]["seeds"]))
        fields.append(f"seeds {seeds} (± is the standard deviation over them)")
    return f"{format_columns(rows, indent='')}\n\n{wrap('; '.join(fields), indent='  ')}"


def _format_error(result: Mapping[str, Any]) -> str:
    """Format the standard deviation over seeds, or the standard error."""
    if "spread" in result:
        return humanize(float(result["spread"]))
    return humanize(float(result["error"])) if "error" in result else ""


def _shorten_digest(value: Any) -> str:
    """Format a value; digests are shortened."""
    text = humanize(value) if not isinstance(value, float) else f"{value:g}"
    return f"{text[:12]}..." if len(text) == 64 else text
