"""Trains the small models and writes docs/trained.md.

    python docs/make_trained.py                   the page, from the figures in docs/trained.json
    python docs/make_trained.py --train NAME ...  train these models (JAX) and keep their figures
    python docs/make_trained.py --train all       all of them, one after another
    python docs/make_trained.py --shipped NAME ...   judge the weights that come with the zoo
    ... --runs NAME=RUN ...                       with runs of these recipes that are there

Each model is trained by the command that a person would use. It is judged twice, by the same
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
PICTURES = HERE / "images" / "trained"
BEGIN, END = "<!-- written by docs/make_trained.py -->", "<!-- end of the models -->"
SAMPLES = 2000
METRICS = ("frechet", "patch_wasserstein", "class_accuracy", "modes_covered", "high_quality")
FEATURELESS = ("flowers", "facades", "unpaired")  # no small classifier sees these
SMALL = ("digits", "mixture", "small")  # how the names end of models that a laptop trains
TUTORIAL = "gan-mnist-small"  # small networks, but not a small training


def small_models() -> list[str]:
    """The zoo's models that are trained in minutes."""
    from ganzoo.catalog.registry.lookup import models

    zoo = (name for name, entry in models().items() if entry.source == "keras-ganzoo")
    return sorted(name for name in zoo if name.rsplit("-", 1)[-1] in SMALL and name != TUTORIAL)


def figures_of(
    name: str, data: str | None, folder: Path, run: Path | None, *, shipped: bool
) -> dict:
    """The figures of one model.

    Args:
        name: The model.
        data: A folder or file with its data set, if it does not come with the package.
        folder: Where to train.
        run: A run of this very recipe, where there is one already.
        shipped: Whether the newest weights that come with the zoo are judged instead.
    """
    from ganzoo.catalog.registry.lookup import models

    recipe = models()[name].card().recipe
    given = ["--data", data] if data else []
    common = ["train", name, "--backend", "jax", *given]
    command(*common, "--steps", "1", "--run", str(folder / "one"))
    if shipped:
        return row_of_shipped(name, judged(folder / "one"))
    if run is None:
        run = folder / "run"
        command(*common, "--run", str(run))
    check_same(recipe, run)
    apply = ["--metrics", "patch_wasserstein"] if recipe.dataset.name in FEATURELESS else []
    before, after = (judged(place, *given, *apply) for place in (folder / "one", run))
    manifest = json.loads((run / "manifest.json").read_text())
    keep_picture(max((run / "samples").glob("*.png")), PICTURES / f"{name}.png")
    row = {
        "architecture": recipe.architecture.name,
        "steps": manifest["step"],
        "seconds": round(manifest["seconds"]),
        "before": before,
        "after": after,
    }
    logged = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    if "l1" in logged[0]:  # of a translation, beside the picture that it should become
        row["l1"] = [float(f"{logged[at]['l1']:.3g}") for at in (0, -1)]
    return row


def row_of_shipped(name: str, before: dict) -> dict:
    """The same for weights that come with the zoo, which say how they were trained."""
    from ganzoo.catalog.registry.lookup import find_version

    version = find_version(name)
    card = version.card()
    keep_picture(version.path / "samples.png", PICTURES / f"{name}.png")
    return {
        "architecture": card.recipe.architecture.name,
        "steps": card.provenance.steps,
        "seconds": round(3600 * card.provenance.hours),
        "before": before,
        "after": judged(name),
    }


def check_same(recipe, run: Path) -> None:
    """Refuse a run of another recipe; where the data lies is no matter."""
    from ganzoo.catalog.recipe.recipe import Recipe

    tables = [recipe.tables(), Recipe.read(run / "recipe.toml").tables()]
    for table in tables:
        table["dataset"].pop("data", None)
    if tables[0] != tables[1]:
        raise SystemExit(f"{run} was trained by another recipe than the card's.")


def command(*argv: str) -> str:
    """The standard output of `ganzoo argv`."""
    call = [sys.executable, "-m", "ganzoo.cli", *argv]
    done = subprocess.run(call, text=True, capture_output=True, env=os.environ)
    if done.returncode:
        raise SystemExit(f"ganzoo {' '.join(argv)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def judged(run: Path | str, *options: str) -> dict[str, float]:
    """What the metrics say of a run's averaged generator, those that apply."""
    common = ["-n", str(SAMPLES), "--backend", "jax", "--json"]
    said = command("evaluate", str(run), *common, *options)
    results = json.loads(said)["results"]
    return {r["metric"]: float(f"{r['value']:.4g}") for r in results if r["metric"] in METRICS}


def keep_picture(path: Path, out: Path) -> None:
    """A picture of a run, small enough for a page."""
    from PIL import Image

    out.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        image.thumbnail((256, 256), Image.Resampling.BOX)
        image.save(out, optimize=True)


def table(figures: dict[str, dict]) -> str:
    """A line for each model, with its picture."""
    lines = [
        "| model | | steps | seconds | Fréchet distance, untrained | trained | more |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for name, row in sorted(figures.items()):
        before, after = row["before"], row["after"]
        more = [f"{m.replace('_', ' ')} {after[m]:.3g}" for m in METRICS[1:] if m in after]
        if "frechet" not in after:  # no small classifier sees these
            more[0] += f", untrained {before['patch_wasserstein']:.3g}"
        if "l1" in row:
            more.append(f"L1 loss from {row['l1'][0]:.3g} to {row['l1'][1]:.3g}")
        distance = [f"{d['frechet']:.4g}" if "frechet" in d else "" for d in (before, after)]
        lines.append(
            f"| `{name}` | ![{name}](images/trained/{name}.png) | {row['steps']:,} "
            f"| {row['seconds']} | {distance[0]} | {distance[1]} | {', '.join(more)} |"
        )
    return "\n".join(lines)


def filled(page: str) -> str:
    """The page with the table as the figures have it."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    return f"{before}{BEGIN}\n\n{table(figures)}\n\n{END}{after}"


def main() -> None:
    """Train what is asked for, then write the page."""
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
