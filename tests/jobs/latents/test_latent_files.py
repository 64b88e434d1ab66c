"""Files of latents that somebody else may have written."""

import numpy as np
import pytest

from ganzoo.files import safetensors
from ganzoo.jobs.latents.latent_files import read_latents


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["a", "b"], ("a", "b")),
        (["a"], ("0", "1")),
        (["a", "b", "c"], ("0", "1")),
        (["a", 2], ("0", "1")),
        (None, ("0", "1")),
    ],
)
def test_each_sample_has_a_name_whatever_a_file_says(names, read, tmp_path):
    path = tmp_path / "latents.safetensors"
    arrays = {"latents": np.zeros((2, 4), "float32")}
    path.write_bytes(safetensors.dump(arrays, {"latents": {"names": names}}))
    assert read_latents(path).names == read
