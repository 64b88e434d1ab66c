"""What published code computed, in `tests/parity/recorded`; docs/parity.md says how."""

import hashlib
import importlib
from pathlib import Path
from typing import Any

import numpy as np
from lazy_keras import Lazy, keras, ops, to_numpy

from ganzoo import backend
from ganzoo.files import safetensors
from ganzoo.jobs.models.weights import assign_arrays

scope = Lazy("ganzoo.backend.scope")

FOLDER = Path(__file__).parents[1] / "parity" / "recorded"


def files(folder: str = "") -> dict[str, Path]:
    """Files of `recorded`, or of a folder in it, by name."""
    return {path.stem: path for path in sorted((FOLDER / folder).glob("*.safetensors"))}


def read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metadata and arrays of a file, those included that it only tells how to draw."""
    about, arrays = safetensors.metadata(path), safetensors.load(path)
    rng, digest = np.random.default_rng(about.get("seed")), hashlib.sha256()
    for name, shape, low, high in about.get("drawn", ()):
        arrays[name] = rng.uniform(low, high, shape).astype("<f4")
        digest.update(arrays[name].tobytes())
    assert about.get("sha256", digest.hexdigest()) == digest.hexdigest(), "other random numbers"
    return about, arrays


def below(arrays: dict, prefix: str) -> dict:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def named(path: str):
    """What a dotted path names, such as an architecture."""
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


def compiled(function):
    """The function of no arguments, compiled on JAX; elsewhere it is as fast without."""
    return backend.jit(function) if keras.config.backend() == "jax" else function


def gap(found: np.ndarray, expected: np.ndarray, stride: int = 1) -> float:
    """Largest difference over the largest magnitude expected; of images every n-th pixel."""
    if found.shape != expected.shape:
        steps = (slice(None, None, stride),) * (found.ndim - 2)
        found = found[(slice(None), *steps)]
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def network_gaps(
    name: str, part: str, gradients: bool = True, options: dict | None = None
) -> dict[str, float]:
    """How far a network is from the file: its outputs, and gradients of half their squares."""
    about, arrays = read(files()[name])
    gan = named(about["architecture"])(**{**about["options"], **(options or {})})
    variables = below(gan.state(), f"{part}/")
    recorded = below(arrays, f"weights/{part}/")
    assign_arrays({n: v for n, v in variables.items() if n in recorded}, recorded, name)
    inputs = {
        f"inputs/{i}": keras.Variable(x, dtype=str(x.dtype), trainable=x.dtype.kind == "f")
        for i, x in below(arrays, f"inputs/{part}/").items()
    }
    variables |= inputs
    differentiated = list(below(arrays, f"gradients/{part}/")) if gradients else []

    def loss():
        network = getattr(gan, part)
        x = [ops.convert_to_tensor(variable) for variable in inputs.values()]
        x = x[-len(network.inputs) :]  # CycleGAN's file has latents, which had no effect
        found = network(x if len(x) > 1 else x[0], training=about["training"])
        found = found if isinstance(found, list | tuple) else [found]
        outputs = {f"outputs/{part}/{i}": y for i, y in enumerate(found)}
        return sum(ops.sum(ops.square(y)) for y in found) / 2, outputs

    def function():
        if not differentiated:
            with scope.WriteCapture():
                return loss()[1]
        result = backend.gradients(loss, [variables[n] for n in differentiated])
        names = [f"gradients/{part}/{n}" for n in differentiated]
        return result.logs | dict(zip(names, result.gradients, strict=True))

    found, stride = compiled(function)(), about.get("stride", 1)
    return {n: gap(to_numpy(value), arrays[n], stride) for n, value in found.items()}
