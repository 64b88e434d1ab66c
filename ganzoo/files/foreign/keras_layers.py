"""Layers of a model in a file of Keras: by class, and by position within the class."""

import re
from collections import defaultdict
from collections.abc import Mapping

from ganzoo.files.foreign.foreign_weights import LazyArray

Layers = dict[str, list[list[LazyArray]]]

_LAYER = re.compile(r"(?:(.+)\.)?layers\.([a-z0-9_]+)\.vars\.(\d{1,3})")  # of Keras 3
_ORDER = ("kernel", "embeddings", "gamma", "bias", "beta", "moving_mean", "moving_variance")
_OLD_LAYER = re.compile(rf"model_weights\.([^.]+)\.(?:.+\.)?({'|'.join(_ORDER)})(?::0)?")
_POSITION = re.compile(r"(.+?)(?:_(\d{1,9}))?")  # dense, dense_1, ...
_DROPPED = ("optimizer.", "optimizer_weights.", "vars.", "_metrics.", "seed_generator.")


def keras_layers(weights: Mapping[str, LazyArray]) -> Layers:
    """Return the arrays of every layer that has any, in the order of its weights.

    Of several models in a file, as a GAN holds, the one called `generator` counts.

    Args:
        weights: Arrays of a file.

    Returns:
        The layers by class, `"conv2d_transpose"`, in the order in which they were made; `{}` for a
        file of another layout.
    """
    models: dict[str, dict[str, dict[int, LazyArray]]] = defaultdict(lambda: defaultdict(dict))
    for name, array in weights.items():
        if match := _LAYER.fullmatch(name):
            model, layer, index = match[1] or "", match[2], int(match[3])
        elif match := _OLD_LAYER.fullmatch(name):
            model, layer, index = "", match[1], _ORDER.index(match[2])
        elif name.startswith(_DROPPED):
            continue
        else:
            return {}
        models[model][layer][index] = array
    named = [name for name in models if name.rpartition(".")[2] == "generator"]
    chosen = named or list(models)
    if len(chosen) != 1:
        return {}
    layers: dict[str, dict[int, list[LazyArray]]] = defaultdict(dict)
    for layer, arrays in models[chosen[0]].items():
        match = _POSITION.fullmatch(layer)
        if match:
            kind, position = match[1], int(match[2] or 0)
            layers[kind][position] = [arrays[i] for i in sorted(arrays)]
    return {kind: [found[i] for i in sorted(found)] for kind, found in layers.items()}
