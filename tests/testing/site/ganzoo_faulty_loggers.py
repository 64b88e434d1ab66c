"""Loggers each of which has one fault. `honest_log` has none."""

from pathlib import Path


def honest_log():
    return lambda event: None


def silent():
    """Returns nothing."""


def pedant():
    """Refuses events that it does not know."""
    return lambda event: {"start": 0, "log": 0, "sample": 0, "end": 0}[event["event"]]


def forgetful():
    """Cannot go on."""

    def log(event):
        if event["event"] == "start" and event["step"]:
            raise ValueError("This run has begun before.")

    return log


def meddler():
    """Writes into the run's own log."""

    def log(event):
        if event["event"] == "start" and event["step"] == 0:
            (Path(event["run"]) / "log.jsonl").write_text("{}\n")

    return log
