"""The report of a running run costs a share of its time, whatever it costs."""

import pytest

from ganzoo.catalog.runs import Run
from ganzoo.jobs.monitoring import live_report
from ganzoo.jobs.monitoring.observer import Observer


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("cost", [0.001, 0.1, 2.0])
def test_what_is_written_takes_at_most_a_hundredth_of_the_time_each(tmp_path, monkeypatch, cost):
    clock, written = Clock(), []

    def write(*arguments, **options):
        clock.now += cost
        written.append(clock.now)

    monkeypatch.setattr(live_report.rendering, "progress_gif", write)
    monkeypatch.setattr(live_report, "report_of_run", write)
    monkeypatch.setattr(live_report, "publish_text", lambda *arguments, **options: None)
    monkeypatch.setattr(Run, "manifest", lambda run: {})
    live = live_report.LiveReport(Run(tmp_path), clock=clock)
    for seconds in range(0, 2001, 5):
        live.update(seconds)
    assert len(written) >= min(2 * 401, 2000 * 0.02 / cost - 2)
    assert len(written) * cost <= max(2 * cost, 2000 * 0.02)


def test_what_fails_is_said_once_and_is_off_from_then_on():
    events, looks = [], []

    def look(step):
        looks.append(step)
        if step == 2:
            raise ZeroDivisionError("by zero")

    observer = Observer("live report", events.append)
    for step in (1, 2, 3):
        observer(look, step)
    (event,) = events
    assert looks == [1, 2] and event["event"] == "warning"
    assert "The live report failed" in event["message"] and "by zero" in event["message"]
