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


@pytest.fixture(scope="module")
def pushed(plain, tmp_path_factory):
    """The models `full` and `half` of one run."""
    folder = tmp_path_factory.mktemp("float16")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_HOME", str(folder / "home"))
        run = train(plain(), run=folder / "run")
        push(run.path, "full", license="MIT")
        push(run.path, "half", float16=True, license="MIT")
        yield


def test_images_of_half_precision_differ_by_one_gray_level_at_most(pushed):
    full, half = load.load("full"), load.load("half")
    one, other = (gan.sample(64, seed=3).astype(int) for gan in (full, half))
    assert np.abs(one - other).max() <= 1
    assert {variable.dtype for variable in half.generator.weights} == {"float32"}
    sizes = [lookup.find_version(name).sizes["generator.safetensors"] for name in ("full", "half")]
    assert sizes[1] < sizes[0]


@pytest.mark.parametrize(
    ("declared", "stored"), [(None, "float16"), ("float16", "float32"), ("float16", "float64")]
)
def test_types_other_than_those_declared_are_refused(pushed, tmp_path, declared, stored):
    content = lookup.find_version("half").read("generator.safetensors")
    arrays = {name: a.astype(stored) for name, a in safetensors.load(content).items()}
    about = safetensors.metadata(content) | {"stored": declared}
    path = tmp_path / "changed.safetensors"
    safetensors.save(path, arrays, {k: v for k, v in about.items() if v is not None})
    expected = declared or "float32"
    with pytest.raises(InvalidInput, match=rf"Expected: {expected} .* Received: {stored}"):
        load.load(path)
