"""What the tests of ganzoo.files share."""

import os

import pytest


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
