"""The plan of a training: shapes, parameters, steps and memory, without training."""

import math
from typing import Any

from ganzoo.catalog.recipe.length import training_length
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.open_dataset import open_or_blank
from ganzoo.jobs.models.start import find_start, take_start


def plan(
    recipe: Recipe, *, backend: str | None = None, source: str | None = None
) -> dict[str, Any]:
    """Build the GAN of a recipe and describe its training. Nothing is downloaded.

    Args:
        recipe: The recipe.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        source: A model to start from; see `ganzoo.jobs.models.start`.

    Returns:
        Shapes, parameters, steps, how they are dispatched, and memory in bytes: that of the data
        set, and `state`, which is what a checkpoint holds; `ganzoo.jobs.memory` measures what the
        training takes. `data` is whether the data set is here; if not, `get` is how to get it, and
        the rest is what is known without it. `start` is which weights would be taken from `source`.

    Raises:
        DataMissing: The data set is not here, and its form is not known without it.
    """
    start = None if source is None else find_start(source)
    environment.prepare_environment(backend)  # before the data: some data sets come through Keras
    dataset, absent = open_or_blank(recipe)
    gan = build_gan(recipe, dataset)
    taken = take_start(gan, start, dataset) if start else {}
    import keras

    length = training_length(recipe, len(dataset))
    state = sum(
        math.prod(v.shape) * keras.ops.convert_to_numpy(v.value).itemsize
        for v in gan.state().values()
    )
    frozen = {name: one.count_params() for name, one in gan.frozen_networks.items()}
    parts_of_batch = recipe.training.gradient_accumulation_steps
    described, parts = dataset.describe(), (dataset.images, dataset.labels)
    return {
        "architecture": recipe.architecture.name,
        "dataset": recipe.dataset.name,
        **({"data": "here"} if absent is None else {"data": "not here yet", "get": absent.hint}),
        "backend": keras.backend.backend(),
        "images": len(dataset),
        "image_shape": list(dataset.image_shape),
        "latent_shape": list(gan.sampler.latent_shape),
        "classes": len(dataset.classes),
        **{key: described[key] for key in ("rate", "source_shape", "levels") if key in described},
        "parameters": count_parameters(gan),
        **({"frozen_networks": frozen} if frozen else {}),
        "batch": recipe.training.batch,
        **({"microbatch": recipe.training.batch // parts_of_batch} if parts_of_batch > 1 else {}),
        "images_per_step": length.per_step,
        "steps_per_epoch": length.per_epoch,
        "steps": length.steps,
        "steps_per_dispatch": gan.steps_per_dispatch,
        "xla": bool(gan.jit_compile),
        "precision": _describe_precision(recipe.training.precision),
        "memory": {
            "data": sum(int(part.nbytes) for part in parts if part is not None),
            "state": int(state),
        },
        **({"start": {**start.record(taken), "weights": taken}} if start else {}),
        "layers": {
            name: _describe_layers(getattr(gan, name)) for name in ("generator", "discriminator")
        },
    }


def _describe_precision(precision: str) -> str:
    if precision != "auto":
        return precision
    reason = environment.reason_for_float32()
    if reason is not None:
        return f"auto: float32, as {reason}"
    return "auto: measured before the first step"


def count_parameters(gan: Any) -> dict[str, int]:
    """Return the number of weights by network, batch norm's moving statistics included.

    Frozen networks do not count, wherever they are.
    """
    from ganzoo.gan.transfer.freezing import frozen_variables

    frozen = frozen_variables(gan.frozen_networks)
    return {
        name: sum(math.prod(w.shape) for w in getattr(gan, name).weights if id(w) not in frozen)
        for name in ("generator", "discriminator")
    }


def _describe_layers(network: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "shape": [n or "batch" for n in _layer_outputs(layer)[0].shape],
            "parameters": layer.count_params(),
        }
        for layer in network.layers
    ]


def _layer_outputs(layer: Any) -> list:
    """The outputs of a layer: one tensor, as a rule."""
    import keras

    return keras.tree.flatten(layer.output)
