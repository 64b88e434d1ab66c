"""Whole numbers that are too small: every architecture of the zoo refuses them itself."""

import importlib
import inspect

import pytest
from lazy_keras import on_torch

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.errors import UsageError

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("cheap_weights")]

ZOO = {
    name: plugin
    for name, plugin in discover("architecture").plugins.items()
    if plugin.distribution == "keras-ganzoo"
}
SHAPES = {
    "facegan": (64, 64, 3), "fastgan": (16, 16, 3), "dcgan-fashion-mnist": (28, 28, 1),
    "r3gan": (32, 32, 3), "r3gan-conditional": (32, 32, 3), "vgan": (4, 8, 8, 1),
    "wavegan": (64, 1),
}  # fmt: skip
POSITIVE = ("channels", "units", "latent_size")  # what ends so is at least 1; the rest at least 0


def build(name: str, **options):
    """The architecture with its defaults, but for these options."""
    plugin = ZOO[name]
    function = getattr(importlib.import_module(plugin.module), plugin.attribute)
    parameters, shape = inspect.signature(function).parameters, SHAPES.get(name, (8, 8, 1))
    source = (2, 2, 1) if name.startswith("esrgan") else shape
    filled = {"classes": 10, "source_shape": source}
    return function(shape, **{k: v for k, v in filled.items() if k in parameters} | options)


def whole_numbers(name: str) -> dict:
    """Defaults of the options that are whole numbers, or lists of them."""
    plugin = ZOO[name]
    function = getattr(importlib.import_module(plugin.module), plugin.attribute)
    defaults = {k: p.default for k, p in inspect.signature(function).parameters.items()}
    return {
        k: v
        for k, v in defaults.items()
        if type(v) is int or (isinstance(v, list) and all(type(n) is int for n in v))
    }


@on_torch
@pytest.mark.parametrize("name", sorted(ZOO))
def test_a_number_that_is_too_small_is_refused(name):
    for option, default in whole_numbers(name).items():
        number = 0 if option.endswith(POSITIVE) else -1
        value = [number, *default[1:]] if isinstance(default, list) else number
        with pytest.raises(UsageError, match=f"Received: .*{number}"):
            build(name, **{option: value})
