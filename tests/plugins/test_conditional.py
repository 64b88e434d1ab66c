"""Conditional GANs: what each paper adds, by hand; their cards are in test_cards."""

import importlib
import math

import numpy as np
import pytest
from ganzoo_data.digits import digits
from lazy_keras import Lazy, keras, on_torch, tensor, to_numpy, trained_weights

import ganzoo
from ganzoo import backend
from ganzoo.errors import UsageError
from ganzoo.testing.architecture_case import ArchitectureCase

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("cheap_weights")]

biggan_training, infogan = (
    Lazy(f"ganzoo_conditional.{name}") for name in ("biggan_training", "infogan")
)
batches = Lazy("ganzoo.gan.batches")
SHAPE, CLASSES = (8, 8, 1), 10

NARROW = {"latent_size": 8, "generator_base_channels": 4, "discriminator_base_channels": 4}
SMALL = {
    "acgan": {**NARROW, "num_upsamples": 2},
    "infogan": {**NARROW, "latent_size": 16, "hidden_units": 8, "code_units": 8},
    "sngan_projection": {**NARROW, "num_extra_blocks": 1},
    "biggan": {"latent_size": 12, "class_embedding_size": 4, "base_channels": 4},
    "biggan_deep": {"latent_size": 6, "class_embedding_size": 4, "base_channels": 4},
    "sgan": {**NARROW, "num_upsamples": 2},
}
ATTENTION_16, ATTENTION_64 = {"attention_resolution": 16}, {"attention_resolution": 64}


def build(name: str, shape: tuple[int, int, int] = SHAPE, **options):
    function = getattr(importlib.import_module(f"ganzoo_conditional.{name}"), name)
    classes = {} if name == "infogan" else {"classes": CLASSES}
    return function(shape, **classes | options)


def small(name: str, shape: tuple[int, int, int] = SHAPE, **options):
    return build(name, shape, **SMALL[name] | options)


def sample_latents(gan, count: int, seed: int = 0) -> np.ndarray:
    """Latents of a seed; jitted, since operation by operation takes seconds."""
    sample = backend.jit(lambda s: gan.sampler.sample_latents(count, s))
    return to_numpy(sample(tensor(seed, "int32")))


def batch_of(gan, latents=None, labels=None, real=None):
    """Data of an update."""
    real, latents = (None if x is None else tensor(x) for x in (real, latents))
    labels = None if labels is None else tensor(labels, "int32")
    return batches.Batch(real, latents, labels, ganzoo.random.Rng(gan.seed, gan.steps))


def outputs_of(gan, images, *labels) -> list[np.ndarray]:
    outputs = gan.discriminator.predict([images, *labels] if labels else images, verbose=0)
    return outputs if isinstance(outputs, list) else [outputs]


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(batch, classes), (batch,) -> (batch,), in float64."""
    logits = logits.astype("float64")
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]


@on_torch
@pytest.mark.parametrize(
    ("name", "shape", "options", "generator", "discriminator"),
    [
        # as PyTorch-StudioGAN counts them in its logs for CIFAR-10
        ("sngan_projection", (32, 32, 3), {}, 4_304_387, 1_055_105),
        ("biggan", (32, 32, 3), {"latent_size": 80, **ATTENTION_16}, 9_416_196, 2_415_170),
        ("biggan_deep", (32, 32, 3), ATTENTION_16, 7_762_948, 2_908_930),
        # as for ImageNet, of 1,000 classes
        ("biggan", (128, 128, 3), {"classes": 1000, **ATTENTION_64}, 70_433_988, 87_982_370),
        # by hand from table 2 of the paper: kernels, batch norm, biases
        ("acgan", (32, 32, 3), {},
         111 * 6144 + 25 * (384 * 192 + 192 * 96 + 96 * 3) + 2 * (192 + 96) + 3,
         9 * (3 * 16 + 512 * (1 + 4 + 16 + 64 + 256)) + 2 * 992 + 16 + 8193 * 11),
        # table 1: the same, with ten logits and two means of codes
        ("infogan", (28, 28, 1), {},
         74 * 1024 + 1024 * 6272 + 16 * (128 * 64 + 64) + 2 * (1024 + 6272 + 64) + 1,
         16 * (64 + 64 * 128) + 64 + 6272 * 1024 + 1024 * 128 + 2 * 1280 + 1025 + 129 * 12),
    ],
)  # fmt: skip
def test_the_networks_have_the_published_numbers_of_weights(
    name, shape, options, generator, discriminator
):
    gan = build(name, shape, **options)
    assert trained_weights(gan.generator) == generator
    assert trained_weights(gan.discriminator) == discriminator


@pytest.mark.parametrize("name", ["acgan", "sngan_projection", "biggan", "biggan_deep"])
def test_the_class_reaches_both_networks(name):
    gan = small(name)
    if name == "sngan_projection":  # its classes start alike
        paths = {w.path: w for w in gan.generator.trainable_variables}
        gamma = paths["up_8_norm_1/gamma"]
        gamma.assign(np.random.default_rng(0).normal(size=gamma.shape).astype("float32"))
    latents, labels = np.ones((2, *gan.sampler.latent_shape), "float32"), np.array([1, 2], "int32")
    one, other = gan.generator.predict([latents, labels], verbose=0)
    assert np.abs(one - other).max() > 1e-4
    if name != "acgan":  # whose discriminator takes no labels
        (logits,) = outputs_of(gan, np.stack([one, one]), labels)
        assert abs(logits[0, 0] - logits[1, 0]) > 1e-4


def test_acgan_adds_the_cross_entropy_of_the_classes_of_both_kinds_of_images():
    gan = small("acgan", discriminator_class_weight=2.0, generator_class_weight=0.5)
    labels = np.array([3, 0, 9])
    real, fake = np.random.default_rng(1).normal(size=(2, 3, CLASSES)).astype("float32")
    outputs = {"real_outputs": [None, tensor(real)], "fake_outputs": [None, tensor(fake)]}
    batch = batch_of(gan, labels=labels)
    of_real, of_fake = (cross_entropy(x, labels).mean() for x in (real, fake))
    discriminators = gan.discriminator_loss_terms(batch, None, **outputs)["d_class_loss"]
    generators = gan.generator_loss_terms(batch, None, outputs["fake_outputs"])["g_class_loss"]
    assert to_numpy(discriminators) == pytest.approx(2.0 * (of_real + of_fake), rel=1e-5)
    assert to_numpy(generators) == pytest.approx(0.5 * of_fake, rel=1e-5)


def test_infogans_codes_are_distributed_as_in_the_paper():
    latents = sample_latents(small("infogan"), 2000)
    one_hot, others = latents[:, :10], latents[:, 10:]
    assert ((one_hot == 0) | (one_hot == 1)).all()
    assert (one_hot.sum(axis=1) == 1).all()
    assert one_hot.sum(axis=0) == pytest.approx(200, abs=60)  # four standard deviations
    assert -1 <= others.min() < -0.99 < 0.99 < others.max() < 1
    assert others.mean() == pytest.approx(0, abs=0.02)
    assert np.abs(np.corrcoef(latents[:, 9:].T) - np.eye(7)).max() < 0.1


def test_infogans_codes_of_several_steps_are_alike():
    codes = backend.jit(lambda step: infogan.Codes(3)(7, step, 1, (2, 50, 5)))
    latents = to_numpy(codes(tensor(2, "int32")))
    assert latents.shape == (2, 50, 5)
    assert (latents[..., :3].sum(axis=-1) == 1).all()
    assert np.abs(latents[0] - latents[1]).max() > 0.5


def test_infogans_codes_change_the_image():
    gan = small("infogan")
    latents = np.ones((3, 16), "float32")
    latents[:, :10] = np.eye(10)[[1, 2, 2]]
    latents[:, 10] = [-1, -1, 1]
    first, category, continuous = to_numpy(gan.sampler.generate(tensor(latents)))
    assert np.abs(first - category).max() > 1e-4
    assert np.abs(category - continuous).max() > 1e-4


def test_both_losses_of_infogan_have_the_code_loss():
    gan = small("infogan", information_weight=3.0)
    rng = np.random.default_rng(2)
    logits, means, codes = (rng.normal(size=(4, n)).astype("float32") for n in (10, 2, 2))
    category = np.array([3, 0, 9, 3])
    batch = batch_of(gan, np.concatenate([np.eye(10)[category], codes, np.ones((4, 4))], axis=1))
    expected = cross_entropy(logits, category) + 0.5 * ((codes - means) ** 2).sum(axis=1)
    fake_outputs = [None, tensor(logits), tensor(means)]
    terms = gan.discriminator_loss_terms(batch, None, [], fake_outputs)
    terms |= gan.generator_loss_terms(batch, None, fake_outputs)
    assert set(terms) == {"d_code_loss", "g_code_loss"}
    for value in terms.values():
        assert to_numpy(value) == pytest.approx(3.0 * expected.mean(), rel=1e-5)


def test_infogans_prior_is_saved(tmp_path):
    gan = small("infogan")
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert np.array_equal(sample_latents(again, 50), sample_latents(gan, 50))


def test_each_block_of_biggan_gets_its_part_of_the_latent():
    gan = small("biggan", (16, 16, 1))
    names = ["project_shape", "up_8_add", "image"]  # 4x4, 8x8 and 16x16
    outputs = [gan.generator.get_layer(name).output for name in names]
    stages = keras.Model(gan.generator.inputs, outputs)
    latents = np.ones((4, 12), "float32")
    for part in range(3):
        latents[part + 1, 4 * part : 4 * part + 4] += 1.0
    made = stages.predict([latents, np.ones(4, "int32")], verbose=0)
    changed = [[np.abs(x[part + 1] - x[0]).max() > 1e-5 for x in made] for part in range(3)]
    assert changed == [[True, True, True], [False, True, True], [False, False, True]]


def test_shortcuts_of_biggan_deep_drop_channels_and_append_them():
    gan = small("biggan_deep", (64, 64, 1), base_channels=2)
    names = ("plain_32_add", "up_64_shortcut_double", "up_64_norm_4")
    ends = [gan.generator.get_layer(name).output for name in names]
    model = keras.Model(gan.generator.inputs, ends)
    inputs = [np.ones((1, 6), "float32"), np.ones(1, "int32")]
    whole, kept, hidden = model.predict(inputs, verbose=0)
    assert whole.shape == (1, 32, 32, 8) and hidden.shape == (1, 64, 64, 2)
    assert (kept[:, ::2, ::2] == whole[..., :4]).all()
    both = gan.discriminator.get_layer("down_32_shortcut_both")
    assert [x.shape[-1] for x in both.input] == [2, 2] and both.output.shape[-1] == 4


def test_the_epsilon_of_biggan_is_that_of_each_batch_norm():
    found = [
        layer.epsilon
        for layer in small("biggan", batch_norm_epsilon=1e-4).generator._flatten_layers()
        if hasattr(layer, "epsilon") and "norm" in layer.name
    ]
    assert len(found) == 5 and set(found) == {1e-4}  # two of two layers each, and the last


def test_biggans_orthogonal_term_is_that_of_equation_3():
    gan = small("biggan", orthogonal_weight=0.5)
    expected, kernels = 0.0, 0
    for weight in gan.generator.trainable_variables:
        if weight.name == "kernel" and "shared" not in weight.path:
            filters = to_numpy(weight).astype("float64").reshape(-1, weight.shape[-1])
            products = filters.T @ filters
            expected += ((products - np.diag(np.diag(products))) ** 2).sum()
            kernels += 1
    assert kernels == 1 + 3 + 4 + 1  # project, block, scales and offsets, image
    batch = batch_of(gan)
    (term,) = gan.generator_loss_terms(batch, None, []).values()
    assert to_numpy(term) == pytest.approx(0.5 * expected, rel=1e-4)
    assert small("biggan").generator_loss_terms(batch, None, []) == {}


def test_orthogonal_filters_cost_nothing_whatever_their_length():
    for kernel, cost in (([[3.0, 0.0], [0.0, -5.0]], 0.0), ([[1.0, 2.0], [1.0, 0.0]], 8.0)):
        assert to_numpy(biggan_training.orthogonality(tensor(kernel))) == cost  # 8: twice 2 squared


def test_sgans_logit_is_the_log_of_the_sum_of_the_classes():
    gan = small("sgan")
    images = np.random.default_rng(0).uniform(-1, 1, (3, *SHAPE)).astype("float32")
    logits, class_logits, _ = outputs_of(gan, images)
    expected = np.log(np.exp(class_logits.astype("float64")).sum(axis=1, keepdims=True))
    assert logits == pytest.approx(expected, rel=1e-5)
    head = gan.discriminator.get_layer("class_logits")
    head.kernel.assign(np.zeros(head.kernel.shape, "float32"))
    head.bias.assign(np.log(np.arange(1.0, CLASSES + 1)).astype("float32"))
    assert outputs_of(gan, images)[0] == pytest.approx(np.full((3, 1), math.log(55)))


def known_by(gan, images) -> np.ndarray:
    scaled = gan.sampler.scale(tensor(images, images.dtype.name))
    return to_numpy(backend.jit(gan.is_labeled)(scaled))


def test_sgan_uses_the_labels_of_always_the_same_images():
    gan, images = small("sgan", labeled_fraction=0.1), digits().images
    known = known_by(gan, images)
    assert known.sum() == 186  # of 1,797: on every backend
    assert np.array_equal(known_by(gan, images[::-1])[::-1], known)
    assert np.array_equal(known_by(gan, images[7:40]), known[7:40])
    assert known_by(small("sgan", labeled_fraction=1.0), images).all()


def test_sgan_learns_from_known_labels_alone():
    gan, data = small("sgan", labeled_fraction=0.3), digits(images=10)
    known = known_by(gan, data.images)
    assert 0 < known.sum() < 10
    batch = batch_of(gan, labels=data.labels)
    batch = batch._replace(real=gan.sampler.scale(tensor(data.images, "uint8")))
    logits = np.random.default_rng(3).normal(size=(10, CLASSES)).astype("float32")
    (term,) = gan.discriminator_loss_terms(batch, None, [None, tensor(logits)], []).values()
    expected = cross_entropy(logits, data.labels)[known].mean()
    assert to_numpy(term) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("feature_matching", [True, False])
def test_sgan_is_trained_with_labels_that_its_generator_does_not_take(feature_matching):
    gan = small("sgan", feature_matching=feature_matching, labeled_fraction=1.0)
    gan.compile("adam", "adam")
    images = np.random.default_rng(0).integers(0, 256, (8, *SHAPE), "uint8")
    history = gan.fit(images, np.arange(8, dtype="int32"), batch_size=4, epochs=1, verbose=0)
    assert history.history["d_class_loss"][0] > 0.1
    assert gan.sample(2).shape == (2, *SHAPE)
    with pytest.raises(UsageError, match="needs images and labels"):
        gan.fit(images, batch_size=4, verbose=0)


def test_sgans_generator_matches_the_mean_features_of_real_images():
    gan = small("sgan", dropout=0.0)
    rng = np.random.default_rng(1)
    batch = batch_of(gan, rng.uniform(size=(6, 8)), real=rng.uniform(-1, 1, (6, *SHAPE)))
    made = to_numpy(gan.generate(batch.latents))  # with this batch's statistics, as in training
    of_real, of_fake = (outputs_of(gan, to_numpy(x))[2].mean(axis=0) for x in (batch.real, made))
    loss, terms = gan.generator_loss(batch)
    assert to_numpy(loss) == pytest.approx(((of_real - of_fake) ** 2).sum(), rel=1e-3)
    assert terms == {}


@on_torch
@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("acgan", {"shape": (10, 8, 1)}, "acgan needs .*Received: 10x8, num_upsamples=2"),
        ("infogan", {"num_upsamples": 0}, "infogan needs .*Received: 8x8, num_upsamples=0"),
        ("infogan", {"num_categories": 1}, "at least 2. Received: num_categories=1"),
        ("infogan", {"num_categories": 15}, "at least 17.*Received: latent_size=16"),
        ("sgan", {"num_upsamples": 4}, "sgan needs .*Received: 8x8, num_upsamples=4"),
        ("sgan", {"labeled_fraction": 0.0}, r"in \(0, 1\]. Received: 0.0"),
        ("sngan_projection", {"shape": (12, 11, 1)}, "multiples of 2. Received: 12x11"),
        ("sngan_projection", {"attention_resolution": 8}, "both networks. Received: 8"),
        ("biggan", {"latent_size": 15}, "multiple of 2. Received: 8x8, latent_size=15"),
        ("biggan", {"attention_resolution": 4}, "Received: 4"),
        ("biggan_deep", {"shape": (1024, 1024, 3)}, "at most 512x512. Received: 1024x1024"),
        ("biggan", {"initializer": "zeros"}, "orthogonal or normal. Received: 'zeros'"),
    ],
)
def test_what_cannot_be_built_is_refused(name, options, message):
    with pytest.raises(UsageError, match=message):
        small(name, **options)


@pytest.mark.parametrize(
    ("name", "options"),
    # several channels, since demodulation undoes a style of one; with few layers the cheap weights
    # leave something of it
    [
        ("cdcgan", {}),
        (
            "stylegan2-conditional",
            {"fmap_base": 64, "mapping_layers": 1, "class_mapping_layers": 1},
        ),
    ],
)
def test_rows_take_the_place_of_one_hot_vectors(name, options):
    by_class, by_row = (
        ArchitectureCase(name, {"labels": labels, **options}) for labels in ("classes", "rows")
    )
    classes, rows = by_class.labels(0), by_row.labels(0)
    assert (by_row.gan.label_shape, rows.shape) == ((3,), (4, 3))
    latents, images = sample_latents(by_class.gan, 4), by_class.images(0)
    expected, received = (
        (
            to_numpy(case.gan.sampler.generate(latents, labels, use_ema=False)),
            outputs_of(case.gan, images.astype("float32"), labels)[0],
        )
        for case, labels in ((by_class, classes), (by_row, rows.astype("float32")))
    )
    np.testing.assert_allclose(received[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(received[1], expected[1], rtol=1e-4, atol=1e-4)
    more = rows.astype("float32") + [0.25, 0, -0.5]
    for network, inputs, at_rows in zip(
        (by_row.gan.generator, by_row.gan.discriminator),
        (latents, images.astype("float32")),
        received,
        strict=True,
    ):
        other = network.predict([inputs, more], verbose=0)
        assert np.abs(other - at_rows).max() > 1e-5 * np.abs(at_rows).max()
