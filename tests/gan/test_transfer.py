"""Weights of one model start another: other channels, classes, sizes; frozen layers."""

import numpy as np
import pytest
from lazy_keras import Lazy, to_numpy

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import UsageError
from ganzoo.jobs.models.build import build_networks

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("cheap_weights")]
adaptation = Lazy("ganzoo.gan.transfer.adaptation")
weights = Lazy("ganzoo.jobs.models.weights")

DCGAN = {"generator_base_channels": 4, "discriminator_base_channels": 4}
RESIDUAL = {f"{who}_{how}_channels": 8 for who in ("generator", "discriminator")
            for how in ("base", "max")}  # fmt: skip
STYLE = {
    "latent_size": 8,
    "style_size": 8,
    "mapping_layers": 2,
    "fmap_base": 256,
    "max_channels": 8,
}
R3GAN = {"channels": [8, 8], "group_size": 8, "latent_size": 8}
BIGGAN = {"base_channels": 4, "latent_size": 9, "class_embedding_size": 4}
# name: source, its shape and classes, target, its shape and classes, options of both, and the parts
# of which some weight is new; of the others every one is taken or adapted
PAIRS = {
    "gray to color": ("dcgan", (16, 16, 1), 0, "dcgan", (16, 16, 3), 0, DCGAN, ""),
    "color to gray": ("dcgan", (16, 16, 3), 0, "dcgan", (16, 16, 1), 0, DCGAN, ""),
    "color to RGBA": ("dcgan", (16, 16, 3), 0, "dcgan", (16, 16, 4), 0, DCGAN, ""),
    "to many channels": ("sngan", (16, 16, 3), 0, "sngan", (16, 16, 12), 0, RESIDUAL, ""),
    "gray to color, styles": ("stylegan2", (8, 8, 1), 0, "stylegan2", (8, 8, 3), 0, STYLE, ""),
    "r3gan, gray to color": ("r3gan", (8, 8, 1), 0, "r3gan", (8, 8, 3), 0, R3GAN, ""),
    "larger": ("stylegan2", (16, 16, 3), 0, "stylegan2", (32, 32, 3), 0, STYLE, "gd"),
    "smaller": ("stylegan2", (32, 32, 3), 0, "stylegan2", (16, 16, 3), 0, STYLE, ""),
    "wider": ("stylegan2", (16, 16, 3), 0, "stylegan2", (16, 24, 3), 0, STYLE, "gd"),
    "sngan, larger": ("sngan", (16, 16, 3), 0, "sngan", (32, 32, 3), 0, RESIDUAL, "gd"),
    "sngan, smaller": ("sngan", (32, 32, 3), 0, "sngan", (16, 16, 3), 0, RESIDUAL, "d"),
    "10 to 3": ("biggan", (16, 16, 3), 10, "biggan", (16, 16, 3), 3, BIGGAN, ""),
    "3 to 10": ("biggan", (16, 16, 3), 3, "biggan", (16, 16, 3), 10, BIGGAN, ""),
    "10 to 3, one-hot": ("cdcgan", (16, 16, 1), 10, "cdcgan", (16, 16, 1), 3, DCGAN, ""),
    "10 to 3 in color": ("cdcgan", (16, 16, 1), 10, "cdcgan", (16, 16, 3), 3, DCGAN, ""),
    "a classifier": ("acgan", (16, 16, 1), 10, "acgan", (16, 16, 3), 3, DCGAN, ""),
    "3 to 10, batch norm": ("sngan-projection", (16, 16, 3), 3, "sngan-projection", (16, 16, 3), 10,
                            RESIDUAL, ""),
    "with classes": ("sngan", (16, 16, 3), 0, "sngan-projection", (16, 16, 3), 4, RESIDUAL, "d"),
    "without classes": ("sngan-projection", (16, 16, 3), 4, "sngan", (16, 16, 3), 0, RESIDUAL, ""),
    "r3gan with classes": ("r3gan", (8, 8, 3), 0, "r3gan-conditional", (8, 8, 3), 4, R3GAN, "gd"),
}  # fmt: skip


def built(architecture, shape, classes, options, source_shape=None):
    adam = {"name": "adam"}
    recipe = Recipe.from_tables({
        "architecture": {"name": architecture, **options}, "dataset": {"name": "any"},
        "generator_optimizer": adam, "discriminator_optimizer": adam, "training": {"steps": 1},
    })  # fmt: skip
    gan = build_networks(recipe, shape, classes, source_shape)
    gan.compile()
    return gan


def names(count):
    return [f"class {i}" for i in range(count)]


def pair(name):
    one, shape, classes, other, wanted, count, options, new = PAIRS[name]
    source, target = built(one, shape, classes, options), built(other, wanted, count, options)
    forms = (
        adaptation.DataSpec(shape[-1], names(classes)),
        adaptation.DataSpec(wanted[-1], names(count)),
    )
    return source, target, forms, new


@pytest.mark.parametrize("name", PAIRS)
def test_a_training_starts_with_what_the_table_says(name):
    source, target, forms, new = pair(name)
    there, fresh = weights.state_arrays(source), weights.state_arrays(target)
    table = target.start_from(there, *forms)
    state = weights.state_arrays(target)
    assert {n[0] for n, text in table.items() if text.startswith("new") and n[0] != "e"} == set(new)
    for n, text in table.items():
        if text.startswith("new"):
            np.testing.assert_array_equal(state[n], fresh[n], err_msg=n)
        elif n not in there:  # batch norm's, whose names tell whether it is of classes
            assert n.rpartition("/")[2].startswith("moving_")
        elif text == "taken":
            np.testing.assert_array_equal(state[n], there[n], err_msg=n)
        elif n in there:
            outputs = not n.startswith("discriminator")
            expected = adaptation.adapt(there[n], fresh[n].shape, *forms, outputs=outputs)
            np.testing.assert_allclose(state[n], expected[0], rtol=1e-6, err_msg=n)
    assert sum(text != "taken" for text in table.values()) < len(table)


@pytest.mark.parametrize("name", ["gray to color", "with classes", "without classes", "10 to 3"])
def test_what_is_adapted_draws_what_was_drawn_before(name):
    source, target, forms, _ = pair(name)
    if name == "without classes":  # as they are in another model: all classes alike
        for n, variable in source.state().items():
            if n.endswith(("/beta", "/gamma")) and len(variable.shape) == 2:
                variable.assign(np.broadcast_to(to_numpy(variable)[:1], variable.shape))
    target.start_from(weights.state_arrays(source), *forms)
    latents = source.sampler.sample_latents(2, seed=1)
    labels = np.array([0, 2], "int32")
    before, after = (
        to_numpy(gan.sampler.generate(latents, labels if gan.num_classes else None, use_ema=False))
        for gan in (source, target)
    )
    np.testing.assert_allclose(after, np.broadcast_to(before, after.shape), atol=2e-5)


def test_a_gray_image_has_the_logit_that_it_had():
    source, target, forms, _ = pair("gray to color")
    target.start_from(weights.state_arrays(source), *forms)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1)).astype("float32")
    before = to_numpy(source.discriminator(images))
    after = to_numpy(target.discriminator(np.repeat(images, 3, axis=-1)))
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_classes_of_the_same_names_keep_their_weights_and_others_begin_as_the_mean():
    table = np.arange(6, dtype="float32").reshape(3, 2)
    forms = adaptation.DataSpec(3, ["cat", "dog", "eel"]), adaptation.DataSpec(3, ["eel", "ant"])
    rows, text = adaptation.adapt(table, (2, 2), *forms, outputs=True)
    np.testing.assert_array_equal(rows, [[4, 5], [2, 3]])
    assert text == "1 of 2 classes by name, the others as the mean of all"


def test_kernels_at_the_images_of_a_translator_are_new():
    sizes = {f"{who}_{how}_channels": 4 for who in ("generator", "discriminator")
             for how in ("base", "max")}  # fmt: skip
    source, target = (
        built("pix2pix", (8, 8, channels), 0, sizes, (8, 8, channels)) for channels in (1, 3)
    )
    there = weights.state_arrays(source)
    table = target.start_from(there, adaptation.DataSpec(1), adaptation.DataSpec(3))
    assert not [name for name, text in table.items() if text.startswith("adapted")]
    assert table["generator/up_image/kernel"] == "new: of shape (4, 4, 1, 8) there"
    assert table["generator/down_2/kernel"] == "taken"


def test_hidden_layers_of_another_width_are_not_adapted():
    forms = adaptation.DataSpec(3, 0), adaptation.DataSpec(1, 0)
    assert adaptation.adapt(np.zeros((3, 3, 8, 16)), (3, 3, 8, 12), *forms, outputs=True) is None
    assert adaptation.adapt(np.zeros((3, 3, 8, 16)), (3, 3, 4, 12), *forms, outputs=True) is None
    assert adaptation.adapt(np.zeros((4, 4, 8)), (3, 5, 8), *forms, outputs=True) is None


def test_frozen_layers_stay_and_the_others_learn():
    gan = built("dcgan", (8, 8, 1), 0, DCGAN | {"start_resolution": 2})
    gan.compile(freeze_discriminator=1, run_eagerly=True)
    before = weights.state_arrays(gan)
    gan.train_on_batch(np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype("uint8"))
    changed = {n for n, a in weights.state_arrays(gan).items()
               if n.startswith("discriminator/") and (a != before[n]).any()}  # fmt: skip
    assert not [n for n in changed if n.startswith("discriminator/down_8/")]
    assert {"discriminator/down_4/kernel", "discriminator/logit/kernel"} <= changed
    with pytest.raises(UsageError, match="freeze_discriminator must be below 4.*Received: 4"):
        gan.compile(freeze_discriminator=4)
