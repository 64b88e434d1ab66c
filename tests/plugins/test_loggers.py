"""The zoo's loggers, each with its real package if that is here, read back from what they wrote."""

import csv
import json
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.catalog.plugins.discovery import call_plugin, discover, find_plugin
from ganzoo.catalog.runs import Run
from ganzoo.errors import EnvironmentProblem

STEPS = (2, 4, 6)


@pytest.fixture
def run(tmp_path):
    """A run's folder, as far as loggers read it."""
    path = tmp_path / "00001-toy"
    (path / "samples").mkdir(parents=True)
    (path / "recipe.toml").write_text(
        '[architecture]\nname = "mlp"\nunits = [8, 8]\n\n[dataset]\nname = "folder"\n'
        'data = "/secret"\n\n[training]\nsteps = 6\n'
    )
    return Run(path)


def train(run, logger, *, start=0, last=6, end="end"):
    """Give a logger the events of a training as `jobs/training` does, from a step to another."""
    run.rewind(start)
    logger({"event": "start", "run": str(run.path), "backend": "jax", "step": start, "steps": 6})
    for step in (s for s in STEPS if start < s <= last):
        scores = {"frechet": 10.0 / step} if step >= 4 else {}
        entry = {"step": step, "images": 16 * step, "seconds": 0.5, "d_loss": 1.0 / step, **scores}
        run.append_log(entry)
        logger({"event": "log", **entry})
        logger({"event": "progress", "step": step, "steps": 6, "d_loss": 1.0 / step})
        image, sound = run.samples / f"step-{step:08d}.png", run.media_path(".wav")
        Image.fromarray(np.full((4, 6), 40 * step, "uint8")).save(image)
        with wave.open(str(sound), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", None))
            file.writeframes(bytes(2 * 80))
        logger({"event": "sample", "step": step, "path": str(image), "media": str(sound)})
        logger({"event": "something new", "step": step})
    logger({"event": "warning", "message": "the discriminator wins"})
    if end == "stop":
        logger({"event": "stop", "state": "interrupted", "reason": "Stopped."})
    elif end:
        logger({"event": "end", "run": str(run.path), "step": last})


def create(name, **options):
    return call_plugin(find_plugin("logger", name), **options)


def train_twice(run, name, **options):
    """Train to step 4, and again from a checkpoint at step 2 to the end, as after a crash."""
    train(run, create(name, **options), last=4, end="stop")
    train(run, create(name, **options), start=2)


def test_every_logger_says_how_to_get_its_package(monkeypatch):
    names = set(discover("logger").plugins)
    assert {"csv", "tensorboard", "wandb", "trackio", "mlflow"} <= names
    for name in ("tensorboard", "wandb", "trackio", "mlflow"):
        for module in [one for one in sys.modules if one.split(".")[0] == name] or [name]:
            monkeypatch.setitem(sys.modules, module, None)  # as if it were not there
        with pytest.raises(EnvironmentProblem) as caught:
            create(name)
        assert f'pip install "keras-ganzoo[{name}]"' in str(caught.value)


def test_csv_has_the_rows_of_the_log_and_each_column_that_came(run):
    train_twice(run, "csv")

    with (run.path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    assert [row["frechet"] for row in rows] == ["", "2.5", str(10 / 6)]
    for row, entry in zip(rows, run.log(), strict=True):
        assert {k: float(v) for k, v in row.items() if v} == entry


def test_tensorboard_gets_numbers_images_and_sounds_and_forgets_what_a_resume_repeats(run):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    before = set(sys.modules)
    train_twice(run, "tensorboard")
    assert not {"tensorflow", "torch", "jax"} & (set(sys.modules) - before)

    found = EventAccumulator(str(run.path / "tensorboard"), {"images": 0, "tensors": 0}).Reload()
    losses = found.Scalars("d_loss")
    assert [event.step for event in losses] == list(STEPS)
    assert [event.value for event in losses] == pytest.approx([1 / step for step in STEPS])
    assert [event.step for event in found.Scalars("frechet")] == [4, 6]
    *_, image = found.Images("samples")
    assert [event.step for event in found.Images("samples")] == list(STEPS)
    assert (image.height, image.width) == (4, 6)
    assert image.encoded_image_string == (run.samples / "step-00000006.png").read_bytes()
    assert found.Audio("sound")[-1].sample_rate == 8000
    recipe = found.Tensors("recipe")[0].tensor_proto.string_val[0].decode()
    assert "| training.steps | 6 |" in recipe and "secret" not in recipe


def wandb_records(path):
    """The records of a file of W&B, which is a log of LevelDB behind a header of 7 bytes."""
    data, position, record = path.read_bytes(), 7, b""
    while position + 7 <= len(data):
        left = 32768 - position % 32768  # in the block; a header is not split
        if left < 7:
            position += left
            continue
        length, kind = (
            int.from_bytes(data[position + 4 : position + 6], "little"),
            data[position + 6],
        )
        record += data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


def test_wandb_goes_on_with_its_run_and_logs_each_step_once(run, monkeypatch):
    pytest.importorskip("wandb")
    for name in ("CONFIG_DIR", "CACHE_DIR", "DATA_DIR"):
        monkeypatch.setenv(f"WANDB_{name}", str(run.path.parent / "wandb-home"))

    train_twice(run, "wandb", mode="offline", project="toys")

    from wandb.proto import wandb_internal_pb2

    ids, steps, images = set(), [], set()
    for path in sorted(run.path.glob("wandb/offline-run-*/run-*.wandb")):
        for content in wandb_records(path):
            record = wandb_internal_pb2.Record.FromString(content)
            if record.HasField("run"):
                ids.add(record.run.run_id)
            values = {
                item.key or ".".join(item.nested_key): json.loads(item.value_json)
                for item in record.history.item
            }
            if "d_loss" in values:
                steps.append((values["_step"], values["d_loss"], values["images"]))
            images |= {key for key in values if key.startswith("samples")}
    assert len(ids) == 1
    assert sorted(steps) == [(step, 1 / step, 16 * step) for step in STEPS]
    assert images


@pytest.mark.filterwarnings("default")  # of its many packages
def test_mlflow_goes_on_with_its_run_and_logs_each_step_once(run, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(run.path.parent)  # where it keeps artifacts
    uri = f"sqlite:///{run.path.parent}/mlflow.db"
    train_twice(run, "mlflow", uri=uri, experiment="toys")

    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("toys")
    (found,) = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(found.info.run_id, "d_loss")
    assert [(one.step, one.value) for one in history] == [(step, 1 / step) for step in STEPS]
    assert found.info.status == "FINISHED" and found.data.params["architecture.units"] == "[8, 8]"
    assert "dataset.data" not in found.data.params
    assert found.data.tags["warning"] == "the discriminator wins"
    names = {Path(one.path).name for one in client.list_artifacts(found.info.run_id, "samples")}
    assert names == {*(f"step-{step:08d}.png" for step in STEPS), "samples.wav"}


def test_trackio_goes_on_with_its_run_and_logs_each_step_once(run, monkeypatch):
    pytest.importorskip("trackio")
    from trackio import utils
    from trackio.sqlite_storage import SQLiteStorage

    for module in (utils, __import__("trackio.sqlite_storage", fromlist=["x"])):
        monkeypatch.setattr(module, "TRACKIO_DIR", run.path.parent / "trackio")
    train_twice(run, "trackio", project="toys")

    (name,) = SQLiteStorage.get_runs("toys")
    rows = SQLiteStorage.get_logs("toys", name)
    numbers = [(row["step"], row["d_loss"]) for row in rows if "d_loss" in row]
    assert numbers == [(step, 1 / step) for step in STEPS]
    assert sum("samples" in row for row in rows) == len(STEPS)


@pytest.fixture
def service():
    """A logger of a service that keeps the ids it was opened with, and warnings."""
    from ganzoo_loggers.service import ServiceLogger

    class Service(ServiceLogger):
        opened, warned = [], []

        def open(self, folder, config, run_id):
            self.opened.append(run_id)
            return run_id or f"id-{len(self.opened)}"

        def log_numbers(self, step, values):
            pass

        def log_sample(self, step, image, media):
            pass

        def log_warning(self, message):
            self.warned.append(message)

        def close(self, state):
            pass

    return Service


def test_a_service_gets_each_warning_of_a_step_once(run, service):
    start = {"event": "start", "run": str(run.path), "backend": "jax", "steps": 6}
    for first, steps in ((0, (2, 4)), (2, (4, 6))):
        logger = service("service")
        logger({**start, "step": first})
        for step in steps:
            for illness in "ab":
                logger({"event": "warning", "step": step, "message": f"{illness} at {step}"})
    logger({"event": "warning", "message": "of no step"})
    pairs = [f"{illness} at {step}" for step in (2, 4, 6) for illness in "ab"]
    assert service.warned == [*pairs, "of no step"] and service.opened == [None, "id-1"]


@pytest.mark.parametrize("content", ["{", "[]", '{"id": 3}', '{"id": "x", "log": "y"}'])
def test_a_bookmark_that_cannot_be_read_counts_as_none(run, service, content):
    (run.path / "loggers").mkdir()
    (run.path / "loggers" / "service.json").write_text(content)
    start = {"event": "start", "run": str(run.path), "backend": "jax", "step": 2, "steps": 6}
    with pytest.warns(UserWarning, match="begins anew"):
        service("service")(start)
    service("service")(start)
    assert service.opened == [None, "id-1"]
