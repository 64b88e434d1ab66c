"""The real command, in its own processes and its own folder."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SITE = Path(__file__).parent / "site"
COMMAND = (sys.executable, "-m", "ganzoo.cli")
TIMEOUT = 300  # seconds, for busy machines


@dataclass(frozen=True)
class CommandLine:
    """Runs `ganzoo` in `folder`, with the plugins of `tests/end_to_end/site`."""

    folder: Path

    def environment(self, **variables: str) -> dict[str, str]:
        here = Path(__file__).parents[2]
        path = [SITE, here, here / "plugins", *filter(None, sys.path)]
        home = {"PYTHONPATH": os.pathsep.join(map(str, path))}
        return os.environ | home | {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"} | variables

    def start(self, *argv, **variables: str) -> subprocess.Popen:
        """Start the command; its stdout and stderr are pipes."""
        return subprocess.Popen(
            [*COMMAND, *map(str, argv)], cwd=self.folder, env=self.environment(**variables),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *argv, code: int = 0, **variables: str) -> subprocess.CompletedProcess:
        """Run the command to its end and check its exit code."""
        process = self.start(*argv, **variables)
        out, err = process.communicate(timeout=TIMEOUT)
        assert process.returncode == code, f"{argv} ended with {process.returncode}: {err}"
        return subprocess.CompletedProcess(argv, code, out, err)

    def python(self, code: str, *argv, **variables: str) -> subprocess.CompletedProcess:
        """Run Python code in the same environment."""
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, argv)], cwd=self.folder, text=True,
            env=self.environment(**variables), capture_output=True, timeout=TIMEOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done


@pytest.fixture
def command(tmp_path):
    return CommandLine(tmp_path)
