"""What is asked of the frameworks before they are imported."""

import os

from ganzoo.cli.support.quiet import silence_frameworks


def test_a_variable_that_the_user_has_set_stays(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    silence_frameworks()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


def test_information_and_warnings_are_silenced_and_errors_are_not():
    silence_frameworks()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"
