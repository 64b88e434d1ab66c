"""What the tests of ganzoo.files share."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def child():
    """Runs Python code in a new process: `child(code, *arguments, **environment)`."""

    def run(code, *arguments, check=True, **environment):
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "OPENBLAS_NUM_THREADS": "1",
                **environment,
            },
            check=check,
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def umask():
    """Sets the umask for one test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.fixture
def unprivileged(tmp_path, monkeypatch):
    """Makes the current folder, an empty one, read-only: `unprivileged()`; for root too."""
    user = os.geteuid()
    monkeypatch.chdir(tmp_path)

    def drop():
        tmp_path.chmod(0o555)
        if user == 0:
            os.seteuid(65534)  # nobody

    yield drop
    os.seteuid(user)
    tmp_path.chmod(0o755)
