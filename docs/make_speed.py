"""Tables of docs/speed.md, from the figures in docs/speed.json.

    python docs/make_speed.py                                        the page
    python benchmarks/core.py --into docs/speed.json [--models ...]  new figures of trainings
    python benchmarks/growth.py --into docs/speed.json               new figures of growth

An aim is the least ratio of another contender's time to ganzoo's.
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
PAGE, FIGURES = HERE / "speed.md", HERE / "speed.json"
CONTENDERS = ("plain", "hand", "tutorial")
BACKENDS = ("jax", "tensorflow", "torch")
SHARED = ("dcgan-fashion-mnist-shared", "dcgan-64-shared")  # as the tutorials of two backends
WORKLOADS = (
    "gan-mnist", "dcgan-fashion-mnist", "dcgan-64", "stylegan2-digits", "wgan-gp-32-quarter",
    "sngan-32-quarter", "r3gan-64-small", *SHARED,
)  # fmt: skip
DCGANS = ("dcgan-64", "dcgan-fashion-mnist")


def aim(contender: str, backend: str, model: str) -> float:
    """The least ratio that is aimed at."""
    large = (*DCGANS, "r3gan-64-small")
    return {
        "hand": {"jax": 0.97, "tensorflow": 0.95, "torch": 0.9 if model in large else 0.8},
        "plain": {"jax": 2.0 if model in DCGANS else 1.0, "tensorflow": 1.1, "torch": 1.1},
        "tutorial": {"jax": 2.0, "tensorflow": 1.2, "torch": 1.1},
    }[contender][backend]


def page(text: str, figures: dict) -> str:
    """The page with its tables written anew."""
    for name, part in PARTS.items():
        begin, end = f"<!-- written by docs/make_speed.py: {name} -->", "<!-- end -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n\n{part(figures)}\n\n{end}{tail}"
    return text


def machine(figures: dict) -> str:
    """The machine, in one sentence."""
    about = figures["machine"]
    names = {"jax": "JAX", "torch": "PyTorch", "tensorflow-cpu": "TensorFlow", "keras": "Keras"}
    versions = ", ".join(f"{title} {about[name]}" for name, title in names.items() if name in about)
    rounds = sorted({row["rounds"] for row in figures["results"]})
    count = " to ".join(str(n) for n in dict.fromkeys((rounds[0], rounds[-1])))
    load = max(about["load"])
    return (
        f"{about['cpus']} processors without an accelerator ({about['machine']}), "
        f"Python {about['python']}, {versions}; {count} rounds. "
        f"Others used the processors too, with a load of up to {load:.0f} processes: where "
        "wall-clock and processor time disagree, believe the latter."
    )


def ratios(figures: dict) -> str:
    """A row for each workload and backend."""
    lines = ["| workload | backend | ganzoo, ms | plain | hand | tutorial | by CPU |",
             "|---|---|---:|---|---|---|---|"]  # fmt: skip
    for row in figures["results"]:
        found = row["ratios"]
        cells = [row["model"], row["backend"], _number(row["ms_per_step"]["ganzoo"]["wall"])]
        cells += [_ratio(row, name) for name in CONTENDERS]
        cells.append(", ".join(f"{found[n]['cpu']:.2f}" if n in found else "-" for n in CONTENDERS))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(row: dict, name: str) -> str:
    if name not in row["ratios"]:
        return ""
    found = row["ratios"][name]
    low, high = found["range"]
    return f"**{found['wall']:.2f}** ({low:.2f} to {high:.2f})"


def missed(figures: dict) -> str:
    """The aims that are missed, by both clocks or by one."""
    by_both, by_one, total = [], [], 0
    for row in figures["results"]:
        for name in (n for n in CONTENDERS if n in row["ratios"]):
            found, lowest = row["ratios"][name], aim(name, row["backend"], row["model"])
            reached = [round(found[clock], 2) >= lowest for clock in ("wall", "cpu")]
            total += 1
            if not all(reached):
                (by_one if any(reached) else by_both).append(
                    f"* {row['model']} on {row['backend']} against {name}: {found['wall']:.2f} "
                    f"({found['cpu']:.2f} by CPU), aim {lowest:g}{_limit(row, name)}"
                )
    head = f"{total - len(by_both) - len(by_one)} of {total} aims are reached by both clocks."
    parts = [head]
    if by_one:
        parts += ["", f"{len(by_one)} by one of them:", "", *by_one]
    if by_both:
        parts += ["", f"{len(by_both)} are missed:", "", *by_both]
    return "\n".join(parts)


def _limit(row: dict, name: str) -> str:
    """The ratio that the loop by hand has to a contender."""
    if name == "hand" or "hand" not in row["ratios"]:
        return ""
    other, hand = row["ratios"][name], row["ratios"]["hand"]
    wall, cpu = (other[clock] / hand[clock] for clock in ("wall", "cpu"))
    return f"; the loop by hand: {wall:.2f} ({cpu:.2f})"


def unmeasured(figures: dict) -> str:
    """The workloads that have no figures on a backend."""
    found = {(row["model"], row["backend"]) for row in figures["results"]}
    pairs = [(m, b) for m in WORKLOADS for b in BACKENDS if (m, b) not in found]
    pairs = [(m, b) for m, b in pairs if m not in SHARED or b != "jax"]
    names = ", ".join(f"{model} on {backend}" for model, backend in pairs)
    return f"Not measured in this round: {names}." if pairs else "All are measured on each backend."


def first(figures: dict) -> str:
    """Seconds of the first round, which traces and compiles."""
    lines = ["| workload | backend | ganzoo, s | plain | hand | tutorial |",
             "|---|---|---:|---:|---:|---:|"]  # fmt: skip
    for row in figures["results"]:
        seconds = row["first"]
        cells = [row["model"], row["backend"]]
        cells += [f"{seconds[n]['wall']:.1f}" if n in seconds else "" for n in _ALL]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


_ALL = ("ganzoo", *CONTENDERS)


def growth(figures: dict) -> str:
    """Growth: a row for each quantity."""
    lines = ["| what | size: milliseconds | exponent | bound |", "|---|---|---:|---:|"]
    for row in figures.get("growth", []):
        pairs = zip(row["sizes"], row["seconds"], strict=True)
        text = ", ".join(f"{size:,}: {_number(1000 * seconds)}" for size, seconds in pairs)
        mark = f"{row['exponent']:.2f}" if row["within"] else f"**{row['exponent']:.2f}**"
        lines.append(f"| {row['name']} | {text} | {mark} | {row['bound']:g} |")
    return "\n".join(lines)


def feeding(figures: dict) -> str:
    """The share of the input in a step of DCGAN-64."""
    row = next(row for row in figures["growth"] if row["name"] == "200 batches")
    each = 1000 * row["seconds"][-1] / 200
    steps = {
        r["backend"]: r["ms_per_step"]["ganzoo"]["wall"]
        for r in figures["results"]
        if r["model"] == "dcgan-64"
    }
    shares = ", ".join(f"{each / ms:.2%} on {name}" for name, ms in steps.items())
    return f"A batch of 64 from {row['sizes'][-1]:,} images takes {each:.2g} ms: {shares}."


def watched(figures: dict) -> str:
    """The share of looking at a whole state, in steps of DCGAN-64."""
    row = next(row for row in figures["growth"] if row["name"].startswith("watching"))
    each = 1000 * row["seconds"][-1] * NUMBERS / row["sizes"][-1]
    steps = {
        r["backend"]: r["ms_per_step"]["ganzoo"]["cpu"]
        for r in figures["results"]
        if r["model"] == "dcgan-64"
    }
    shares = ", ".join(f"{each / (LOG_EVERY * ms):.3%} on {name}" for name, ms in steps.items())
    return (
        f"A look at the state of DCGAN-64, whether all {NUMBERS / 1e6:.1f} million numbers are "
        f"finite, takes {each:.2g} ms every {LOG_EVERY} steps: {shares}."
    )


NUMBERS, LOG_EVERY = 22_500_000, 50  # weights, average and moments of DCGAN-64; log_every


def metrics(figures: dict) -> str:
    """Metrics beside torch-fidelity's."""
    if "metrics" not in figures:
        return "Not measured in this round."
    lines = ["| 10,000 x 2,048 features | ganzoo, CPU s | torch-fidelity | ratio |",
             "|---|---:|---:|---:|"]  # fmt: skip
    for row in figures["metrics"]:
        mine, theirs = row["ganzoo"], row["torch-fidelity"]
        lines.append(f"| {row['name']} | {mine:.1f} | {theirs:.1f} | {mine / theirs:.2f} |")
    return "\n".join(lines)


def commands(figures: dict) -> str:
    """Seconds of some commands."""
    lines = ["| command | CPU seconds |", "|---|---:|"]
    lines += [f"| `ganzoo {words}` | {s:.2f} |" for words, s in figures["commands"].items()]
    return "\n".join(lines)


PARTS = {
    "machine": machine,
    "ratios": ratios,
    "missed": missed,
    "unmeasured": unmeasured,
    "first": first,
    "growth": growth,
    "feeding": feeding,
    "watched": watched,
    "commands": commands,
    "metrics": metrics,
}


if __name__ == "__main__":
    figures = json.loads(FIGURES.read_text())
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
