"""Half precision where it is read: images stay, and only what was declared is accepted."""

import numpy as np
import pytest

from ganzoo.catalog.registry import lookup
from ganzoo.errors import InvalidInput
from ganzoo.files import safetensors
from ganzoo.jobs.models import load
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture
def pushed(plain, tmp_path, monkeypatch):
    """The models `full` and `half` of one run."""
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    run = train(plain(), run=tmp_path / "run")
    push(run.path, "full", license="MIT")
    push(run.path, "half", float16=True, license="MIT")


@pytest.fixture
def changed(pushed, tmp_path):
    """`changed("half", about, dtype)`: the model's file with other metadata and types."""

    def make(model, about, dtype):
        content = lookup.find_version(model).read("generator.safetensors")
        arrays = {name: a.astype(dtype) for name, a in safetensors.load(content).items()}
        path = tmp_path / "changed.safetensors"
        known = safetensors.metadata(content)
        safetensors.save(path, arrays, {k: v for k, v in (known | about).items() if v is not None})
        return path

    return make


def test_images_of_half_precision_differ_by_one_gray_level_at_most(pushed):
    full, half = load.load("full"), load.load("half")
    one, other = (gan.sample(64, seed=3).astype(int) for gan in (full, half))
    assert np.abs(one - other).max() <= 1
    assert {variable.dtype for variable in half.generator.weights} == {"float32"}
    sizes = [lookup.find_version(name).sizes["generator.safetensors"] for name in ("full", "half")]
    assert sizes[1] < sizes[0]


def test_half_precision_that_is_not_declared_is_refused(changed):
    with pytest.raises(InvalidInput, match=r"Expected: float32 .* Received: float16"):
        load.load(changed("half", {"stored": None}, "float16"))


def test_full_precision_where_half_is_declared_is_refused(changed):
    with pytest.raises(InvalidInput, match=r"Expected: float16 .* Received: float32"):
        load.load(changed("full", {"stored": "float16"}, "float32"))


def test_other_types_are_refused_whatever_is_declared(changed):
    with pytest.raises(InvalidInput, match=r"Expected: float16 .* Received: float64"):
        load.load(changed("half", {"stored": "float16"}, "float64"))
