"""Writes docs/reliability.md from docs/promises.toml: `python docs/make_reliability.py`.

A test compares the page, and finds every test that the promises name.
"""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path

PAGE = Path(__file__).with_name("reliability.md")
PROMISES = Path(__file__).with_name("promises.toml")
COUNTS = Path(__file__).with_name("faults.json")  # tests/faults.py --record writes it
TESTS = Path(__file__).parents[1] / "tests"
HEAD = """\
# What is promised, and the tests that keep it

Each promise has a number, which stays. It is *kept* if tests hold it, *kept in part* where the
line below says what is missing, and *not kept* if there is no test. `docs/make_reliability.py`
writes this page from `docs/promises.toml`; a test finds every test that is named here. Tests marked
with * run on JAX, PyTorch and TensorFlow. `make test-faults` runs the long forms of those that kill
and damage.
"""
LONG_RUNS = """\
## What the long forms have tried

`python tests/faults.py --record` writes these counts, by piece; what they are it says itself. A
training of `kills` and `interrupts` is disturbed up to ten times, and counts only if what it leaves
in the end is bit for bit that of one that nobody disturbed.

| piece | tried | held |
|---|---:|---:|"""
GROUPS = {
    1: "Weights files", 12: "Trust", 22: "Writing and checkpoints", 33: "Resuming",
    44: "Signals and resources", 51: "Divergence", 59: "Plugins", 66: "Data", 72: "Numbers",
    79: "Versions and the Hub", 86: "Several devices", 92: "The command line",
}  # fmt: skip


def promises() -> dict[int, dict]:
    """Promises by number: `promise`, `tests` and `open`, as far as there are."""
    return {int(n): one for n, one in tomllib.loads(PROMISES.read_text("utf-8")).items()}


def status(promise: dict) -> str:
    """Return how a promise stands."""
    if not promise.get("tests"):
        return "not kept"
    return "kept in part" if "open" in promise else "kept"


def missing_tests() -> list[str]:
    """Return the tests that are named and are not there."""
    return [
        name
        for promise in promises().values()
        for name in promise.get("tests", ())
        if not _is_there(*name.partition("::")[::2])
    ]


def page() -> str:
    """The whole page."""
    known = promises()
    counts = Counter(map(status, known.values()))
    parts = [
        HEAD,
        ", ".join(f"{counts[one]} {one}" for one in ("kept", "kept in part", "not kept")),
    ]
    parts[-1] = f"Of {len(known)} promises: {parts[-1]}.\n"
    for number, promise in known.items():
        if number in GROUPS:
            parts.append(f"## {GROUPS[number]}\n")
        text = f"**{number}.** {promise['promise']} *{status(promise)}*"
        text += f"\\\n{promise['open']}" if "open" in promise else ""
        tests = ", ".join(f"`{name}`{_star(name)}" for name in promise.get("tests", ()))
        parts.append(text + (f"\\\n{tests}\n" if tests else "\n"))
    parts.append(LONG_RUNS)
    parts += [f"| {piece} | {one['tried']:,} | {one['passed']:,} |" for piece, one in counts_of()]
    return "\n".join(parts) + "\n"


def counts_of() -> list[tuple[str, dict[str, int]]]:
    """Return how much was tried and how often it held, by piece and backend."""
    return sorted(json.loads(COUNTS.read_text("utf-8")).items())


def _is_there(path: str, test: str) -> bool:
    file = TESTS / path
    if not file.is_file():
        return False
    return not test or bool(re.search(rf"^def {test}\(", file.read_text("utf-8"), re.MULTILINE))


def _star(name: str) -> str:
    text = (TESTS / name.partition("::")[0]).read_text("utf-8")
    return "\\*" if "pytest.mark.backend" in text else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
