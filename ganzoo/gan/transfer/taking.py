"""Weights of another model in a GAN of the same names."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.gan.state import NETWORKS
from ganzoo.gan.transfer.adaptation import DataSpec, adapt

TAKEN = "taken"


def take_weights(
    gan,
    arrays: Mapping[str, np.ndarray],
    source: DataSpec | None = None,
    target: DataSpec | None = None,
) -> dict[str, str]:
    """Take what fits of another model's weights: `gan.start_from(arrays)`.

    What differs in shape since the images have other channels, or there are other classes, is
    adapted: see `ganzoo.gan.transfer.adaptation`.
    Where the arrays hold no average of a weight, its average starts from the weight itself.
    Optimizers, counters and random numbers stay as they are.

    Args:
        gan: A GAN; a compiled one has an average, which starts with the generator.
        arrays: Arrays by the names of a weights file or of `GAN.state`: `"generator/up_8/kernel"`,
            `"discriminator/..."`, `"ema/..."`. Others are passed over.
        source: Data of that model; without it nothing is adapted.
        target: This one's data, with the classes' names; by default without them.

    Returns:
        For each weight, by the same names, `"taken"`, how it was adapted, or why it is new.

    Raises:
        UsageError: No kernel fits as it is. Nothing is taken then.
    """
    if target is None:
        target = DataSpec(gan.sampler.image_shape[-1], gan.num_classes or 0)
    if (
        len(gan.label_shape or ()) > 1
    ):  # images go in and come out: no telling which a kernel is for
        target = replace(target, channels=0)
    found, assigned = {}, []
    for name, variable in gan.state().items():
        part, _, rest = name.partition("/")
        if not name.startswith(NETWORKS) or rest.startswith("seeds/"):
            continue
        names = [name, f"generator/{rest}"] if part == "ema" else [name]
        names += [other for one in names for other in _by_conditioning(one)]
        array = next((arrays[one] for one in names if one in arrays), None)
        array = None if array is None else np.asarray(array, variable.dtype)
        if array is None:
            found[name] = "new: not there"
        elif array.shape == tuple(variable.shape):
            assigned.append((name, variable, array))
            found[name] = TAKEN
        elif adapted := source and adapt(
            array, tuple(variable.shape), source, target, outputs=part != "discriminator"
        ):
            assigned.append((name, variable, np.asarray(adapted[0])))
            found[name] = f"adapted: {adapted[1]}"
        else:
            found[name] = f"new: of shape {array.shape} there"
    if not any(found[name] == TAKEN and variable.ndim > 1 for name, variable, _ in assigned):
        known = [name for name in arrays if name.startswith(NETWORKS)]
        raise UsageError(
            "None of the kernels has the name and shape of one of this model. "
            f"Expected: names such as {next(iter(found), None)!r}. "
            f"Received: {', '.join(known[:3]) or 'none of a generator or discriminator'}.",
            hint="Take the architecture and the options of the model to start from.",
        )
    for _, variable, array in assigned:
        variable.assign(array)
    return found


def _by_conditioning(name: str) -> list[str]:
    """Return what the statistics of a batch norm are called if it is, or is not, of classes."""
    layer, _, statistic = name.rpartition("/")
    if not statistic.startswith("moving_"):
        return []
    return [f"{layer.removesuffix('/norm')}/{statistic}", f"{layer}/norm/{statistic}"]
