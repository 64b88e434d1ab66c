"""The comparison of backends reports differences and tolerates rounding."""

from pathlib import Path

import numpy as np
import pytest

from ganzoo.testing import CheckFailed, check_parity
from ganzoo.testing.parity import backend_parity

SITE = str(Path(__file__).parent / "site")


def test_a_plugin_that_computes_something_else_on_one_backend_is_reported(monkeypatch):
    monkeypatch.syspath_prepend(SITE)
    options = {"image_shapes": [(8, 8, 1)], "backends": ["jax", "torch"]}
    honest, other = check_parity(["honest", "two-faced"], raises=False, **options)
    assert honest.passed, str(honest)
    assert "differs by" in str(other) and not other.passed
    assert honest.setting["image_shape"] == [8, 8, 1]


def results(difference: float, rounding: float) -> dict:
    gradient = np.array([0.5, -0.25], "float32")
    equal = {"outputs/images": gradient, "roundings/gradients/generator/w": np.array(rounding)}
    one = {**equal, "gradients/generator/w": gradient}
    other = {**equal, "gradients/generator/w": gradient + np.float32(difference)}
    return {"jax": one, "torch": other}


@pytest.mark.parametrize(
    ("difference", "rounding", "tolerated"),
    [(5e-7, 0.0, True), (5e-6, 0.0, False), (5e-6, 1e-6, True), (1e-4, 1e-6, False)],
)
def test_a_gradient_may_differ_by_a_few_of_its_own_roundings(difference, rounding, tolerated):
    message = backend_parity._largest_difference(results(difference, rounding))
    assert (message == "") is tolerated, message


def test_a_backend_that_takes_too_long_is_an_error(monkeypatch):
    monkeypatch.setattr(backend_parity, "_TIMEOUT", 0.01)
    with pytest.raises(Exception, match="took more than 0.01 s"):
        check_parity(["dcgan"], backends=["jax", "torch"])


def test_a_failure_is_an_error_unless_it_is_only_reported(monkeypatch):
    results = {"jax": {"gan/error": np.array("KeyError: 8")}}
    monkeypatch.setattr(backend_parity, "run_backends", lambda *given: results)
    (report,) = check_parity(["gan"], raises=False)
    assert not report.passed
    with pytest.raises(CheckFailed, match="On jax: KeyError: 8"):
        check_parity(["gan"])
