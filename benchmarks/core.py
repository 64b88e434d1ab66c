"""Speed of ganzoo's training, compared with the same networks under plain `keras.Model.fit`.

For each backend, in its own process, both train the same networks on the same random images,
alternating; docs/speed.md says what each of them does. A ratio is one of medians over rounds.
The first round (tracing and compilation) is reported separately.

With `--against`, two checkouts of ganzoo are compared instead, in alternating processes.

Usage: python benchmarks/core.py [--backends jax torch tensorflow] [--models NAME ...]
       [--steps N] [--batch N] [--rounds N] [--against CHECKOUT [--processes N]] [--json]
"""

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve()
BACKENDS = ("jax", "torch", "tensorflow")
# Steps in one round: multiples of the largest number of steps that are fused.
STEPS = {"dcgan-fashion-mnist": 32, "gan-mnist": 256}
SEED = 0


def main() -> None:
    """Measure on each backend, then print a table."""
    options = _arguments()
    if options.child:
        print(json.dumps(measure_models(options)))
        return
    if options.against:
        results = compare_checkouts(options)
        text = report_of_checkouts(results)
    else:
        results = [row for b in options.backends for row in run_child(HERE.parents[1], b, options)]
        text = report(results)
    if options.json:
        text = json.dumps({"machine": machine(), "results": results}, indent=2)
    print(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--models", nargs="+", default=list(STEPS))
    parser.add_argument("--steps", type=int, help=f"steps in one round (default: {STEPS})")
    parser.add_argument("--batch", type=int, help="images in a batch (default: the recipe's)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each (default: 7)")
    parser.add_argument("--against", type=Path, help="another checkout, with benchmarks/core.py")
    parser.add_argument("--processes", type=int, default=3, help="of each checkout (default: 3)")
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    parser.add_argument("--child", choices=BACKENDS, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_child(checkout: Path, backend: str, options: argparse.Namespace) -> list[dict]:
    """Measure the models with the code and the benchmark of a checkout, in its own process."""
    command = [sys.executable, str(checkout / "benchmarks" / "core.py"), "--child", backend]
    command += ["--models", *options.models, "--rounds", str(options.rounds)]
    for name in ("steps", "batch"):
        value = getattr(options, name)
        command += [f"--{name}", str(value)] if value else []
    path = [checkout, checkout / "plugins", os.environ.get("PYTHONPATH", "")]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "KERAS_BACKEND": backend}
    environment["PYTHONPATH"] = os.pathsep.join(str(entry) for entry in path if str(entry))
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"The benchmark of {checkout} failed on {backend}: exit code {done.returncode}.")
    return json.loads(done.stdout.splitlines()[-1])


def compare_checkouts(options: argparse.Namespace) -> list[dict]:
    """Steps per second of this checkout and of `options.against`, in alternating processes.

    Plain Keras is measured in both as a control: its ratio tells how far the machine is steady.
    """
    checkouts = {"this": HERE.parents[1], "other": options.against.resolve()}
    results = []
    for backend in options.backends:
        rates: dict[str, dict[str, dict[str, list[float]]]] = {}
        for number in range(options.processes):
            for side in checkouts if number % 2 else reversed(checkouts):
                for row in run_child(checkouts[side], backend, options):
                    for contender, rate in row["steps_per_second"].items():
                        by_side = rates.setdefault(row["model"], {}).setdefault(contender, {})
                        by_side.setdefault(side, []).append(rate)
        results += [{"model": model, "backend": backend, **row} for model, row in rates.items()]
    return results


def report_of_checkouts(results: list[dict]) -> str:
    """Format the comparison of two checkouts as a Markdown table."""
    lines = [
        "| model | backend | this, steps/s | other, steps/s | ratio (min to max) | plain, ratio |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in results:
        this, other = row["ganzoo"]["this"], row["ganzoo"]["other"]
        pairs = [a / b for a, b in zip(this, other, strict=True)]
        ratio, plain = (
            statistics.median(row[c]["this"]) / statistics.median(row[c]["other"])
            for c in ("ganzoo", "plain")
        )
        lines.append(
            f"| {row['model']} | {row['backend']} | {statistics.median(this):.1f} "
            f"| {statistics.median(other):.1f} | **{ratio:.2f}** "
            f"({min(pairs):.2f} to {max(pairs):.2f}) | {plain:.2f} |"
        )
    return "\n".join(lines)


def measure_models(options: argparse.Namespace) -> list[dict]:
    """Measure all models on one backend, `options.child`, in this process.

    The models are unconditional, with the loss "non_saturating".
    """
    from ganzoo.backend import select

    backend, rounds = options.child, options.rounds
    select.choose(backend)
    results = []
    for model in options.models:
        steps = options.steps or STEPS.get(model, 32)
        contenders = _contenders(model, steps, options.batch)
        first = {name: _timed(train)["wall"] for name, train in contenders.items()}
        times = {name: [] for name in contenders}
        for number in range(rounds):
            for name in contenders if number % 2 else reversed(contenders):
                times[name].append(_timed(contenders[name]))
        results.append(_result(model, backend, steps, first, times))
    return results


def _contenders(model: str, steps: int, batch: int | None) -> dict[str, Callable[[], None]]:
    """Functions that train for one round each: "ganzoo" and "plain"."""
    import numpy as np
    from plain import plain_gan

    from ganzoo import backend
    from ganzoo.catalog.recipe.overrides import apply_settings
    from ganzoo.catalog.registry.lookup import find_model
    from ganzoo.data.dataset import Dataset
    from ganzoo.data.feed import Feed
    from ganzoo.jobs.models.build import build_gan, build_optimizer

    recipe = find_model(model).recipe
    recipe = apply_settings(recipe, [f"training.batch={batch}"] if batch else [])
    batch = recipe.training.batch
    images = np.random.default_rng(SEED).integers(0, 256, (steps * batch, 28, 28, 1), "uint8")
    about = {"name": "random", "license": "none", "source": "random", "fingerprint": "random"}
    dataset = Dataset(images=images, **about)
    gan = build_gan(recipe, dataset)
    plain = plain_gan(
        gan,
        build_optimizer(recipe.generator_optimizer),
        build_optimizer(recipe.discriminator_optimizer),
        seed=SEED,
    )
    floats = images.astype("float32") / 127.5 - 1.0  # as users prepare their data, once

    def train_ganzoo() -> None:
        feed = Feed(
            dataset,
            batch=batch,
            seed=SEED,
            stop_step=steps,
            steps_per_dispatch=gan.steps_per_dispatch,
        )
        gan.fit(backend.feed(feed), steps_per_epoch=len(feed), epochs=1, verbose=0, shuffle=False)

    def train_plain() -> None:
        plain.fit(floats, batch_size=batch, epochs=1, verbose=0)

    return {"ganzoo": train_ganzoo, "plain": train_plain}


def _timed(train: Callable[[], None]) -> dict[str, float]:
    """Seconds of wall-clock time, and of processor time in all threads."""
    gc.collect()
    begin, used = time.perf_counter(), time.process_time()
    train()  # `fit` reads its metrics at the end, so nothing is left in flight
    return {"wall": time.perf_counter() - begin, "cpu": time.process_time() - used}


def _result(model: str, backend: str, steps: int, first: dict, times: dict) -> dict:
    rates = {name: [steps / one["wall"] for one in rounds] for name, rounds in times.items()}
    medians = {name: statistics.median(rate) for name, rate in rates.items()}
    cpu = {
        name: 1000 * statistics.median(one["cpu"] for one in rounds) / steps
        for name, rounds in times.items()
    }
    ratios = [ganzoo / plain for ganzoo, plain in zip(*rates.values(), strict=True)]
    return {
        "model": model,
        "backend": backend,
        "steps": steps,
        "rounds": len(ratios),
        "steps_per_second": medians,
        "ratio": medians["ganzoo"] / medians["plain"],
        "ratio_range": [min(ratios), max(ratios)],
        "cpu_ms_per_step": cpu,
        "first_round_seconds": first,
        "times": times,
    }


def machine() -> dict:
    """Return versions, processors, load and settings of threads, which the figures depend on."""
    import importlib.metadata

    versions = {}
    for name in ("keras", "jax", "torch", "tensorflow", "tensorflow-cpu"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    threads = {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")}
    return {
        "cpus": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "machine": platform.machine(),
        **versions,
        **threads,
    }


def report(results: list[dict]) -> str:
    """Format the results as a Markdown table and a line about the machine."""
    lines = [
        "| model | backend | ganzoo, steps/s | plain `fit`, steps/s | ratio (min to max) "
        "| CPU ms per step, ganzoo / plain | first round, s, ganzoo / plain |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in results:
        rate, cpu, first = (
            row[key] for key in ("steps_per_second", "cpu_ms_per_step", "first_round_seconds")
        )
        low, high = row["ratio_range"]
        lines.append(
            f"| {row['model']} | {row['backend']} | {rate['ganzoo']:.1f} | {rate['plain']:.1f} "
            f"| **{row['ratio']:.2f}** ({low:.2f} to {high:.2f}) "
            f"| {cpu['ganzoo']:.1f} / {cpu['plain']:.1f} "
            f"| {first['ganzoo']:.1f} / {first['plain']:.1f} |"
        )
    description = ", ".join(f"{name} {value}" for name, value in machine().items())
    return "\n".join([*lines, "", f"{results[0]['rounds']} rounds. {description}."])


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    main()
