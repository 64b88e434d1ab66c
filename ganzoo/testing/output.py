"""What the networks give: type, shape, range, what labels do, and half precision."""

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.jobs.models.weights import arrays_of, not_finite
from ganzoo.testing.played import PLAYERS, one_step, some
from ganzoo.testing.report import Broken, NotRun
from ganzoo.testing.subject import ADAM, BATCH, Subject

_FAR = 100.0  # times latents, where only the form of the output keeps it in its range
_POLICIES = ("mixed_float16", "mixed_bfloat16")


def output(subject: Subject) -> None:
    """Images are float32, of the data's shape and range; logits are one number or a map."""
    gan = subject.first
    _check_types(gan, "")
    logits = tuple(gan.discriminator.outputs[0].shape[1:])
    if len(logits) not in (1, 3) or logits[-1] != 1:
        raise Broken(
            "The discriminator's first output must be logits, (batch, 1) or a map "
            f"(batch, height, width, 1). Received: (batch, {', '.join(map(str, logits))})."
        )
    latents = _FAR * gan.draw_latents(BATCH, seed=0)
    images = ops.convert_to_numpy(gan.render(latents, subject.labels(0), raw=True))
    if images.shape != (BATCH, *subject.shape):
        raise Broken(f"Images must be {(BATCH, *subject.shape)}. Received: {images.shape}.")
    low, high = gan.value_range
    if not np.isfinite(images).all():
        raise Broken("Images of latents far out are not finite.")
    bounded = gan.bounded and len(subject.shape) > 1  # points have no range
    if bounded and not low <= images.min() <= images.max() <= high:
        raise Broken(
            f"Images of latents far out must be in value_range, [{low:g}, {high:g}]. "
            f"Received: {images.min():g} to {images.max():g}."
        )


def _check_types(gan, where: str) -> None:
    for player in PLAYERS:
        for tensor in getattr(gan, player).outputs[:1]:
            dtype = keras.backend.standardize_dtype(tensor.dtype)
            if dtype != "float32":
                raise Broken(f"The {player}'s output must be float32{where}. Received: {dtype}.")


def labels(subject: Subject) -> None:
    """Each network that takes labels gives something else for other labels."""
    gan, changed = subject.played().gan, None
    takers = [player for player in PLAYERS if len(getattr(gan, player).inputs) > 1]
    if not takers:
        raise NotRun("takes no labels")
    first, other = (gan.conditions(ops.convert_to_tensor(subject.labels(0, shift=shift)))
                    for shift in (0, 1))  # fmt: skip
    latents = gan.draw_latents(BATCH, seed=0)
    images = ops.convert_to_tensor(gan.scaled(ops.convert_to_tensor(subject.images(0))))
    for player in takers:
        network = getattr(gan, player)
        look = backend.compiled(lambda x, y, network=network: network([x, y], training=False))
        x = latents if player == "generator" else images
        changed = [_values(look(x, labels)) for labels in (first, other)]
        if all(np.array_equal(a, b) for a, b in zip(*changed, strict=True)):
            raise Broken(f"The {player} takes labels, but they change nothing of what it gives.")


def _values(outputs) -> list[np.ndarray]:
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [ops.convert_to_numpy(value) for value in outputs]


def precision(subject: Subject) -> None:
    """In mixed_float16 and mixed_bfloat16 losses, gradients and weights stay finite."""
    for policy in _POLICIES:
        gan = subject.build(policy)
        _check_types(gan, f" under {policy} as well")
        scaled = policy == "mixed_float16"
        players = [_optimizer(scaled) for _ in PLAYERS]
        gan.compile(
            *players, run_eagerly=keras.backend.backend() == "tensorflow",
            **{**subject.rules, "average_decay": 0.0},
        )  # fmt: skip
        for step in range(2):
            logs = one_step(gan, subject.batch(step))
        state = arrays_of(gan)
        wrong = not_finite(logs) or not_finite(state)
        if wrong:
            raise Broken(f"Under {policy}, {wrong} is not finite.")
        scales = {n: a for n, a in state.items() if n.endswith("dynamic_scale") and a < 1}
        if scales:
            players = some(name.partition("_")[0] for name in scales)
            raise Broken(f"Under {policy}, gradients of the {players} are not finite.")


def _optimizer(scaled: bool):
    adam = keras.optimizers.Adam(**ADAM)
    # a scale of one, so that no finite gradient overflows for its sake
    return keras.optimizers.LossScaleOptimizer(adam, initial_scale=1.0) if scaled else adam
