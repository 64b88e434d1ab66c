"""GANs for sound and video: the published forms, and what is their own."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops, to_numpy

from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

vgan, wavegan = Lazy("ganzoo_media.vgan"), Lazy("ganzoo_media.wavegan")


def test_wavegan_has_the_layers_of_the_papers_tables():
    gan = wavegan.wavegan((16384, 1))
    # tables 3 and 4 with d = 64, c = 1: a dense layer and five convolutions of length 25
    widths = [1024, 512, 256, 128, 64, 1]
    up = sum(25 * a * b + b for a, b in zip(widths, widths[1:], strict=False))
    down = sum(25 * a * b + b for a, b in zip(widths[::-1][:-1], widths[::-1][1:], strict=True))
    assert gan.generator.count_params() == 101 * 16384 + up == 19_065_345
    counted = 16385 + down + 2  # the seed, the counter
    assert gan.discriminator.count_params() == counted == 17_427_971
    first = gan.generator.get_layer("project_shape").output.shape
    assert first[1:] == (16, 1024) and gan.discriminator.get_layer("down_16").output.shape[1] == 16


def test_shifts_are_drawn_anew_in_each_call_and_evenly_and_not_after_training():
    layer, sounds = wavegan.Shifts(2, 3), ops.zeros((500, 64, 1))
    first, second = (to_numpy(layer(sounds, training=True)) for _ in range(2))
    assert first.shape == (500, 3) and (first != second).mean() > 0.7
    assert int(layer.calls.value) == 2
    counts = np.array([(first == shift).sum() for shift in range(-2, 3)])
    assert counts.sum() == 1500 and (abs(counts - 300) < 5 * np.sqrt(240)).all()
    assert not to_numpy(layer(sounds)).any() and int(layer.calls.value) == 2


def test_each_update_of_the_critic_has_other_shifts_and_that_of_the_generator_none():
    gan = wavegan.wavegan((256, 1), base_channels=2, latent_size=3)
    sounds = np.random.default_rng(0).uniform(-1, 1, (8, 256, 1)).astype("float32")
    penalties = [{"name": "gradient_penalty", "weight": 10.0}]
    gan.compile("adam", "adam", loss="wasserstein", regularizers=penalties, n_critic=2)
    gan.train_on_batch(sounds)
    # two updates, each with real and fake; the penalty counts no call
    assert int(gan.discriminator.get_layer("shifts").calls.value) == 4
    assert gan.sample(2, seed=1).shape == (2, 256, 1)
    latents = to_numpy(gan.sampler.sample_latents(200, 0))
    assert -1 <= latents.min() < -0.9 and 0.9 < latents.max() < 1


def test_a_video_is_the_foreground_where_the_mask_says_so():
    gan = vgan.vgan((4, 8, 8, 1), latent_size=3, base_channels=2)
    layer = {name: gan.generator.get_layer(name).output for name in ("mask", "moving", "frame")}
    parts = keras.Model(gan.generator.inputs, [*layer.values(), *gan.generator.outputs])
    mask, moving, still, video = map(to_numpy, parts(gan.sampler.sample_latents(2, seed=0)))
    assert mask.shape == moving.shape == (2, 4, 8, 8, 1) and still.shape == (2, 1, 8, 8, 1)
    np.testing.assert_allclose(video, mask * moving + (1 - mask) * still, atol=1e-6)
    videos = np.zeros((4, 4, 8, 8, 1), "uint8")
    gan.compile("adam", "adam")
    logs = gan.train_on_batch(videos, return_dict=True)
    assert logs["g_mask"] == pytest.approx(0.1 * 0.5, abs=0.01)  # at first it cannot decide


def test_the_mask_is_looked_at_without_moving_batch_norm_again():
    moved = {}
    for sparsity in (0.0, 0.1):
        gan = vgan.vgan((4, 8, 8, 1), latent_size=3, base_channels=2, sparsity_weight=sparsity)
        gan.compile("sgd", "sgd", seed=3)
        for variable in gan.generator.variables:
            variable.assign(np.full(variable.shape, 0.1, "float32"))
        gan.train_on_batch(np.zeros((4, 4, 8, 8, 1), "uint8"))
        moved[sparsity] = to_numpy(gan.generator.get_layer("still_project_norm").moving_variance)
    kept = 0.9 * 0.1  # what was there before the update
    np.testing.assert_allclose(moved[0.1], moved[0.0], rtol=1e-6)
    assert (moved[0.1] > kept).all()


def test_the_generator_of_vgan_learns_to_hide_its_foreground():
    gan = vgan.vgan((4, 8, 8, 1), latent_size=3, base_channels=2, sparsity_weight=100.0)
    gan.compile(keras.optimizers.Adam(0.05), keras.optimizers.Adam(0.0))
    videos = np.zeros((4, 4, 8, 8, 1), "uint8")
    masks = [gan.train_on_batch(videos, return_dict=True)["g_mask"] for _ in range(8)]
    assert masks[-1] < 0.8 * masks[0]


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("wavegan", (1000, 1), r"16 times a power of 4. Received: .*\(1000, 1\)"),
        ("wavegan", (16, 1), "16 times a power of 4"),
        ("wavegan", (8, 8, 1), "16 times a power of 4"),
        ("vgan", (8, 8, 1), "needs video. Received"),
        ("vgan", (3, 8, 8, 1), "Received: 3 frames of 8x8"),
        ("vgan", (4, 12, 12, 1), "Received: 4 frames of 12x12"),
        ("vgan", (4, 8, 16, 1), "Received: 4 frames of 8x16"),
    ],
)
def test_samples_of_other_shapes_are_refused(name, shape, message):
    with pytest.raises(UsageError, match=message):
        {"wavegan": wavegan.wavegan, "vgan": vgan.vgan}[name](shape)
