"""`ganzoo bench`: the speed of a model on this machine."""

from typing import Annotated, Any

import typer

from ganzoo.backend import select
from ganzoo.cli.support import options
from ganzoo.cli.support.printing import print_data, print_json
from ganzoo.cli.support.quiet import silence_frameworks

Model = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        autocompletion=options.complete_model,
        help="A model (name, name@2, hf://org/repo) or a recipe.toml.",
    ),
]
Steps = Annotated[
    int | None, typer.Option(metavar="N", help="Steps in a round; by default about a second.")
]
Rounds = Annotated[int, typer.Option(metavar="N", help="Rounds that are measured.")]
Batch = Annotated[
    int | None, typer.Option(metavar="N", help="Real images per discriminator update.")
]
Precision = Annotated[
    str | None, typer.Option(metavar="NAME", help="float32, mixed_float16, mixed_bfloat16.")
]


def bench(
    name: Model,
    settings: options.Settings = None,
    data: options.Data = None,
    batch: Batch = None,
    precision: Precision = None,
    steps: Steps = None,
    rounds: Rounds = 5,
    backend: options.Backend = None,
    as_json: options.Json = False,
) -> None:
    """Measure how fast a model trains here.

    Images per second, the first step, memory, and the share of what this machine can multiply.
    Nothing is downloaded or written. A data set that is not here is replaced by zeros of its shape.
    """
    from ganzoo.cli.support.recipe_arguments import resolve_recipe

    keys = {"dataset.data": data, "training.batch": batch, "training.precision": precision}
    resolved = resolve_recipe(name, settings=settings, options=keys)
    select.choose(backend)
    silence_frameworks()
    from ganzoo.jobs.bench import bench as job

    content = job(resolved.recipe, rounds=rounds, steps=steps, backend=backend)
    content = {"model": resolved.model, **content}
    if as_json:
        print_json(content)
    else:
        print_data(_table(content))


def _table(content: dict[str, Any]) -> str:
    """The measurement in lines of a name, a value and its spread."""
    from ganzoo.cli.support.printing import format_columns

    step, images = content["step_seconds"], content["images_per_second"]
    sums = content["arithmetic"]
    where = f"{content['backend']} on {content['device']}, {content['precision']}"
    length = f"{content['rounds']} rounds of {content['steps']} steps"
    rows = [
        ("where", where, f"batch {content['batch']}, {content['images_per_step']} images a step"),
        ("images per second", f"{images['median']:,.4g}", _range(images, 1)),
        ("milliseconds a step", f"{1000 * step['median']:,.4g}", _range(step, 1000)),
        ("of all processors", f"{1000 * content['cpu_seconds']:,.4g}", length),
        ("first step, seconds", f"{content['first_step_seconds']:.3g}", "compilation included"),
        ("peak memory", f"{content['peak_memory'] / 2**20:,.0f} MiB", "of the whole process"),
        ("products a step", f"{sums['flops_per_step'] / 1e9:,.4g} GFLOP", "forward and backward"),
        ("their rate", f"{sums['flops_per_second'] / 1e9:,.4g} GFLOP/s",
         f"{sums['share']:.0%} of {sums['limit'] / 1e9:,.4g}, a large product in "
         f"{sums['limit_dtype']}"),
    ]  # fmt: skip
    return format_columns(rows, indent="")


def _range(values: dict[str, float], times: float) -> str:
    return f"{times * values['min']:,.4g} to {times * values['max']:,.4g}"
