from ganzoo.data.progress import Progress, notice, reporting


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def count(total, *, seconds_each):
    clock = Clock()
    with Progress("test: decoding", total, clock=clock) as progress:
        for _ in range(total):
            clock.now += seconds_each
            progress.advance()


def test_a_listener_gets_the_start_some_of_the_way_and_the_end():
    events = []
    with reporting(events.append):
        count(1000, seconds_each=0.01)
    assert events[0] == {
        "event": "prepare", "what": "test: decoding", "done": 0, "total": 1000, "unit": "images",
        "seconds": 0.0,
    }  # fmt: skip
    assert (events[-1]["done"], events[-1]["seconds"]) == (1000, 10.0)
    assert 40 <= len(events) <= 60  # ten seconds, five a second
    assert [event["done"] for event in events] == sorted(event["done"] for event in events)


def test_nothing_is_reported_after_the_block():
    events = []
    with reporting(events.append):
        pass
    count(3, seconds_each=1)
    assert events == []


def test_an_inner_block_can_have_its_own_listener_or_none():
    events, inner = [], []
    with reporting(events.append):
        with reporting(inner.append):
            count(1, seconds_each=1)
        with reporting(None):
            count(1, seconds_each=1)
    assert inner and not events


def test_nothing_is_printed(capsys):
    count(1000, seconds_each=1)
    assert capsys.readouterr() == ("", "")


def test_a_notice_is_written_whatever_listens(capsys):
    with reporting(None):
        notice("the license\nof \x1b[31mred")
    assert capsys.readouterr() == ("", "the license\nof \\u001b[31mred\n")
