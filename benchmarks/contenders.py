"""The contenders of a workload: functions that train for one round each, on the same images."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from workloads import Workload

NAMES = ("ganzoo", "plain", "hand", "tutorial")
SEED = 0


def contenders(
    work: Workload, backend: str, names: list[str], steps: int, settings: list[str]
) -> dict[str, Callable[[], Any]]:
    """The contenders of these names that the workload has, in the order of `NAMES`.

    Args:
        work: The workload.
        backend: The backend, chosen already.
        names: Some of `NAMES`.
        steps: Steps in a round.
        settings: Further changes of the recipe.
    """
    recipe = work.recipe(*settings)
    images, dataset = random_images(work.shape, steps * images_per_step(recipe))
    make = {"ganzoo": of_ganzoo, "plain": of_plain, "hand": of_hand, "tutorial": of_tutorial}
    has = {"plain": backend in work.plain, "hand": work.hand, "tutorial": backend in work.tutorial}
    chosen = [name for name in NAMES if name in names and has.get(name, True)]
    return {name: make[name](recipe, dataset, images, backend, steps) for name in chosen}


def images_per_step(recipe) -> int:
    """Real images that a step takes."""
    return recipe.training.batch * recipe.gan.critic_updates


def random_images(shape: tuple[int, ...], count: int):
    """Random bytes, and a data set of them."""
    from ganzoo.data.dataset import Dataset

    images = np.random.default_rng(SEED).integers(0, 256, (count, *shape), "uint8")
    about = {"name": "random", "license": "none", "source": "random", "fingerprint": "random"}
    return images, Dataset(images=images, **about)


def of_ganzoo(recipe, dataset, images, backend, steps) -> Callable:
    """As `ganzoo train` does, without logging, sample images and checkpoints."""
    from ganzoo import backend as framework
    from ganzoo.data.feed import Feed
    from ganzoo.jobs.models.build import build_gan

    gan = build_gan(recipe, dataset)

    def train() -> None:
        feed = Feed(
            dataset,
            batch=recipe.training.batch,
            n_critic=recipe.gan.critic_updates,
            seed=SEED,
            stop_step=steps,
            steps_per_dispatch=gan.steps_per_dispatch,
        )
        data = framework.feed(feed)
        gan.fit(data, steps_per_epoch=len(feed), epochs=1, verbose=0, shuffle=False)

    return train


def of_plain(recipe, dataset, images, backend, steps) -> Callable:
    """Keras' `fit` with a `train_step` of one's own, on images scaled once."""
    from plain import plain_gan

    from ganzoo.jobs.models.build import build_gan, build_optimizer

    plain = plain_gan(
        build_gan(recipe, dataset),
        build_optimizer(recipe.generator_optimizer),
        build_optimizer(recipe.discriminator_optimizer),
        rules=recipe.gan,
        seed=SEED,
    )
    floats = images.astype("float32") / 127.5 - 1.0
    batch = images_per_step(recipe)
    return lambda: plain.fit(floats, batch_size=batch, epochs=1, verbose=0)


def of_hand(recipe, dataset, images, backend, steps) -> Callable:
    """A loop for the framework, without Keras."""
    from hand.loop import Loop

    from ganzoo.jobs.models.build import build_gan

    functions = importlib.import_module(f"hand.on_{backend}")
    loop = Loop(functions, build_gan(recipe, dataset), recipe)
    rows = np.random.default_rng(SEED).permutation(len(images)).reshape(steps, -1)
    return lambda: loop.train(images, rows)


def of_tutorial(recipe, dataset, images, backend, steps) -> Callable:
    """A loop of the structure that the framework's own tutorial has."""
    from ganzoo.jobs.models.build import build_gan

    module = importlib.import_module(f"tutorial_{backend}")
    return module.tutorial(build_gan(recipe, dataset), recipe, images)
