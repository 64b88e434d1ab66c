"""Networks against what the published code computed from the same weights: `recorded/`.

What the files hold, and how they were made, is in docs/parity.md.
"""

import importlib
from pathlib import Path

import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops, to_numpy

from ganzoo import backend
from ganzoo.files import safetensors
from ganzoo.jobs.models.weights import assign_arrays

pytestmark = pytest.mark.backend
scope = Lazy("ganzoo.backend.scope")

FILES = {path.stem: path for path in (Path(__file__).parent / "recorded").glob("*.safetensors")}
BOUNDS = {"outputs": 1e-5, "gradients": 1e-4}  # of the largest magnitude of the array
CASES = sorted(
    {
        (name, key.split("/")[1])
        for name, path in FILES.items()
        for key in safetensors.read_header(path).tensors
        if key.startswith("outputs/")
    }
)


def below(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def computed(network, weights: dict, inputs: dict[str, np.ndarray], training: bool) -> dict:
    """The network's outputs and, on PyTorch, the gradients of half the sum of their squares.

    Elsewhere compiling the gradients takes a minute; `test_parity.py` compares backends.
    """
    given = {
        f"inputs/{i}": keras.Variable(x, dtype=str(x.dtype), trainable=x.dtype.kind == "f")
        for i, x in inputs.items()
    }
    on_torch = keras.config.backend() == "torch"
    differentiated = {name: v for name, v in {**weights, **given}.items() if v.trainable}

    def loss():
        x = [ops.convert_to_tensor(variable) for variable in given.values()]
        found = network(x if len(x) > 1 else x[0], training=training)
        found = found if isinstance(found, list | tuple) else [found]
        outputs = {f"outputs/{i}": y for i, y in enumerate(found)}
        return sum(ops.sum(ops.square(y)) for y in found) / 2, outputs

    def function():
        if not on_torch:
            with scope.WriteCapture():
                return loss()[1], []
        result = backend.gradients(loss, list(differentiated.values()))
        return result.logs, result.gradients

    outputs, gradients = backend.jit(function)()
    found = outputs | {
        f"gradients/{n}": g for n, g in zip(differentiated, gradients, strict=on_torch)
    }
    return {name: to_numpy(value) for name, value in found.items()}


@pytest.mark.parametrize(("name", "part"), CASES)
def test_outputs_and_gradients_are_those_of_the_published_code(name, part, cheap_weights):
    about, arrays = safetensors.metadata(FILES[name]), safetensors.load(FILES[name])
    module, function = about["architecture"].rsplit(".", 1)
    gan = getattr(importlib.import_module(module), function)(**about["options"])
    weights = below(gan.state(), f"{part}/")
    assign_arrays(weights, below(arrays, f"weights/{part}/"), name)
    inputs = below(arrays, f"inputs/{part}/")
    found = computed(getattr(gan, part), weights, inputs, about["training"])
    for kind in {key.split("/")[0] for key in found}:
        for key, expected in below(arrays, f"{kind}/{part}/").items():
            gap = np.abs(found[f"{kind}/{key}"] - expected).max() / np.abs(expected).max()
            assert gap < BOUNDS[kind], f"{kind} of {key} differ by {gap:.1e} of their magnitude"
