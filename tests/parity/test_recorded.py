"""Networks against what the published code computed from the same weights: `recorded/`.

What the files hold, and how they were made, is in docs/parity.md.
"""

import pytest
import recorded
from lazy_keras import Lazy, keras, ops, to_numpy

from ganzoo import backend
from ganzoo.files import safetensors
from ganzoo.jobs.models.weights import assign_arrays

pytestmark = pytest.mark.backend
scope = Lazy("ganzoo.backend.scope")

FILES = recorded.files()
BOUNDS = {"outputs": 1e-5, "gradients": 1e-4}  # of the largest magnitude of the array
CASES = sorted(
    {
        (name, key.split("/")[1])
        for name, path in FILES.items()
        for key in safetensors.read_header(path).tensors
        if key.startswith("outputs/")
    }
)


def computed(network, variables: dict, inputs: dict, differentiated: list[str], training: bool):
    """The network's outputs, and the gradients of half the sum of their squares.

    PyTorch and TensorFlow compile nothing. On JAX compiled gradients take two seconds on average.
    """

    def loss():
        x = [ops.convert_to_tensor(variable) for variable in inputs.values()]
        found = network(x if len(x) > 1 else x[0], training=training)
        found = found if isinstance(found, list | tuple) else [found]
        outputs = {f"outputs/{i}": y for i, y in enumerate(found)}
        return sum(ops.sum(ops.square(y)) for y in found) / 2, outputs

    def function():
        if not differentiated:
            with scope.WriteCapture():
                return loss()[1]
        result = backend.gradients(loss, [variables[name] for name in differentiated])
        gradients = zip(differentiated, result.gradients, strict=True)
        return result.logs | {f"gradients/{name}": value for name, value in gradients}

    compiled = keras.config.backend() == "jax"
    return {k: to_numpy(v) for k, v in (backend.jit(function) if compiled else function)().items()}


def gaps(name: str, part: str, gradients: bool = True) -> dict[str, float]:
    """How far outputs and gradients are from those of the file, by name."""
    about, arrays = recorded.read(FILES[name])
    gan = recorded.named(about["architecture"])(**about["options"])
    variables = recorded.below(gan.state(), f"{part}/")
    assign_arrays(
        {n: v for n, v in variables.items() if f"weights/{part}/{n}" in arrays},
        recorded.below(arrays, f"weights/{part}/"),
        name,
    )
    inputs = {
        f"inputs/{i}": keras.Variable(x, dtype=str(x.dtype), trainable=x.dtype.kind == "f")
        for i, x in recorded.below(arrays, f"inputs/{part}/").items()
    }
    differentiated = list(recorded.below(arrays, f"gradients/{part}/")) if gradients else []
    network, training = getattr(gan, part), about["training"]
    found = computed(network, variables | inputs, inputs, differentiated, training)
    stride = about.get("stride", 1)
    return {
        f"{kind}/{key}": recorded.gap(found[f"{kind}/{key}"], expected, stride)
        for kind in BOUNDS
        for key, expected in recorded.below(arrays, f"{kind}/{part}/").items()
        if f"{kind}/{key}" in found
    }


@pytest.mark.parametrize(("name", "part"), CASES)
def test_outputs_and_gradients_are_those_of_the_published_code(name, part, cheap_weights):
    on_jax = keras.config.backend() == "jax"  # generators take a minute to differentiate there
    found = gaps(name, part, gradients=not on_jax or part == "discriminator")
    for key, gap in found.items():
        bound = BOUNDS[key.split("/")[0]]
        assert gap < bound, f"{key} differ by {gap:.1e} of their magnitude"
