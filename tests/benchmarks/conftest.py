"""The modules of `benchmarks`, importable as they are when its scripts run."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def benchmarks_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
