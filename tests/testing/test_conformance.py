"""Every installed architecture passes the conformance suite: register it and it is tested."""

import json
import os
from itertools import islice
from pathlib import Path

import pytest
from lazy_keras import Lazy, let_programs_go, takes_turn

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.testing import check_parity
from ganzoo.testing.conformance import check_case

ARCHITECTURES = sorted(discover("architecture").plugins)
# Options that make them small, beside the whole numbers that are limited anyway.
OPTIONS: dict[str, dict] = {
    # not down to 1x1 pixels, where batch norm of a few samples amplifies every rounding
    "acgan": {"num_upsamples": 1},
    "infogan": {"num_upsamples": 1},
    "cyclegan": {"num_residual_blocks": 1},
    "fastgan": {
        "generator_base_channels": 2,
        "discriminator_base_channels": 2,
        "excitation_ratio": 2,
        "final_resolution": 4,
    },
    "projected-gan": {
        "generator_base_channels": 2,
        "discriminator_base_channels": 2,
        "excitation_ratio": 2,
        "feature_resolution": 64,
    },
    "r3gan": {"channels": [8, 8]},
    "r3gan-conditional": {"channels": [8, 8]},
    # fully grown within a few steps, so that a gradient reaches every layer
    "progan": {"stable_images": 4, "fading_images": 4},
}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def case(request):
    """One architecture after the other, traced once for its tests."""
    from ganzoo.testing.architecture_case import ArchitectureCase

    yield ArchitectureCase(request.param, OPTIONS.get(request.param))
    let_programs_go()


@pytest.mark.backend
def test_every_architecture_passes_its_checks(case, monkeypatch):
    policies = Lazy("ganzoo.testing.architecture_checks").POLICIES
    number = ARCHITECTURES.index(case.name)
    taken = tuple(policy for i, policy in enumerate(policies) if takes_turn(number + i))
    monkeypatch.setattr("ganzoo.testing.architecture_checks.POLICIES", taken)
    check_case(case)


# Rounding differs from machine to machine, and kinks amplify it within these few steps.
TOLERANCE = 1e-3
COMPARED = {"projected-gan": 2}  # of six steps: another number of threads grows thirtyfold in each
LOSSES = Path(__file__).parents[1] / "golden" / "losses"
# What a step writes without reading it, and why it is in the state all the same.
WRITTEN_ONLY: set[str] = set()


@pytest.mark.backend
@pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND") == "tensorflow" and "GANZOO_TEST_ROUNDS" not in os.environ,
    reason="one by one its operations take minutes: see `make test-faults`",
)
def test_whatever_part_of_a_state_is_left_out_shows_after_the_next_step(case):
    """Promise 34: it is left out by beginning with what it was before training."""
    from ganzoo.testing.architecture_case import STEPS
    from ganzoo.testing.architecture_checks import changed_by_a_step
    from ganzoo.testing.update_trace import changed_arrays, trace

    fresh, before = trace(case).arrays[0], trace(case).arrays[STEPS // 2]
    assert changed_by_a_step(case, STEPS // 2, before) == []
    shown = {
        part: bool(changed_by_a_step(case, STEPS // 2, before | {n: fresh[n] for n in names}))
        for part, names in parts_of_state(trace(case).gan).items()
        if changed_arrays({n: fresh[n] for n in names}, {n: before[n] for n in names})
    }
    assert {"generator weights", "discriminator weights", "ema", "gan/steps"} <= shown.keys()
    assert {part for part, shows in shown.items() if not shows} <= WRITTEN_ONLY


@pytest.mark.backend
def test_a_seed_gives_the_losses_that_it_always_gave(case):
    """Promise 74. `GANZOO_RECORD_LOSSES=1` writes them anew, to be reviewed as a change."""
    from ganzoo.testing.update_trace import trace

    logs = [{name: float(value) for name, value in one.items()} for one in trace(case).logs]
    path = LOSSES / f"{os.environ['KERAS_BACKEND']}.json"
    recorded = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if "GANZOO_RECORD_LOSSES" in os.environ:
        recorded[case.name] = [{name: float(f"{x:.7g}") for name, x in one.items()} for one in logs]
        path.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", "utf-8")
    pairs = zip(logs, recorded[case.name], strict=True)
    for step, (one, other) in enumerate(islice(pairs, COMPARED.get(case.name)), 1):
        assert one == pytest.approx(other, rel=TOLERANCE, abs=TOLERANCE), f"step {step}"


def parts_of_state(gan) -> dict[str, list[str]]:
    """Names of a state: of a network, weights and each kind of other variables; each optimizer;
    the average; each variable of the GAN's own. Metrics are begun anew by `fit`."""
    parts: dict[str, list[str]] = {}
    for name, variable in gan.state().items():
        part = name.partition("/")[0]
        if part in ("generator", "discriminator"):
            part += " weights" if variable.trainable else f" {name.rpartition('/')[2]}"
        if part != "metrics":
            parts.setdefault(name if part == "gan" else part, []).append(name)
    return parts


@pytest.fixture(scope="module")
def compared() -> dict:
    """All architectures on all backends, in one process for each backend."""
    reports = check_parity(ARCHITECTURES, options=OPTIONS, raises=False)
    return {report.name: report for report in reports}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_computes_the_same_on_every_backend(name, compared):
    assert len(compared[name].setting["backends"]) == 3
    assert compared[name].passed, str(compared[name])
