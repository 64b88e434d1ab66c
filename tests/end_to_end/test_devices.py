"""A training on several devices: the same as on one, whatever happens to it on the way."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest

from ganzoo.files import safetensors

pytestmark = pytest.mark.backend

BACKEND = os.environ.get("KERAS_BACKEND", "jax")
PROCESSOR_AS_TWO = {  # for JAX
    "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
}
RECIPE = """
[architecture]
name = "mlp"
latent_size = 8
generator_units = [16]
discriminator_units = [16]

[dataset]
name = "digits"
images = 128

[generator_optimizer]
name = "sgd"
learning_rate = 0.1

[discriminator_optimizer]
name = "sgd"
learning_rate = 0.1

[training]
batch = 12
steps = 12
log_every = 4
checkpoint_every = 4
steps_per_dispatch = 2
gradient_accumulation_steps = 2
"""
several_processes = pytest.mark.skipif(BACKEND == "jax", reason="JAX has one process for all")


@pytest.fixture
def recipe(command):
    (command.folder / "recipe.toml").write_text(RECIPE)
    return "recipe.toml"


def children_of(process):
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True
    )
    return [int(word) for word in listed.stdout.split()]


def wait_for(process, event):
    for line in process.stdout:
        if json.loads(line)["event"] == event:
            return
    raise AssertionError(process.stderr.read())


def assert_same(command, *runs):
    """Equal weights, up to rounding."""
    one, other = (safetensors.load(command.folder / run / "weights.safetensors") for run in runs)
    largest = max(np.abs(array).max() for array in one.values())
    for name, array in one.items():
        np.testing.assert_allclose(other[name], array, rtol=0, atol=1e-5 * largest, err_msg=name)


def test_a_run_goes_on_with_other_numbers_of_devices(command, recipe):
    command.run("train", recipe, "--run", "whole")
    command.run("train", recipe, "--run", "parts", "--devices", "2", "--steps", "4",
                **PROCESSOR_AS_TWO)  # fmt: skip
    manifest = json.loads((command.folder / "parts" / "manifest.json").read_text())
    assert manifest["devices"] == 2
    more = command.run("resume", "parts", "--devices", "1", "--set", "training.steps=8")
    assert "On 1 device instead of 2" in more.stderr
    command.python("import ganzoo; ganzoo.resume('parts', devices=2, steps=12)", **PROCESSOR_AS_TWO)
    assert_same(command, "whole", "parts")


@several_processes
def test_a_signal_to_one_process_stops_all_at_one_step(command, recipe):
    begun = command.start("train", recipe, "--run", "run", "--devices", "2", "--json",
                          "--steps", "100000")  # fmt: skip
    wait_for(begun, "checkpoint")
    begun.send_signal(signal.SIGTERM)
    out, err = begun.communicate(timeout=120)
    assert begun.returncode == 128 + signal.SIGTERM, err
    assert "Stopped after step" in err
    steps = [json.loads(line)["step"] for line in out.splitlines() if '"checkpoint"' in line]
    last = max(int(path.name[5:]) for path in (command.folder / "run/checkpoints").iterdir())
    assert f"step {last} of" in err and (not steps or steps[-1] == last)


@several_processes
def test_a_process_that_dies_ends_the_others_with_one_line(command, recipe):
    begun = command.start("train", recipe, "--run", "run", "--devices", "2", "--json",
                          "--steps", "1000000")  # fmt: skip
    wait_for(begun, "checkpoint")
    (child,) = children_of(begun)
    os.kill(child, signal.SIGKILL)
    at = time.monotonic()
    _, err = begun.communicate(timeout=120)
    assert time.monotonic() - at < 60
    assert begun.returncode == 5, err
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert errors == [
        "error: Process 1 of this training, counted from 0, was killed by signal 9."
    ], err  # fmt: skip


@pytest.mark.skipif(BACKEND != "jax", reason="processes share a processor")
def test_more_devices_than_there_are_are_refused(command, recipe):
    refused = command.run("train", recipe, "--devices", "6", code=5)
    assert "JAX has fewer devices here than 6. Received: 1." in refused.stderr


def test_a_batch_is_a_multiple_of_the_number_of_devices(command, recipe):
    refused = command.run("train", recipe, "--devices", "5", code=2)
    assert "number of devices, 5, times that of microbatches, 2. Received: 12." in refused.stderr
    assert not (command.folder / "runs").exists()
