"""Published layouts: a file of random weights is imported, and draws what its authors' code drew.

`layouts/NAME.safetensors` holds names and shapes of the weights, the latents, and the images that
the repository named in it drew at the commit named in it; see docs/import.md.
"""

from pathlib import Path

import numpy as np
import pytest
from lazy_keras import ops
from published_layouts import numbers, write

from ganzoo import backend
from ganzoo.files import safetensors
from ganzoo.jobs.models.load import load
from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights

pytestmark = pytest.mark.backend
FILES = {p.stem: p for p in (Path(__file__).parent / "layouts").glob("*.safetensors")}


@pytest.mark.usefixtures("optimized")
@pytest.mark.parametrize("name", FILES)
def test_what_is_imported_draws_what_the_authors_code_drew(
    name, tmp_path, monkeypatch, cheap_weights
):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    about, arrays = safetensors.metadata(FILES[name]), safetensors.load(FILES[name])
    weights = numbers(about["shapes"], about["scale"])
    weights |= {n[8:]: array for n, array in arrays.items() if n.startswith("weights/")}
    write(tmp_path / "file", about["kind"], weights, monkeypatch)
    open_data = FileDescription(data_license="CC0-1.0")
    done = import_weights(tmp_path / "file", "mine", license="MIT", description=open_data)
    found = done["conversion"]
    assert (found["architecture"], found["classes"]) == (about["architecture"], about["classes"])
    gan, expected = load("mine"), arrays["images"]
    inputs = [ops.convert_to_tensor(arrays[n]) for n in ("latents", "labels") if n in arrays]
    images = backend.jit(gan.generator)(inputs if len(inputs) > 1 else inputs[0])
    assert expected.std() > 0.05  # not flat
    every = about.get("step", 1)  # of the pixels, of large images
    images = ops.convert_to_numpy(images)[:, ::every, ::every]
    np.testing.assert_allclose(images, expected, rtol=0, atol=1e-5)
