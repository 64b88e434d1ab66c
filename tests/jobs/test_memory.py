"""The memory of a training, against that of the training itself."""

import os
import subprocess
import sys

import pytest

from ganzoo.errors import EnvironmentProblem
from ganzoo.jobs import memory

pytestmark = pytest.mark.backend

# a parent without much memory: a child's account begins with its parent's
PEAK = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
print(os.wait4(child.pid, 0)[2].ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def peak_of_training(recipe, place):
    path = place / "recipe.toml"
    path.write_text(recipe.toml())
    command = [sys.executable, "-m", "ganzoo.cli", "train", path, "--run", place / "run"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *command], env=env, capture_output=True, text=True
    )
    assert (place / "run" / "weights.safetensors").exists(), done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("width", [8, 2048])
def test_what_is_measured_is_what_the_training_takes(width, plain, place):
    backend = os.environ["KERAS_BACKEND"]
    units = (
        f"architecture.{name}_units=[{width}, {width}]" for name in ("generator", "discriminator")
    )
    recipe = plain("steps=2", *units)
    found = memory.measure_memory(recipe, backend)["process"]
    assert found == pytest.approx(peak_of_training(recipe, place), rel=0.2)


def test_steps_that_fail_are_refused_with_what_they_say(plain, monkeypatch):
    def run(returncode, said):
        done = subprocess.CompletedProcess([], returncode, "", f"Traceback\n{said}\n")
        monkeypatch.setattr(memory.subprocess, "run", lambda *args, **options: done)

    run(1, "ValueError: no such thing")
    with pytest.raises(EnvironmentProblem, match="They say: 'ValueError: no such thing'"):
        memory.measure_memory(plain(), os.environ["KERAS_BACKEND"])
    for code, said in ((-9, ""), (1, "jax.errors.JaxRuntimeError: RESOURCE_EXHAUSTED: 12G")):
        run(code, said)
        with pytest.raises(EnvironmentProblem, match="more memory than there is"):
            memory.measure_memory(plain(), os.environ["KERAS_BACKEND"])
