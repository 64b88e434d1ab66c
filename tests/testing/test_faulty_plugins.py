"""Every faulty plugin fails the check that is meant for its fault, and no other check."""

import re
import sys
from pathlib import Path

import pytest
from lazy_keras import keras

from ganzoo.testing import CheckFailed, check_architecture
from ganzoo.testing.conformance import ARCHITECTURE_CHECKS

pytestmark = pytest.mark.backend

SITE = str(Path(__file__).parent / "site")
SHAPES = ((8, 8, 1), (4, 4, 1))

# The plugin, the check that it fails, and a pattern of the message.
FAULTY = [
    ("traceback", "builds", "KeyError"),
    ("speechless", "builds", "does not say what it received"),
    ("other-shape", "builds", "another shape"),
    ("shared-layer", "separate", "must not share"),
    ("unnamed", "names", "Give every layer that owns weights a name"),
    ("wrong-type", "output", "float16"),
    ("wrong-range", "output", "value_range"),
    ("two-logits", "output", "(batch, 2)"),
    ("fifth-step", "steps", "enough|Concretization"),
    ("lost-state", "steps", "belongs to neither network"),
    ("greedy-update", "updates", "update of the discriminator.*generator/hidden/kernel"),
    ("clips-generator", "updates", "outside of their updates"),
    ("other-frozen", "frozen", "other weights"),
    ("no-gradient", "gradients", "discriminator/cut"),
    ("ignores-labels", "labels", "generator takes labels"),
    ("bilinear", "penalties", "second order"),
    ("bare-root", "penalties", "flat images"),
    ("no-number", "penalties", "second order"),
    ("unseeded", "seeds", "[Dd]raw"),
    ("unseeded-start", "seeds", "generator/start/kernel"),
    ("plain-attribute", "state", "strength"),
    ("overflows", "precision", "mixed_float16"),
    ("reads-values", "fit", "."),
    ("spread", "devices", "otherwise than one"),
]
# The check that fails elsewhere than on TensorFlow: other derivatives are right, JAX traces every
# step, and PyTorch traces nothing; devices are simulated on PyTorch.
ELSEWHERE = {
    "bilinear": {"jax": None, "torch": None},
    "no-number": {"jax": None, "torch": None},
    "reads-values": {"jax": "steps", "torch": None},
    "spread": {"jax": None, "tensorflow": None},
}


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    monkeypatch.syspath_prepend(SITE)
    yield
    sys.modules.pop("ganzoo_faulty", None)


def test_a_plugin_without_a_fault_passes():
    report = check_architecture("honest", image_shapes=SHAPES)
    not_run = {result.check for result in report.results if result.status == "not run"}
    devices = set() if keras.backend.backend() == "torch" else {"devices"}
    assert not_run == {"labels", "frozen"} | devices
    assert check_architecture("linear", image_shapes=SHAPES, checks=["output"]).passed


@pytest.mark.parametrize(("name", "check", "message"), FAULTY, ids=[name for name, *_ in FAULTY])
def test_each_fault_fails_its_own_check_alone(name, check, message):
    report = check_architecture(name, image_shapes=SHAPES, raises=False)
    check = ELSEWHERE.get(name, {}).get(keras.backend.backend(), check)
    assert [result.check for result in report.failures] == ([check] if check else [])
    assert not check or re.search(message, report.failures[0].message)


def test_every_check_has_a_plugin_that_fails_it():
    assert {check for _, check, _ in FAULTY} == set(ARCHITECTURE_CHECKS)


def test_a_failure_is_one_error_that_names_the_check():
    with pytest.raises(CheckFailed, match="'wrong-range' fails 1 of .*\n  output: Images of"):
        check_architecture("wrong-range", image_shapes=SHAPES, checks=["output"])
