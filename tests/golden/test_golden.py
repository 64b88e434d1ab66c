"""What version 0.2 wrote opens for ever: a run on PyTorch, killed after step 2 of 4, pushed."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from lazy_keras import keras

from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.runs import Run
from ganzoo.files import safetensors
from ganzoo.jobs.publishing.verify import verify
from ganzoo.jobs.training.resume import resume

HERE = Path(__file__).parent
RUN = HERE / "run-of-0.2"
VERSION = HERE / "registry-of-0.2" / "golden" / "1"

LOSSES = [(1.630355, 0.682552), (1.535136, 0.671237)]  # of steps 3 and 4, on each backend


def test_a_kept_run_is_whole_and_read():
    assert verify(str(RUN))["problems"] == []
    run = Run.open(RUN)
    assert [entry["step"] for entry in run.log()] == [1, 2]
    assert (run.manifest()["backend"], run.card().recipe) == ("torch", run.recipe())
    checkpoint = run.newest_checkpoint(pytest.fail)
    state = safetensors.load(checkpoint.read("state.safetensors"))
    assert (checkpoint.step, len(state), int(state["gan/steps"])) == (2, 49, 2)
    assert {name.partition("/")[0] for name in state} == {
        "discriminator", "discriminator_optimizer", "ema", "gan", "generator",
        "generator_optimizer", "metrics",
    }  # fmt: skip


def test_a_kept_version_is_whole_and_read():
    assert verify(str(VERSION))["problems"] == []
    card = Card.read(VERSION / "card.toml")
    assert (card.name, card.license.weights) == ("golden", "CC-BY-4.0")
    arrays = safetensors.load(VERSION / "generator.safetensors")
    state = Run.open(RUN).newest_checkpoint(pytest.fail).read("state.safetensors")
    averages = {n: a for n, a in safetensors.load(state).items() if n.startswith("ema/")}
    for name, array in averages.items():
        np.testing.assert_array_equal(arrays[name.replace("ema/", "generator/")], array)


@pytest.mark.backend
def test_a_kept_run_goes_on_and_a_kept_version_draws(tmp_path):
    import ganzoo

    shutil.copytree(RUN, tmp_path / "run")
    backend, said = keras.backend.backend(), []
    convert = None if backend == "torch" else backend
    run = resume(tmp_path / "run", convert=convert, events=said.append)
    manifest = run.manifest()
    assert (manifest["state"], manifest["step"], manifest["backend"]) == ("finished", 4, backend)
    assert verify(str(run.path))["problems"] == []
    losses = [(entry["d_loss"], entry["g_loss"]) for entry in run.log()[2:]]
    np.testing.assert_allclose(losses, LOSSES, atol=1e-5)
    found = ganzoo.load(VERSION).sample(4, seed=0)
    assert found.shape == (4, 8, 8, 1) and np.isfinite(found).all()
