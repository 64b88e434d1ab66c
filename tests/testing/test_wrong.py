"""Each of a stranger's faults is found by the check that is meant for it, and by no other."""

import re
import sys
from pathlib import Path

import pytest

from ganzoo.testing import CheckFailed, check_architecture

pytestmark = pytest.mark.backend

SITE = str(Path(__file__).parent / "site")
SHAPES = ((8, 8, 1), (4, 4, 1))

# The plugin, the check that finds it, and a word of what is said.
WRONG = [
    ("traceback", "builds", "KeyError"),
    ("speechless", "builds", "does not say what it received"),
    ("other-shape", "builds", "another shape"),
    ("shared-layer", "apart", "must not share|both"),
    ("unnamed", "names", "Give every layer that owns weights a name"),
    ("wrong-type", "output", "float16"),
    ("wrong-range", "output", "value_range"),
    ("two-logits", "output", "(batch, 2)"),
    ("fifth-step", "steps", "enough|Concretization"),
    ("lost-state", "steps", "belongs to neither network"),
    ("greedy-turn", "turns", "turn of the discriminator.*generator/hidden/kernel"),
    ("clips-generator", "turns", "outside of their turns"),
    ("no-gradient", "gradients", "discriminator/cut"),
    ("ignores-labels", "labels", "generator takes labels"),
    ("bilinear", "penalties", "second order"),
    ("bare-root", "penalties", "flat images"),
    ("no-number", "penalties", "second order"),
    ("unseeded", "seeds", "draw"),
    ("unseeded-start", "seeds", "generator/start/kernel"),
    ("plain-attribute", "state", "strength"),
    ("overflows", "precision", "mixed_float16"),
    ("reads-values", "fit", "."),
]
# What finds it elsewhere than on TensorFlow: other derivatives are right, JAX traces all that it
# plays, and torch nothing.
ELSEWHERE = {
    "bilinear": {"jax": None, "torch": None},
    "no-number": {"jax": None, "torch": None},
    "reads-values": {"jax": "steps", "torch": None},
}


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    monkeypatch.syspath_prepend(SITE)
    yield
    sys.modules.pop("ganzoo_wrong", None)


def failed(name: str) -> dict[str, str]:
    report = check_architecture(name, image_shapes=SHAPES, raises=False)
    return {result.check: result.message for result in report.failures}


def test_a_plugin_without_a_fault_passes():
    report = check_architecture("honest", image_shapes=SHAPES)
    assert {result.check for result in report.results if result.status == "not run"} == {"labels"}
    assert check_architecture("linear", image_shapes=SHAPES, checks=["output"]).passed


@pytest.mark.parametrize(("name", "check", "said"), WRONG, ids=[name for name, *_ in WRONG])
def test_each_fault_is_found_by_its_own_check_alone(name, check, said):
    import keras

    found = failed(name)
    check = ELSEWHERE.get(name, {}).get(keras.backend.backend(), check)
    assert list(found) == ([check] if check else [])
    assert not check or re.search(said, found[check])


def test_every_check_has_a_plugin_that_fails_it():
    from ganzoo.testing.architectures import NEEDS

    assert {check for _, check, _ in WRONG} == set(NEEDS)


def test_a_failure_is_one_error_that_names_the_check():
    with pytest.raises(CheckFailed, match="'wrong-range' fails 1 of .*\n  output: Images of"):
        check_architecture("wrong-range", image_shapes=SHAPES, checks=["output"])
