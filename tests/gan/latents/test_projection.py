"""Projection onto styles, and by features."""

import numpy as np
import pytest
from lazy_keras import Lazy, ops

from ganzoo.errors import UsageError

spaces = Lazy("ganzoo.gan.latents.spaces")
cases = Lazy("ganzoo.testing.architecture_case")

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def styled():
    return cases.ArchitectureCase("stylegan2").gan


def test_a_style_for_all_layers_draws_what_the_generator_draws(styled):
    latents = styled.sampler.sample_latents(3, 5)
    expected = styled.sampler.generate_images(latents, truncation=0.5)
    for name, shape in (("w", 2), ("w+", 3)):
        space = spaces.LatentSpace(styled, name)
        points = space.points(latents, truncation=0.5)
        assert points.ndim == shape and points.shape[1:] == space.shape
        found = space.images(points, latents)
        assert np.abs(found.astype(int) - expected).max() <= 1


def test_images_come_back_in_each_space(styled):
    images = styled.sampler.generate(styled.sampler.sample_latents(2, 5))  # not cut off
    for name in ("z", "w", "w+"):
        found = styled.project(images, space=name, steps=100, starts=16)
        assert (found.errors < 0.05).all(), name
        assert (found.styles is None) == (name == "z")
        if found.styles is not None:
            layers = spaces.LatentSpace(styled, "w+").shape[0]
            assert found.styles.shape[1] == layers
            same = np.ptp(found.styles, axis=1).max() == 0
            assert same == (name == "w")


def test_styles_are_of_style_based_generators():
    plain = cases.ArchitectureCase("dcgan").gan
    with pytest.raises(UsageError, match="no space 'w'. Expected: z"):
        plain.project(plain.sample(1), space="w")


def test_features_decide_what_is_near():
    gan = cases.ArchitectureCase("dcgan").gan
    shape = gan.sampler.image_shape
    target = np.array(gan.sampler.generate_images(3 * gan.sampler.sample_latents(2, 7))[:1])
    target[:, 2:] = gan.sampler.generate_images(3 * gan.sampler.sample_latents(1, 8))[:, 2:]

    def top(images):
        return ops.reshape(images[:, :2], (-1, 2 * shape[1] * shape[2]))

    def distance(found):
        return np.square(found.images[:, :2] - target[:, :2].astype(float)).mean()

    options = {"steps": 60, "starts": 2}
    found = gan.project(target, features=top, feature_weight=100.0, **options)
    assert distance(found) < 0.9 * distance(gan.project(target, **options))
    assert distance(gan.project(target, features=top, feature_weight=0.0, **options)) == distance(
        gan.project(target, **options)
    )


def test_progress_counts_every_step_of_every_image():
    gan = cases.ArchitectureCase("dcgan").gan
    counts = []
    gan.project(gan.sample(3), steps=5, starts=2, advance=counts.append)
    assert counts == [3] * 5
