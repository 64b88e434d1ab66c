"""Trainings of the small models, and the table of their results in docs/trained.md.

    python docs/make_trained.py                   the page, from the figures in docs/trained.json
    python docs/make_trained.py --train NAME ...  train these models (JAX) and keep their figures
    python docs/make_trained.py --train all       all of them, one after another
    python docs/make_trained.py --shipped NAME ...   evaluate the weights that come with the zoo
    ... --runs NAME=RUN ...                       with existing runs of these recipes

Each model is trained by the command that a person would use. It is evaluated twice, by the same
protocol: after its first step, when its generator is as good as untrained, and at the end.
Data that does not come with the package is found through `--data NAME=PATH`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PAGE, FIGURES = HERE / "trained.md", HERE / "trained.json"
IMAGES = HERE / "images" / "trained"
BEGIN, END = "<!-- written by docs/make_trained.py -->", "<!-- end of the models -->"
SAMPLES = 2000
METRICS = ("frechet", "patch_wasserstein", "class_accuracy", "modes_covered", "high_quality")
NO_CLASSIFIER = ("flowers", "facades", "unpaired")  # data sets without a small classifier
SMALL = ("digits", "mixture", "small")  # ends of the names of models that a laptop trains
TUTORIAL = "gan-mnist-small"  # small networks, but not a small training


def small_models() -> list[str]:
    """Return the names of the zoo's models that are trained in minutes."""
    from ganzoo.catalog.registry.lookup import models

    zoo = (name for name, entry in models().items() if entry.source == "keras-ganzoo")
    return sorted(name for name in zoo if name.rsplit("-", 1)[-1] in SMALL and name != TUTORIAL)


def figures_of(
    name: str, data: str | None, folder: Path, run: Path | None, *, shipped: bool
) -> dict:
    """Train and evaluate one model and return its figures.

    Args:
        name: Name of the model.
        data: Folder or file with its data set, if it does not come with the package.
        folder: Folder of the trainings.
        run: An existing run of the same recipe.
        shipped: Evaluate the newest weights that come with the zoo instead of training.
    """
    from ganzoo.catalog.registry.lookup import models

    recipe = models()[name].card().recipe
    given = ["--data", data] if data else []
    common = ["train", name, "--backend", "jax", *given]
    command(*common, "--steps", "1", "--run", str(folder / "one"))
    if shipped:
        return row_of_shipped(name, evaluate(folder / "one"))
    if run is None:
        run = folder / "run"
        command(*common, "--run", str(run))
    check_same(recipe, run)
    metrics = ["--metrics", "patch_wasserstein"] if recipe.dataset.name in NO_CLASSIFIER else []
    before, after = (evaluate(path, *given, *metrics) for path in (folder / "one", run))
    manifest = json.loads((run / "manifest.json").read_text())
    save_thumbnail(max((run / "samples").glob("*.png")), IMAGES / f"{name}.png")
    row = {
        "architecture": recipe.architecture.name,
        "steps": manifest["step"],
        "seconds": round(manifest["seconds"]),
        "before": before,
        "after": after,
    }
    logged = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    if "l1" in logged[0]:  # of a translation, to the image that it should become
        row["l1"] = [float(f"{logged[line]['l1']:.3g}") for line in (0, -1)]
    return row


def row_of_shipped(name: str, before: dict) -> dict:
    """Return the figures of weights that come with the zoo, from their card."""
    from ganzoo.catalog.registry.lookup import find_version

    version = find_version(name)
    card = version.card()
    save_thumbnail(version.path / "samples.png", IMAGES / f"{name}.png")
    return {
        "architecture": card.recipe.architecture.name,
        "steps": card.provenance.steps,
        "seconds": round(3600 * card.provenance.hours),
        "before": before,
        "after": evaluate(name),
    }


def check_same(recipe, run: Path) -> None:
    """Refuse a run of another recipe, whatever the path of its data."""
    from ganzoo.catalog.recipe.recipe import Recipe

    tables = [recipe.tables(), Recipe.read(run / "recipe.toml").tables()]
    for table in tables:
        table["dataset"].pop("data", None)
    if tables[0] != tables[1]:
        raise SystemExit(f"{run} was trained with another recipe than the card's.")


def command(*argv: str) -> str:
    """Run `ganzoo argv` and return its standard output."""
    call = [sys.executable, "-m", "ganzoo.cli", *argv]
    done = subprocess.run(call, text=True, capture_output=True, env=os.environ)
    if done.returncode:
        raise SystemExit(f"ganzoo {' '.join(argv)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def evaluate(run: Path | str, *options: str) -> dict[str, float]:
    """Evaluate a run and return its metrics by name."""
    common = ["-n", str(SAMPLES), "--backend", "jax", "--json"]
    output = command("evaluate", str(run), *common, *options)
    results = json.loads(output)["results"]
    return {r["metric"]: float(f"{r['value']:.4g}") for r in results if r["metric"] in METRICS}


def save_thumbnail(path: Path, out: Path) -> None:
    """Save an image of a run, small enough for a page."""
    from PIL import Image

    out.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        image.thumbnail((256, 256), Image.Resampling.BOX)
        image.save(out, optimize=True)


def table(figures: dict[str, dict]) -> str:
    """Return a Markdown table with a line and an image for each model."""
    lines = [
        "| model | | steps | seconds | Fréchet distance, untrained | trained | more |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for name, row in sorted(figures.items()):
        before, after = row["before"], row["after"]
        more = [f"{m.replace('_', ' ')} {after[m]:.3g}" for m in METRICS[1:] if m in after]
        if "frechet" not in after:  # without a small classifier
            more[0] += f", untrained {before['patch_wasserstein']:.3g}"
        if "l1" in row:
            more.append(f"L1 loss from {row['l1'][0]:.3g} to {row['l1'][1]:.3g}")
        more += [row["note"]] if "note" in row else []
        distance = [f"{d['frechet']:.4g}" if "frechet" in d else "" for d in (before, after)]
        lines.append(
            f"| `{name}` | ![{name}](images/trained/{name}.png) | {row['steps']:,} "
            f"| {row['seconds']} | {distance[0]} | {distance[1]} | {', '.join(more)} |"
        )
    return "\n".join(lines)


def filled(page: str) -> str:
    """Return the page with the current table."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    return f"{before}{BEGIN}\n\n{table(figures)}\n\n{END}{after}"


def main() -> None:
    """Train the given models, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--shipped", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--data", nargs="+", default=[], metavar="NAME=PATH")
    parser.add_argument("--runs", nargs="+", default=[], metavar="NAME=RUN")
    chosen = parser.parse_args()
    data, runs = (
        dict(pair.split("=", 1) for pair in given) for given in (chosen.data, chosen.runs)
    )
    names = small_models() if chosen.train == ["all"] else chosen.train
    for name in [*names, *chosen.shipped]:
        with tempfile.TemporaryDirectory() as folder:
            run = Path(runs[name]) if name in runs else None
            options = {"shipped": name in chosen.shipped}
            row = figures_of(name, data.get(name), Path(folder), run, **options)
        figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
        text = json.dumps(figures | {name: row}, indent=1, sort_keys=True)
        FIGURES.write_text(f"{text}\n", encoding="utf-8")
        print(name, row, flush=True)
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
