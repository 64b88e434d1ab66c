"""Whatever is not finite ends a training, by the name of what broke first."""

import re

import numpy as np
import pytest

from ganzoo.catalog.runs import Run
from ganzoo.errors import Diverged
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.models.weights import assign_arrays, state_arrays
from ganzoo.jobs.monitoring import guard

SINCE = 1  # steps that are sound


@pytest.fixture(scope="module")
def built(plain):
    """A GAN that breaks in any of the ways, compiled once, its data, and its first state."""
    made = []

    def get(*settings: str):
        if not made:
            recipe = plain("architecture.name=poisoned", f"architecture.since={SINCE}", *settings)
            dataset = open_recipe_dataset(recipe)
            gan = build_gan(recipe, dataset)
            made.append((gan, np.asarray(dataset.images[:16]), state_arrays(gan)))
        return made[0]

    return get


@pytest.mark.backend
@pytest.mark.parametrize("number_of_kind", range(17))
def test_the_first_thing_that_broke_is_named_with_its_step(number_of_kind, built, place):
    """Promise 51."""
    from ganzoo_testbed import BROKEN_VARIABLES, DIVERGENCES

    kind = list(DIVERGENCES)[number_of_kind]
    gan, images, fresh = built()
    assign_arrays(gan.state(), fresh, "the test")
    gan.kind.assign(number_of_kind)
    watching = guard.Guard(gan, Run(place), 0)

    def step(number):
        gan.reset_metrics()
        means = gan.train_on_batch(images, return_dict=True)
        watching.check(number, {name: float(value) for name, value in means.items()})

    for number in range(1, SINCE + 1):
        step(number)
    name = re.escape(DIVERGENCES[kind])
    with pytest.raises(Diverged, match=rf": {name} is not finite at step 2.* at step 1 every"):
        step(SINCE + 1)
    if kind in BROKEN_VARIABLES:  # nothing else has broken
        assert guard.nonfinite_names(gan.state()) == [kind]


@pytest.mark.backend
def test_on_an_accelerator_the_state_is_looked_at_there(built, monkeypatch):
    """Promise 51."""
    gan, _, fresh = built()
    assign_arrays(gan.state(), fresh, "the test")
    monkeypatch.setattr("ganzoo.backend.device", lambda: "gpu")
    assert guard.nonfinite_names(gan.state()) == []
    gan.memory.assign([0.0, float("inf"), 1.0])
    assert guard.nonfinite_names(gan.state()) == ["gan/memory"]


@pytest.mark.backend
@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_half_precision_is_given_up_after_fifty_overflows_in_a_row(network, plain, place):
    """Promise 52. That an overflow halves the scale is tested with the step."""
    recipe = plain("precision=mixed_float16")
    gan = build_gan(recipe, open_recipe_dataset(recipe))
    watching, scale = guard.Guard(gan, Run(place), 0), getattr(gan.optimizer, network).dynamic_scale
    scale.assign(scale / 2.0**49)
    watching.check(49, {})
    scale.assign(scale / 2.0)
    match = f"the gradients of the {network} overflowed 50 times in a row by step 50"
    with pytest.raises(Diverged, match=match):
        watching.check(50, {})
