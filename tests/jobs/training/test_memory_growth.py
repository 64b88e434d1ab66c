"""A long training holds no more memory and no more files at its end than near its beginning."""

import os
from pathlib import Path

import pytest

from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend

STEPS, SAVES = 500, 50
GROWTH = 1.05  # of the resident memory, once everything is compiled and has been saved
SLACK = 8 << 20  # bytes; allocators keep pages that they have no use for


def test_memory_and_open_files_stay_as_they_are_over_many_steps_and_saves(plain, place):
    """Promise 50."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("reads the memory of the process as Linux tells it")
    found: list[tuple[int, int]] = []

    def look(event):
        if event["event"] == "checkpoint":
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            files = len(os.listdir("/proc/self/fd"))
            found.append((pages * os.sysconf("SC_PAGE_SIZE"), files))

    every = f"checkpoint_every={STEPS // SAVES}"
    recipe = plain(f"steps={STEPS}", every, "log_every=50", "sample_every=100")
    train(recipe, run=place / "run", events=look)
    assert len(found) == SAVES
    early, late = found[SAVES // 5 : 2 * SAVES // 5], found[-SAVES // 5 :]
    before, after = (max(memory for memory, _ in part) for part in (early, late))
    assert after <= GROWTH * before + SLACK, f"{before >> 20} MB became {after >> 20} MB"
    assert max(files for _, files in late) <= max(files for _, files in early)
