"""What architectures compute, written down: `python -m ganzoo.testing.play OUT NAME ...`.

Usage: python -m ganzoo.testing.play OUT.npz [--like OTHER.npz] NAME[=JSON] ...

JSON is a table of `options`, `image_shapes` and `rules`, as `check_architecture` takes them.

One process plays any number of architectures, on the backend of KERAS_BACKEND. The first one
decides how each is made small and which weights it has; further ones, on other backends, are
told `--like` what the first has written, and use the same.
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
from ganzoo.backend.scope import Trial
from ganzoo.gan import random
from ganzoo.gan.gan import Batch
from ganzoo.gan.penalties import Draw
from ganzoo.jobs.models.weights import assign
from ganzoo.testing.played import PLAYERS
from ganzoo.testing.subject import BATCH, SEED, Subject
from ganzoo.testing.walking import silenced

_MOVED = 0.3  # of a weight's own spread: what starts without effect has one
_MOVED_FROM_ZERO = 0.05  # where it has none
_ROUNDINGS = 3  # trials of what a rounding of all that goes in does to the gradients


def main(arguments: list[str]) -> None:
    """Play what the command line says."""
    out, *words = arguments
    like: dict[str, np.ndarray] = {}
    if words[:1] == ["--like"]:
        with np.load(words[1], allow_pickle=False) as arrays:
            like = {name: arrays[name] for name in arrays.files}
        words = words[2:]
    found: dict[str, np.ndarray] = {}
    for word in words:
        name, _, given = word.partition("=")
        played = _played(name, json.loads(given or "{}"), like)
        found |= {f"{name}/{key}": value for key, value in played.items()}
    np.savez(out, **found)


def _played(
    name: str, given: Mapping[str, Any], like: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Everything of one architecture, or what it raised."""
    before = {
        key.removeprefix(f"{name}/"): value
        for key, value in like.items()
        if key.startswith(f"{name}/")
    }
    try:
        return _play(name, given, before)
    except Exception as error:
        return {"error": np.array(f"{type(error).__name__}: {error}")}


def _play(
    name: str, given: Mapping[str, Any], before: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    options, shapes = given.get("options"), given.get("image_shapes") or ()
    if before:
        setting = json.loads(str(before["setting"]))
        options, shapes = setting["options"], [setting["image_shape"]]
    subject = Subject(name, options, tuple(map(tuple, shapes)), given.get("rules"))
    gan = subject.compile(subject.first, average_decay=0.0)
    networks = {
        n: v for n, v in gan.state().items() if n.startswith(tuple(f"{p}/" for p in PLAYERS))
    }
    trainable = {id(v) for p in PLAYERS for v in getattr(gan, p).trainable_variables}
    if before:
        weights = _below("weights", before)
    else:
        weights = {n: _moved(n, _numpy(v), id(v) in trainable) for n, v in networks.items()}
    seeds = {n for n in networks if "/seeds/" in n}
    assign(
        {n: v for n, v in networks.items() if n not in seeds},
        {n: a for n, a in weights.items() if n not in seeds},
        f"What {name} is on the other backend",
    )
    setting = {"options": subject.options, "image_shape": list(subject.shape)}
    found = {"setting": np.array(json.dumps(setting))}
    found |= {f"weights/{n}": a for n, a in weights.items()}
    with silenced(gan.generator, gan.discriminator):
        return found | _computed(gan, subject)


def _moved(name: str, array: np.ndarray, trainable: bool) -> np.ndarray:
    """A weight moved a little from where it starts, by numbers that depend on its name."""
    if not trainable:
        return array
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    spread = _MOVED * array.std() or _MOVED_FROM_ZERO
    return (array + spread * draw.standard_normal(array.shape)).astype(array.dtype)


def _neighbor(array: np.ndarray, seed: int) -> np.ndarray:
    """Numbers that each differ by about one unit in the last place: a rounding, up or down."""
    up = np.random.default_rng(seed).integers(0, 2, array.shape, dtype=bool)
    return np.nextafter(array, np.where(up, np.inf, -np.inf).astype(array.dtype))


def _computed(gan, subject: Subject) -> dict[str, np.ndarray]:
    """Outputs of both networks, and losses and gradients of both players.

    Of the gradients also what roundings make of them: how far they move, at most, when each
    weight, latent and sample becomes its neighbor among the numbers of its type.
    """
    real = ops.convert_to_tensor(gan.scaled(ops.convert_to_tensor(subject.images(0))))
    labels = subject.labels(0)
    labels = [] if labels is None else [gan.conditions(ops.convert_to_tensor(labels))]
    latents = gan.prior(SEED, 0, random.LATENTS, (BATCH, *gan.latent_shape))

    learned = [w for player in PLAYERS for w in getattr(gan, player).trainable_variables]

    def compute(weights, latents, real, *labels):
        with keras.StatelessScope(state_mapping=list(zip(learned, weights, strict=False))):
            return computed(latents, real, *labels)

    def computed(latents, real, *labels):
        labels = labels[0] if labels else None
        images = backend.constant(lambda: gan.generate(latents, labels))
        said = backend.constant(lambda: ops.concatenate(
            [ops.reshape(ops.cast(x, "float32"), (-1,)) for x in gan.judge(real, labels)]
        ))  # fmt: skip
        gan._turn_draw = Draw(gan.seed, gan.steps, 0)
        batch = Batch(real, latents, labels, gan._turn_draw)
        with Trial():  # some games keep older fakes
            fake = gan.fakes(batch)
        turns = {
            "discriminator": backend.gradients(
                lambda: gan.discriminator_objective(batch, fake),
                gan.discriminator.trainable_variables,
            ),
            "generator": backend.gradients(
                lambda: gan.generator_objective(batch), gan.generator.trainable_variables
            ),
        }
        losses = {player: turn.loss for player, turn in turns.items()}
        return images, said, losses, {player: turn.gradients for player, turn in turns.items()}

    play = backend.compiled(compute)
    # a function compiled by JAX keeps the weights of that time, unless they are handed in
    handed = keras.backend.backend() == "jax"
    kept = [_numpy(w) for w in learned]
    found = _named(gan, *play(kept if handed else [], latents, real, *labels))
    for seed in range(_ROUNDINGS):
        weights = [_neighbor(array, seed) for array in kept]
        if not handed:
            for weight, array in zip(learned, weights, strict=True):
                weight.assign(array)
        moved = [ops.convert_to_tensor(_neighbor(_numpy(x), seed)) for x in (latents, real)]
        played = play(weights if handed else [], *moved, *labels)
        for name, array in _named(gan, *played).items():
            if name.startswith("gradients/"):
                apart = np.abs(array - found[name]).max() if array.size else 0.0
                key = f"roundings/{name}"
                found[key] = np.maximum(found.get(key, 0.0), apart)
    return found


def _named(gan, images, said, losses, gradients) -> dict[str, np.ndarray]:
    """What was computed, by name."""
    found = {"forward/images": images, "forward/logits": said}
    for player in PLAYERS:
        network = getattr(gan, player)
        found[f"forward/loss of the {player}"] = losses[player]
        for variable, gradient in zip(network.trainable_variables, gradients[player], strict=True):
            name = variable.path.removeprefix(f"{network.name}/")
            found[f"gradients/{player}/{name}"] = gradient
    return {name: _numpy(value) for name, value in found.items()}


def _below(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    start = f"{prefix}/"
    return {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}


def _numpy(value: Any) -> np.ndarray:
    value = value.value if isinstance(value, keras.Variable) else value
    return np.array(ops.convert_to_numpy(value))


if __name__ == "__main__":
    main(sys.argv[1:])
