"""Projection onto styles, and by features."""

import numpy as np
import pytest
from lazy_keras import Lazy, ops

from ganzoo.errors import UsageError

backend = Lazy("ganzoo.backend")
graphs = Lazy("ganzoo.backend.steps.network_graph")
spaces = Lazy("ganzoo.gan.latents.spaces")
cases = Lazy("ganzoo.testing.architecture_case")
LIMIT = "ganzoo.gan.sampling.sampler._MAX_NUMBERS"

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


def test_a_large_generator_takes_fewer_rows_at_a_time_and_finds_the_same(monkeypatch):
    gan, calls, rows, counts = cases.ArchitectureCase("dcgan").gan, [], [], []
    generate = gan.sampler.generate
    monkeypatch.setattr(
        gan.sampler, "generate", lambda x, *a, **k: calls.append(x) or generate(x, *a, **k)
    )

    def top(images):
        rows.append(images.shape[0])
        return ops.reshape(images[:, :2], (images.shape[0], -1))

    def found():
        options = {"steps": 8, "starts": 4, "features": top, "advance": counts.append}
        return gan.project(gan.sample(3, seed=5), **options), gan.directions(method="pca")

    whole, directions = found()
    monkeypatch.setattr(LIMIT, 5 * graphs.numbers_of(gan.generator))
    assert max(rows) == 256 and sum(counts) == 24
    for record in (calls, rows, counts):
        record.clear()
    parts, others = found()
    assert max(rows) == max(x.shape[0] for x in calls) == 5 and sum(counts) == 24
    assert np.allclose(parts.errors, whole.errors, rtol=1e-3)
    assert np.abs(parts.images.astype(int) - whole.images).max() <= 1
    assert np.allclose(others.vectors, directions.vectors, atol=1e-4)
    monkeypatch.setattr(LIMIT, 1)
    assert gan.sampler.rows() == 1


def test_what_a_style_based_generator_draws_with_is_compiled_once(styled, monkeypatch):
    compiled, jit = [], backend.jit
    monkeypatch.setattr(backend, "jit", lambda function: compiled.append(function) or jit(function))
    latents = styled.sampler.sample_latents(2, 0)
    directions = styled.directions(count=1)
    for _ in range(2):
        styled.edit(latents, directions, 0, (0.0, 1.0))
        styled.mix(latents, latents, layers=[0])
        assert len(compiled) <= 2 + 1  # mapping and synthesis; the generator
    ema = object()
    monkeypatch.setattr(styled.sampler, "ema", ema)
    assert spaces.LatentSpace(styled).mapping.ema is ema
