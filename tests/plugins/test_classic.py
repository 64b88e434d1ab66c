"""The classic architectures: published networks, at any size; what each paper asks of them."""

import numpy as np
import pytest
from lazy_keras import keras, on_torch, ops, to_numpy, trained_weights

from ganzoo import backend
from ganzoo.catalog.plugins.discovery import discover, find_plugin
from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.lookup import models
from ganzoo.errors import PluginError, UsageError
from ganzoo.jobs.models.build import build_networks
from ganzoo.jobs.models.open_dataset import label_parameters

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("cheap_weights")]

ARCHITECTURES = sorted(
    name
    for name, plugin in discover("architecture").plugins.items()
    if plugin.module.startswith("ganzoo_classic.")
)
CARDS = {name: entry.card() for name, entry in models().items() if entry.source == "keras-ganzoo"}
# Options under which a forward pass costs nothing; the networks' form stays the card's.
NARROW = [*(f"{network}_{width}_channels=8" for network in ("generator", "discriminator")
            for width in ("base", "max")), "num_downsamples=1", "num_extra_blocks=1"]  # fmt: skip
SMALL = {
    "mlp": ["generator_units=[8, 8]", "discriminator_units=[8]"],
    "dcgan": ["generator_base_channels=4", "discriminator_base_channels=4"],
    "facegan": ["base_channels=4"],
    "cdcgan": ["generator_base_channels=4", "discriminator_base_channels=4"],
    **dict.fromkeys(["wgan-gp", "sngan", "sagan"], NARROW),
    "r1gan": ["base_channels=4", "generator_max_channels=8", "discriminator_max_channels=8"],
    "progan": ["fmap_base=64", "max_channels=8"],
}
SHAPES = {"mlp": (4, 4, 1), "facegan": (64, 64, 3), "cdcgan": (8, 12, 1)}
FROM_8 = ["dcgan", "wgan-gp", "sngan", "sagan", "r1gan", "progan"]
CLASSES = 10
NETWORKS = ("generator", "discriminator")
WIDE = {"generator_base_channels": 64, "generator_max_channels": 1024}
WIDE |= {"discriminator_base_channels": 64, "discriminator_max_channels": 1024}


def build(recipe: Recipe, shape: tuple[int, ...]):
    parameters = label_parameters(find_plugin("architecture", recipe.architecture.name))
    return build_networks(recipe, shape, CLASSES if "classes" in parameters else 0)


def small(name: str, *more: str) -> Recipe:
    """The recipe of some card with that architecture, with narrow layers."""
    recipe = next(c.recipe for c in CARDS.values() if c.recipe.architecture.name == name)
    return apply_settings(recipe, [f"architecture.{s}" for s in (*SMALL.get(name, ()), *more)])


def published(name: str, shape: tuple[int, int, int], **options):
    """An architecture as its paper has it: with its own defaults, but for what is given."""
    tables = small(name).tables() | {"architecture": {"name": name, **options}}
    return build(Recipe.from_tables(tables), shape)


def random_images(*shape: int, seed: int = 0):
    images = np.random.default_rng(seed).uniform(-1, 1, shape)
    return ops.convert_to_tensor(images.astype("float32"))


# Published numbers ------------------------------------------------------------------------


@on_torch
@pytest.mark.parametrize(
    ("name", "shape", "options", "generator", "discriminator"),
    [
        ("dcgan", (64, 64, 3), {}, 3_576_704, 2_765_568),
        ("dcgan-fashion-mnist", (28, 28, 1), {}, 413_825, 212_865),
        ("sngan", (32, 32, 3), {}, 4_276_739, 1_053_825),
        ("sngan", (64, 64, 3), {**WIDE, "num_downsamples": 5, "num_extra_blocks": 0},
         12_220_675, 10_141_441),
        # published of networks conditioned on 1,000 classes: batch norms of 4,928 channels
        # have two numbers for each, the discriminator a vector
        ("sagan", (128, 128, 3), {"attention_resolution": 64},
         42_017_412 - 999 * 2 * 4928, 39_448_258 - 1000 * 1024),
        # published of a critic with batch norm, which the paper has not: 2,054 weights of it
        ("wgan-gp", (32, 32, 3), {"generator_base_channels": 256, "generator_max_channels": 256},
         4_276_739, 1_055_879 - 2 * (3 + 128) - 2 * (3 * 128) - 2 * 2 * (2 * 128)),
    ],
)  # fmt: skip
def test_trained_weights_are_as_many_as_published(name, shape, options, generator, discriminator):
    gan = published(name, shape, **options)
    counts = (trained_weights(gan.generator), trained_weights(gan.discriminator))
    assert counts == (generator, discriminator)


@on_torch
def test_progressive_growing_at_1024_has_the_published_23_1_million_weights():
    # Karras et al. 2018, table 2, which has one way to colors; here are nine, of few weights
    gan = published("progan", (1024, 1024, 3))
    assert round(trained_weights(gan.generator) / 1e6, 1) == 23.1
    assert round(trained_weights(gan.discriminator) / 1e6, 1) == 23.1


def test_the_weights_of_a_dense_gan_can_be_counted_by_hand():
    gan = build(small("mlp", "latent_size=3", "batch_norm_momentum=0.0"), (2, 2, 1))
    assert gan.generator.count_params() == (3 * 8 + 8) + (8 * 8 + 8) + (8 * 4 + 4)
    assert gan.discriminator.count_params() == (4 * 8 + 8) + (8 + 1)


# Every architecture -----------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_images_are_in_the_range_of_the_data_and_float32(name, precision):
    def given(x, *labels):
        return [x, *labels] if labels else x

    recipe = apply_settings(small(name), [f"training.precision={precision}"])
    gan = build(recipe, SHAPES.get(name, (8, 8, 1)))
    low, high = gan.value_range
    # far out, where only the output's form helps
    latents = 100.0 * gan.sampler.sample_latents(4, seed=0)
    labels = [ops.convert_to_tensor(np.arange(4, dtype="int32"))] if gan.sampler.conditional else []
    forward = backend.jit(
        lambda *x: (y := gan.generator(given(*x)), gan.discriminator(given(y, *x[1:])))
    )
    images, logits = forward(latents, *labels)
    assert keras.backend.standardize_dtype(images.dtype) == "float32"
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert (images.shape, logits.shape) == ((4, *gan.sampler.image_shape), (4, 1))
    assert gan.sampler.latent_shape == (recipe.architecture.options["latent_size"],)
    pixels = to_numpy(images)
    if name == "progan":  # ends in a linear layer: table 2
        assert np.isfinite(pixels).all()
    else:
        assert low <= pixels.min() < pixels.max() <= high


@on_torch
@pytest.mark.parametrize("name", FROM_8)
def test_one_definition_takes_every_power_of_two_from_8(name):
    recipe = small(name)
    for size in (8, 16, 32, 64):
        gan = build(recipe, (size, size, 3))
        assert gan.sampler.image_shape == (size, size, 3)
        assert gan.discriminator.outputs[0].shape == (None, 1)
        assert any(str(size) in layer.name for layer in gan.generator.layers), size


def test_dcgan_doubles_from_its_start_resolution_to_the_images():
    gan = build(small("dcgan", "start_resolution=4"), (64, 64, 3))
    ups = [layer.name for layer in gan.generator.layers if layer.name.startswith("up_")]
    assert [u for u in ups if u.count("_") == 1] == ["up_8", "up_16", "up_32", "up_64"]


def test_dense_networks_take_points():
    gan = build(small("mlp", "output_activation=linear"), (2,))
    assert gan.sampler.image_shape == (2,)
    assert gan.sample(5).shape == (5, 2)


@pytest.mark.parametrize(
    ("output", "expected"), [("tanh", (-1.0, 1.0)), ("sigmoid", (0.0, 1.0)), ("linear", (-1, 1))]
)
def test_the_range_follows_the_last_activation(output, expected):
    assert build(small("mlp", f"output_activation={output}"), (4, 4, 1)).value_range == expected


@on_torch
@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        *[(name, (50, 51, 1), [], f"{name} .*multiples of 4. Received: 50x51") for name in FROM_8],
        ("dcgan", (4, 4, 1), [], "from 8 that are multiples of 2. Received: 4x4"),
        ("dcgan", (32, 32, 3), ["start_resolution=3"], "start_resolution must be .*Received: 3"),
        ("dcgan", (32, 32, 3), ["start_resolution=32"], "below the size 32. Received: 32"),
        ("dcgan", (32, 32, 3), ["start_resolution=0"], "start_resolution must be .*Received: 0"),
        ("dcgan-fashion-mnist", (30, 28, 1), [], "multiples of 4. Received: 30x28"),
        ("facegan", (60, 64, 3), [], "halved `num_upsamples` times.*Received: 60x64"),
        ("facegan", (8, 64, 3), [], "from 16x16.*Received: num_downsamples=1"),
        ("facegan", (24, 64, 3), ["num_downsamples=4"], r"in \[1, 3\]. Received: num_downs.*4"),
        ("cdcgan", (28, 30, 1), [], "halved `num_upsamples` times.*28x30, num_upsamples=2"),
        ("cdcgan", (28, 28, 1), ["num_upsamples=0"], "Received: 28x28, num_upsamples=0"),
        ("mlp", (8, 8, 1), ["output_activation=softmax"], "'tanh'.*output_activation='softmax'"),
        ("mlp", (8, 8, 1), ["activation=selu"], "activation 'leaky_relu'.*'selu'"),
        ("sngan", (8, 8, 1), ["num_downsamples=4"], r"in \[1, 3\] for 8x8.*num_downsamples=4"),
        ("wgan-gp", (8, 8, 1), ["num_extra_blocks=-1"], "at least 0.*num_extra_blocks=-1"),
        ("sagan", (32, 32, 3), ["attention_resolution=12"], "must be a power of two.*12"),
        ("sagan", (64, 64, 3), ["attention_resolution=4", "num_downsamples=2"],
         "of both networks.*num_downsamples=2"),
        ("progan", (8, 8, 1), ["fading_images=0"], "must be at least 1.*fading_images=0"),
        ("progan", (128, 128, 3), [], "fmap_base must be at least 128.*fmap_base=64"),
    ],
)  # fmt: skip
def test_what_an_architecture_cannot_be_built_for_is_refused(name, shape, options, message):
    with pytest.raises(UsageError, match=message):
        build(small(name, *options), shape)


def test_images_without_channels_are_no_traceback():
    with pytest.raises((UsageError, PluginError)):
        build(small("dcgan"), (64,))


# What a paper asks of its networks --------------------------------------------------------


@pytest.mark.parametrize(
    "recipe", [small("wgan-gp"), small("dcgan", "discriminator_batch_norm=false")]
)
def test_a_critic_for_the_gradient_penalty_sees_each_image_alone(recipe):
    gan = build(recipe, (8, 8, 1))
    images = random_images(4, 8, 8, 1)
    together = to_numpy(gan.discriminator(images, training=True))
    alone = [to_numpy(gan.discriminator(images[i : i + 1], training=True))[0] for i in range(4)]
    assert together == pytest.approx(np.stack(alone), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "parts"), [("sngan", ["discriminator"]), ("sagan", ["discriminator", "generator"])]
)
def test_spectral_norm_takes_the_scale_out_of_every_kernel(name, parts):
    gan = build(small(name), (8, 8, 1))
    given = {
        "generator": gan.sampler.sample_latents(2, seed=1),
        "discriminator": random_images(2, 8, 8, 1),
    }
    for part in parts:
        network = getattr(gan, part)
        for weight in network.weights:  # attention counts from the start
            weight.assign(weight + 1.0 if weight.name == "gamma" else weight)
        before = to_numpy(network(given[part]))
        for weight in network.trainable_variables:
            weight.assign(3.0 * weight if weight.name == "kernel" else weight)
        assert to_numpy(network(given[part])) == pytest.approx(before, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("size", "side"), [(8, 4), (32, 16), (128, 32)])
def test_sagan_attends_at_32x32_or_at_half_the_size(size, side):
    options = ["start_resolution=4", f"num_downsamples={2 if size == 128 else 1}"]
    gan = build(small("sagan", *options), (size, size, 3))
    for part in NETWORKS:
        attention = getattr(gan, part).get_layer("attention")
        assert attention.output.shape[1:3] == (side, side)


def test_r1gan_has_no_normalization_and_its_blocks_add_a_tenth():
    gan = build(small("r1gan"), (16, 16, 3))
    for network in (gan.generator, gan.discriminator):
        assert not network.non_trainable_variables
        scales = [layer for layer in network.layers if layer.name.endswith("_scale")]
        assert [layer.scale for layer in scales] == [0.1] * 3


# Progressive growing ----------------------------------------------------------------------


@pytest.mark.parametrize("fused", [False, True])
def test_the_discriminator_halves_after_its_activation_or_before_it(fused):
    network = growing(size=8, fused_downsample=fused).discriminator
    conv, head = network.get_layer("conv_8_2"), network.get_layer("deviation")
    network.get_layer("growth").level.assign(1.0)
    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(4, 8, 8, 1)))
    before, after = map(to_numpy, keras.Model(network.inputs, [conv.output, head.input])(x))

    def halved(y):
        return y.reshape(4, 4, 2, 4, 2, 8).mean(axis=(2, 4))

    def relu(y):
        return np.where(y > 0, y, 0.2 * y)

    expected = relu(halved(before)) if fused else halved(relu(before))
    assert after == pytest.approx(expected, abs=1e-5)


def growing(size: int = 16, **options: int | bool):
    settings = ["start_resolution=4", *(f"{k}={str(v).lower()}" for k, v in options.items())]
    return build(small("progan", *settings), (size, size, 1))


def set_level(gan, level: float) -> None:
    for network in (gan.generator, gan.discriminator):
        network.get_layer("growth").level.assign(level)


def blocks(images, side: int) -> np.ndarray:
    """Means of blocks, repeated: the image as `side` x `side` pixels show it."""
    count, size, _, channels = images.shape
    k = size // side
    means = to_numpy(images).reshape(count, side, k, side, k, channels).mean((2, 4))
    return means.repeat(k, axis=1).repeat(k, axis=2)


@pytest.mark.parametrize(
    ("images", "level"),
    [(0, 0), (100, 0), (120, 0.4), (150, 1), (250, 1), (275, 1.5), (300, 2), (9999, 2)],
)
def test_the_level_follows_the_number_of_images(images, level):
    gan = growing(stable_images=100, fading_images=50)
    assert float(gan.level_after(images)) == pytest.approx(level)


def test_an_image_grows_from_blocks_and_is_the_mixture_of_two_sizes_in_between():
    gan = growing()
    latents, images = gan.sampler.sample_latents(3, seed=5), {}
    for level in (0.0, 1.0, 1.25, 2.0):
        set_level(gan, level)
        images[level] = to_numpy(gan.generator(latents))
    assert images[0.0] == pytest.approx(blocks(images[0.0], 4))
    assert images[1.0] == pytest.approx(blocks(images[1.0], 8))
    assert np.abs(images[1.0] - blocks(images[1.0], 4)).max() > 1e-3
    assert images[1.25] == pytest.approx(0.75 * images[1.0] + 0.25 * images[2.0], abs=1e-5)


def test_real_images_are_blurred_to_the_level():
    gan = growing()
    images = random_images(4, 16, 16, 1)
    expected = {0.0: blocks(images, 4), 1.0: blocks(images, 8), 2.0: to_numpy(images)}
    expected[1.5] = (expected[1.0] + expected[2.0]) / 2
    for level, seen in expected.items():
        set_level(gan, level)
        assert to_numpy(gan.blur_to_level(images)) == pytest.approx(seen, abs=1e-6)


@pytest.mark.parametrize(("level", "side"), [(0.0, 4), (1.0, 8)])
def test_the_discriminator_sees_nothing_finer_than_the_level(level, side):
    gan = growing()
    images = random_images(4, 16, 16, 1)
    coarse, halves = (ops.convert_to_tensor(blocks(images, s)) for s in (side, side // 2))
    set_level(gan, level)
    sharp, blurred, coarser = (to_numpy(gan.discriminator(x)) for x in (images, coarse, halves))
    assert sharp == pytest.approx(blurred, rel=1e-3)
    assert sharp != pytest.approx(coarser, rel=1e-3)


def test_a_step_moves_the_level_of_both_networks_and_of_the_average():
    gan = growing(size=8, stable_images=16, fading_images=32)
    gan.compile("adam", "adam", loss="wasserstein", ema_half_life=0.9)
    images = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 1)).astype("uint8")
    history = gan.fit(images, batch_size=16, epochs=1, verbose=0).history
    assert history["drift"][0] > 0
    levels = {name: float(v) for name, v in gan.state().items() if name.endswith("growth/level")}
    owners = ("discriminator", "ema", "generator")
    assert levels == {f"{owner}/growth/level": 0.5 for owner in owners}
