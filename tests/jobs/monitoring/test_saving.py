"""A disk that is full does not end a training at once, and nothing is lost by it."""

import errno
import os
import resource
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from ganzoo.catalog.runs import Run
from ganzoo.errors import EnvironmentProblem, InvalidInput
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.text import environment_problem
from ganzoo.jobs.monitoring.saving import Saving, check_space, checkpoint_size


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "run")
    run.path.mkdir()
    run.recipe_path.touch()
    run.manifest_path.write_text("{}")
    checkpoints.save(run.checkpoints, 1, {"a": b"a"}, {}, keep=1)
    return run


def refuse(number=errno.ENOSPC):
    raise environment_problem("write", "x", OSError(number, os.strerror(number)))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_the_third_save_in_a_row_that_fails_ends_a_training(run, number):
    events, saved = [], []
    saving = Saving(run, events.append)
    for _ in range(2):
        assert not saving.save(lambda: refuse(number))
    assert saving.save(lambda: saved.append(1))  # and they are counted anew
    for _ in range(2):
        assert not saving.save(lambda: refuse(number))
    assert len(events) == 4 and all(event["event"] == "warning" for event in events)
    assert "The training goes on. The last good checkpoint is" in events[0]["message"]
    assert "step-00000001" in events[0]["message"]
    with pytest.raises(EnvironmentProblem, match="step-00000001") as caught:
        saving.save(lambda: refuse(number))
    assert caught.value.exit_code == 5 and saved == [1]


def test_the_last_save_must_not_fail(run):
    with pytest.raises(EnvironmentProblem, match="No space left"):
        Saving(run, pytest.fail).save(refuse, last=True)


def test_what_is_no_matter_of_the_disk_is_raised_at_once(run):
    def broken():
        raise InvalidInput("Not of the disk.")

    with pytest.raises(InvalidInput):
        Saving(run, pytest.fail).save(broken)


def test_lines_of_the_log_wait_until_there_is_space(run, monkeypatch):
    events = []
    saving = Saving(run, events.append)
    with monkeypatch.context() as patch:
        patch.setattr(Run, "append_log", lambda self, entry: refuse())
        for step in (1, 2, 3):
            saving.log({"step": step})
        assert len(events) == 1  # one warning for all of them
        with pytest.raises(EnvironmentProblem):
            saving.log(last=True)
    assert run.log() == []
    saving.log({"step": 4})
    assert [entry["step"] for entry in run.log()] == [1, 2, 3, 4]


def test_a_folder_that_was_moved_is_not_made_anew(run):
    events = []
    run.path.rename(run.path.with_name("moved"))
    saving = Saving(run, events.append)
    assert not saving.write(lambda: run.samples.mkdir(parents=True))
    assert "moved. Received" in events[0]["message"] and not run.path.exists()


def test_the_size_of_a_checkpoint_is_known_before_a_training():
    shapes = {f"generator/{n}/kernel": (3, 3, 8 * n, 8) for n in range(1, 9)}
    state = {name: SimpleNamespace(dtype="float32", shape=shape) for name, shape in shapes.items()}
    state["half"] = SimpleNamespace(dtype="bfloat16", shape=(1000,))
    arrays = {name: np.zeros(shape, "float32") for name, shape in shapes.items()}
    arrays["half"] = np.zeros(1000, safetensors.DTYPES["BF16"])
    size = checkpoint_size(SimpleNamespace(state=lambda: state))
    assert size == pytest.approx(len(safetensors.dump(arrays, {})), rel=0.1)


def test_a_disk_that_is_too_small_is_refused_with_the_way_out(tmp_path, monkeypatch):
    check_space(tmp_path / "no" / "such" / "folder", 1000, 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=3000))
    check_space(tmp_path, 1500, 2)
    with pytest.raises(EnvironmentProblem, match="cannot hold 2 checkpoints.*--run FOLDER"):
        check_space(tmp_path / "none", 1501, 2)
    check_space(tmp_path, 1501, 1)


def test_a_limit_on_the_size_of_files_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1000, 1000))
    check_space(tmp_path, 1000, 1)
    with pytest.raises(EnvironmentProblem, match="larger than a file may be.*ulimit -f"):
        check_space(tmp_path, 1001, 1)
