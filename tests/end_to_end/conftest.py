"""The real command in processes of its own, in a folder of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SITE = Path(__file__).parent / "site"
COMMAND = (sys.executable, "-m", "ganzoo.cli")
PATIENCE = 300  # seconds: for machines that do much else


@dataclass(frozen=True)
class Road:
    """Runs `ganzoo` in `folder`, with the plugins of `tests/road/site`."""

    folder: Path

    def environment(self, **variables: str) -> dict[str, str]:
        here = Path(__file__).parents[2]
        path = [SITE, here, here / "plugins", *filter(None, sys.path)]
        home = {"PYTHONPATH": os.pathsep.join(map(str, path))}
        return os.environ | home | {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"} | variables

    def start(self, *argv, **variables: str) -> subprocess.Popen:
        """The command, going on; its stdout and stderr are read from pipes."""
        return subprocess.Popen(
            [*COMMAND, *map(str, argv)], cwd=self.folder, env=self.environment(**variables),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *argv, code: int = 0, **variables: str) -> subprocess.CompletedProcess:
        """The command, ended with that exit code."""
        process = self.start(*argv, **variables)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, f"{argv} ended with {process.returncode}: {err}"
        return subprocess.CompletedProcess(argv, code, out, err)

    def python(self, code: str, *argv, **variables: str) -> subprocess.CompletedProcess:
        """Python code in the same surroundings."""
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, argv)], cwd=self.folder, text=True,
            env=self.environment(**variables), capture_output=True, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done


@pytest.fixture
def road(tmp_path):
    return Road(tmp_path)
