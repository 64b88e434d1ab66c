"""Signals as flags. Needs no framework."""

import contextlib
import signal
import sys
import threading

import pytest
from children import run_python

from ganzoo.errors import Interrupted
from ganzoo.jobs.training.signals import Stop

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1]


@pytest.fixture(autouse=True)
def unhandled():
    """Signals as a terminal leaves them; whoever started the tests may ignore some."""
    before = {
        number: signal.signal(number, signal.SIG_DFL)
        for number in SIGNALS
        if signal.getsignal(number) == signal.SIG_IGN
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_while_held_the_first_two_signals_only_set_a_flag(number):
    before = signal.getsignal(number)
    with Stop() as stop:
        stop.hold()
        assert stop.signal is None
        signal.raise_signal(number)
        signal.raise_signal(signal.SIGINT)
        assert stop.signal == number
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", SIGNALS)
def test_before_that_a_signal_ends_the_work_at_once(number):
    with pytest.raises(Interrupted) as stopped, Stop():
        signal.raise_signal(number)
        pytest.fail("went on")
    assert stopped.value.exit_code == 128 + number


def test_a_signal_that_somebody_swallowed_ends_the_work_at_the_next_chance():
    with pytest.raises(Interrupted), Stop() as stop:
        with contextlib.suppress(BaseException):  # as a library may that looks for another
            signal.raise_signal(signal.SIGTERM)
        stop.hold()
        pytest.fail("went on")


def test_a_signal_that_has_waited_ends_the_work_where_it_is_asked_for():
    with pytest.raises(Interrupted) as stopped, Stop() as stop:
        stop.hold()
        stop.check()
        signal.raise_signal(signal.SIGTERM)
        stop.check()
    assert stopped.value.exit_code == 143


def test_other_errors_pass_unchanged():
    with pytest.raises(ValueError, match="mine"), Stop():
        raise ValueError("mine")


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop() as stop:
            stop.hold()
            signal.raise_signal(signal.SIGHUP)
            assert stop.signal is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_third_signal_kills():
    code = (
        "import signal\nfrom ganzoo.jobs.training.signals import Stop\n"
        "with Stop() as stop:\n    stop.hold()\n"
        "    for i in range(3):\n        print(i, flush=True)\n"
        "        signal.raise_signal(signal.SIGTERM)\n    print('alive')"
    )
    assert run_python("-c", code, code=-signal.SIGTERM).stdout.split() == ["0", "1", "2"]


def test_outside_the_main_thread_nothing_is_touched():
    seen = []

    def work():
        with Stop() as stop:
            stop.hold()
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_during_an_import_a_signal_waits_for_its_end(tmp_path, monkeypatch):
    """The module of a data set may import a framework, and native code takes no exceptions."""
    monkeypatch.syspath_prepend(tmp_path)
    source = "import signal\nsignal.raise_signal(signal.SIGTERM)\nwhole = True\n"
    (tmp_path / "imported_by_a_data_set.py").write_text(source)
    seen = []
    with pytest.raises(Interrupted) as stopped, Stop() as stop:
        import imported_by_a_data_set

        seen.append(imported_by_a_data_set.whole)
        stop.hold()
        pytest.fail("went on")
    assert seen == [True] and stopped.value.exit_code == 143
    del sys.modules["imported_by_a_data_set"]
