"""docs/traps.md names a test for every trap; here they are looked up, and sources searched."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TABLE)))
SOURCES = sorted([*(ROOT / "ganzoo").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_table_names_exists(path, name):
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_row_of_the_table_names_a_test_or_says_why_there_is_none():
    rows = [line for line in TABLE.splitlines() if re.match(r"\| (?!Trap \|)", line)]
    assert len(rows) > 20
    for row in rows:
        assert row.count("|") == 4, row
        proof = row.split("|")[3]
        assert "`tests/" in proof or "not met" in proof, row


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"ops\.image\.(resize|affine_transform)", "convolutions and matrix products"),
        (r"interpolation=\"(bi|lanczos)", "nearest"),
        (r"\bops\.(norm|std)\(", "sqrt(sum(square(x)) + epsilon)"),
        (r"log\((ops\.)?sigmoid|log_sigmoid|BinaryCrossentropy", "softplus of logits"),
        (r"callbacks\.(TensorBoard|TerminateOnNaN)", "our own callbacks"),
        (r"keras\.random\.|random\.SeedGenerator", "ganzoo.random"),
        (r"utils\.get_file", "ganzoo.data.download"),
        (
            r"(=|in|return) (importlib\.)?metadata\.entry_points\(",
            "metadata.distributions(), each guarded",
        ),
        (r"optimizer\.apply_gradients\(", "backend.apply"),
    ],
)
def test_a_trap_is_not_in_the_sources(pattern, instead):
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in SOURCES
        for line in path.read_text(encoding="utf-8").splitlines()
        # the conformance suite advances it on purpose, to find what depends on it
        if re.search(pattern, line.partition("#")[0]) and "global state" not in line
    ]
    assert not found, f"use {instead}"
