import sys

import pytest

from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import PluginError, UnknownName, UsageError

NET = """
from typing import Literal
raise SystemExit("imported")
def make(image_shape, classes, *, latent_size: int = 100, output: Literal["tanh", "sigmoid"] =
         "tanh", units: list[int] = [1], blocks: int = 2, axis: int = -1, features: int = 0): ...
"""


@pytest.fixture
def recipe(site, tables):
    site.architecture("net", NET, owner="one")
    site.architecture("open-net", "def make(image_shape, **options): ...\n", owner="two")
    site.architecture("strict-net", "def make(image_shape, *, width): ...\n", owner="three")
    site.install("four", "[ganzoo.datasets]\nfaces = faces_module:faces\n")
    site.module("faces_module", "def faces(*, classes: int = 2, data: str | None = None): ...\n")

    def build(architecture, dataset=None):
        dataset = dataset or {"name": "faces"}
        return Recipe.from_tables(tables | {"architecture": architecture, "dataset": dataset})

    return build


def test_a_recipe_that_fits_passes_and_nothing_is_imported(recipe):
    architecture = {"name": "net", "latent_size": 3, "output": "sigmoid", "units": [1, 2]}
    check_recipe_plugins(recipe(architecture, {"name": "four:faces", "data": "x", "classes": 3}))
    assert not {"one_net", "faces_module"} & set(sys.modules)


def test_numbers_that_may_be_nothing_or_below_it_pass(recipe):
    options = {"blocks": 0, "axis": -2, "features": 0, "units": []}
    check_recipe_plugins(recipe({"name": "net"} | options))


@pytest.mark.parametrize(
    ("architecture", "error", "said"),
    [
        ({"name": "nett"}, UnknownName, "Unknown architecture.*Did you mean 'net'"),
        ({"name": "gone:net"}, PluginError, "No installed distribution 'gone'"),
        ({"name": "net", "latent_sise": 3}, UnknownName, "'latent_sise'.*'latent_size'"),
        ({"name": "net", "latent_size": "x"}, UsageError, "a whole number. Received: 'x'"),
        ({"name": "net", "latent_size": True}, UsageError, "a whole number. Received: true"),
        ({"name": "net", "units": [1.5]}, UsageError, r"a whole number. Received: \[1.5\]"),
        ({"name": "net", "output": "tan"}, UsageError, "tanh or sigmoid.*Did you mean 'tanh'"),
        ({"name": "net", "image_shape": [8, 8, 1]}, UsageError, "comes from the data set"),
        ({"name": "net", "classes": 3}, UsageError, "comes from the data set"),
        ({"name": "strict-net"}, UsageError, "a key that 'strict-net' needs. Expected: `width`"),
    ],
)
def test_a_name_or_key_that_does_not_fit_is_refused(recipe, architecture, error, said):
    with pytest.raises(error, match=said):
        check_recipe_plugins(recipe(architecture))


def test_the_data_set_is_checked_too(recipe):
    with pytest.raises(UnknownName, match="Unknown data set"):
        check_recipe_plugins(recipe({"name": "net"}, {"name": "facess"}))
    with pytest.raises(UnknownName, match="`dataset` in the recipe. Received: 'dta'"):
        check_recipe_plugins(recipe({"name": "net"}, {"name": "faces", "dta": "x"}))


def test_an_open_function_takes_every_key(recipe):
    check_recipe_plugins(recipe({"name": "open-net", "anything": [1, {"at": "all"}]}))
