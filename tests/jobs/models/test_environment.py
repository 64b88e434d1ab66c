"""Under which circumstances something was trained, and whether they are the same now."""

import pytest

from ganzoo.jobs.models import environment

pytestmark = pytest.mark.backend


def manifest() -> dict:
    return environment.describe_environment() | {"plugins": {}}


def test_where_nothing_has_changed_there_is_nothing_to_say():
    assert environment.environment_differences(manifest()) == []


@pytest.mark.parametrize("name", environment.VARIABLES)
def test_what_may_change_last_bits_is_named_when_it_differs(name, monkeypatch):
    monkeypatch.delenv(name, raising=False)
    before = manifest()
    monkeypatch.setenv(name, "3")

    (said,) = environment.environment_differences(before)

    assert f"{name} was None, is 3" in said


def test_another_kind_of_device_is_named():
    now = environment.describe_environment()["device"]
    assert now in ("cpu", "gpu", "tpu", "mps")

    (said,) = environment.environment_differences(manifest() | {"device": "abacus"})

    assert f"device was abacus, is {now}" in said
