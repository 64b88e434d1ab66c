"""Data sets that need no download pass their checks, and every faulty one fails its own."""

import sys
from pathlib import Path

import pytest

from ganzoo.errors import UnknownName
from ganzoo.testing import CheckFailed, check_dataset
from ganzoo.testing.dataset_checks import DATASET_CHECKS

SITE = str(Path(__file__).parent / "site")
# The data set, the check that it fails, and a part of the message.
FAULTY = [
    ("other-name", "description", "another-name"),
    ("no-license", "description", "license"),
    ("twin-classes", "labels", "names of their own"),
    ("empty-class", "labels", "'absent'"),
    ("clock", "fingerprint", "Opened twice"),
    ("moody", "repeats", "other samples"),
    ("litter", "tidy", "litter.txt"),
]


@pytest.fixture(autouse=True)
def installed(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(SITE)
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("ganzoo_faulty_data", None)


@pytest.mark.parametrize(
    ("name", "options"),
    [("digits", {}), ("digits", {"images": 20}), ("mixture", {}), ("honest-data", {})],
)
def test_data_sets_pass_their_checks(name, options):
    report = check_dataset(name, options)
    assert [result.check for result in report.results] == list(DATASET_CHECKS)
    assert {result.status for result in report.results} == {"passed"}


@pytest.mark.parametrize(("name", "check", "message"), FAULTY, ids=[name for name, *_ in FAULTY])
def test_each_fault_fails_its_own_check_alone(name, check, message):
    with pytest.raises(CheckFailed) as caught:
        check_dataset(name)
    failures = caught.value.report.failures
    assert [result.check for result in failures] == [check]
    assert message in failures[0].message


def test_an_option_that_it_does_not_take_is_refused():
    with pytest.raises(UnknownName, match="'imags'.*'images'"):
        check_dataset("digits", {"imags": 3})
