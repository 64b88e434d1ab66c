"""Warnings: once for an illness, again only after recovery."""

import pytest

from ganzoo.jobs.diagnostics import remedies
from ganzoo.jobs.diagnostics.diagnoses import DIAGNOSES, Diagnosis
from ganzoo.jobs.diagnostics.tracker import Tracker


def diagnosis(illness, patience=2, **bounds):
    return Diagnosis(
        illness=illness,
        bounds=bounds,
        patience=patience,
        message="",
        remedy=remedies.slow_generator,
    )


GRAY = diagnosis("gray", contrast=(0.0, 0.5))
OTHERS = (diagnosis("copies", copy=(0.0, 0.5)), diagnosis("copies", accuracy=(0.9, 1.0)))


def reported(tracker, name, values):
    """The indices of the values at which an illness is reported."""
    return [i for i, value in enumerate(values) if tracker.update({name: value})]


def test_an_illness_is_reported_once_when_it_lasts():
    assert reported(Tracker(diagnoses=[GRAY]), "contrast", [0.1, 0.9, 0.1, 0.1, 0.1, 0.1]) == [3]


def test_it_is_reported_again_after_recovery():
    values = [0.1, 0.1, 0.9, 0.1, 0.1, 0.9, 0.9, 0.1, 0.1]
    assert reported(Tracker(diagnoses=[GRAY]), "contrast", values) == [1, 8]


def test_a_resumed_run_reports_what_was_reported_after_recovery_only():
    tracker = Tracker(["gray"], [GRAY])
    assert reported(tracker, "contrast", [0.1, 0.1, 0.9, 0.9, 0.1, 0.1]) == [5]


@pytest.mark.parametrize(
    ("contrasts", "expected"),
    [([0.33, 0.32, 0.36, 0.44, 0.45], []), ([0.24, 0.24, 0.24, 0.24, 0.24], [3]),
     ([0.9, 0.4, 0.2, 0.1], [3])],
)  # fmt: skip
def test_gray_is_what_does_not_gain_contrast(contrasts, expected):
    tracker = Tracker(diagnoses=[d for d in DIAGNOSES if "contrast_rise" in d.bounds])
    assert reported(tracker, "contrast", contrasts) == expected


def test_evidence_of_another_kind_changes_nothing():
    tracker = Tracker(diagnoses=[GRAY])
    for _ in range(2):
        tracker.update({"accuracy": 1.0})
        found = tracker.update({"contrast": 0.1, "epochs": 3.0})
    assert found == [GRAY]


def test_two_kinds_of_evidence_of_one_illness_are_one_warning():
    tracker = Tracker(diagnoses=OTHERS)
    assert reported(tracker, "copy", [0.1, 0.1]) == [1]
    assert reported(tracker, "accuracy", [1.0, 1.0, 1.0]) == []
    assert reported(tracker, "copy", [0.9, 0.9, 0.1, 0.1]) == []  # the other lasts
    assert reported(tracker, "accuracy", [0.1, 0.1]) == []
    assert reported(tracker, "copy", [0.9, 0.9, 0.1, 0.1]) == [3]


def test_all_numbers_must_lie_within_their_bounds():
    both = diagnosis("wins", patience=1, accuracy=(0.9, 1.0), epochs=(0.0, 10.0))
    assert both.holds({"accuracy": 0.9, "epochs": 10.0, "other": 3.0})
    assert not both.holds({"accuracy": 0.9, "epochs": 11.0})
    assert Tracker(diagnoses=[both]).update({"accuracy": 1.0}) == []


@pytest.mark.parametrize("value", [float("nan"), 0.6])
def test_what_is_no_number_is_no_evidence(value):
    assert not GRAY.holds({"contrast": value})
