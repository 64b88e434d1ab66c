"""Image to image: published counts, what each term is by hand, the pool, and both directions."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from lazy_keras import Lazy, keras, layers, on_torch, tensor, to_numpy

import ganzoo
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

MODULES = ("cyclegan", "image_pool", "pix2pix")
papers = SimpleNamespace(**{name: Lazy(f"ganzoo_translation.{name}") for name in MODULES})
batches = Lazy("ganzoo.gan.batches")
SHAPE = (8, 8, 3)
WIDE = {"generator_base_channels": 64, "discriminator_base_channels": 64}
NARROW = {"generator_base_channels": 4, "discriminator_base_channels": 4}


def pix2pix(shape=SHAPE, source=SHAPE, **options):
    return papers.pix2pix.pix2pix(shape, source, **NARROW | options)


def cyclegan(shape=SHAPE, source=SHAPE, **options):
    options = NARROW | {"num_residual_blocks": 1, "pool_size": 4} | options
    return papers.cyclegan.cyclegan(shape, source, **options)


def images(seed: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, *SHAPE)).astype("float32")


def batch_of(gan):
    """Data of an update: random images and random source images."""
    latents, rng = gan.sampler.sample_latents(3, 0), ganzoo.random.Rng(gan.seed, gan.steps)
    return batches.Batch(tensor(images(0)), latents, tensor(images(1)), rng)


def with_lsgan_loss(gan):
    gan.compile("sgd", "sgd", loss="least_squares")
    return gan


# Published numbers ------------------------------------------------------------------------


@on_torch
@pytest.mark.usefixtures("cheap_weights")
def test_pix2pix_has_as_many_weights_as_published():
    gan = pix2pix((256, 256, 3), (256, 256, 3), **WIDE)
    # as its authors' code counts them: 54.414 M and 2.769 M
    assert gan.generator.count_params() == 54_413_955
    assert gan.discriminator.count_params() == 2_768_705


@on_torch
@pytest.mark.usefixtures("cheap_weights")
@pytest.mark.parametrize(
    ("size", "blocks", "published"), [(128, 6, 7_837_699), (256, 9, 11_378_179)]
)
def test_cyclegan_has_as_many_weights_as_published_but_for_biases_without_effect(
    size, blocks, published
):
    gan = cyclegan((size, size, 3), (size, size, 3), **WIDE, num_residual_blocks=None)
    without_effect = 64 + 128 + 256 + 2 * blocks * 256 + 128 + 64
    assert gan.generator.count_params() == 2 * (published - without_effect)
    assert gan.discriminator.count_params() == 2 * (2_764_737 - (128 + 256 + 512))


@pytest.mark.parametrize(
    ("num_downsamples", "patch", "logits"), [(1, 16, 126), (3, 70, 30), (5, 286, 6)]
)
def test_a_logit_depends_on_a_patch_of_the_published_size(num_downsamples, patch, logits):
    x = keras.Input((256, 256, 1))
    narrow = {"prefix": "", "base_channels": 1, "max_channels": 1, "affine": True}
    network = keras.Model(x, ganzoo.blocks.patchgan(x, num_downsamples=num_downsamples, **narrow))
    size, stride = 1, 1  # of neighbors, in pixels
    for layer in network.layers:
        if hasattr(layer, "kernel_size"):
            size += (layer.kernel_size[0] - 1) * stride
            stride *= layer.strides[0]
    assert size == patch
    assert network.output_shape == (None, logits, logits, 1)


# pix2pix ----------------------------------------------------------------------------------


def test_the_term_of_pix2pix_is_a_hundred_times_the_mean_absolute_difference():
    gan = pix2pix()
    batch, fake = batch_of(gan), images(2)
    expected = 100 * np.abs(images(0).astype("float64") - fake).mean()
    term = gan.generator_loss_terms(batch, tensor(fake), [])["l1"]
    assert to_numpy(term) == pytest.approx(expected)


def test_the_outermost_skip_brings_the_source_past_all_other_layers():
    gan = pix2pix()

    def changes() -> bool:
        latents, sources = gan.sampler.sample_latents(3, 0), (tensor(images(s)) for s in (1, 2))
        return not np.array_equal(*(to_numpy(gan.sampler.generate(latents, x)) for x in sources))

    up = gan.generator.get_layer("up_4")  # from 2x2, beside which the skip of 4x4 is put
    up.kernel.assign(np.zeros(up.kernel.shape))
    assert changes()
    image = gan.generator.get_layer("up_image")
    kernel = to_numpy(image.kernel)  # (4, 4, filters, channels that come in)
    kernel[..., up.filters :] = 0
    image.kernel.assign(kernel)
    assert not changes()


def test_a_latent_decides_what_dropout_leaves_out():
    gan = pix2pix(latent_size=4)
    labels = np.repeat(images(1, count=1), 3, axis=0)
    latents = to_numpy(gan.sampler.sample_latents(3, 5))
    latents[2] = latents[0]
    made = to_numpy(gan.sampler.generate(tensor(latents), tensor(labels)))
    assert np.allclose(made[0], made[2], atol=1e-6)
    assert np.abs(made[0] - made[1]).max() > 1e-4


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, [2, 4, 8]), ({"dropout_resolutions": [4, 8, 16, 32]}, [4, 8, 16])],
)
def test_dropout_is_at_the_resolutions_given_that_the_decoder_has(options, expected):
    gan = pix2pix((32, 32, 3), (32, 32, 3), **options)
    names = [layer.name for layer in gan.generator.layers if layer.name.endswith("_noise")]
    assert names == [f"up_{r}_noise" for r in expected]


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
    gan = pix2pix(generator_base_channels=32, dropout=0.25)
    up = gan.generator.get_layer("up_2_norm")
    up.gamma.assign(np.zeros(up.gamma.shape))
    up.beta.assign(np.ones(up.beta.shape))  # all that comes in is 1
    both = keras.Model(gan.generator.inputs, gan.generator.get_layer("up_2_both").output)
    made = both([gan.sampler.sample_latents(64, 0), tensor(np.zeros((64, *SHAPE)))])
    kept = to_numpy(made)[..., : up.beta.shape[0]]
    assert set(np.unique(kept)) == {0, np.float32(4 / 3)}
    assert np.mean(kept == 0) == pytest.approx(0.25, abs=0.02)  # of 16,384 numbers


# CycleGAN ---------------------------------------------------------------------------------


def scaling(g: float, f: float, **options):
    """A CycleGAN whose generators only multiply, and whose discriminators are a mean."""

    def network(name: str, layer) -> keras.Model:
        x = keras.Input(SHAPE)
        return keras.Model(x, layer(x), name=name)

    images, labels = keras.Input(SHAPE), keras.Input(SHAPE, name="labels")
    ways = [network(n, layers.Rescaling(s)) for n, s in (("there", g), ("back", f))]
    made = papers.cyclegan.TranslationPair(*ways, name="directions")(labels)
    critics = [network(f"{kind}_critic", layers.Conv2D(1, 8, name=f"{kind}_mean"))
               for kind in ("target", "source")]  # fmt: skip
    logits = [critics[0](images), critics[1](labels)]
    generator = keras.Model(labels, made, name="generator")
    discriminator = keras.Model([images, labels], logits, name="discriminator")
    return with_lsgan_loss(papers.cyclegan.CycleGAN(generator, discriminator, **options))


def test_strides_begin_at_the_border_that_they_have_as_published():
    network = cyclegan().generator.get_layer("directions").g
    down, up = (network.get_layer(f"there_{name}_0") for name in ("down", "up"))
    seen = [network.get_layer(f"there_{name}_norm").input for name in ("down_0", "up_0")]
    seen += [network.get_layer("there_enter_relu").output, up.input]
    halved, doubled, x, before = map(to_numpy, keras.Model(network.inputs, seen)(tensor(images(0))))
    kernel = to_numpy(down.kernel)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))  # one zero at every border
    expected = [
        [np.einsum("nhwc,hwcd->nd", padded[:, i : i + 3, j : j + 3], kernel) for j in (0, 2, 4, 6)]
        for i in (0, 2, 4, 6)
    ]
    np.testing.assert_allclose(halved, np.moveaxis(expected, 2, 0), atol=1e-5)
    kernel = to_numpy(up.kernel)
    expected = np.zeros((3, 5, 5, up.filters))
    for i, j in np.ndindex(2, 2):  # of 5x5, one row and column less
        pixel = np.einsum("nd,hwcd->nhwc", before[:, i, j], kernel)
        expected[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += pixel
    np.testing.assert_allclose(doubled, expected[:, 1:, 1:], atol=1e-5)


@pytest.mark.parametrize(("g", "f"), [(1.0, 1.0), (-1.0, 1.0), (0.5, -1.0)])
def test_terms_of_generators_that_only_multiply_are_known_by_hand(g, f):
    gan = scaling(g, f)
    batch = batch_of(gan)
    source, target = (np.abs(images(seed).astype("float64")).mean() for seed in (1, 0))
    fake = gan.generate(batch.latents, batch.labels)
    outputs = gan.discriminator_outputs(fake, batch.labels)
    terms = {k: to_numpy(v) for k, v in gan.generator_loss_terms(batch, fake, outputs).items()}
    weight = 10 / 2  # LSGAN's loss is half of the paper's
    changed = abs(g * f - 1) * (source + target)
    assert terms["cycle"] == pytest.approx(weight * changed)
    moved = abs(g - 1) * target + abs(f - 1) * source
    assert terms["identity"] == pytest.approx(weight * 0.5 * moved)
    logits = to_numpy(gan.discriminator.get_layer("source_critic")(f * batch.real))
    assert terms["g_source_loss"] == pytest.approx(np.mean((logits - 1) ** 2) / 2, rel=1e-5)


def test_the_loss_is_the_sum_of_those_of_both_discriminators():
    gan = scaling(1.0, 1.0)
    batch = batch_of(gan)
    fake = [tensor(images(seed)) for seed in (2, 3)]
    loss, logs = gan.discriminator_loss(batch, fake)
    pairs = (("target", batch.real, fake[0]), ("source", batch.labels, fake[1]))
    expected = {}
    for kind, *both in pairs:
        critic = gan.discriminator.get_layer(f"{kind}_critic")
        real, fake = (to_numpy(critic(x)).astype("float64") for x in both)
        expected[kind] = np.mean((real - 1) ** 2) / 2 + np.mean(fake**2) / 2
    assert to_numpy(logs["d_source_loss"]) == pytest.approx(expected["source"], rel=1e-5)
    assert to_numpy(loss) == pytest.approx(sum(expected.values()), rel=1e-5)


class Scripted:
    """Random numbers from a list."""

    def __init__(self, *numbers):
        self._numbers = list(numbers)

    def uniform(self, name, shape, **options):
        return tensor(np.reshape(self._numbers.pop(0), shape))


def test_a_pool_keeps_the_first_images_and_then_exchanges_half_of_the_new_ones():
    pool = papers.image_pool.ImagePool(4)
    pool.build("pool", (1, 1, 1), keras.layers.Layer().add_weight)

    def exchange(new: list[int], *numbers) -> list[int]:
        shown = pool.exchange(tensor(np.reshape(new, (-1, 1, 1, 1))), Scripted(*numbers))
        return to_numpy(shown).ravel().tolist()

    never, always = 0.5, 0.49
    assert exchange([1, 2, 3], [0.9], [always] * 3) == [1, 2, 3]
    # one place is free; the next image is exchanged for the first, the last one is not
    assert exchange([4, 5, 6], [0.9], [always, always, never]) == [4, 1, 6]
    assert to_numpy(pool.images).ravel().tolist() == [5, 2, 3, 4]
    # from the last place on, and round
    assert exchange([7, 8, 9], [0.99], [always, never, always]) == [4, 8, 2]
    assert to_numpy(pool.images).ravel().tolist() == [5, 9, 3, 7]
    assert int(pool.count) == 4


def test_pools_are_filled_by_an_update_and_belong_to_the_state():
    gan = cyclegan(pool_size=4)
    batch = batch_of(gan)
    made = {
        "target": to_numpy(gan.sampler.generate(batch.latents, batch.labels)),
        "source": to_numpy(gan.inverse.generate(batch.latents, batch.real)),
    }
    shown = gan.fake_samples(batch)
    for (kind, fake), seen in zip(made.items(), shown, strict=True):
        np.testing.assert_allclose(to_numpy(seen), fake, atol=1e-5)
        assert int(to_numpy(gan.state()[f"gan/{kind}_pool_count"])) == 3
        held = to_numpy(gan.state()[f"gan/{kind}_pool_pictures"])
        np.testing.assert_allclose(held, [*fake, np.zeros(SHAPE)], atol=1e-5)


def test_sampling_is_g_and_the_inverse_is_f():
    gan = scaling(-1.0, 0.5)
    given = np.full((2, *SHAPE), 255, "uint8")
    assert (gan.sample(2, labels=given) == 0).all()
    assert (gan.inverse.sample(2, labels=given) == 191).all()  # (0.5 + 1) * 255 / 2


def test_the_inverse_uses_the_moving_average_of_the_weights():
    gan = cyclegan()
    gan.compile("sgd", "sgd", loss="least_squares", ema_half_life=0.5)
    given = tensor(images(0))
    before = to_numpy(gan.inverse.generate(gan.sampler.sample_latents(3, 0), given))
    for variable in gan.generator.get_layer("directions").f.trainable_variables:
        variable.assign(2 * variable)
    averaged, raw = (
        to_numpy(gan.inverse.generate(gan.sampler.sample_latents(3, 0), given, use_ema=use_ema))
        for use_ema in (True, False)
    )
    np.testing.assert_array_equal(averaged, before)
    assert not np.array_equal(raw, before)


def test_a_cyclegan_is_made_again_from_its_configuration():
    gan = cyclegan(cycle_weight=3.0, identity_weight=0.25, pool_size=2)
    config = keras.saving.serialize_keras_object(gan)
    again = keras.saving.deserialize_keras_object(config)
    assert (again.cycle_weight, again.identity_weight, again.pool_size) == (3.0, 0.25, 2)
    assert again.state().keys() == gan.state().keys()


@pytest.mark.parametrize("build", [pix2pix, cyclegan])
@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"shape": (8, 14, 3)}, "multiples of 4. Received: 8x14"),
        ({"source": (16, 16, 3)}, "16"),
        ({"num_downsamples": 2}, "num_downsamples"),
    ],
)
def test_what_cannot_be_is_refused(build, options, what):
    with pytest.raises(UsageError, match=what):
        build(**options)


def test_gray_is_translated_into_color():
    gan = pix2pix(source=(8, 8, 1))
    gray = np.zeros((2, 8, 8, 1), "uint8")
    assert gan.sample(2, labels=gray).shape == (2, *SHAPE)
    assert math.prod(gan.discriminator.inputs[1].shape[1:]) == 64
