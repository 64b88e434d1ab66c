"""Errors that are planted on purpose: recorded outputs show each, parameter counts none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BOUND = 1e-5  # of the recorded comparison


@pytest.fixture(scope="module")
def planted() -> dict[str, dict]:
    """What came of each error, on PyTorch alone, which compiles nothing."""
    paths = [HERE.parent / "shared", *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = {"KERAS_BACKEND": "torch", "PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run(
        [sys.executable, HERE / "planted.py"], cwd=HERE.parents[1],
        env={**os.environ, **settings}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_outputs_of_networks_show_every_planted_error(planted):
    gaps = {error: found["gap"] for error, found in planted["networks"].items()}
    assert len(gaps) >= 12
    assert {error: gap for error, gap in gaps.items() if not gap > 10 * BOUND} == {}


def test_no_planted_error_changes_a_number_of_parameters(planted):
    assert all(found["same_parameters"] for found in planted["networks"].values())


def test_the_tests_of_functions_fail_with_every_planted_error(planted):
    assert planted["functions"]
    assert all(planted["functions"].values())


def test_the_page_lists_every_planted_error(planted):
    page = (HERE.parents[1] / "docs" / "parity.md").read_text(encoding="utf-8")
    listed = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")}
    assert {*planted["networks"], *planted["functions"]} <= listed
