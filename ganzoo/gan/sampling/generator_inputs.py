"""The inputs of a generator: latents, labels, or both."""

from typing import Any

import keras

from ganzoo.backend import Tensor


def generator_inputs(generator: keras.Model) -> dict[str, Tensor]:
    """Return the symbolic inputs by what they take: "latents", "labels", or both in turn.

    A generator with a single input named "labels" takes no latents: it is a function of the image
    that it translates.
    """
    inputs = generator.inputs
    alone = len(inputs) == 1 and inputs[0].name == "labels"
    return dict(zip(("labels",) if alone else ("latents", "labels"), inputs, strict=False))


def input_shape(generator: keras.Model, name: str) -> tuple[int, ...] | None:
    """Return the shape of one of what an input takes, None for any size; None without an input."""
    taken = generator_inputs(generator).get(name)
    return None if taken is None else tuple(taken.shape[1:])


def generator_arguments(generator: keras.Model, latents: Any, labels: Any) -> Any:
    """Return those of latents and labels that a generator takes, in its order; one, or a list."""
    given = {"latents": latents, "labels": labels}
    found = [given[name] for name in generator_inputs(generator)]
    return found if len(found) > 1 else found[0]
