import os
import tempfile

import pytest

# For a plain `pytest`; `tests/run.py` sets these for each process. Before Keras is imported.
_home = tempfile.TemporaryDirectory(prefix="ganzoo-tests-")
os.environ.setdefault("GANZOO_HOME", os.path.join(_home.name, "ganzoo"))
os.environ.setdefault("KERAS_HOME", os.path.join(_home.name, "keras"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")


@pytest.fixture(autouse=True, scope="session")
def nothing_is_left_in_the_working_folder():
    before = set(os.listdir())
    yield
    left = set(os.listdir()) - before - {"__pycache__", ".hypothesis"}
    assert not left, f"The tests left {sorted(left)} in the working folder."
