"""Use of a trained generator: truncation, the way between two latents, an image's latent."""

import numpy as np
import pytest

import ganzoo
from ganzoo.errors import InvalidInput, UsageError

pytestmark = pytest.mark.backend


def image_gan(small, **more):
    """A GAN of 4x4 images, compiled."""
    return small.compiled(small.gan(size=16, shape=(4, 4, 1), **more))


def test_truncation_brings_images_nearer_to_each_other(small):
    gan = small.compiled(small.gan())
    free, near = gan.sample(64, seed=1), gan.sample(64, seed=1, truncation=0.5)
    assert near.shape == free.shape
    assert (near.std(axis=0) < 0.7 * free.std(axis=0)).all()
    np.testing.assert_array_equal(gan.sample(64, seed=1, truncation=50.0), free)


@pytest.mark.parametrize("truncation", [0.0, -1.0, float("nan")])
def test_a_truncation_that_is_none_is_refused(small, truncation):
    with pytest.raises(UsageError, match="truncation must be above 0"):
        small.compiled(small.gan()).sample(2, truncation=truncation)


def test_latents_that_are_not_normal_are_not_truncated(small):
    networks = small.gan()
    gan = ganzoo.GAN(networks.generator, networks.discriminator, prior=ganzoo.random.uniform)
    with pytest.raises(UsageError, match="latents from uniform"):
        gan.sample(2, truncation=1.0)


def test_the_way_between_two_seeds_begins_and_ends_at_them(small):
    gan = image_gan(small)
    way = gan.interpolate((3, 9), 5)
    assert way.shape == (5, 4, 4, 1)
    np.testing.assert_array_equal(way[[0, -1]], [gan.sample(1, seed=s)[0] for s in (3, 9)])


def test_normal_latents_keep_their_length_on_the_way_and_others_their_range(small):
    networks = small.gan(latent=64)
    first, last = (networks.sampler.sample_latents(1, seed) for seed in (1, 2))
    latents = networks.sampler.interpolate_latents(first, last, 9)
    lengths = np.linalg.norm(small.numbers(latents), axis=1)
    ends = sorted(lengths[[0, -1]])
    assert ends[0] - 1e-4 <= lengths.min() <= lengths.max() <= ends[1] + 1e-4
    uniform = ganzoo.GAN(networks.generator, networks.discriminator, prior=ganzoo.random.uniform)
    first, last = (uniform.sampler.sample_latents(1, seed) for seed in (1, 2))
    middle = small.numbers(uniform.sampler.interpolate_latents(first, last, 3))[1]
    halves = 0.5 * (small.numbers(first) + small.numbers(last))[0]
    np.testing.assert_allclose(middle, halves, atol=1e-6)


@pytest.mark.parametrize("classes", [0, 3])
def test_an_image_is_found_again(small, classes):
    gan = image_gan(small, classes=classes, latent=2, units=0)  # linear: one way down
    labels = np.array([0, 2, 1], "int32") if classes else None
    latents = gan.sampler.sample_latents(3, seed=5)
    found = gan.project(gan.sampler.generate(latents, labels), labels=labels, starts=2)
    np.testing.assert_allclose(found.latents, small.numbers(latents), atol=1e-3)
    np.testing.assert_array_equal(found.images, gan.sample(3, seed=5, labels=labels))
    assert found.errors.max() < 1e-6


def test_a_layer_that_knows_single_classes_alone_is_named(small):
    gan = image_gan(small, classes=3)
    gan.num_classes = 3
    with pytest.raises(UsageError, match="'class' takes classes, but nothing between two"):
        gan.sample(1, labels=np.full((1, 3), 1 / 3))


def test_pixels_are_as_good_as_floats_and_the_search_is_repeatable(small):
    gan = image_gan(small)
    images = gan.sample(2, seed=5)
    first, again = (gan.project(images, steps=60, starts=4) for _ in range(2))
    assert first.errors.max() < 0.5
    np.testing.assert_array_equal(first.latents, again.latents)


def test_images_of_another_shape_are_not_looked_for(small):
    with pytest.raises(UsageError, match=r"shape \(n, 4, 4, 1\)"):
        image_gan(small).project(np.zeros((2, 4, 5, 1), "uint8"))


def test_projecting_changes_no_variable(small):
    gan = image_gan(small, norm=True)
    before = small.arrays(gan)
    gan.project(np.full((1, 4, 4, 1), 7, "uint8"), steps=2)
    assert not small.differing(before, small.arrays(gan))


@pytest.mark.parametrize("images", [np.full((1, 4, 4, 1), 7), np.full((1, 4, 4, 1), np.nan)])
def test_numbers_that_are_no_pixels_are_not_looked_for(small, images):
    with pytest.raises(UsageError, match="uint8, or finite floats"):
        image_gan(small).project(images)


def test_images_that_are_not_finite_are_no_images(small):
    gan = image_gan(small)
    kernel = gan.ema.of(gan.generator.trainable_variables[-2])
    kernel.assign(np.full(kernel.shape, np.inf, "float32"))
    with pytest.raises(InvalidInput, match="not finite"):
        gan.sample(2)


def test_a_gan_may_truncate_by_a_variable_of_its_generator(small):
    class Styled(ganzoo.GAN):
        @property
        def truncation_psi(self):
            return self.generator.trainable_variables[-1]  # the last bias

    gan = small.compiled(small.gan(cls=Styled))
    latents = gan.sampler.sample_latents(3, seed=1, truncation=0.25)
    free = gan.sample(3, seed=1)
    np.testing.assert_array_equal(gan.sampler.generate_images(latents), free)
    near = gan.sample(3, seed=1, truncation=0.25)
    np.testing.assert_allclose(near - free, 0.25, atol=1e-6)  # its bias was 0
    np.testing.assert_array_equal(gan.sample(3, seed=1), free)
    with pytest.raises(UsageError, match="at least 0"):
        gan.sample(3, truncation=-1.0)
