"""What is promised of a data set: kept by those that need no download, broken by a stranger's."""

import sys
from pathlib import Path

import pytest

from ganzoo.errors import UnknownName
from ganzoo.testing import CheckFailed, check_dataset
from ganzoo.testing.datasets import NEEDS

SITE = str(Path(__file__).parent / "site")
# The data set, the check that finds its fault, and a word of what is said.
WRONG = [
    ("other-name", "named", "another-name"),
    ("no-license", "named", "license"),
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
    sys.modules.pop("ganzoo_wrong_data", None)


@pytest.mark.parametrize(
    ("name", "options"),
    [("digits", {}), ("digits", {"images": 20}), ("mixture", {}), ("honest-data", {})],
)
def test_data_sets_keep_their_promises(name, options):
    report = check_dataset(name, options)
    assert [result.check for result in report.results] == list(NEEDS)
    assert {result.status for result in report.results} == {"passed"}


@pytest.mark.parametrize(("name", "check", "said"), WRONG, ids=[name for name, *_ in WRONG])
def test_each_fault_is_found_by_its_own_check_alone(name, check, said):
    with pytest.raises(CheckFailed) as caught:
        check_dataset(name)
    failures = caught.value.report.failures
    assert [result.check for result in failures] == [check]
    assert said in failures[0].message


def test_an_option_that_it_does_not_take_is_refused():
    with pytest.raises(UnknownName, match="'imags'.*'images'"):
        check_dataset("digits", {"imags": 3})
