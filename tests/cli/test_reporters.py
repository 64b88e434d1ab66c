"""Events of a job, as JSON, as lines of text and as progress bars."""

import errno
import io
import json
import os
import sys

import pytest

from ganzoo.cli.support import event_text, reporters
from ganzoo.cli.support.progress_bars import ProgressBars
from ganzoo.data.progress import Progress

START = {
    "event": "start", "model": "dcgan-digits", "run": "runs/00001-dcgan-digits", "backend": "jax",
    "steps": 100, "images": 6400, "dataset": "digits",
    "parameters": {"generator": 1234, "discriminator": 567},
}  # fmt: skip
END = {"event": "end", "run": "runs/00001-dcgan-digits", "step": 100}


def step(number, **numbers):
    return {"event": "progress", "step": number, "steps": 100, "images": 64 * number, **numbers}


def test_events_become_one_json_object_per_line(capsys):
    with reporters.report_events(as_json=True) as events:
        events(START)
        events(step(50, d_loss=float("nan")))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [START, step(50, d_loss=None)]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BrokenPipeError(), "nobody reads the events any more"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    ],
)
def test_events_that_nobody_takes_do_not_stop_the_job(error, reason, monkeypatch, capsys):
    calls = []

    class Gone:
        def write(self, text):
            calls.append(text)
            raise error

    monkeypatch.setattr(sys, "stdout", Gone())
    events = reporters.JsonLines()
    events(START)
    events(END)
    assert len(calls) == 1
    warning = capsys.readouterr().err
    assert warning.count("\n") == 1
    assert reason in warning and warning.endswith("; the job continues\n")


def test_without_a_terminal_there_is_a_plain_line_every_few_seconds(capsys):
    now = iter([0.0, 1.0, 5.0, 7.0, 9.9, 10.0, 10.1])
    events = reporters.TextLines(clock=lambda: next(now))
    events(START)
    for number in (10, 20, 30, 40, 50, 100):
        events(step(number, images_per_second=1234.5, seconds_left=65, d_loss=0.5, g_loss=1.25))
    events(END)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == (
        "training dcgan-digits on digits with jax in runs/00001-dcgan-digits"
        " (generator 1,234, discriminator 567 parameters)"
    )
    assert lines[1:] == [
        f"step {n}/100  1,234 images/s  1 min 05 s left  d_loss 0.500  g_loss 1.250"
        for n in (20, 50, 100)
    ]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ({"d_loss": float("nan"), "g_loss": None}, "d_loss nan"),
        ({"d_real_accuracy": 0.625, "d_fake_accuracy": 1}, "accuracy 62 % real, 100 % fake"),
        ({"g_loss": 2, "frechet": 12.3456, "recall": 0.5}, "g_loss 2.000  frechet 12.35"),
    ],
)
def test_a_line_has_losses_accuracies_and_the_newest_distance(numbers, text):
    assert event_text.format_progress(numbers) == text


def test_an_evaluation_is_a_line_of_its_own(capsys):
    scores = {"frechet": 12.3456, "precision": 0.5, "recall": 0.0}
    events = reporters.TextLines()
    events({"event": "evaluation", "step": 1500, **scores, "best": True, "seconds": 2.5})
    events({"event": "evaluation", "step": 1600, **scores, "best": False, "seconds": 2.5})
    events({"event": "evaluation", "step": 1700, "frechet": None, "best": False, "seconds": 1.0})
    assert capsys.readouterr().err.splitlines() == [
        "step 1,500 evaluated: frechet 12.35  precision 0.5  recall 0  (best so far)",
        "step 1,600 evaluated: frechet 12.35  precision 0.5  recall 0",
        "step 1,700 evaluated: not finite",
    ]


def test_warnings_are_one_inert_line(capsys):
    reporters.TextLines()({"event": "warning", "message": "odd\n\x1b[2Jthing"})
    assert capsys.readouterr().err == "warning: odd \\u001b[2Jthing\n"


@pytest.fixture
def plain_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")


def test_the_bar_goes_to_stderr_with_speed_and_every_number(plain_terminal, capsys):
    with ProgressBars() as events:
        events(START)
        events({"event": "warning", "message": "[bold]careful[/bold]"})
        numbers = {"d_loss": 0.5, "g_loss": 1.25, "d_real_accuracy": 0.75, "r1": 0.01}
        events(step(50, images_per_second=1234.5, seconds_left=65, **numbers))
        events({"event": "evaluation", "step": 50, "frechet": 12.5, "best": True, "seconds": 1.0})
        events(step(60, images_per_second=1234.5))  # the newest numbers stay
        events(END)
    out, err = capsys.readouterr()
    assert out == ""
    assert "warning: [bold]careful[/bold]" in err
    assert "60/100" in err and "1,234 images/s" in err and "compiling" not in err
    bar, *rows = err.strip().splitlines()[-3:]
    assert 110 < len(bar) <= 120  # as wide as the terminal
    rows = [line.split() for line in rows]
    assert rows[0] == ["d_loss", "0.5", "g_loss", "1.25", "d_real_accuracy", "0.75", "r1", "0.01"]
    assert rows[1] == ["frechet", "12.5"]
    assert "\x1b" not in err


@pytest.mark.parametrize("written", range(0, 1200, 100))
def test_a_terminal_that_goes_away_at_any_moment_stops_no_job(written, monkeypatch):
    """Between the end of a terminal and its signal, what is written to it is an error."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

        def write(self, text):
            if self.tell() >= written:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().write(text)

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with ProgressBars() as events:
        for event in (START, step(50, d_loss=0.5), step(60, d_loss=0.5), END):
            events(event)


def test_each_preparation_has_a_bar(plain_terminal, capsys):
    with ProgressBars() as events:
        for what, unit in (("downloading faces", "bytes"), ("faces: decoding", "images")):
            for done in (0, 2_500_000):
                events(prepare(what, done, unit, seconds=2.0))
    err = capsys.readouterr().err
    assert "downloading faces" in err and "2.5 of 5.0 MB, 2 s left" not in err
    assert "2.5 of 5.0 MB, 2.0 s left" in err and "2,500,000 of 5,000,000 images" in err


def test_a_short_preparation_is_not_shown(plain_terminal, capsys):
    with ProgressBars() as events:
        events(prepare("digits: decoding", 5_000_000, "images", seconds=0.9))
    reporters.TextLines()(prepare("digits: decoding", 5_000_000, "images", seconds=0.9))
    assert capsys.readouterr().err == ""


def prepare(what, done, unit, *, seconds):
    total = 5_000_000
    return {"event": "prepare", "what": what, "done": done, "total": total, "unit": unit,
            "seconds": seconds}  # fmt: skip


def test_preparing_data_is_reported_to_the_same_handler(capsys):
    with reporters.report_events(as_json=True), Progress("digits: decoding", 2) as progress:
        progress.advance(2)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["event"] for line in lines} == {"prepare"} and lines[-1]["done"] == 2


def test_the_end_of_a_preparation_is_one_line(capsys):
    events = reporters.TextLines(clock=lambda: 0.0)
    for done in (0, 2_500_000, 5_000_000, 5_000_000):
        events(prepare("faces: decoding", done, "images", seconds=3.0))
    assert capsys.readouterr().err == "faces: decoding: 5,000,000 of 5,000,000 images\n"


def test_bars_are_for_terminals_only(monkeypatch):
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with reporters.report_events() as handler:
        assert isinstance(handler, ProgressBars)
    monkeypatch.setenv("TERM", "dumb")
    with reporters.report_events() as handler:
        assert isinstance(handler, reporters.TextLines)


def test_an_unknown_time_left_is_left_out():
    assert event_text.format_progress({"seconds_left": float("inf"), "d_loss": None}) == ""
