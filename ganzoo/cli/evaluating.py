"""`ganzoo evaluate`: numbers, each with how it was measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli import noise
from ganzoo.cli.options import (
    AllowPluginMismatch,
    Backend,
    Data,
    Json,
    at_most_one,
    whole_numbers,
)
from ganzoo.cli.output import columns, emit, emit_json, fields, readable, say
from ganzoo.errors import UsageError


def evaluate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A model, a run, a .safetensors file, or a folder or zip archive of pictures.",
        ),
    ],
    against: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The real data set.  [default: the model's own]"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="An option of --against; TOML. Repeats."),
    ] = None,
    data: Data = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="frechet,kernel,...  [default: all that apply]"),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Who looks at the images.  [default: the data set's own, else inception]",
        ),
    ] = None,
    n: Annotated[int, typer.Option("-n", metavar="N", min=2, help="Generated images.")] = 10_000,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Of the generated images.  [default: 0]")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="LIST", help="Several: means and their spread. 0,1,2.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="The generator itself instead of its average.")
    ] = False,
    truncation: Annotated[
        float | None,
        typer.Option(metavar="X", help="Cut latents off at X standard deviations."),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the results into the card of the run.")
    ] = False,
    backend: Backend = None,
    allow_plugin_mismatch: AllowPluginMismatch = False,
    as_json: Json = False,
) -> None:
    """Judge a model, or pictures, against real images.

    Each number comes with its protocol; numbers of different protocols do not compare.
    """
    at_most_one(seed=seed, seeds=seeds)
    if seed is not None and not 0 <= seed < 2**31:
        raise UsageError(f"--seed must be from 0 to {2**31 - 1}. Received: {seed}.")
    if truncation is not None and not 0 < truncation < 100:
        raise UsageError(f"--truncation must be above 0 and below 100. Received: {truncation}.")
    if settings and against is None:
        raise UsageError("--set changes the data set of --against. Received: --set alone.")
    part, place = None, None
    if against is not None:
        from ganzoo.cli.recipes import dataset_for

        part = dataset_for(against, settings=settings or [], data=data)
    elif data is not None:
        place = str(Path(data).expanduser().absolute())
    names = [name.strip() for name in metrics.split(",")] if metrics is not None else None
    if record:
        from ganzoo.catalog.runs import Run, split_best

        # only runs have a card that may change; told before anything is slow
        Run.open(split_best(source)[0])
    noise.quieten()
    from ganzoo.jobs.evaluation.evaluate import evaluate as job

    found = job(
        source,
        against=part,
        data=place,
        metrics=names,
        features=features,
        n=n,
        seeds=whole_numbers("--seeds", seeds) or [seed or 0],
        raw=raw,
        truncation=truncation,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
    )
    if record:
        from ganzoo.jobs.evaluation.evaluate import record as write

        say(f"recorded in {write(source, found)}")
    if as_json:
        emit_json({"source": source, "results": found})
    else:
        emit(table(found))


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """The results for people: a block for each extractor, with what its protocols share."""
    if not results:
        return "Nothing can be measured of this."
    names = dict.fromkeys(result["protocol"].get("features") for result in results)
    blocks = [[r for r in results if r["protocol"].get("features") == name] for name in names]
    return "\n\n".join(map(_block, blocks))


def _block(results: Sequence[Mapping[str, Any]]) -> str:
    """Lines of numbers, each with what is its own, above what all of them share."""
    protocols = [result["protocol"] for result in results]
    shared = {
        key: value
        for key, value in protocols[0].items()
        if all(key in protocol and protocol[key] == value for protocol in protocols)
    }
    lines = []
    for result, protocol in zip(results, protocols, strict=True):
        own = {key: value for key, value in protocol.items() if key not in shared}
        number = readable(float(result["value"]))
        texts = ", ".join(f"{key} {_short(value)}" for key, value in own.items())
        lines.append((result["metric"], number, _spread(result), result["better"], texts))
    head = {key: _short(value) for key, value in shared.items()}
    if "seeds" in results[0]:
        head["seeds"] = ", ".join(map(str, results[0]["seeds"]))
    titles = ("metric", "value", "", "better", "measured with")
    return f"{columns([titles, *lines], indent='')}\n\n{fields(head, indent='  ')}"


def _spread(result: Mapping[str, Any]) -> str:
    """The standard error, or the deviation over seeds."""
    if "spread" in result:
        return f"± {readable(float(result['spread']))} over seeds"
    return f"± {readable(float(result['error']))}" if "error" in result else ""


def _short(value: Any) -> str:
    """A value as text; of a digest, enough to tell it from others."""
    text = readable(value) if not isinstance(value, float) else f"{value:g}"
    return f"{text[:12]}..." if len(text) == 64 else text
