"""Networks against what the published code computed from the same weights: `recorded/`.

What the files hold, and how they were made, is in docs/parity.md.
"""

import pytest
import recorded
from lazy_keras import keras

from ganzoo.files import safetensors

pytestmark = pytest.mark.backend

BOUNDS = {"outputs": 1e-5, "gradients": 1e-4}  # of the largest magnitude of the array
CASES = sorted(
    {
        (name, key.split("/")[1])
        for name, path in recorded.files().items()
        for key in safetensors.read_header(path).tensors
        if key.startswith("outputs/")
    }
)


@pytest.mark.parametrize(("name", "part"), CASES)
def test_outputs_and_gradients_are_those_of_the_published_code(name, part, cheap_weights):
    on_jax = keras.config.backend() == "jax"  # generators take a minute to differentiate there
    gaps = recorded.network_gaps(name, part, gradients=not on_jax or part == "discriminator")
    for key, gap in gaps.items():
        assert gap < BOUNDS[key.split("/")[0]], f"{key} differ by {gap:.1e} of their magnitude"
