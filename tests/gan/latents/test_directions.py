"""Directions: orthonormal, the same on every backend, and along what changes most."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, to_numpy

from ganzoo.errors import UsageError

cases = Lazy("ganzoo.testing.architecture_case")
loading = Lazy("ganzoo.jobs.models.load")
maps = Lazy("ganzoo.gan.latents.linear_maps")
edits = Lazy("ganzoo.gan.latents.edits")
principal = Lazy("ganzoo.gan.latents.principal_directions")

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def digits():
    return loading.load("dcgan-digits")


@pytest.mark.parametrize("method", ["sefa", "pca"])
def test_directions_are_orthonormal_and_ranked_by_what_they_change(digits, method):
    found = digits.directions(method=method, count=6)
    assert (found.space, found.method, len(found.names)) == ("z", method, 6)
    assert np.allclose(found.vectors @ found.vectors.T, np.eye(6), atol=1e-6)
    assert (np.diff(found.effects) <= 0).all() and found.effects[-1] > 0
    largest = np.abs(found.vectors).argmax(axis=1)
    assert (found.vectors[np.arange(6), largest] > 0).all()
    latents = digits.sampler.sample_latents(16, 9)
    numbers = np.random.default_rng(0).normal(size=(6, found.vectors.shape[1]))
    others = found._replace(vectors=numbers / np.linalg.norm(numbers, axis=1, keepdims=True))

    def change(of):
        """How far a step goes, on average over samples of another seed."""
        moved = [digits.edit(latents, of, i, (-1.0, 1.0)).astype(float) for i in range(3)]
        return np.mean([np.abs(x[:, 0] - x[:, 1]).mean() for x in moved])

    assert change(found) > 1.3 * change(others)


def test_directions_are_the_same_on_every_backend(digits):
    """Recorded; the other backends are held to the same numbers."""
    found = digits.directions(count=3)
    assert np.allclose(found.vectors[:, :4], SEFA, atol=1e-4)
    assert np.allclose(found.effects, EFFECTS, rtol=1e-3)


SEFA = [
    [-0.14978, 0.18094, -0.15268, 0.02687],
    [0.06831, -0.14845, 0.08746, -0.20262],
    [-0.00398, 0.20703, -0.02325, -0.06511],
]
EFFECTS = [2.3897, 2.2922, 1.7305]


def test_the_first_matrix_is_found_behind_what_changes_no_direction():
    latents = keras.Input((4,), name="latents")
    scaled = latents * keras.ops.rsqrt(keras.ops.mean(latents**2, axis=1, keepdims=True) + 1e-8)
    first, last = keras.ops.split(keras.ops.reshape(scaled, (-1, 4)), 2, axis=1)
    layers = [keras.layers.Dense(3, name=name) for name in ("first", "last")]
    outputs = keras.layers.Concatenate()([layers[0](first), layers[1](last)])
    found = maps.first_matrices(keras.Model(latents, outputs))
    kernels = [to_numpy(layer.kernel) for layer in layers]
    expected = np.zeros((4, 6))
    expected[:2, :3], expected[2:, 3:] = kernels
    order = [0, 1, 2, 3, 4, 5] if np.allclose(found[:2, :3], kernels[0]) else [3, 4, 5, 0, 1, 2]
    assert np.allclose(found[:, order], expected)
    bent = keras.layers.Dense(3)(keras.ops.tanh(latents))
    assert maps.first_matrices(keras.Model(latents, bent)).shape == (4, 0)


def test_styles_have_directions_of_all_their_affine_maps():
    gan = cases.ArchitectureCase("stylegan2").gan
    found = gan.directions(count=4)
    assert (found.space, found.method) == ("w", "sefa")
    assert np.allclose(found.vectors @ found.vectors.T, np.eye(4), atol=1e-6)
    synthesis = gan.style_networks.synthesis
    columns = maps.first_matrices(synthesis)
    count = sum(w.shape[1] for w in synthesis.weights
                if len(w.shape) == 2 and w.shape[0] == found.vectors.shape[1])  # fmt: skip
    assert columns.shape == (found.vectors.shape[1], count)
    latents = gan.sampler.sample_latents(2, 0)
    still = gan.sampler.generate_images(latents)
    moved = gan.edit(latents, found, 0, (0.0, 4.0))
    assert np.abs(moved[:, 0].astype(int) - still).max() <= 1
    assert (np.abs(moved[:, 1].astype(int) - still).mean(axis=(1, 2, 3)) > 1).all()
    one = gan.edit(latents, found, 0, (4.0,), layers=[0])
    assert 0 < np.abs(one[:, 0].astype(int) - still).sum() != np.abs(moved[:, 1] - still).sum()


def test_a_class_is_reached_along_its_direction(digits):
    extractor = Lazy("ganzoo.jobs.evaluation.features").load_extractor("digits")

    def classify(samples):
        pixels = np.rint((samples + 1) * 127.5).clip(0, 255).astype("uint8")
        return extractor.extract(pixels)[1]

    found = digits.directions(
        method="classes", classify=classify, classes=extractor.classes, count=10
    )
    assert sorted(found.names) == sorted(extractor.classes)
    latents = digits.sampler.sample_latents(64, 3)
    for name in ("0", "4"):
        moved = digits.edit(latents, found, found.names.index(name), (0.0, 2.5))
        shares = [
            (extractor.extract(moved[:, i])[1].argmax(axis=1) == int(name)).mean() for i in (0, 1)
        ]
        assert shares[1] > 0.7 and shares[1] > 2 * shares[0]


def test_what_is_not_possible_is_said(digits):
    for options, words in (
        ({"method": "classes"}, "where there is a classifier"),
        ({"space": "w"}, "no space 'w'"),
        ({"method": "best"}, "Received: 'best'"),
    ):
        with pytest.raises(UsageError, match=words):
            digits.directions(**options)
    with pytest.raises(UsageError, match="this one has 0"):
        digits.edit(
            digits.sampler.sample_latents(1, 0), digits.directions(count=1), 0, (1,), layers=[2]
        )


def test_styles_are_mixed_by_layers_and_latents_by_shares(digits):
    gan = cases.ArchitectureCase("stylegan2").gan
    rows, columns = gan.sampler.sample_latents(2, 1), gan.sampler.sample_latents(3, 2)
    layers = gan.style_networks.synthesis.inputs[0].shape[1]
    own = gan.sampler.generate_images(rows).astype(int)
    assert np.abs(gan.mix(rows, columns, layers=[]).astype(int) - own[:, None]).max() <= 1
    full = gan.mix(rows, columns, layers=range(layers)).astype(int)
    assert np.abs(full[0] - full[1]).mean() < np.abs(full[0, 0] - full[0, 1]).mean()
    with pytest.raises(UsageError, match="Layers are those"):
        gan.mix(rows, columns, layers=[layers])
    rows, columns = digits.sampler.sample_latents(2, 1), digits.sampler.sample_latents(3, 2)
    ends = [digits.sampler.generate_images(x).astype(int) for x in (rows, columns)]
    assert np.abs(digits.mix(rows, columns, share=0.0) - ends[0][:, None]).max() <= 1
    assert np.abs(digits.mix(rows, columns, share=1.0) - ends[1][None]).max() <= 1
    half = np.array(edits.mixed(to_numpy(rows), to_numpy(columns), arc=True))
    lengths = [np.linalg.norm(to_numpy(x), axis=1) for x in (rows, columns)]
    assert np.linalg.norm(half[0, 0]) > 0.8 * min(lengths[0][0], lengths[1][0])
    assert callable(principal.find_directions)
