"""Writes the tables of damages in docs/metrics.md: `python docs/make_metrics.py`.

Real digits and points are damaged step by step, and the metrics must say that they get worse.
The features are pixels and the logits those of a linear classifier, so no network is needed. A
test calls `figures`, checks the order, and compares the page.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from ganzoo_data.digits import digits
from ganzoo_data.mixture import mixture

from ganzoo.metrics import METRICS, SampleSet

PAGE = Path(__file__).with_name("metrics.md")
BEGIN, END = "<!-- written by docs/make_metrics.py -->", "<!-- end -->"
COUNT = 450  # samples of each side
SEEDS = range(5)  # other digits on each side, other points, other noise

Figures = dict[str, dict[str, list[float]]]

# What is done in each step; the first step is real against real.
DAMAGES = {
    "Blur": ["none", "once", "twice", "4 times"],
    "Noise": ["none", "10 %", "20 %", "40 %"],
    "Dropped classes": ["none", "2 of 10", "4 of 10", "6 of 10"],
    "Copies of training images": ["none", "20 %", "50 %", "all"],
    "Wider modes": ["none", "2 times", "4 times", "8 times"],
    "Dropped modes": ["none", "2 of 8", "4 of 8", "6 of 8"],
}


def figures(seed: int = 0) -> Figures:
    """{damage: {metric: value at each step}} for every metric that the samples allow.

    Args:
        seed: Which digits are on which side, which points are drawn, and the noise.
    """
    table = {}
    for damage, real, steps in (*_digits(seed), *_points(seed)):
        able = [m for m in METRICS.values() if not m.missing(real.available, steps[0].available)]
        table[damage] = {m.name: [m.measure(real, step).value for step in steps] for m in able}
    return table


def in_order(metric: str, values: list[float]) -> bool:
    """Return whether by a metric no step is better than the one before, and the last worse."""
    worse = np.diff(values) * (1 if METRICS[metric].better == "lower" else -1)
    return bool((worse >= 0).all() and worse.sum() > 0)


def section(tables: list[Figures]) -> str:
    """The tables as they stand in the page: the figures of the first seed, the order of all."""
    lines = []
    for damage, rows in tables[0].items():
        lines += ["", f"### {damage}", ""]
        lines += [f"| metric | better | {' | '.join(DAMAGES[damage])} | in order |"]
        lines += ["|---|---|" + "---:|" * len(DAMAGES[damage]) + "---|"]
        for metric, values in rows.items():
            shown = " | ".join(f"{value:.3g}" for value in values)
            right = sum(in_order(metric, table[damage][metric]) for table in tables)
            order = f"{right} of {len(tables)}"
            lines.append(f"| `{metric}` | {METRICS[metric].better} | {shown} | {order} |")
    return "\n".join([*lines, ""])


def filled(page: str, written: str) -> str:
    """The page with what is written between its two marks."""
    begin, end = re.escape(BEGIN), re.escape(END)
    return re.sub(f"{begin}\n.*?{end}", lambda _: f"{BEGIN}\n{written}\n{END}", page, flags=re.S)


def _digits(seed: int) -> Iterator[tuple[str, SampleSet, list[SampleSet]]]:
    data, random = digits(), np.random.RandomState(seed)
    order = random.permutation(len(data))
    images, labels = data.images[order], data.labels[order]
    classify = _classifier(_flat(images[:COUNT]), labels[:COUNT])

    def side(pixels: np.ndarray, classes: np.ndarray) -> SampleSet:
        flat = _flat(pixels[:COUNT])
        return SampleSet(
            features=flat, images=pixels[:COUNT], logits=classify(flat), labels=classes[:COUNT]
        )

    real = side(images, labels)
    fresh, classes = images[COUNT:], labels[COUNT:]  # none of them on the real side
    yield "Blur", real, [side(_blurred(fresh, times), classes) for times in (0, 1, 2, 4)]
    noise = 255 * random.standard_normal(fresh.shape)
    yield "Noise", real, [side(_pixels(fresh + s * noise), classes) for s in (0, 0.1, 0.2, 0.4)]
    kept = [classes >= dropped for dropped in (0, 2, 4, 6)]
    yield "Dropped classes", real, [side(fresh[keep], classes[keep]) for keep in kept]
    # a generator that memorizes is not exact: copies have 2 % noise
    copies = _pixels(images[:COUNT] + 0.02 * noise[:COUNT])
    yield (
        "Copies of training images",
        real,
        [
            side(*(np.concatenate([a[:n], b[n:]]) for a, b in ((copies, fresh), (labels, classes))))
            for n in (0, COUNT // 5, COUNT // 2, COUNT)
        ],
    )


def _points(seed: int) -> Iterator[tuple[str, SampleSet, list[SampleSet]]]:
    points, spread = 800, 0.008  # the spread is that of the ring
    data = mixture(points=points, seed=2 * seed)
    fresh = mixture(points=points, seed=2 * seed + 1)
    real = SampleSet(points=data.images, labels=data.labels)
    wide = [mixture(points=points, seed=2 * seed + 1, spread=spread * k) for k in (1, 2, 4, 8)]
    yield "Wider modes", real, [SampleSet(points=data.images) for data in wide]
    kept = [fresh.images[fresh.labels >= dropped] for dropped in (0, 2, 4, 6)]
    yield "Dropped modes", real, [SampleSet(points=images) for images in kept]


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / 255


def _pixels(numbers: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(numbers), 0, 255).astype(np.uint8)


def _blurred(images: np.ndarray, times: int) -> np.ndarray:
    """1-2-1 along both axes, so many times."""
    result = images.astype(np.float64)
    for axis in [1, 2] * times:
        pad = [(1, 1) if i == axis else (0, 0) for i in range(4)]
        before, at, after = (
            np.take(np.pad(result, pad, mode="edge"), range(i, i + 8), axis) for i in range(3)
        )
        result = (before + 2 * at + after) / 4
    return _pixels(result)


def _classifier(rows: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Fisher's linear discriminant: Gaussian classes with one covariance."""
    means = np.stack([rows[labels == label].mean(axis=0) for label in range(10)])
    centered = rows - means[labels]
    covariance = centered.T @ centered / len(rows) + 0.01 * np.eye(rows.shape[1])
    weights = np.linalg.solve(covariance, means.T)
    offsets = (means.T * weights).sum(axis=0) / 2
    return lambda some: some @ weights - offsets


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(before, section([figures(seed) for seed in SEEDS])), encoding="utf-8")
