"""Outputs and gradients of architectures on one backend, written for a comparison.

Usage: python -m ganzoo.testing.parity.parity_worker OUT.npz [--like OTHER.npz] NAME[=JSON] ...

JSON is a table of `options`, `image_shapes` and `config`, as `check_architecture` takes them.
The backend is that of KERAS_BACKEND. The first process reduces options and initializes weights;
those on other backends take both from its file, with `--like`.
"""

import json
import sys
import zlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.backend.scope import WriteCapture
from ganzoo.gan import random
from ganzoo.gan.gan import GAN, Batch
from ganzoo.jobs.models.weights import assign_arrays
from ganzoo.testing.architecture_case import BATCH, SEED, ArchitectureCase
from ganzoo.testing.parity.backend_parity import arrays_below, read_arrays
from ganzoo.testing.traversal import without_noise
from ganzoo.testing.update_trace import NETWORKS

_SPREAD = 0.3  # of the change of a weight, relative to its own: what starts without effect has one
_SPREAD_OF_CONSTANT = 0.05
_ROUNDINGS = 3  # trials of what rounding all inputs does to the gradients

Arrays = dict[str, np.ndarray]


def main(arguments: list[str]) -> None:
    """Compute and write what the command line asks for."""
    out, *cases = arguments
    like: Arrays = {}
    if cases[:1] == ["--like"]:
        like, cases = read_arrays(cases[1]), cases[2:]
    results: dict[str, Any] = {}
    for case in cases:
        name, _, given = case.partition("=")
        try:
            found = _compare(name, json.loads(given or "{}"), arrays_below(name, like))
        except Exception as error:
            found = {"error": np.array(f"{type(error).__name__}: {error}")}
        results |= {f"{name}/{key}": value for key, value in found.items()}
    np.savez(out, **results)


def _compare(name: str, given: Mapping[str, Any], like: Arrays) -> Arrays:
    """Everything about one architecture: setting, weights, outputs, gradients, roundings."""
    options, shapes = given.get("options"), given.get("image_shapes") or ()
    if like:
        setting = json.loads(str(like["setting"]))
        options, shapes = setting["options"], [setting["image_shape"]]
    shapes = tuple(map(tuple, shapes))
    case = ArchitectureCase(name, options, shapes, given.get("config"), reduce=not like)
    gan = case.compile(case.gan, ema_half_life=0.0)
    weights = _set_weights(gan, name, like)
    setting = {"options": case.options, "image_shape": list(case.shape)}
    found = {"setting": np.array(json.dumps(setting))}
    found |= {f"weights/{key}": array for key, array in weights.items()}
    with without_noise(gan.generator, gan.discriminator):
        return found | _outputs_and_gradients(gan, case)


def _set_weights(gan: GAN, name: str, like: Arrays) -> Arrays:
    """Set the weights of both networks, all but seeds, to those of another backend or near
    their first values; return them.
    """
    prefixes = tuple(f"{network}/" for network in NETWORKS)
    variables = {n: v for n, v in gan.state().items() if n.startswith(prefixes)}
    trainable = {id(v) for v in _trainable_variables(gan)}
    weights = arrays_below("weights", like) or {
        n: _perturbed(n, _to_numpy(v)) if id(v) in trainable else _to_numpy(v)
        for n, v in variables.items()
    }
    seeds = {n for n in variables if "/seeds/" in n}
    assign_arrays(
        {n: v for n, v in variables.items() if n not in seeds},
        {n: a for n, a in weights.items() if n not in seeds},
        f"What {name} is on the other backend",
    )
    return weights


def _trainable_variables(gan: GAN) -> list[keras.Variable]:
    return [v for network in NETWORKS for v in getattr(gan, network).trainable_variables]


def _perturbed(name: str, array: np.ndarray) -> np.ndarray:
    """A weight moved a little from its first value, by numbers that depend on its name."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    spread = _SPREAD * array.std() or _SPREAD_OF_CONSTANT
    return (array + spread * generator.standard_normal(array.shape)).astype(array.dtype)


def _rounded(array: np.ndarray, seed: int) -> np.ndarray:
    """Numbers each of which is rounded up or down by one unit in the last place."""
    up = np.random.default_rng(seed).integers(0, 2, array.shape, dtype=bool)
    return np.nextafter(array, np.where(up, np.inf, -np.inf).astype(array.dtype))


def _outputs_and_gradients(gan: GAN, case: ArchitectureCase) -> Arrays:
    """Outputs, losses and gradients of both networks, and the effect of rounding on gradients.

    The latter is the largest change of a gradient when every weight, latent and sample becomes
    a neighbor among the numbers of its type.
    """
    real = ops.convert_to_tensor(gan.sampler.scale(ops.convert_to_tensor(case.images(0))))
    labels = case.labels(0)
    conditions = [] if labels is None else [gan.sampler.scale_labels(ops.convert_to_tensor(labels))]
    latents = gan.prior(SEED, 0, random.stream("latents"), (BATCH, *gan.sampler.latent_shape))
    variables = _trainable_variables(gan)

    def compute(weights, latents, real, *labels):
        with keras.StatelessScope(state_mapping=list(zip(variables, weights, strict=False))):
            return _computed(gan, latents, real, labels[0] if labels else None)

    compute = backend.jit(compute)
    # a function compiled by JAX keeps the weights of that time, unless they are arguments
    pure = keras.backend.backend() == "jax"
    first = [_to_numpy(variable) for variable in variables]
    found = compute(first if pure else [], latents, real, *conditions)
    found = {name: _to_numpy(value) for name, value in found.items()}
    for seed in range(_ROUNDINGS):
        weights = [_rounded(array, seed) for array in first]
        if not pure:
            for variable, array in zip(variables, weights, strict=True):
                variable.assign(array)
        inputs = [ops.convert_to_tensor(_rounded(_to_numpy(x), seed)) for x in (latents, real)]
        rounded = compute(weights if pure else [], *inputs, *conditions)
        for name in [name for name in rounded if name.startswith("gradients/")]:
            change = np.abs(_to_numpy(rounded[name]) - found[name]).max(initial=0.0)
            key = f"roundings/{name}"
            found[key] = np.maximum(found.get(key, 0.0), change)
    return found


def _computed(gan: GAN, latents, real, labels) -> dict[str, Any]:
    """Tensors by name."""
    images = backend.no_grad(lambda: gan.generate(latents, labels))
    logits = backend.no_grad(lambda: ops.concatenate(
        [ops.reshape(ops.cast(x, "float32"), (-1,))
         for x in gan.discriminator_outputs(real, labels)]
    ))  # fmt: skip
    found = {"outputs/images": images, "outputs/logits": logits}
    batch = Batch(real, latents, labels, random.Rng(gan.seed, gan.steps))
    with WriteCapture():  # some GANs keep older samples
        fake = gan.fake_samples(batch)
    losses = {
        "generator": lambda: gan.generator_loss(batch),
        "discriminator": lambda: gan.discriminator_loss(batch, fake),
    }
    for name, loss in losses.items():
        network = getattr(gan, name)
        weights = network.trainable_variables
        result = backend.gradients(loss, weights)
        found[f"outputs/loss of the {name}"] = result.loss
        for variable, gradient in zip(weights, result.gradients, strict=True):
            path = variable.path.removeprefix(f"{network.name}/")
            found[f"gradients/{name}/{path}"] = gradient
    return found


def _to_numpy(value: Any) -> np.ndarray:
    value = value.value if isinstance(value, keras.Variable) else value
    return np.array(ops.convert_to_numpy(value))


if __name__ == "__main__":
    main(sys.argv[1:])
