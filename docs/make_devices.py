"""The table of docs/devices.md, from the figures in docs/devices.json.

python docs/make_devices.py                                              the page
python benchmarks/devices.py --backend jax --into docs/devices.json      new figures
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
PAGE, FIGURES = HERE / "devices.md", HERE / "devices.json"
BEGIN, END = "<!-- written by docs/make_devices.py -->", "<!-- end -->"
BACKENDS = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}
BOUND = 1e-5  # of the largest weight
ULPS = 4  # times what one unit in the last place moves


def page(text: str, rows: list[dict]) -> str:
    """The page with its table written anew."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{summary(rows)}\n\n{table(rows)}\n\n{END}{tail}"


def summary(rows: list[dict]) -> str:
    """Sentences about what is within the bounds."""
    far = [row for row in rows if row["step"] > BOUND]
    far_later = [row for row in rows if row["after"] > max(BOUND, ULPS * row["control"])]
    unequal = [row for row in rows if not row["ranks_equal"]]
    largest = max(row["step"] for row in rows)
    lines = [
        f"One step differs by at most {largest:.1e} of the largest weight: "
        f"{_but('all are within 1e-5', far)}.",
        f"After {rows[0]['steps']} steps "
        f"{_but(f'all are within 1e-5, or {ULPS} times what the control moves', far_later)}.",
        f"{_but('All processes of a training have equal states, bit for bit', unequal)}.",
    ]
    return " ".join(lines)


def _but(text: str, rows: list[dict]) -> str:
    names = ", ".join(f"{r['architecture']} on {r['devices']} ({r['backend']})" for r in rows)
    return f"{text}, but for {names}" if rows else text


def table(rows: list[dict]) -> str:
    """A row for each architecture; a column for each backend and number of devices."""
    kinds = sorted({(row["backend"], row["devices"]) for row in rows})
    found = {(row["architecture"], row["backend"], row["devices"]): row for row in rows}
    titles = [f"{BACKENDS[backend]}, {count}" for backend, count in kinds]
    lines = [f"| architecture | {' | '.join(titles)} |", f"|---|{'---|' * len(kinds)}"]
    for name in sorted({row["architecture"] for row in rows}):
        cells = [_cell(found.get((name, *kind))) for kind in kinds]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(row: dict | None) -> str:
    if row is None:
        return ""
    return f"{row['step']:.0e}; {row['after']:.0e} ({row['control']:.0e})"


if __name__ == "__main__":
    rows = json.loads(FIGURES.read_text())["rows"]
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")
