"""`bench`: what it measures, and how long."""

import pytest

from ganzoo.catalog.recipe.recipe import Part
from ganzoo.errors import UsageError
from ganzoo.jobs.bench import bench

pytestmark = pytest.mark.backend


def test_a_step_is_measured_in_rounds(plain):
    found = bench(plain(), rounds=3, steps=2)
    assert (found["rounds"], found["steps"], found["images_per_step"]) == (3, 2, 16)
    step, images = found["step_seconds"], found["images_per_second"]
    assert 0 < step["min"] <= step["median"] <= step["max"]
    assert images["median"] == pytest.approx(16 / step["median"])
    assert images["min"] == pytest.approx(16 / step["max"])
    assert found["first_step_seconds"] > 0 and found["peak_memory"] > 2**20
    sums = found["arithmetic"]
    assert sums["flops_per_second"] == pytest.approx(sums["flops_per_step"] / step["median"])
    assert sums["share"] == pytest.approx(sums["flops_per_second"] / sums["limit"])


def test_steps_are_rounded_up_to_what_is_fused(plain):
    found = bench(plain("steps_per_dispatch=2"), rounds=1, steps=3)
    assert (found["steps_per_dispatch"], found["steps"]) == (2, 4)


def test_a_data_set_that_is_not_here_is_replaced_by_zeros(plain, monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    mnist = Part(name="mnist")
    found = bench(plain().model_copy(update={"dataset": mnist}), rounds=1, steps=1)
    assert found["image_shape"] == [28, 28, 1]


@pytest.mark.parametrize("numbers", [{"rounds": 0}, {"steps": 0}])
def test_less_than_one_round_or_step_is_refused(plain, numbers):
    with pytest.raises(UsageError, match="at least 1"):
        bench(plain(), **numbers)
