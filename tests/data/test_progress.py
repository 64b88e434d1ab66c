import io
import sys

from ganzoo.data.progress import Progress, notice, reporting


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def count(total, *, seconds_each, unit="images"):
    clock = Clock()
    with Progress("test: decoding", total, unit, clock=clock) as progress:
        for _ in range(total):
            clock.now += seconds_each
            progress.advance()


def test_a_listener_gets_the_start_some_of_the_way_and_the_end():
    events = []

    with reporting(events.append):
        count(1000, seconds_each=0.01)

    assert events[0] == {
        "event": "prepare",
        "what": "test: decoding",
        "done": 0,
        "total": 1000,
        "unit": "images",
        "seconds": 0.0,
    }
    assert (events[-1]["done"], events[-1]["seconds"]) == (1000, 10.0)
    assert 40 <= len(events) <= 60  # ten seconds, five a second
    assert [event["done"] for event in events] == sorted(event["done"] for event in events)


def test_nobody_is_told_after_the_block():
    events = []
    with reporting(events.append):
        pass

    count(3, seconds_each=1)

    assert events == []


def test_short_work_writes_nothing(capsys):
    count(100, seconds_each=0.001)

    assert capsys.readouterr() == ("", "")


def test_long_work_writes_a_line_now_and_then_on_stderr(capsys):
    count(1000, seconds_each=0.02)  # 20 seconds

    out, err = capsys.readouterr()
    assert out == ""
    assert 4 <= len(err.splitlines()) <= 6
    assert err.splitlines()[-1] == "test: decoding [####################] 1,000 of 1,000 images"
    assert err.splitlines()[0] == (
        "test: decoding [#                   ] 50 of 1,000 images, 19s left"
    )


def test_a_line_that_told_of_the_end_is_not_written_again(capsys):
    count(3, seconds_each=6)  # each unit is worth a line, and so is the last

    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("]")[2] for line in lines] == [
        " 1 of 3 images, 12s left",
        " 2 of 3 images, 6s left",
        " 3 of 3 images",
    ]


def test_a_terminal_sees_one_line_that_is_redrawn(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    count(1000, seconds_each=0.02)

    text = terminal.getvalue()
    assert text.count("\n") == 1
    assert text.count("\r\x1b[K") > 50


def test_quiet_leaves_the_drawing_to_the_listener(monkeypatch):
    terminal, events = Terminal(), []
    monkeypatch.setattr(sys, "stderr", terminal)

    with reporting(events.append, quiet=True):
        count(1000, seconds_each=0.02)

    assert terminal.getvalue() == ""
    assert events


def test_bytes_are_written_as_megabytes():
    progress = Progress("downloading a.zip", 1_443_490_838, "bytes", clock=Clock())
    progress.done = 721_745_419

    assert progress.line(100) == (
        "downloading a.zip [##########          ] 721.7 of 1,443.5 MB, 1m40s left"
    )


def test_an_unknown_total_has_no_bar():
    progress = Progress("downloading", None, "files", clock=Clock())
    progress.done = 7

    assert progress.line(3) == "downloading: 7 files"


def test_a_notice_is_written_even_in_quiet(capsys):
    with reporting(None, quiet=True):
        notice("the license")

    assert capsys.readouterr() == ("", "the license\n")
