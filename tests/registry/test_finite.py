"""Weights that are no numbers are neither published nor written, wherever in a state they are."""

import numpy as np
import pytest

from ganzoo.catalog.registry import lookup
from ganzoo.errors import InvalidInput
from ganzoo.files import checkpoints, safetensors
from ganzoo.jobs.models.export import export
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.publishing.verify import verify

PARTS = ["generator/dense/kernel", "ema/dense/kernel", "generator/norm/moving_variance"]
VALUES = [np.nan, np.inf, -np.inf]


@pytest.fixture
def spoilt(made_run):
    """`spoilt(part, value)`: a run whose newest checkpoint holds the value once."""

    def make(part: str, value: float):
        run = made_run()
        state = checkpoints.newest(run.checkpoints, report=pytest.fail).read("state.safetensors")
        arrays, about = safetensors.load(state), safetensors.metadata(state)
        arrays.setdefault(part, np.ones((4, 8), "float32"))[-1, -1] = value
        content = safetensors.dump(arrays, about | {"step": 5})
        checkpoints.save(run.checkpoints, 5, {"state.safetensors": content}, {}, keep=2)
        return run

    return make


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("part", PARTS)
def test_nothing_that_is_not_finite_is_published_or_written(spoilt, home, tmp_path, part, value):
    run = spoilt(part, value)
    out = tmp_path / "out.safetensors"
    verbs = [
        lambda: push(run.path, "small"), lambda: push(run.path, "small", everything=True),
        lambda: export(run.path, out), lambda: export(run.path, out, raw=True),
        lambda: export(run.path, out, everything=True),
    ]  # fmt: skip
    for verb in verbs:
        with pytest.raises(InvalidInput, match=f"{part} is not finite") as caught:
            verb()
        assert caught.value.exit_code == 3
    assert not out.exists() and not (home / "registry").exists()


@pytest.mark.parametrize("value", VALUES)
def test_what_somebody_else_published_is_not_passed_on(content, create, home, tmp_path, value):
    files = content()
    array = np.full(3, value, "float16")
    files["generator.safetensors"] = safetensors.dump({"generator/a": array}, {})
    create(home / "registry", "small", files)
    with pytest.raises(InvalidInput, match="small@1 is not published: generator/a is not finite"):
        push("small", "small", folder=tmp_path / "zoo")
    for name in ("small", "small@1"):
        (problem,) = verify(name)["problems"]
        assert problem["reason"] == "generator/a is not finite."
    file = lookup.find_version("small").path / "generator.safetensors"
    assert verify(str(file))["not_finite"] == "generator/a"
