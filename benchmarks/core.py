"""How fast is ganzoo's training, beside the same networks under plain `keras.Model.fit`?

For each backend, in a process of its own, both train the same networks on the same random
images, taking turns; a ratio is one of medians over the turns. What each does is in
docs/speed.md. The first turn (tracing and compilation) is reported but does not count.

Usage: python benchmarks/core.py [--backends jax torch tensorflow] [--models NAME ...]
       [--steps N] [--batch N] [--rounds N] [--json]
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
from pathlib import Path

BACKENDS = ("jax", "torch", "tensorflow")
# Steps in one turn: multiples of the most steps that one dispatch fuses.
STEPS = {"dcgan-fashion-mnist": 32, "gan-mnist": 256}
SEED = 0


def main() -> None:
    """Play on each backend, then print the table."""
    options = _arguments()
    if options.child:
        print(json.dumps(play(options)))
        return
    results = []
    for backend in options.backends:
        command = [sys.executable, __file__, "--child", backend, "--models", *options.models]
        command += ["--rounds", str(options.rounds)]
        for name in ("steps", "batch"):
            value = getattr(options, name)
            command += [f"--{name}", str(value)] if value else []
        environment = {**os.environ, "KERAS_BACKEND": backend}
        environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"The benchmark failed on {backend}, exit code {done.returncode}.")
        results += json.loads(done.stdout.splitlines()[-1])
    if options.json:
        print(json.dumps({"machine": machine(), "results": results}, indent=2))
    else:
        print(report(results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--models", nargs="+", default=list(STEPS))
    parser.add_argument("--steps", type=int, help=f"steps in one turn (default: {STEPS})")
    parser.add_argument("--batch", type=int, help="images in a batch (default: the recipe's)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default: 7)")
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    parser.add_argument("--child", choices=BACKENDS, help=argparse.SUPPRESS)
    return parser.parse_args()


def play(options: argparse.Namespace) -> list[dict]:
    """All models on one backend, `options.child`, in this process.

    The models are names in the registry: unconditional, with the loss "non_saturating".
    """
    from ganzoo.backend import select

    backend, rounds = options.child, options.rounds
    select.choose(backend)
    results = []
    for model in options.models:
        steps = options.steps or STEPS.get(model, 32)
        contenders = _contenders(model, steps, options.batch)
        first = {name: _timed(turn)["wall"] for name, turn in contenders.items()}
        turns = {name: [] for name in contenders}
        for k in range(rounds):
            order = list(contenders) if k % 2 else list(reversed(contenders))
            for name in order:
                turns[name].append(_timed(contenders[name]))
        results.append(_result(model, backend, steps, first, turns))
    return results


def _contenders(model: str, steps: int, batch: int | None) -> dict:
    """Functions that train for one turn each: "ganzoo" and "plain"."""
    import numpy as np
    from plain import plain_gan

    from ganzoo import backend
    from ganzoo.catalog.recipe.overrides import apply_settings
    from ganzoo.catalog.registry.lookup import find_model
    from ganzoo.data.dataset import Dataset
    from ganzoo.data.feed import Feed
    from ganzoo.jobs.models.build import build, build_optimizer

    recipe = find_model(model).recipe
    recipe = apply_settings(recipe, [f"training.batch={batch}"] if batch else [])
    batch = recipe.training.batch
    images = np.random.default_rng(SEED).integers(0, 256, (steps * batch, 28, 28, 1), "uint8")
    about = {"name": "random", "license": "none", "source": "random", "fingerprint": "random"}
    dataset = Dataset(images=images, **about)
    gan = build(recipe, dataset)
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


def _timed(turn) -> dict[str, float]:
    """Seconds on the clock, and of the processor in all threads."""
    gc.collect()
    begun, used = time.perf_counter(), time.process_time()
    turn()  # `fit` reads its means at the end, so nothing is left in flight
    return {"wall": time.perf_counter() - begun, "cpu": time.process_time() - used}


def _result(model: str, backend: str, steps: int, first: dict, turns: dict) -> dict:
    rates = {name: [steps / turn["wall"] for turn in made] for name, made in turns.items()}
    medians = {name: statistics.median(rate) for name, rate in rates.items()}
    cpu = {
        name: 1000 * statistics.median(turn["cpu"] for turn in made) / steps
        for name, made in turns.items()
    }
    ratios = [ours / theirs for ours, theirs in zip(*rates.values(), strict=True)]
    return {
        "model": model,
        "backend": backend,
        "steps": steps,
        "rounds": len(ratios),
        "steps_per_second": medians,
        "ratio": medians["ganzoo"] / medians["plain"],
        "ratio_range": [min(ratios), max(ratios)],
        "cpu_ms_per_step": cpu,
        "first_turn_seconds": first,
        "turns": turns,
    }


def machine() -> dict:
    """What the numbers depend on besides the code."""
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
    """A Markdown table, and a line about the machine."""
    lines = [
        "| model | backend | ganzoo, steps/s | plain `fit`, steps/s | ratio (min to max) "
        "| CPU ms per step, ganzoo / plain | first turn, s, ganzoo / plain |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for one in results:
        rate, cpu, first = (
            one[key] for key in ("steps_per_second", "cpu_ms_per_step", "first_turn_seconds")
        )
        low, high = one["ratio_range"]
        lines.append(
            f"| {one['model']} | {one['backend']} | {rate['ganzoo']:.1f} | {rate['plain']:.1f} "
            f"| **{one['ratio']:.2f}** ({low:.2f} to {high:.2f}) "
            f"| {cpu['ganzoo']:.1f} / {cpu['plain']:.1f} "
            f"| {first['ganzoo']:.1f} / {first['plain']:.1f} |"
        )
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    return "\n".join([*lines, "", f"{results[0]['rounds']} rounds. {facts}."])


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
