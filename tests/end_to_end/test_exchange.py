"""Weights files and runs of one backend on all others; one process for each backend."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from comparison import differing
from PIL import Image

from ganzoo.backend.select import BACKENDS, installed
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.files import safetensors

SITE = Path(__file__).parent / "site"

# Trains a little and exports; waits for the other files; then generates from every file.
WORK = """
import pathlib, sys, time
import numpy as np
from ganzoo.cli import main

backend, names = sys.argv[1], sys.argv[2].split(",")
assert main(["train", "recipe.toml", "--steps", "3", "--backend", backend, "--run", backend]) == 0
assert main(["export", backend, f"{backend}-partial.safetensors"]) == 0
pathlib.Path(f"{backend}-partial.safetensors").rename(f"{backend}.safetensors")
limit = time.monotonic() + 240
while not all(pathlib.Path(f"{name}.safetensors").exists() for name in names):
    assert time.monotonic() < limit
    time.sleep(0.05)
import ganzoo
import keras
assert keras.backend.backend() == backend
for name in names:
    file = f"{name}.safetensors"
    assert main(["sample", file, "--seed", "7", "-n", "8", "--out", f"{name}-{backend}.png"]) == 0
    gan = ganzoo.load(file)
    latents = gan.sampler.sample_latents(8, 7)
    images = gan.sampler.generate(latents, np.arange(8, dtype="int32") % 2)
    np.savez(f"{name}-{backend}.npz", latents=keras.ops.convert_to_numpy(latents),
             images=keras.ops.convert_to_numpy(images))

import shutil
def wait_for(name):
    limit = time.monotonic() + 240
    while not pathlib.Path(name).exists():
        assert time.monotonic() < limit
        time.sleep(0.05)
assert main(["train", "smooth.toml", "--backend", backend, "--run", f"smooth-{backend}"]) == 0
pathlib.Path(f"{backend}.done").touch()
for name in (backend, names[names.index(backend) - 1]):
    wait_for(f"{name}.done")
    run = f"{name}-to-{backend}"
    shutil.copytree(f"smooth-{name}", run)
    convert = [] if name == backend else ["--convert", backend]
    assert main(["resume", run, "--set", "training.steps=4", *convert]) == 0
"""
SMOOTH = {  # no dropout, whose random numbers are the backend's own
    "architecture": {"name": "mlp", "latent_size": 4, "generator_units": [8],
                     "discriminator_units": [8]},
    "dataset": {"name": "digits", "images": 64},
    "generator_optimizer": {"name": "adam"},
    "discriminator_optimizer": {"name": "adam"},
    "training": {"batch": 16, "steps": 3, "log_every": 1, "checkpoint_every": 1},
}  # fmt: skip


@pytest.mark.skipif(len(installed()) < 3, reason="not all three backends are installed")
def test_files_and_runs_of_any_backend_go_on_with_all(command):
    """Promises 6, 42: a file generates the same, a run goes on with the same state."""
    shutil.copy(SITE / "recipe.toml", command.folder)
    (command.folder / "smooth.toml").write_text(Recipe.from_tables(SMOOTH).toml())
    workers = {
        name: subprocess.Popen(
            [sys.executable, "-c", WORK, name, ",".join(BACKENDS)], cwd=command.folder, text=True,
            env=command.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for name in BACKENDS
    }  # fmt: skip
    ended = {name: worker.communicate(timeout=300)[1] for name, worker in workers.items()}
    assert {name: worker.returncode for name, worker in workers.items()} == dict.fromkeys(
        BACKENDS, 0
    ), json.dumps(ended)

    for writer in BACKENDS:
        arrays = [np.load(command.folder / f"{writer}-{reader}.npz") for reader in BACKENDS]
        pixels = []
        for reader in BACKENDS:
            with Image.open(command.folder / f"{writer}-{reader}.png") as image:
                pixels.append(np.asarray(image).astype(int))
        for other in (1, 2):
            assert arrays[0]["latents"].tobytes() == arrays[other]["latents"].tobytes()
            assert np.abs(arrays[0]["images"] - arrays[other]["images"]).max() <= 1e-5
            assert np.abs(pixels[0] - pixels[other]).max() <= 1
        assert np.ptp(arrays[0]["images"]) > 0.01

    for writer, reader in zip(BACKENDS, (*BACKENDS[1:], BACKENDS[0]), strict=True):
        whole, moved = (Run.open(command.folder / f"{writer}-to-{r}") for r in (writer, reader))
        before, after = (
            [safetensors.load(run.checkpoints / f"step-0000000{step}" / "state.safetensors")
             for run in (whole, moved)] for step in (3, 4)
        )  # fmt: skip
        assert not differing(*before)  # what it goes on from
        assert after[0].keys() == after[1].keys()
        for name, array in after[0].items():
            np.testing.assert_allclose(after[1][name], array, atol=1e-5, err_msg=name)
        losses = [run.log()[-1]["d_loss"] for run in (whole, moved)]
        assert abs(losses[0] - losses[1]) <= 1e-5
        manifest = moved.manifest()
        assert manifest["backend"] == reader
        assert manifest["converted"] == [{"step": 3, "from": writer, "to": reader}]
