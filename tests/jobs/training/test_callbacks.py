"""Training seldom waits for the device, and shows itself while it goes."""

import pytest
from lazy_keras import keras

from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


def test_the_logs_of_a_dispatch_are_not_read():
    from ganzoo.jobs.training.callbacks import CallbacksWithDeviceLogs

    read, told = [], []

    class Number:
        def __float__(self):
            read.append(self)
            return 0.0

    def tell(batch, logs):
        told.append((batch, logs))

    callbacks = [keras.callbacks.LambdaCallback(on_train_batch_end=tell)]
    for kind in (CallbacksWithDeviceLogs, keras.callbacks.CallbackList):
        kind(callbacks).on_train_batch_end(3, {"d_loss": Number()})
    assert [batch for batch, _ in told] == [3, 3]
    assert isinstance(told[0][1]["d_loss"], Number) and told[1][1] == {"d_loss": 0.0}
    assert len(read) == 1  # by Keras' own, which is why there is another


def test_training_goes_without_keras_own_list(plain, place, monkeypatch):
    def refuse(*args, **kwargs):
        pytest.fail("This would wait for the device after every dispatch.")

    monkeypatch.setattr(keras.callbacks.CallbackList, "on_train_batch_end", refuse)
    run = train(plain(), run=place / "run")
    assert [entry["step"] for entry in run.log()] == [2, 4]


def test_every_progress_event_has_means_and_the_newest_scores_and_the_log_stays_as_it_is(
    plain, place, monkeypatch
):
    from ganzoo.jobs.training import callbacks

    recipe, shown = plain("steps=6", "log_every=4", "evaluate_every=2", "evaluate_samples=20"), []
    before = train(recipe, run=place / "before")
    monkeypatch.setattr(callbacks, "_PROGRESS_SECONDS", -1.0)
    run = train(recipe, run=place / "run", events=shown.append)

    shown = [event for event in shown if event["event"] == "progress"]
    assert {event["step"] for event in shown} == set(range(1, 7))
    assert all(event["d_loss"] > 0 and "d_real_accuracy" in event for event in shown)
    log = {entry["step"]: entry for entry in run.log()}
    assert [event.get("frechet") for event in shown if event["step"] in (1, 3, 5)] == [
        None, log[2]["frechet"], log[4]["frechet"],
    ]  # fmt: skip
    clocked = ("seconds", "images_per_second")
    assert [{k: v for k, v in entry.items() if k not in clocked} for entry in run.log()] == [
        {k: v for k, v in entry.items() if k not in clocked} for entry in before.log()
    ]


def test_the_report_and_the_animation_are_there_while_a_run_goes_on(plain, place):
    from PIL import Image

    from ganzoo.jobs.training.resume import resume

    pages = []

    def look(event):
        if event["event"] == "checkpoint" and event["step"] < 4:  # after the samples of a step
            with Image.open(place / "run" / "progress.gif") as gif:
                pages.append(((place / "run" / "report.html").read_text(), gif.n_frames))

    recipe = plain("sample_every=2", "checkpoint_every=2")
    run = train(recipe, run=place / "run", events=look)
    (page, frames) = pages[0]
    assert "still training" in page and 'class="refresh"' in page
    assert "data:image/png;base64," in page and frames >= 1
    assert 'class="refresh"' not in run.report_path.read_text()
    resume(run.path, settings=["training.steps=6"], events=look)
    assert "of 6" not in run.report_path.read_text()


def test_looking_at_a_training_ends_it_never_and_comes_after_the_checkpoint(
    plain, place, monkeypatch
):
    from ganzoo.errors import InvalidInput
    from ganzoo.jobs.diagnostics.monitor import Monitor
    from ganzoo.jobs.monitoring.live_report import LiveReport

    calls, events = [], []

    def fail(self, *arguments):
        calls.append(self)
        raise InvalidInput("The generator's images are not finite.")

    for kind, name in ((Monitor, "check_log"), (Monitor, "check_samples"), (LiveReport, "update")):
        monkeypatch.setattr(kind, name, fail)
    recipe = plain("sample_every=2", "checkpoint_every=2")
    run = train(recipe, run=place / "run", events=events.append)
    assert len(calls) == 2 and run.weights_path.exists()
    warnings = [event["message"] for event in events if event["event"] == "warning"]
    assert ["monitor of illnesses" in text for text in warnings] == [True, False]
    assert "live report failed" in warnings[1] and "not finite" in warnings[1]
    kinds = [event["event"] for event in events if event.get("step") == 2]
    assert kinds.index("checkpoint") < kinds.index("sample")


def test_samples_that_a_killed_process_has_not_written_are_made_by_a_resume(plain, place):
    from ganzoo.jobs.training.resume import resume

    run = train(plain("sample_every=2"), run=place / "run")
    path = run.samples / "step-00000004.png"
    content = path.read_bytes()
    path.unlink()
    resume(run.path, settings=["training.steps=6"])
    assert path.read_bytes() == content
