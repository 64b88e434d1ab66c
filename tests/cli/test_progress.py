"""How a job's events are shown."""

import errno
import json
import sys

import pytest

from ganzoo.cli import progress

START = {
    "event": "start",
    "model": "dcgan-digits",
    "run": "runs/00001-dcgan-digits",
    "backend": "jax",
    "steps": 100,
    "images": 6400,
    "dataset": "digits",
    "parameters": {"generator": 1234, "discriminator": 567},
}
END = {"event": "end", "run": "runs/00001-dcgan-digits", "step": 100}


def step(number, **numbers):
    return {"event": "progress", "step": number, "steps": 100, "images": 64 * number, **numbers}


def test_events_become_one_json_object_per_line(capsys):
    with progress.reporter(as_json=True) as events:
        events(START)
        events(step(50, d_loss=float("nan")))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [START, step(50, d_loss=None)]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BrokenPipeError(), "nobody reads the events any more"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    ],
)
def test_events_that_nobody_takes_do_not_stop_the_job(error, said, monkeypatch, capsys):
    calls = []

    class Gone:
        def write(self, text):
            calls.append(text)
            raise error

    monkeypatch.setattr(sys, "stdout", Gone())
    events = progress.JsonLines()
    events(START)
    events(END)
    assert len(calls) == 1
    warning = capsys.readouterr().err
    assert warning.count("\n") == 1
    assert said in warning and warning.endswith("; the work goes on\n")


def test_without_a_terminal_there_is_a_plain_line_every_few_seconds(capsys):
    now = iter([0.0, 1.0, 5.0, 7.0, 9.9, 10.0, 10.1])
    events = progress.Lines(clock=lambda: next(now))
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
        f"step {n}/100  1,234 images/s  1m05s left  d_loss 0.500  g_loss 1.250"
        for n in (20, 50, 100)
    ]


def test_an_evaluation_is_a_line_of_its_own(capsys):
    scores = {"frechet": 12.3456, "precision": 0.5, "recall": 0.0}
    events = progress.Lines()
    events({"event": "evaluation", "step": 1500, **scores, "best": True, "seconds": 2.5})
    events({"event": "evaluation", "step": 1600, **scores, "best": False, "seconds": 2.5})
    events({"event": "evaluation", "step": 1700, "frechet": None, "best": False, "seconds": 1.0})
    assert capsys.readouterr().err.splitlines() == [
        "step 1,500 judged: frechet 12.35  precision 0.5  recall 0  (best so far)",
        "step 1,600 judged: frechet 12.35  precision 0.5  recall 0",
        "step 1,700 judged: not finite",
    ]


def test_warnings_are_one_inert_line(capsys):
    progress.Lines()({"event": "warning", "message": "odd\n\x1b[2Jthing"})
    assert capsys.readouterr().err == "warning: odd \\u001b[2Jthing\n"


def test_the_bar_goes_to_stderr_and_shows_speed_and_losses(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    with progress.Bar() as events:
        events(START)
        events({"event": "warning", "message": "[bold]careful[/bold]"})
        events(step(50, images_per_second=1234.5, seconds_left=65, d_loss=0.5, g_loss=1.25))
        events(END)
    out, err = capsys.readouterr()
    assert out == ""
    assert "warning: [bold]careful[/bold]" in err
    assert "50/100" in err and "1,234 images/s" in err and "g_loss 1.250" in err
    assert "\x1b" not in err


def test_a_bar_is_for_terminals_only(monkeypatch):
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert isinstance(progress.reporter(as_json=False), progress.Bar)
    monkeypatch.setenv("TERM", "dumb")
    assert not isinstance(progress.reporter(as_json=False), progress.Bar)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (0.4, "0s"), (59.6, "1m00s"), (3599, "59m59s"), (7500, "2h05m")],
)
def test_durations_read_as_people_write_them(seconds, text):
    assert progress.duration(seconds) == text


def test_a_time_left_that_is_not_known_is_left_out():
    assert progress.numbers({"seconds_left": float("inf"), "d_loss": None}) == ""
