import signal
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from ganzoo.catalog.plugins.isolation import contained


def test_numpys_random_state_is_put_back():
    before = np.random.get_state()[1].tolist()
    with contained():
        np.random.seed(1)
    assert np.random.get_state()[1].tolist() == before


def test_keras_configuration_is_put_back_if_keras_is_there(monkeypatch):
    now = {"floatx": "float32"}
    config = SimpleNamespace(
        floatx=lambda: now["floatx"], set_floatx=lambda value: now.update(floatx=value)
    )
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(config=config))
    with contained():
        config.set_floatx("float64")
    assert now == {"floatx": "float32"}


def test_everything_is_put_back_after_an_error_too():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit), contained():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_inside_reaches_the_handler_that_was_there(monkeypatch):
    caught = []
    before = signal.signal(signal.SIGINT, lambda *_: caught.append(1))
    try:
        with contained() as watch:
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert caught == [1]
    assert watch.interrupted


def test_a_thread_may_load_a_plugin_too():
    done = []

    def load():
        with contained():
            done.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    assert done == [signal.getsignal(signal.SIGINT)]


def test_what_ganzoo_gains_inside_is_left_alone(monkeypatch):
    import ganzoo.errors

    with contained():
        monkeypatch.setattr(ganzoo.errors, "new_name", print, raising=False)
    assert ganzoo.errors.new_name is print


def test_a_replaced_function_is_named_and_undone():
    import ganzoo.errors

    original = ganzoo.errors.unknown
    with pytest.raises(RuntimeError, match="ganzoo.errors.unknown"), contained():
        ganzoo.errors.unknown = print
    assert ganzoo.errors.unknown is original
