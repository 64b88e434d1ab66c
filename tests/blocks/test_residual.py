"""Options of the residual blocks, by kernels whose results are known."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, tensor, to_numpy

from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend
residual = Lazy("ganzoo.blocks.residual")


def images(size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, size, size, 3)).astype("float32")


def block_output(x: np.ndarray, function, kept: str, **options) -> np.ndarray:
    """What the block makes of x when all kernels are 0 but those of that name, the identity."""
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, function(inputs, 3, "block", **options))
    for weight in model.trainable_variables:
        value = np.zeros(weight.shape, "float32")
        if kept in weight.path and weight.name == "kernel":
            value[value.shape[0] // 2, value.shape[1] // 2] = np.eye(3)
        weight.assign(value)
    return to_numpy(model(tensor(x)))


def test_a_shortcut_begins_before_the_first_relu_or_after_it():
    x = images(4)
    for activated, expected in ((False, x), (True, np.maximum(x, 0.0))):
        options = {"kept": "shortcut", "activated_shortcut": activated}
        found = block_output(x, residual.residual_block, downsample=False, **options)
        assert (found == expected).all()
        found = block_output(x, residual.residual_block, **options)
        halved = expected.reshape(2, 2, 2, 2, 2, 3).mean(axis=(2, 4))
        assert found == pytest.approx(halved, abs=1e-6)


def test_both_ways_of_an_upsampling_block_double_by_the_filter_asked_for():
    x = np.arange(4, dtype="float32")[None, :, None, None] * np.ones((1, 1, 4, 3), "float32")
    rows = {
        "nearest": [0, 0, 1, 1, 2, 2, 3, 3],
        "bilinear": [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3],
    }
    for upsampling, row in rows.items():
        expected = np.array(row)[None, :, None, None] * np.ones((1, 1, 8, 3))
        options = {"norm": lambda x, name: x, "upsampling": upsampling}
        for kept in ("shortcut", "conv_"):
            found = block_output(x, residual.residual_upsampling_block, kept, **options)
            assert found == pytest.approx(expected)
    with pytest.raises(UsageError, match="nearest or bilinear. Received: 'cubic'"):
        block_output(x, residual.residual_upsampling_block, "", norm=None, upsampling="cubic")
