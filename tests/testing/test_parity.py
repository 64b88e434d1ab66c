"""The comparison of backends finds what is apart, and forgives what is rounding."""

from pathlib import Path

import numpy as np
import pytest

from ganzoo.testing import CheckFailed, check_parity
from ganzoo.testing import parity as room

SITE = str(Path(__file__).parent / "site")


def test_a_plugin_that_computes_something_else_on_one_backend_is_found(monkeypatch):
    monkeypatch.syspath_prepend(SITE)
    options = {"image_shapes": [(8, 8, 1)], "backends": ["jax", "torch"]}
    honest, other = check_parity(["honest", "two-faced"], raises=False, **options)
    assert honest.passed, str(honest)
    assert "is apart by" in str(other) and not other.passed
    assert honest.setting["image_shape"] == [8, 8, 1]


def found(apart: float, rounding: float) -> dict:
    gradient = np.array([0.5, -0.25], "float32")
    kept = {"forward/images": gradient, "roundings/gradients/generator/w": np.array(rounding)}
    one = {**kept, "gradients/generator/w": gradient}
    return {"jax": one, "torch": {**one, "gradients/generator/w": gradient + np.float32(apart)}}


@pytest.mark.parametrize(
    ("apart", "rounding", "fine"),
    [(5e-7, 0.0, True), (5e-6, 0.0, False), (5e-6, 1e-6, True), (1e-4, 1e-6, False)],
)
def test_a_gradient_may_be_apart_by_a_few_of_its_own_roundings(apart, rounding, fine):
    said = room._difference(found(apart, rounding))
    assert (said == "") is fine, said


def test_a_backend_that_takes_too_long_is_said(monkeypatch):
    monkeypatch.setattr(room, "_PATIENCE", 0.01)
    with pytest.raises(Exception, match="took more than 0.01 s"):
        check_parity(["dcgan"], backends=["jax", "torch"])


def test_a_failure_is_an_error_unless_told_otherwise(monkeypatch):
    report = room._report("gan", {"jax": {"gan/error": np.array("KeyError: 8")}}, 0.0)
    assert not report.passed
    monkeypatch.setattr(room, "played", lambda *given: {"jax": {"gan/error": np.array("no")}})
    with pytest.raises(CheckFailed, match="On jax: no"):
        check_parity(["gan"])
