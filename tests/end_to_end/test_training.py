"""From the command line to weights, through kill -9, SIGTERM and a closed terminal."""

import json
import os
import pty
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ganzoo.files import safetensors

pytestmark = pytest.mark.backend

COMMAND = (sys.executable, "-m", "ganzoo.cli")
SITE = Path(__file__).parent / "site"
SLOW = {"PAUSE": "0.1"}  # seconds a batch, so that there is time to interrupt it


def interrupt(process: subprocess.Popen, number: int, *, after: str) -> tuple[int, str]:
    """Send a signal at a random moment after the first such event; return exit code and stderr."""
    events = []
    for line in process.stdout:
        events.append(json.loads(line)["event"])
        if events[-1] == after:
            break
    assert process.poll() is None, process.stderr.read()
    time.sleep(random.uniform(0, 0.3))
    process.send_signal(number)
    _, err = process.communicate(timeout=300)
    assert "end" not in events
    return process.returncode, err


IN_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever started the tests may ignore it
os.execvp(sys.argv[1], sys.argv[1:])
"""


def close_terminal_of(command, *argv, **variables) -> int:
    """Run a command in a terminal that is closed in the middle of a training; its exit code."""
    ours, its = pty.openpty()
    # not by `preexec_fn`: JAX warns of forks of its process
    in_terminal = [sys.executable, "-c", IN_TERMINAL]
    process = subprocess.Popen(
        [*in_terminal, *COMMAND, *argv], cwd=command.folder,
        env=command.environment(TERM="xterm", **variables),
        stdin=its, stdout=its, stderr=its, start_new_session=True,
    )  # fmt: skip
    os.close(its)
    shown = b""
    while b"training" not in shown:
        shown += os.read(ours, 4096)
    os.close(ours)
    return process.wait(timeout=300)


def test_killed_terminated_and_interrupted_a_run_ends_as_if_left_alone(command):
    shutil.copy(SITE / "recipe.toml", command.folder)
    length = ("--steps", "30", "--set", "checkpoint_every=3", "--set", "keep_checkpoints=2")
    whole = command.run("train", "recipe.toml", "--run", "whole", "--json", *length)

    events = [json.loads(line) for line in whole.stdout.splitlines()]
    kinds = [e["event"] for e in events if e["event"] != "prepare"]
    assert (kinds[0], kinds[-1]) == ("start", "end")
    kinds = {"prepare", "start", "log", "progress", "sample", "checkpoint", "end"}
    assert {e["event"] for e in events} <= kinds
    assert events[-1]["step"] == 30 and (command.folder / events[-1]["report"]).is_file()
    for name in ("recipe.toml", "manifest.json", "log.jsonl", "progress.gif", "report.html",
                 "card.toml", "weights.safetensors"):  # fmt: skip
        assert (command.folder / "whole" / name).stat().st_size > 0

    died = command.start("train", "recipe.toml", "--run", "died", "--json", *length, **SLOW)
    code, _ = interrupt(died, signal.SIGKILL, after="checkpoint")
    assert code == -signal.SIGKILL

    terminated = command.start("resume", "died", "--json", **SLOW)
    for line in terminated.stdout:
        if json.loads(line)["event"] == "checkpoint":
            break
    refused = command.run("resume", "died", code=7)
    assert "Another process" in refused.stderr
    terminated.send_signal(signal.SIGTERM)
    _, err = terminated.communicate(timeout=300)
    assert terminated.returncode == 143, err
    assert "Go on with: ganzoo resume died" in err

    assert close_terminal_of(command, "resume", "died", **SLOW) == 129
    assert json.loads((command.folder / "died/manifest.json").read_text())["state"] == "interrupted"

    command.run("resume", "died")
    for run in ("whole", "died"):
        command.run("export", run, f"{run}.safetensors", "--all")
    arrays = [safetensors.load(command.folder / f"{run}.safetensors") for run in ("whole", "died")]
    assert arrays[0].keys() == arrays[1].keys()
    assert [n for n in arrays[0] if arrays[0][n].tobytes() != arrays[1][n].tobytes()] == []
    one, other = (
        (command.folder / run / "weights.safetensors").read_bytes() for run in ("whole", "died")
    )
    assert one == other
    assert not [p for p in command.folder.rglob("*") if ".tmp" in p.name]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_frameworks_are_imported_leaves_nothing(number, command):
    """Between the installation of handlers (a framework begins to load) and the first step."""
    shutil.copy(SITE / "recipe.toml", command.folder)
    process = command.start("train", "recipe.toml", "--json")
    module = {"jax": "jaxlib", "torch": "torch", "tensorflow": "tensorflow"}
    library = f"/{module[os.environ.get('KERAS_BACKEND', 'jax')]}/"
    while library not in Path(f"/proc/{process.pid}/maps").read_text():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    time.sleep(random.uniform(0, 0.5))
    process.send_signal(number)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 128 + number, err
    assert err.splitlines()[-1].startswith("Stopped ")
    if "before the first step" in err:
        assert not (command.folder / "runs").exists()
    else:  # the machine was faster than the signal: then it is a run that can go on
        assert "ganzoo resume" in err
    assert json.loads(out.splitlines()[-1])["exit_code"] == 128 + number


def test_data_through_keras_uses_the_requested_backend(command):
    backend = os.environ.get("KERAS_BACKEND", "jax")
    images = np.random.default_rng(0).integers(0, 256, (64, 28, 28), dtype="uint8")
    np.savez(command.folder / "mnist.npz", x_train=images, y_train=np.zeros(64, "uint8"))
    other = {"jax": "torch", "torch": "tensorflow", "tensorflow": "jax"}[backend]
    done = command.run(
        "train", "gan-mnist-small", "--data", "mnist.npz", "--batch", 16, "--epochs", 2,
        "--backend", backend, "--dry-run", "--json", KERAS_BACKEND=other,
    )  # fmt: skip
    plan = json.loads(done.stdout)
    assert (plan["backend"], plan["dataset"], plan["steps"]) == (backend, "mnist", 8)
    assert plan["image_shape"] == [28, 28, 1] and plan["memory"]["state"] > 0
    assert not (command.folder / "runs").exists()
