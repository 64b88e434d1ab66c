"""Images of any size, translated in tiles: what is joined is what the whole gives."""

import types

import numpy as np
import pytest
from lazy_keras import Lazy, keras, layers

from ganzoo.errors import InvalidInput, UsageError

pytestmark = pytest.mark.backend

tiles = Lazy("ganzoo.gan.sampling.tiles")
restoration = Lazy("ganzoo_restoration.esrgan")
OVERLAP = 4  # of `small`: a pixel for each of its convolutions


def small(channels=3, scale=2, **options):
    sizes = {"base_channels": 8, "num_convolutions": 2, "discriminator_base_channels": 2}
    gan = restoration.esrgan_compact(
        (8 * scale, 8 * scale, channels), (8, 8, channels), **sizes | options
    )
    numbers = np.random.default_rng(0)
    for variable in gan.generator.weights:  # so that every pixel of the receptive field counts
        variable.assign(numbers.normal(0, 0.2, variable.shape))
    assert gan.tile_overlap == OVERLAP
    return gan


def image(h, w, channels=3, dtype="uint8"):
    high = np.iinfo(dtype).max
    return np.random.default_rng(h).integers(0, high + 1, (h, w, channels)).astype(dtype)


def translate(gan, given, tile, overlap=OVERLAP):
    tiling = tiles.Tiling(gan.sampler, given.shape[:2], overlap, tile)
    return np.concatenate(list(tiles.translated_rows(tiling, given)))


@pytest.mark.parametrize("length", [*range(1, 40), 97])
def test_windows_have_one_size_and_every_pixel_counts_once(length):
    found = tiles.windows(length, 6, 3)
    assert [p for w in found for p in range(w.first, w.stop)] == list(range(length))
    assert len({w.size for w in found}) == 1
    for w in found:
        assert 0 <= w.start <= w.first < w.stop <= w.start + w.size <= length
        assert w.start == 0 or w.first - w.start >= 3
        assert w.start + w.size == length or w.start + w.size - w.stop >= 3


@pytest.mark.parametrize("size", [(37, 50), (9, 41), (8, 8)])
def test_tiles_join_to_the_translation_of_the_whole(size):
    gan, given = small(), image(*size)
    whole = translate(gan, given, 0)
    assert whole.shape == (2 * size[0], 2 * size[1], 3) and whole.std() > 10
    np.testing.assert_array_equal(whole, gan.sample(1, labels=given[None])[0])
    joined = translate(gan, given, 8).astype(int)
    assert np.abs(joined - whole).max() <= 1  # a backend may add up a smaller image otherwise
    assert (joined != whole).mean() < 1e-3


def test_tiles_without_overlap_show_seams():
    gan, given = small(), image(37, 50)
    assert np.abs(translate(gan, given, 8, 0).astype(int) - translate(gan, given, 0)).max() > 5


def test_an_image_of_16_bits_keeps_them():
    gan, given = small(), image(20, 30, dtype="uint16")
    made = translate(gan, given, 0)
    assert made.dtype == "uint16" and len(np.unique(made)) > 300
    coarse = translate(gan, (given // 257).astype("uint8"), 0)
    assert np.abs(made / 257.0 - coarse).mean() < 2


def test_gray_is_translated_as_color_and_transparency_beside():
    gan, given = small(), image(20, 30, 4)
    made = translate(gan, given, 8)
    assert np.abs(made[..., :3].astype(int) - translate(gan, given[..., :3], 8)).max() <= 1
    alpha = translate(gan, given[..., 3:], 8)
    assert np.abs(made[..., 3:].astype(int) - alpha).max() <= 1
    expected = translate(gan, given[..., 3:].repeat(3, axis=-1), 8).mean(axis=-1)
    assert np.abs(alpha[..., 0] - expected).max() <= 2  # rounded twice
    given[..., 3] = 77
    assert (translate(gan, given, 8)[..., 3] == 77).all()


def test_a_generator_of_gray_images_takes_each_channel():
    gan, given = small(1), image(12, 15)
    made = translate(gan, given, 0)
    for k in range(3):
        np.testing.assert_array_equal(made[..., k], translate(gan, given[..., [k]], 0)[..., 0])


def test_automatic_tiles_are_smaller_where_activations_are_large():
    def sizes(scale):
        tiling = tiles.Tiling(small(scale=scale).sampler, (4000, 3000), OVERLAP)
        return tiling.scale, tiling.rows[0].size, tiling.translated_size

    assert sizes(2) == (2, 256, (8000, 6000))
    wide = small(scale=8, base_channels=8)
    assert tiles.Tiling(wide.sampler, (4000, 3000), OVERLAP).rows[0].size == 256
    gan = restoration.esrgan((32, 32, 3), (8, 8, 3), num_blocks=1, discriminator_base_channels=2)
    # 64 channels at 4 times the size: 4,096 bytes a pixel, so 181 x 181 pixels are 128 MB
    assert tiles.Tiling(gan.sampler, (4000, 3000), 48).rows[0].size == 181


def test_a_model_inside_a_generator_counts_and_other_channels_are_refused():
    def model(channels, *, inside=False):
        x = keras.Input((None, None, 1), name="labels")
        wide = layers.Conv2D(2048, 3, padding="same")(x)  # 8,192 bytes a pixel
        made = keras.Model(x, layers.Conv2D(channels, 3, padding="same")(wide), name="inner")
        return keras.Model(x, made(x)) if inside else made

    def tiling(generator):
        shapes = {"label_shape": (None, None, 1), "latent_shape": (0,)}
        sampler = types.SimpleNamespace(generator=generator, **shapes)
        return tiles.Tiling(sampler, (4000, 3000), 64)

    sizes = [tiling(model(1, inside=inside)).rows[0].size for inside in (False, True)]
    assert sizes == [128 + 64, 128 + 64]  # a tile as large as its overlap
    with pytest.raises(UsageError, match="Received: 3 channels of 1"):
        tiling(model(3))


def test_a_generator_of_one_size_and_broken_weights_are_refused():
    x = keras.Input((8, 8, 3), name="labels")
    model = keras.Model(x, layers.Conv2D(3, 3, padding="same")(x))
    sampler = types.SimpleNamespace(generator=model, label_shape=(8, 8, 3), latent_shape=(0,))
    with pytest.raises(UsageError, match=r"any size.*Received: one that takes.*\(8, 8, 3\)"):
        tiles.Tiling(sampler, (20, 20), 1)
    gan = small()
    gan.generator.weights[0].assign(np.full(gan.generator.weights[0].shape, np.nan))
    with pytest.raises(InvalidInput, match="not finite"):
        translate(gan, image(8, 8), 0)
