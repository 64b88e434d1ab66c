"""Every installed architecture passes the conformance suite: register it and it is tested."""

import pytest

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.testing import check_architecture, check_parity

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
    "r3gan": {"channels": [8, 8]},
    "r3gan-conditional": {"channels": [8, 8]},
    # fully grown within a few steps, so that a gradient reaches every layer
    "progan": {"stable_images": 4, "fading_images": 4},
}


@pytest.mark.backend
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_passes_its_checks(name):
    check_architecture(name, options=OPTIONS.get(name))


@pytest.fixture(scope="module")
def compared() -> dict:
    """All architectures on all backends, in one process for each backend."""
    reports = check_parity(ARCHITECTURES, options=OPTIONS, raises=False)
    return {report.name: report for report in reports}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_computes_the_same_on_every_backend(name, compared):
    assert len(compared[name].setting["backends"]) == 3
    assert compared[name].passed, str(compared[name])
