import gc
import os
import re
import sys
import tempfile

import numpy as np
import pytest
from hub_server import HubServer
from lazy_keras import keras, let_programs_go, ops

# For a plain `pytest`; `tests/run.py` sets these for each process. Before Keras is imported.
_home = tempfile.TemporaryDirectory(prefix="ganzoo-tests-")
os.environ.setdefault("GANZOO_HOME", os.path.join(_home.name, "ganzoo"))
os.environ.setdefault("KERAS_HOME", os.path.join(_home.name, "keras"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")


gc.set_threshold(100_000, 20, 100)  # frameworks trace by objects that live: a thirtieth of the time
PATTERN = np.random.default_rng(0).normal(0, 0.5, 997).astype("float32")
RANDOM = ("RandomNormal", "TruncatedNormal", "RandomUniform", "VarianceScaling", "Orthogonal")


def pytest_ignore_collect(collection_path, config):
    """Files without a test to run are not imported: of `backend` alone, or of the others."""
    chosen = config.option.markexpr
    if collection_path.suffix != ".py" or chosen not in ("backend", "not backend"):
        return None
    text = collection_path.read_text("utf-8")
    if chosen == "backend":
        return "pytest.mark.backend" not in text or None
    return bool(re.search(r"^pytestmark = \[?pytest\.mark\.backend", text, re.MULTILINE)) or None


def pytest_collection_finish(session):
    if session.config.option.markexpr == "not backend" and "keras" in sys.modules:
        raise pytest.UsageError("Collecting the tests imported Keras; see tests/shared/lazy_keras.")


UNPICKLED: set[str] = set()  # by our own code, other than from our own processes


def note_unpickling(event, arguments):
    """Note where bytes become objects or code by our doing; see `docs/reliability.md`, promise 12.

    Loaders of pickles, of Keras' and PyTorch's files, and joblib's end in `pickle.find_class`, and
    Keras' functions in `marshal.loads`; what runs a text ends in `compile` or `exec`.
    """
    if event not in ("pickle.find_class", "marshal.loads", "compile", "exec"):
        return
    frame = sys._getframe(1)
    if event in ("compile", "exec"):  # by ourselves; libraries make classes and functions so
        name = frame.f_code.co_filename
        if "/ganzoo/" in name or "/plugins/ganzoo_" in name:
            UNPICKLED.add(f"{name}: {event}")
        return
    while frame is not None:  # from the innermost on
        name = frame.f_code.co_filename
        if "multiprocessing" in name or name.startswith("<frozen importlib") or "/tests/" in name:
            return
        if "/ganzoo/" in name or "/plugins/ganzoo_" in name:
            UNPICKLED.add(f"{name}: {event} {arguments[:2]}")
            return
        frame = frame.f_back


sys.addaudithook(note_unpickling)


@pytest.fixture
def optimized():
    """XLA as users run it: without optimizations, as in the suite, it adds up less exactly, and a
    step is ten times slower.
    """
    if keras.backend.backend() != "jax":
        yield
        return
    config, option = sys.modules["jax"].config, "jax_disable_most_optimizations"
    before = config.values[option]
    config.update(option, False)
    yield
    config.update(option, before)


@pytest.fixture(autouse=True, scope="module")
def programs_are_let_go():
    yield
    let_programs_go()


@pytest.fixture(autouse=True, scope="session")
def no_bytes_of_others_become_objects():
    yield
    assert not UNPICKLED


@pytest.fixture(autouse=True, scope="session")
def nothing_is_left_in_the_working_folder():
    before = set(os.listdir())
    yield
    left = set(os.listdir()) - before - {"__pycache__", ".hypothesis"}
    assert not left, f"The tests left {sorted(left)} in the working folder."


@pytest.fixture(autouse=True, scope="module")
def what_stays_alive_is_collected_once():
    """Compiled functions stay alive: later collections, seconds in the end, pass them over."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def serve_hub(monkeypatch):
    """Starts a fake Hub, for the client in this process and its children; see `HubServer`."""
    servers = []

    def start(*args, **kwargs):
        servers.append(HubServer(*args, **kwargs))
        monkeypatch.setenv("HF_ENDPOINT", servers[-1].endpoint)
        monkeypatch.setattr("ganzoo.files.hub_client._PAUSES", (0.01, 0.01))
        # Xet, the Hub's other way of transport, needs servers of its own
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def cheap_weights(monkeypatch):
    """Random weights that nobody draws, which takes minutes for the millions of a large GAN."""

    def repeated(self, shape, dtype=None, **_):
        return ops.convert_to_tensor(np.resize(PATTERN, shape), dtype)

    for name in RANDOM:
        monkeypatch.setattr(getattr(keras.initializers, name), "__call__", repeated)
