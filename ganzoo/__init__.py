"""A zoo of generative adversarial networks, written once and trained on any Keras backend.

    import ganzoo

    ganzoo.list_models("dcgan*")
    run = ganzoo.train("dcgan-digits", steps=500)
    gan = ganzoo.load(run.path)

Importing `ganzoo` imports no framework: every name below resolves on first use. Once it is
imported, Keras uses the same backend whoever imports it; see `ganzoo.backend.select`.
"""

import importlib
from typing import TYPE_CHECKING

from ganzoo.backend import select

__version__ = "0.1.0"

select.choose_at_import()

_WHERE = {
    "GAN": ("ganzoo.gan.gan", "GAN"),
    "losses": ("ganzoo.gan.losses", None),
    "regularizers": ("ganzoo.gan.regularizers", None),
    "random": ("ganzoo.gan.random", None),
    "layers": ("ganzoo.layers", None),
    "blocks": ("ganzoo.blocks", None),
    "Dataset": ("ganzoo.data.dataset", "Dataset"),
    "image_grid": ("ganzoo.rendering.grid", "image_grid"),
    "load": ("ganzoo.jobs.models.load", "load"),
    "evaluate": ("ganzoo.jobs.evaluation.evaluate", "evaluate"),
    "train": ("ganzoo.jobs.by_name", "train"),
    "resume": ("ganzoo.jobs.by_name", "resume"),
    "start_from": ("ganzoo.jobs.models.start", "start_from"),
    "dataset": ("ganzoo.jobs.by_name", "dataset"),
    "list_runs": ("ganzoo.catalog.run_summary", "list_runs"),
    "list_models": ("ganzoo.catalog.registry.lookup", "list_models"),
    "GanzooError": ("ganzoo.errors", "GanzooError"),
}

__all__ = [
    "GAN", "Dataset", "GanzooError", "__version__", "blocks", "dataset", "evaluate", "image_grid",
    "layers", "list_models", "list_runs", "load", "losses", "random", "regularizers", "resume",
    "start_from", "train",
]  # fmt: skip

if TYPE_CHECKING:  # for editors and type checkers; see __getattr__
    from ganzoo import blocks, layers
    from ganzoo.catalog.registry.lookup import list_models
    from ganzoo.catalog.run_summary import list_runs
    from ganzoo.data.dataset import Dataset
    from ganzoo.errors import GanzooError
    from ganzoo.gan import losses, random, regularizers
    from ganzoo.gan.gan import GAN
    from ganzoo.jobs.by_name import dataset, resume, train
    from ganzoo.jobs.evaluation.evaluate import evaluate
    from ganzoo.jobs.models.load import load
    from ganzoo.jobs.models.start import start_from
    from ganzoo.rendering.grid import image_grid


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__():
    return __all__
