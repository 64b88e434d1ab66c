"""A zoo of generative adversarial networks, written once and trained on any Keras backend.

    import ganzoo

    ganzoo.list_models("dcgan*")
    gan = ganzoo.load("runs/00001-dcgan-digits")

Importing `ganzoo` imports no framework: every name below resolves on first use.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_WHERE = {
    "GAN": ("ganzoo.game.gan", "GAN"),
    "augmentations": ("ganzoo.game.augmentations", None),
    "losses": ("ganzoo.game.losses", None),
    "penalties": ("ganzoo.game.penalties", None),
    "noise": ("ganzoo.game.noise", None),
    "layers": ("ganzoo.layers", None),
    "Dataset": ("ganzoo.data.dataset", "Dataset"),
    "load": ("ganzoo.jobs.load", "load"),
    "evaluate": ("ganzoo.jobs.evaluate", "evaluate"),
    "list_models": ("ganzoo.catalog.registry", "list_models"),
    "GanzooError": ("ganzoo.errors", "GanzooError"),
}

__all__ = [*sorted(_WHERE), "__version__"]

if TYPE_CHECKING:  # for editors and type checkers; see __getattr__
    from ganzoo import layers
    from ganzoo.catalog.registry import list_models
    from ganzoo.data.dataset import Dataset
    from ganzoo.errors import GanzooError
    from ganzoo.game import augmentations, losses, noise, penalties
    from ganzoo.game.gan import GAN
    from ganzoo.jobs.evaluate import evaluate
    from ganzoo.jobs.load import load


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__():
    return __all__
