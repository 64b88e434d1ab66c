"""A weights file generates the same images on all backends; one process for each backend."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.backend.select import BACKENDS, installed

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
"""


@pytest.mark.skipif(len(installed()) < 3, reason="not all three backends are installed")
def test_a_file_of_any_backend_generates_the_same_on_all(command):
    shutil.copy(SITE / "recipe.toml", command.folder)
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
