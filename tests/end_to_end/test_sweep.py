"""A sweep whose worker is killed ends in the table of one that was left alone."""

import json
import os
import signal
import time

import pytest

from ganzoo.catalog.runs import Run
from ganzoo.cli import main

pytestmark = [
    pytest.mark.backend,
    pytest.mark.skipif(
        os.environ.get("KERAS_BACKEND", "jax") != "torch",
        reason="processes and files, the same on every backend; this one starts fastest",
    ),
]

PLAN = (
    "gan-mixture", "--set", "steps=24", "--set", "checkpoint_every=2", "--set", "log_every=8",
    "--set", "generator_units=[8]", "--set", "discriminator_units=[8]",
    "--set", "evaluate_samples=64", "--over", "batch=8,16", "--seeds", "0-1",
)  # fmt: skip


def test_a_killed_worker_changes_nothing_of_the_table(command, capsys):
    assert main(["sweep", *PLAN, "--runs", str(command.folder / "whole"), "--format", "csv"]) == 0
    table = capsys.readouterr().out
    assert len(table.splitlines()) == 3

    process = command.start("sweep", *PLAN, "--runs", "killed", "--jobs", 2, "--format", "csv")
    runs, deadline = command.folder / "killed" / "sweeps", time.monotonic() + 120
    while not (found := list(runs.glob("*/00001-*/checkpoints/step-00000002"))):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    run = Run(found[0].parents[1])
    os.kill(int((run.path / ".lock").read_text()), signal.SIGKILL)
    out, err = process.communicate(timeout=300)

    assert process.returncode == 0 and "a worker ended with -9" in err
    assert json.loads(run.manifest_path.read_text())["resumed"][0]["step"] >= 2
    assert out == table
