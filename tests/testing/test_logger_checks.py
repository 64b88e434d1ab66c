"""Loggers that need no account pass their checks, and every faulty one fails its own."""

from pathlib import Path

import pytest

from ganzoo.cli import main
from ganzoo.testing import CheckFailed, check_logger
from ganzoo.testing.logger_checks import LOGGER_CHECKS

SITE = str(Path(__file__).parent / "site")


@pytest.fixture(autouse=True)
def installed(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(SITE)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["csv", "tensorboard", "honest-log"])
def test_loggers_pass_their_checks(name):
    report = check_logger(name)
    assert [result.check for result in report.results] == list(LOGGER_CHECKS)
    assert {result.status for result in report.results} == {"passed"}


@pytest.mark.parametrize(
    ("name", "check", "message"),
    [
        ("silent", "opens", "must return a function"),
        ("pedant", "events", "KeyError"),
        ("forgetful", "resume", "begun before"),
        ("meddler", "tidy", "It changes log.jsonl"),
    ],
)
def test_each_fault_fails_its_own_check_alone(name, check, message):
    with pytest.raises(CheckFailed) as caught:
        check_logger(name)
    (failure,) = caught.value.report.failures
    assert failure.check == check and message in failure.message


def test_the_command_checks_a_logger_with_its_options(capsys):
    assert main(["plugin", "check", "honest-log"]) == 0
    assert main(["plugin", "check", "honest-log", "--set", "depth=1"]) == 2
    assert "depth" in capsys.readouterr().err
