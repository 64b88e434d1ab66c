"""Sick trainings are named, once, in the log and to whoever listens; sound ones are not."""

import os
from unittest import mock

import numpy as np
import pytest

from ganzoo.files import checkpoints, safetensors

pytestmark = pytest.mark.backend
on_one_backend = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND") != "jax", reason="evidence is the same on every backend"
)
NOTHING_LEARNED = ("generator_optimizer.learning_rate=1e-7",)
SICK = {
    "discriminator_wins": (*NOTHING_LEARNED, "discriminator_optimizer.learning_rate=1e-2"),
    "gray_samples": (
        *NOTHING_LEARNED, "discriminator_optimizer.learning_rate=1e-7",
        "batch_norm_momentum=0.0", "output_activation=sigmoid", "generator_units=[64,128]",
    ),
    "mode_collapse": (
        "generator_optimizer.learning_rate=3e-2", "discriminator_optimizer.learning_rate=1e-4",
    ),
    "lagging_average": ("ema_half_life=1e7", "ema_rampup=0"),
    "memorization": (
        "dataset.images=10", "batch=10", "generator_optimizer.learning_rate=2e-4",
    ),
    "dead_penalty": ('regularizers=[{name = "r1", weight = 1e-9}]',),
}  # fmt: skip


def trained(recipe, path):
    from ganzoo.jobs.training.train import train

    events = []
    run = train(recipe, run=path, events=events.append)
    return run, [event for event in events if event["event"] == "warning"]


def untimed(log):
    return [{k: value for k, value in line.items() if "second" not in k} for line in log]


@on_one_backend
@pytest.mark.parametrize("illness", SICK)
def test_an_illness_is_named_once_with_a_setting_to_try(illness, plain, tmp_path):
    run, warnings = trained(plain(*SICK[illness]), tmp_path / "run")
    assert [event["illness"] for event in warnings].count(illness) == 1
    assert run.warnings() == warnings
    (warning,) = (event for event in warnings if event["illness"] == illness)
    assert 150 <= warning["step"] <= 200 and " Try --set " in warning["message"]
    assert warning["message"].partition(":")[0] in run.report_path.read_text()


def test_a_sound_training_is_silent_and_the_same_as_without_a_monitor(plain, tmp_path, monkeypatch):
    from ganzoo.jobs.diagnostics.monitor import Monitor

    checked = []
    watched, warnings = trained(plain(), tmp_path / "watched")
    for name in ("check_log", "check_samples"):
        monkeypatch.setattr(Monitor, name, lambda self, step, *rest: checked.append(step))
    unwatched, _ = trained(plain(), tmp_path / "unwatched")
    assert warnings == [] and len(checked) > 10
    before, after = (
        safetensors.load(
            checkpoints.newest(run.checkpoints, report=pytest.fail).path / "state.safetensors"
        )
        for run in (watched, unwatched)
    )
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name], err_msg=name)
    assert untimed(watched.log()) == untimed(unwatched.log())


def test_of_large_samples_few_are_compared(monkeypatch):
    from ganzoo.jobs.diagnostics import monitor

    shape = (64, 64, 1)
    session = mock.MagicMock()
    session.run.warnings.return_value = []
    session.gan.sampler.image_shape = shape
    session.dataset.__len__.return_value = 1000
    session.dataset.batch = lambda indices: (np.zeros((len(indices), *shape), np.uint8), None)
    monkeypatch.setattr(monitor, "_MAX_VALUES", 100 * 64 * 64)
    assert [len(real) for real in monitor.Monitor(session)._real] == [64, 100]
