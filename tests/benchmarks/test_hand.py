"""The loops by hand train as ganzoo does: the same step from the same weights."""

import importlib
import os

import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops, to_numpy

pytestmark = pytest.mark.backend

contenders, workloads, loop = Lazy("contenders"), Lazy("workloads"), Lazy("hand.loop")
framework, build = Lazy("ganzoo.backend"), Lazy("ganzoo.jobs.models.build")
tables = Lazy("ganzoo.catalog.recipe.optimizer_tables")
batches, feeds = Lazy("ganzoo.gan.batches"), Lazy("ganzoo.data.feed")

NAMES = [
    "gan-mnist", "dcgan-fashion-mnist", "dcgan-64", "stylegan2-digits", "wgan-gp-32-quarter",
    "sngan-32-quarter", "r3gan-64-small",
]  # fmt: skip
LARGE = NAMES[-3:]


class Replay:
    """The numbers that a step of ganzoo draws, in place of the loop's own."""

    def __init__(self, gan, data):
        *self.updates, self.last = batches.training_batches(gan, data)
        self.gan = gan
        self.latents = {"z": self.last.latents}
        for i, batch in enumerate(self.updates):
            self.latents[f"z_{i}"] = self.latents[f"d_{i}"] = batch.latents
        self.latents["g"] = self.last.latents
        if hasattr(gan, "mixing_numbers"):
            count = self.last.latents.shape[0] // 2
            shape = (count, *self.last.latents.shape[1:])
            self.latents["path"] = self.latents["path_z"] = self.last.rng.normal(
                "path_latents", shape
            )

    def normal(self, name, shape, **options):
        name, _, kind = name.rpartition("_")
        if kind == "second":
            value = self.gan.second_latents(self.latents[name])
        elif kind == "noise":
            synthesis = self.gan.generator.get_layer("synthesis")
            value = synthesis.get_layer("noise")(self.latents[name])
        else:
            value = self.latents[f"{name}_{kind}" if name else kind]
        return self.own(value, shape)

    def images(self, name, shape):
        value = self.own(self.last.rng.normal(name, shape), shape)
        return value.permute(0, 3, 1, 2) if keras.backend.backend() == "torch" else value

    def uniform(self, name, shape):
        rng = self.updates[int(name.rpartition("_")[2])].rng.fold_in("gradient_penalty")
        return ops.reshape(rng.uniform("mix", (shape[0],)), shape)

    def crossover(self, name, count, probability):
        latents = self.latents[name.removesuffix("_crossover")]
        mixes, position = ops.unstack(self.gan.mixing_numbers(latents[:1])[0], 2)
        begin = 1 + ops.cast(ops.floor(position * (count - 1)), "int32")
        return ops.where(mixes < probability, begin, count)

    @staticmethod
    def own(value, shape):
        assert tuple(value.shape) == tuple(shape)
        return value


def mirrored(name, value):
    """The weights of a network of mirrored images: torch pads 5x5 kernels before, not after."""
    if value.ndim == 4:
        return value[::-1, ::-1].copy()
    if name.startswith("project/"):
        return value.reshape(-1, 7, 7, 128)[:, ::-1, ::-1].reshape(value.shape).copy()
    if name == "logit/kernel":
        return value.reshape(7, 7, 128)[::-1, ::-1].reshape(value.shape).copy()
    return value


@pytest.mark.parametrize("name", NAMES)
def test_a_step_by_hand_is_a_step_of_ganzoo(name, monkeypatch):
    backend = keras.backend.backend()
    if name in LARGE and backend != "torch" and "GANZOO_TEST_ROUNDS" not in os.environ:
        pytest.skip("compiling it takes half a minute: see `make test-faults`")
    functions = importlib.import_module(f"hand.on_{backend}")
    monkeypatch.setattr(functions, "dropping", False)
    work = workloads.WORKLOADS[name]
    batch = 8 if name == "stylegan2-digits" else 2
    recipe = work.recipe(f"training.batch={batch}", "training.steps_per_dispatch=1")
    descent = tables.SGD(
        name="sgd", learning_rate=0.001
    )  # Adam would enlarge what is only rounding
    both = {"generator_optimizer": descent, "discriminator_optimizer": descent}
    recipe = recipe.model_copy(update=both)
    images, dataset = contenders.random_images(work.shape, contenders.images_per_step(recipe))
    gan = build.build_gan(recipe, dataset)
    for layer in gan.discriminator.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0

    mirror = mirrored if (backend, name) == ("torch", "dcgan-fashion-mnist") else None
    hand = loop.Loop(functions, gan, recipe, *([mirror] if mirror else []))
    feed = feeds.Feed(dataset, batch=batch, n_critic=recipe.gan.critic_updates, stop_step=1)
    real = feed[0][0]
    replay = Replay(gan, (ops.convert_to_tensor(real),))
    monkeypatch.setattr(functions, "Rng", lambda number: replay)
    hand.train(real[:, ::-1, ::-1].copy() if mirror else real, [slice(None)])
    gan.fit(framework.feed(feed), steps_per_epoch=1, epochs=1, verbose=0, shuffle=False)

    for key, network in (("g", gan.generator), ("d", gan.discriminator)):
        for variable in network.trainable_variables:
            found = to_numpy(hand.state[key]["/".join(variable.path.split("/")[-2:])])
            if backend == "torch" and found.ndim == 4:
                found = found.transpose(2, 3, 1, 0)
            found = mirror(variable.path, found) if mirror else found
            close = {"rtol": 1e-5, "atol": 1e-5, "err_msg": variable.path}
            np.testing.assert_allclose(found, to_numpy(variable), **close)
