"""The modern architectures: published counts, and what each paper asks of its networks."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, on_torch, ops, to_numpy, trained_weights

import ganzoo
from ganzoo.backend import devices
from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.lookup import models
from ganzoo.errors import UsageError
from ganzoo.jobs.models.build import build_networks

pytestmark = pytest.mark.backend

batches, fastgan = Lazy("ganzoo.gan.batches"), Lazy("ganzoo_modern.fastgan_networks")

CARDS = {name: entry.card() for name, entry in models().items() if entry.source == "keras-ganzoo"}
SMALL = {
    "stylegan2": [
        "latent_size=8", "style_size=8", "mapping_layers=2", "fmap_base=64", "max_channels=8",
    ],
    "fastgan": [
        "latent_size=8", "generator_base_channels=1", "discriminator_base_channels=1",
        "excitation_ratio=2", "final_resolution=4",
    ],
    "stylegan2-conditional": [
        "latent_size=8", "style_size=8", "mapping_layers=2", "fmap_base=64", "max_channels=8",
        "class_mapping_layers=2",
    ],
    "projected-gan": [
        "latent_size=8", "generator_base_channels=1", "discriminator_base_channels=2",
        "excitation_ratio=2", "feature_resolution=32",
    ],
    "r3gan": ["latent_size=8", "channels=[8, 8]", "group_size=4"],
}  # fmt: skip


def build(name: str, shape: tuple[int, int, int], *settings: str, classes: int = 0):
    recipe = CARDS["dcgan-digits"].recipe
    recipe = Recipe.from_tables(recipe.tables() | {"architecture": {"name": name}})
    recipe = apply_settings(recipe, [f"architecture.{setting}" for setting in settings])
    return build_networks(recipe, shape, classes)


def small(name: str, *settings: str):
    return build(name, (8, 8, 1), *SMALL[name], *settings)


def normal_numbers(*shape: int, seed: int = 0):
    normal = np.random.default_rng(seed).normal(size=shape)
    return ops.convert_to_tensor(normal.astype("float32"))


# Published numbers ------------------------------------------------------------------------


@on_torch
def test_r3gan_has_the_published_number_of_weights_for_cifar10(cheap_weights):
    gan = build("r3gan-conditional", (32, 32, 3), classes=10)
    counts = trained_weights(gan.generator), trained_weights(gan.discriminator)
    assert counts == (20_781_952, 21_280_512)


@on_torch
def test_fastgan_has_as_many_weights_as_the_published_networks_at_256(cheap_weights):
    gan = build("fastgan", (256, 256, 3))
    counts = trained_weights(gan.generator), trained_weights(gan.discriminator)
    assert counts == (29_127_846, 11_526_160)  # published as 29.1 M and 11.5 M


def test_path_lengths_on_several_devices_are_of_a_part_that_is_as_much_on_one():
    gan = small("stylegan2", "path_length_batch_shrink=2")
    gan.compile("sgd", "sgd")
    three = batches.Batch(None, ops.ones((3, 8)), None, ganzoo.random.Rng(1, 2))
    gan.path_penalty(three)
    with (
        devices.in_step(devices.Group(count=2)),
        pytest.raises(UsageError, match="shrink=2, 3 images on each of 2 devices"),
    ):
        gan.path_penalty(three)


@on_torch
def test_stylegan2_for_cifar10_has_the_published_number_of_weights(cheap_weights):
    recipe = CARDS["stylegan2-cifar10"].recipe.tables()["architecture"]
    options = [f"{k}={str(v).lower()}" for k, v in recipe.items() if k != "name"]
    gan = build("stylegan2-conditional", (32, 32, 3), *options, classes=10)
    counts = trained_weights(gan.generator), trained_weights(gan.discriminator)
    assert counts == (20_215_315, 23_089_664)


# StyleGAN2 --------------------------------------------------------------------------------


def test_demodulated_features_of_unit_variance_have_unit_variance_whatever_the_style():
    convolution = small("stylegan2").generator.get_layer("synthesis").get_layer("conv_8_2")
    styles = ops.repeat(1.0 + 3.0 * normal_numbers(1, 8, seed=1), 256, axis=0)
    features = to_numpy(convolution([normal_numbers(256, 8, 8, 8), styles]))[:, 1:-1, 1:-1]
    assert features.var(axis=(0, 1, 2)) == pytest.approx(np.ones(8), rel=0.08)


def test_activations_multiply_their_biases_by_the_square_root_of_two():
    gan = small("stylegan2")
    mapping, discriminator = gan.generator.get_layer("mapping"), gan.discriminator
    names = ("image", "conv_8_1", "conv_8_2", "conv_4", "dense")
    for network, name in [(mapping, "map_2"), *((discriminator, name) for name in names)]:
        layer = network.get_layer(name)
        layer.kernel.assign(0.0 * layer.kernel)
        layer.bias.assign(np.full(layer.bias.shape, 1 / layer.lr_multiplier))
        ends = keras.Model(network.inputs, network.get_layer(f"{name}_relu").output)
        found = to_numpy(ends(normal_numbers(2, *network.input_shape[1:])))
        assert found == pytest.approx(np.full(found.shape, 2**0.5))


def test_constant_noise_is_one_map_for_all_images_but_in_training():
    synthesis = small("stylegan2", "noise='constant'").generator.get_layer("synthesis")
    layer = synthesis.get_layer("conv_8_1_noise")
    fresh = normal_numbers(3, 64)
    assert (to_numpy(layer(fresh, training=True)).reshape(3, 64) == to_numpy(fresh)).all()
    drawn = to_numpy(layer(fresh))
    assert (drawn == to_numpy(layer.map)[..., None]).all() and drawn.std() > 0.5
    fixed = {weight.path.split("/")[-2] for weight in synthesis.non_trainable_variables}
    assert fixed == {"conv_4_noise", "conv_8_1_noise", "conv_8_2_noise"}


def test_without_noise_there_is_neither_strength_nor_noise():
    weights = small("stylegan2", "noise='none'").generator.weights
    names = {"/".join(weight.path.split("/")[-2:]) for weight in weights}
    assert "conv_8_1_relu/bias" in names
    assert not any("strength" in name or "noise" in name for name in names)


def test_truncation_brings_styles_to_their_average_and_0_leaves_one_image():
    gan = small("stylegan2")
    free, whole, truncated, none = (
        gan.sample(8, seed=2, truncation=psi).astype(float) for psi in (None, 1.0, 0.5, 0.0)
    )
    assert (whole == free).all()
    assert (none == none[:1]).all()  # the noise has no strength yet
    assert 0 < truncated.std(axis=0).mean() < 0.8 * free.std(axis=0).mean()
    average = gan.generator.get_layer("average_style").mean
    average.assign(to_numpy(average) + 1.0)
    assert (gan.sample(2, seed=2, truncation=0.0) != none[:2]).any()
    assert (gan.sample(8, seed=2) == free).all()


@pytest.mark.parametrize("second", ["fresh", "neighbor"])
@pytest.mark.parametrize("crossover", ["batch", "image"])
def test_mixing_gives_an_image_the_end_of_a_second_style(crossover, second):
    options = f'crossover="{crossover}"', f'second_style="{second}"'
    gan = small("stylegan2", "style_mixing_prob=1.0", *options)
    latents = normal_numbers(6, 8)
    mixed = to_numpy(gan.mix_styles(latents))  # (6, 4, 8)
    mapping = gan.generator.get_layer("mapping")
    own, fresh = to_numpy(mapping(latents)), to_numpy(mapping(gan.second_latents(latents)))
    other = fresh if second == "fresh" else np.roll(own, 1, axis=0)
    from_other = np.abs(mixed - other[:, None]).max(axis=2) < 1e-5
    from_own = np.abs(mixed - own[:, None]).max(axis=2) < 1e-5
    assert (from_own ^ from_other).all() and from_own[:, 0].all() and from_other[:, -1].all()
    assert (np.diff(from_other.astype(int), axis=1) >= 0).all()
    assert (from_other == from_other[0]).all() == (crossover == "batch")
    plain = to_numpy(gan.generator(latents))
    assert np.abs(to_numpy(gan.generate(latents)) - plain).max() > 1e-2
    gan.style_mixing_prob = 0.0
    assert to_numpy(gan.generate(latents)) == pytest.approx(plain, abs=1e-6)


def test_the_probability_of_mixing_may_follow_a_schedule():
    pieces = "{ schedule = 'piecewise', values = [1.0, 0.0], steps = [1] }"
    gan = small("stylegan2", f"style_mixing_prob={pieces}", "path_length_weight=0.0")
    assert gan.from_config(gan.get_config()).style_mixing_prob == gan.style_mixing_prob
    gan.compile("adam", "adam")
    images, found = np.zeros((4, 8, 8, 1), "uint8"), []
    for _ in range(2):
        found.append(float(gan.train_on_batch(images, return_dict=True)["style_mixing_prob"]))
        gan.reset_metrics()
    assert found == [1.0, 0.0]
    with pytest.raises(UsageError, match="values from 0 to 1"):
        small("stylegan2", f"style_mixing_prob={pieces.replace('0.0', '-0.5')}")


def test_the_second_style_of_a_mixed_image_is_of_its_own_class():
    name = "stylegan2-conditional"
    latents, labels = normal_numbers(2, 8), ops.convert_to_tensor(np.array([0, 2]))
    for kind in ("fresh", "neighbor"):
        mixing = ("style_mixing_prob=1.0", f"second_style='{kind}'")
        gan = build(name, (8, 8, 1), *SMALL[name], *mixing, classes=3)
        mixed = to_numpy(gan.mix_styles(latents, labels))
        mapping, neighbors = gan.generator.get_layer("mapping"), ops.roll(latents, 1, axis=0)
        others = gan.second_latents(latents) if kind == "fresh" else neighbors
        own, other = (to_numpy(mapping([x, labels])) for x in (latents, others))
        assert mixed[:, 0] == pytest.approx(own, rel=1e-4)
        assert mixed[:, -1] == pytest.approx(other, rel=1e-4)
        assert np.abs(own - to_numpy(mapping([latents, ops.flip(labels)]))).max() > 0.1


def test_path_lengths_are_the_slopes_that_differences_show():
    gan, h = small("stylegan2", "style_mixing_prob=1.0"), 1e-2
    latents, directions = normal_numbers(1, 8), normal_numbers(1, 8, 8, 1, seed=1)
    styles = normal_numbers(1, 4, 8, seed=2)
    steps = h * np.eye(32, dtype="float32").reshape(32, 4, 8)
    moved = ops.convert_to_tensor(to_numpy(styles) + np.concatenate([steps, -steps]))
    images = to_numpy(gan.synthesize(moved, ops.repeat(latents, 64, axis=0)))
    along = (images.astype("float64") * to_numpy(directions)).sum(axis=(1, 2, 3)) / 8  # 64 pixels
    slopes = (along[:32] - along[32:]) / (2 * h)
    expected = np.sqrt((slopes**2).sum() / 4)  # the mean over four convolutions
    lengths = to_numpy(gan.path_lengths(styles, latents, directions))
    assert lengths == pytest.approx([expected], rel=1e-2)


def test_path_lengths_are_never_due_only_where_the_generator_waits():
    n_critic = {"schedule": "bursts", "value": 1, "burst": 2, "steps": 1, "every": 4}
    with pytest.raises(UsageError, match="n_critic must be a number"):
        small("stylegan2").compile("adam", "adam", n_critic=n_critic)
    small("stylegan2", "path_length_interval=1").compile("adam", "adam", n_critic=n_critic)


@pytest.mark.parametrize("separate", [False, True])
def test_paths_are_kept_equal_every_fourth_step_and_both_averages_move(separate):
    gan = small("stylegan2")
    gan.compile("adam", "adam", separate_penalties=separate)
    penalties, means = [], []
    images = np.zeros((4, 8, 8, 1), "uint8")
    for step in range(5):
        history = gan.fit(images, batch_size=4, shuffle=False, verbose=0).history
        penalties.append(history["path_penalty"][0])
        means.append(float(gan.state()["gan/path_mean"]))
        if step == 0:  # no layer of the mapping moves far from weights of N(0, 100^2)
            latents = gan.prior(0, 0, ganzoo.random.stream("generator", "latents"), (4, 8))
            styles = to_numpy(gan.generator.get_layer("mapping")(latents))
            average = to_numpy(gan.generator.get_layer("average_style").mean)
            assert average == pytest.approx(0.005 * styles.mean(axis=0), rel=1e-2, abs=1e-5)
    assert [penalty > 0 for penalty in penalties] == [True, False, False, False, True]
    assert 0 < means[0] == means[1] == means[3] < means[4]
    assert int(gan.optimizer.generator.iterations) == (7 if separate else 5)


# FastGAN ----------------------------------------------------------------------------------


def test_skip_layer_excitation_scales_whole_channels_by_what_the_small_map_says():
    keras.utils.set_random_seed(0)
    large, low = keras.Input((16, 16, 3)), keras.Input((8, 8, 5))
    model = keras.Model([large, low], fastgan.skip_layer_excitation(large, low, 8, "excite"))
    x, y = normal_numbers(2, 16, 16, 3), normal_numbers(2, 8, 8, 5, seed=1)
    ratio = to_numpy(model([x, y])) / to_numpy(x)
    share = ratio[:, :1, :1]
    assert ratio == pytest.approx(np.broadcast_to(share, ratio.shape), rel=1e-4)
    assert (share > 0).all() and (share < 1).all() and np.ptp(share, axis=0).min() > 1e-3


def test_quarters_are_what_they_say():
    x = to_numpy(normal_numbers(2, 8, 8, 3))
    found = to_numpy(fastgan.quarters(normal_numbers(2, 8, 8, 3))).reshape(2, 4, 4, 4, 3)
    expected = [x[:, :4, :4], x[:, :4, 4:], x[:, 4:, :4], x[:, 4:, 4:]]
    assert found == pytest.approx(np.stack(expected, axis=1))


def test_fastgan_evaluates_the_smaller_images_that_its_generator_makes():
    gan = small("fastgan")
    both = gan.generate(normal_numbers(2, 8))
    images, smaller = both[..., :1], both[:, ::2, ::2, 1:]
    assert (to_numpy(ops.repeat(ops.repeat(smaller, 2, 1), 2, 2)) == to_numpy(both[..., 1:])).all()
    assert np.abs(to_numpy(images[:, ::2, ::2] - smaller)).max() > 0.01
    before = gan.discriminator.get_weights()  # statistics move in training mode
    logits, _ = gan.discriminator_outputs(both)
    gan.discriminator.set_weights(before)
    pairs = {"large": images, "small": smaller}.items()
    alone = [to_numpy(gan.discriminator.get_layer(n)(x, training=True)[0]) for n, x in pairs]
    expected = np.stack(alone, axis=1).ravel()  # both of an image, then those of the next
    assert to_numpy(logits) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_fastgan_compares_what_it_draws_with_the_image_at_half_size_and_with_its_quarters():
    gan = small("fastgan", "reconstruction_weight=0.5")
    for weight in gan.discriminator.trainable_variables:  # it draws nothing but gray
        weight.assign(0.0 * weight if "_image/" in weight.path else weight)
    stripes = np.broadcast_to(np.tile([1.0, -1.0], 4), (8, 8)).astype("float32")
    images = np.stack([np.full((8, 8), 0.25, "float32"), stripes])[..., None]
    logits, errors = gan.discriminator(images)
    assert logits.shape == (2, 2, 1, 1)
    assert to_numpy(errors) == pytest.approx([0.25 + 0.25 + 0.25, 0.0 + 1.0 + 0.0])
    terms = gan.discriminator_loss_terms(None, None, [logits, errors], [])
    assert {name: to_numpy(term) for name, term in terms.items()} == {"reconstruction": 0.4375}


# Projected GAN ----------------------------------------------------------------------------


def test_projections_of_a_projected_gan_are_state_that_nobody_trains_and_alike_everywhere():
    keras.utils.set_random_seed(3)
    gan = small("projected-gan")
    fixed = {n: v for n, v in gan.state().items() if "/mix_" in n}
    assert len(fixed) == 4 + 3 and not any(v.trainable for v in fixed.values())
    assert not any("stage" in name for name in gan.state())
    numbers = to_numpy(fixed["discriminator/mix_channels_2/kernel"])
    assert numbers.shape == (1, 1, 40, 4)
    assert np.std(numbers) == pytest.approx(np.sqrt(2 / 40), rel=0.1)
    # by NumPy from the seed, on every backend
    seed = gan.discriminator.get_layer("mix_channels_2").kernel_initializer.seed
    expected = np.random.RandomState(seed).normal(0, np.sqrt(2 / 40), (1, 1, 40, 4))
    assert numbers == pytest.approx(expected.astype("float32"))


def test_a_projected_gan_has_as_many_logits_for_each_of_four_scales(cheap_weights):
    options = ["generator_base_channels=1", "discriminator_base_channels=2"]
    for resolution, shapes, final in ((64, (16, 8, 4, 2), 2), (224, (64, 32, 16, 8), 4)):
        gan = build("projected-gan", (64, 64, 3), *options, f"feature_resolution={resolution}")
        features = gan.frozen_networks["photo"]
        assert features in gan.discriminator.layers
        assert [x.shape[1:3] for x in features.outputs] == [(n, n) for n in shapes]
        assert gan.discriminator.output.shape == (None, 4 * final, final, 1)
        names = [v.path for v in gan.discriminator.trainable_variables]
        assert all("scale_" in name for name in names)


def test_channels_reach_the_features_by_threes(cheap_weights):
    for channels, count in ((1, 1), (3, 1), (4, 2), (12, 4)):
        gan = build("projected-gan", (8, 8, channels), *SMALL["projected-gan"])
        mixed = gan.discriminator.get_layer("mix_channels_1")
        assert mixed.kernel.shape[-2] == 24 * count


# R3GAN ------------------------------------------------------------------------------------


def test_blocks_of_r3gan_start_as_the_identity():
    gan = small("r3gan")
    for network, shape in ((gan.generator, (2, 8)), (gan.discriminator, (2, 8, 8, 1))):
        blocks = [layer for layer in network.layers if layer.name.endswith("_add")]
        assert len(blocks) == 4
        ends = [layer for b in blocks for layer in (b.input[0], b.output)]
        seen = [to_numpy(x) for x in keras.Model(network.inputs, ends)(normal_numbers(*shape))]
        for before, after in zip(seen[::2], seen[1::2], strict=True):
            assert np.abs(before).max() > 0.1 and (before == after).all()


def test_r3gan_resamples_by_bilinear_interpolation_about_the_centers_of_pixels():
    gan, point = small("r3gan"), np.zeros((1, 8, 8, 8), "float32")
    point[:, 3, 5] = 1.0
    up = to_numpy(gan.generator.get_layer("8_up")(ops.convert_to_tensor(point[:, :4, 4:])))
    expected = np.outer(
        [0, 0, 0, 0, 0, 1 / 4, 3 / 4, 3 / 4], [0, 1 / 4, 3 / 4, 3 / 4, 1 / 4, 0, 0, 0]
    )
    assert up[0, ..., 0] == pytest.approx(expected)
    down = to_numpy(gan.discriminator.get_layer("8_down")(ops.convert_to_tensor(point)))
    # pixel 3 is the third that is seen from 1, and the first that is seen from 2
    expected = np.outer([0, 3 / 8, 1 / 8, 0], [0, 0, 3 / 8, 1 / 8])
    assert down[0, ..., 0] == pytest.approx(expected)


def test_the_class_embeddings_of_r3gan_start_as_published():
    gan = build("r3gan-conditional", (8, 8, 1), *SMALL["r3gan"], classes=1000)
    for network, variance in ((gan.generator, 1 / 1000), (gan.discriminator, 1 / (1000 * 8))):
        table = to_numpy(network.get_layer("class").embeddings)
        assert table.std() == pytest.approx(variance**0.5, rel=0.05)
    images, labels = normal_numbers(3, 8, 8, 1), ops.convert_to_tensor(np.array([5, 5, 7]))
    ends = [gan.discriminator.get_layer(name).output for name in ("features", "class")]
    model = keras.Model(gan.discriminator.inputs, [*ends, gan.discriminator.output])
    features, embedding, logits = (to_numpy(x) for x in model([images, labels]))
    assert logits[:, 0] == pytest.approx((features * embedding).sum(axis=1), rel=1e-4)
