"""Evidence of an illness: numbers known by hand, of a log and of samples."""

import numpy as np
import pytest

from ganzoo.jobs.diagnostics.diagnoses import DIAGNOSES
from ganzoo.jobs.diagnostics.evidence import evidence_of_log, evidence_of_samples, shrink

RNG = np.random.default_rng(0)
REAL = RNG.integers(0, 256, (64, 8, 8, 1), dtype=np.uint8)
OTHERS = RNG.integers(0, 256, (64, 8, 8, 1), dtype=np.uint8)
REFERENCE = np.concatenate([REAL, RNG.integers(0, 256, (100, 8, 8, 1), dtype=np.uint8)])
GRAY = np.full_like(REAL, 128)


def means(**changes):
    line = {"d_loss": 0.4, "g_loss": 0.6, "d_real_accuracy": 0.9, "d_fake_accuracy": 0.8, "r1": 0.1}
    return line | changes


def log(*lines, equilibrium=1.0, has_threshold=True, **penalties):
    options = {"equilibrium": equilibrium, "has_threshold": has_threshold}
    return evidence_of_log(lines, penalties=penalties, **options)


def test_the_loss_is_compared_with_that_at_equilibrium_without_penalties():
    evidence = log(means(), means(d_loss=0.6), r1=1.0, equilibrium=2.0)
    assert evidence["loss_share"] == pytest.approx((0.5 - 0.1) / 2)
    assert evidence["accuracy"] == pytest.approx(0.8)
    assert evidence["penalty_share"] == pytest.approx(0.1 / (0.4 + 0.6))


def test_a_distance_has_neither_accuracy_nor_equilibrium():
    evidence = log(means(), equilibrium=0.0, has_threshold=False)
    assert not evidence.keys() & {"accuracy", "loss_share", "penalty_share", "penalty_change"}


def test_of_several_penalties_the_weakest_and_the_most_rigid_are_named():
    lines = [means(r1=r1, dragan=1.0 + r1 / 1e5) for r1 in (1.0, 2.0)]
    evidence = log(*lines, r1=1e-6, dragan=1.0)
    assert evidence["weak_penalty"] == "r1"
    assert evidence["rigid_penalty"] == "dragan"
    assert evidence["rigid_value"] == pytest.approx(1.0, rel=1e-3)
    assert evidence["penalty_change"] == pytest.approx(1e-5, rel=1e-3)


def test_samples_like_the_data_differ_from_it_in_nothing():
    evidence = evidence_of_samples(OTHERS, OTHERS, REAL, REFERENCE)
    for name in ("spread", "nearest", "copy", "contrast"):
        assert evidence[name] == pytest.approx(1.0, abs=0.05)
    assert evidence["distance"] == evidence["ema_distance"] == pytest.approx(0.0, abs=0.01)
    assert evidence["ema_gap"] == 0.0


def test_gray_copied_and_repeated_samples_are_told_apart():
    gray, copied, repeated = (
        evidence_of_samples(samples, None, REAL, REFERENCE)
        for samples in (GRAY, REAL, np.repeat(OTHERS[:2], 32, axis=0))
    )
    assert gray["contrast"] == 0.0 and copied["contrast"] == pytest.approx(1.0)
    assert copied["copy"] == 0.0 and repeated["copy"] == pytest.approx(1.0, abs=0.1)
    assert repeated["nearest"] == 0.0 and copied["nearest"] == pytest.approx(1.0)
    assert "ema_gap" not in gray


def test_an_average_that_is_gray_is_farther_than_its_network():
    evidence = evidence_of_samples(OTHERS, GRAY, REAL, REFERENCE)
    assert evidence["ema_gap"] > 0.3
    assert evidence["contrast"] == pytest.approx(1.0, abs=0.05)


def test_points_of_one_mode_have_collapsed():
    points = RNG.normal(size=(64, 2)).astype(np.float32)
    evidence = evidence_of_samples(points / 10 + 3, None, points, points)
    diagnoses = [d for d in DIAGNOSES if d.bounds.keys() <= evidence.keys()]
    assert [d.illness for d in diagnoses if d.holds(evidence)] == ["mode_collapse"]


@pytest.mark.parametrize("shape", [(2,), (100, 1), (8, 8, 3), (4, 8, 8, 3)], ids=str)
def test_every_modality_has_evidence(shape):
    samples = RNG.normal(size=(20, *shape)).astype(np.float32)
    evidence = evidence_of_samples(samples, samples, samples, samples)
    assert all(np.isfinite(value) for value in evidence.values())
    assert evidence["contrast"] == pytest.approx(1.0)  # points have none


def test_large_images_are_compared_in_means_over_squares():
    images = np.zeros((1, 66, 64, 1), np.uint8)
    images[0, :3, :2] = 60
    shrunk = shrink(images)
    assert shrunk.shape == (1, 22, 32, 1)
    assert shrunk[0, 0, 0, 0] == 60 and shrunk.sum() == 60
    np.testing.assert_array_equal(shrink(shrunk), shrunk)
