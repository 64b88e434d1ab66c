"""Metrics beside torch-fidelity's, on the same features: 10,000 rows of 2,048 numbers.

Both take turns; seconds are those of all threads, the least of the rounds. torch-fidelity is
imported without torchvision, which these functions do not use.

Usage: python benchmarks/metrics.py [--rows N] [--rounds N] [--into FILE]
"""

import argparse
import importlib
import importlib.util
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from figures import keep  # noqa: E402


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--into", type=Path, metavar="FILE", help="keep the figures in this JSON")
    options = parser.parse_args()
    real, fake = np.random.default_rng(0).standard_normal((2, options.rows, 2048), "float32")
    rows = []
    for name, (own, other) in contenders(real, fake).items():
        pairs = [(_seconds(own), _seconds(other)) for _ in range(options.rounds)]
        mine, theirs = map(min, zip(*pairs, strict=True))
        rows.append({"name": name, "rows": options.rows, "ganzoo": mine, "torch-fidelity": theirs})
        print(f"{name:45} {mine:6.1f} s, torch-fidelity {theirs:6.1f} s", flush=True)
    if options.into:
        keep(options.into, "metrics", rows, "name")


def contenders(real: np.ndarray, fake: np.ndarray) -> dict[str, tuple[Callable, Callable]]:
    """Functions of ours and of torch-fidelity by what they measure."""
    from ganzoo.metrics.frechet import Moments, frechet_distance
    from ganzoo.metrics.kernel import kernel_distance
    from ganzoo.metrics.sample_set import SampleSet
    from ganzoo.metrics.table import METRICS

    fid, kid, prc = (_fidelity(name) for name in ("fid", "kid", "prc"))
    a, b = torch.from_numpy(real), torch.from_numpy(fake)

    def four() -> list:
        both = SampleSet(features=real), SampleSet(features=fake)
        names = "precision", "recall", "density", "coverage"
        return [METRICS[name].measure(*both) for name in names]

    def frechet() -> dict:
        statistics = map(fid.fid_features_to_statistics, (a, b))
        return fid.fid_statistics_to_metric(*statistics, verbose=False)

    return {
        "Fréchet distance": (
            lambda: frechet_distance(Moments.of(real), Moments.of(fake)), frechet,
        ),
        "kernel distance, 100 subsets of 1,000": (
            lambda: kernel_distance(real, fake, subsets=100, subset_size=1000),
            lambda: kid.kid_features_to_metric(
                a, b, kid_subsets=100, kid_subset_size=1000, verbose=False
            ),
        ),
        "precision, recall (ganzoo: density and coverage, too)": (
            four, lambda: prc.prc_features_to_metric(b, a, verbose=False),
        ),
    }  # fmt: skip


class _Absent(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _fidelity(name: str) -> types.ModuleType:
    """A module of torch-fidelity; empty ones stand for torchvision where it is not installed."""
    if importlib.util.find_spec("torchvision") is None:
        parts = ("", ".datasets", ".models", ".transforms", ".transforms.functional")
        for part in parts:
            full = f"torchvision{part}"
            if full not in sys.modules:
                sys.modules[full] = _Absent(full)
            parent, _, child = full.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, sys.modules[full])
    return importlib.import_module(f"torch_fidelity.metric_{name}")


def _seconds(function: Callable) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
