"""Table of the shipped classifiers in docs/metrics.md: `python docs/make_features.py`.

The figures come from the metadata of the weights files. A test compares the page.
"""

from pathlib import Path

from ganzoo_features.classifiers import WEIGHTS, read_description
from ganzoo_features.train_classifiers import TRAININGS

from ganzoo.files import safetensors
from ganzoo.files.digests import tensors_digest

PAGE = Path(__file__).with_name("metrics.md")
BEGIN, END = "<!-- written by docs/make_features.py -->", "<!-- end of the classifiers -->"


def table() -> str:
    """Return a Markdown table with a line for each classifier."""
    lines = [
        "| features | length | accuracy | test images | epochs | size | digest |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for name in TRAININGS:
        path = WEIGHTS / f"{name}.safetensors"
        about, digest = read_description(path), tensors_digest(safetensors.load(path))
        test, size = about["test"], path.stat().st_size / 1e6
        lines.append(
            f"| `{name}` | {about['widths'][-1]} | {test['accuracy']:.2%} | {test['images']:,} | "
            f"{about['training']['epochs']} | {size:.2f} MB | `{digest[:12]}` |"
        )
    return "\n".join(lines)


def filled(page: str) -> str:
    """Return the page with the current table."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
