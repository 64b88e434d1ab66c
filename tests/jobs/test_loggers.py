"""Loggers beside a training: they see every event, change nothing, and cannot end it."""

import numpy as np
import pytest

from ganzoo.errors import Interrupted, PluginError, UnknownName, UsageError

pytestmark = pytest.mark.backend

SETTINGS = ("steps=6", "log_every=2", "sample_every=3", "checkpoint_every=2")
TIMES = ("seconds", "images_per_second")


@pytest.fixture
def site(place, monkeypatch):
    """An installed package with loggers: `note` keeps events in `notes`, `broken` fails."""
    info = place / "site" / "ganzoo_notes-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ganzoo-notes\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[ganzoo.loggers]\nnote = ganzoo_notes:note\nbroken = ganzoo_notes:broken\n"
        "nothing = ganzoo_notes:nothing\n"
    )
    (place / "site" / "ganzoo_notes.py").write_text(NOTES)
    monkeypatch.syspath_prepend(place / "site")
    import ganzoo_notes

    ganzoo_notes.notes.clear()
    return ganzoo_notes


NOTES = '''
"""Loggers for tests."""
import random

import numpy as np

notes = []


def note(*, only: str = ""):
    """Keep events."""
    def log(event):
        print("to stdout")
        random.seed(1)
        np.random.seed(1)
        if event["event"].startswith(only):
            notes.append(dict(event))
        event.clear()
    return log


def broken(*, at: str = "log"):
    """Fail at an event."""
    def log(event):
        if event["event"] == at:
            raise SystemExit(f"broken at {at}")
    return log


def nothing():
    """Return nothing."""
'''


def test_a_training_has_the_same_numbers_with_loggers_one_of_which_fails(
    plain, place, site, arrays, capfd
):
    from ganzoo.jobs.training.train import train

    alone = train(plain(*SETTINGS), run=place / "alone")
    events = []
    logged = train(
        plain(*SETTINGS), run=place / "logged", events=events.append,
        log_to=["broken:at=end", "broken", "broken:at=start", "note", "csv"],
    )  # fmt: skip

    for name, array in arrays(alone).items():
        np.testing.assert_array_equal(array, arrays(logged)[name])
    assert alone.weights_path.read_bytes() == logged.weights_path.read_bytes()
    entries = [{k: v for k, v in e.items() if k not in TIMES} for e in alone.log()]
    assert entries == [{k: v for k, v in e.items() if k not in TIMES} for e in logged.log()]

    warnings = [event["message"] for event in events if event["event"] == "warning"]
    assert len(warnings) == 3  # each of those that fail is left out at once
    assert site.notes[-1]["event"] == "end"
    assert "'broken:at=start' failed at the event 'start'" in warnings[0]
    assert "'broken' failed at the event 'log'" in warnings[1]
    assert (logged.path / "log.csv").read_text().count("\n") == 1 + len(logged.log())
    assert capfd.readouterr().out == ""

    assert [e for e in site.notes if e["event"] != "warning"] == [
        e for e in events if e["event"] not in ("warning", "prepare")
    ]
    assert [e["event"] for e in site.notes[:2]] == ["start", "warning"]
    logged_events = [e for e in site.notes if e["event"] == "log"]
    assert logged_events == [{"event": "log", **entry} for entry in logged.log()]


def test_a_logger_is_told_how_an_unfinished_training_ended_and_where_it_goes_on(
    plain, place, site, monkeypatch
):
    import os
    import signal

    from ganzoo.jobs.training.resume import resume
    from ganzoo.jobs.training.train import train

    def interrupt(event):
        if event["event"] == "checkpoint":
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted):
        train(plain(*SETTINGS), run=place / "run", events=interrupt, log_to=["note:only=st"])
    first = [(e["event"], e.get("step"), e.get("state")) for e in site.notes]
    assert first == [("start", 0, None), ("stop", None, "interrupted")]
    site.notes.clear()
    run = resume(place / "run", log_to=["note"])

    steps = [event["step"] for event in site.notes if event["event"] == "log"]
    assert site.notes[0]["event"] == "start" and site.notes[0]["step"] == 2
    assert steps == [entry["step"] for entry in run.log() if entry["step"] > 2]
    assert site.notes[-1]["event"] == "end"


@pytest.mark.parametrize(
    ("logger", "error", "text"),
    [
        ("notes", UnknownName, "Unknown logger. Received: 'notes'. Did you mean 'note'"),
        ("note:depth=1", UnknownName, "depth"),
        ("note:only=1", UsageError, "`logger.only` in --log-to note:only=1 must be text"),
        (":only=x", UsageError, "A logger must be NAME"),
        ("nothing", PluginError, "must return a function of an event"),
    ],
)
def test_a_logger_that_cannot_be_made_is_refused_before_anything_is_written(
    plain, place, site, logger, error, text
):
    from ganzoo.jobs.training.train import train

    with pytest.raises(error) as caught:
        train(plain(*SETTINGS), run=place / "run", log_to=[logger])
    assert text in str(caught.value)
    assert not (place / "run").exists()
