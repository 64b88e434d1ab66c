"""How ADA's probability moves, and how often and how far its transforms go."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops

import ganzoo
from ganzoo import backend

pytestmark = pytest.mark.backend

module = Lazy("ganzoo.gan.regularizers.ada")

N = 4000


def ada(**options):
    made = ganzoo.regularizers.get("ada", **options)
    made.build(keras.layers.Layer().add_weight)
    return made


def adapt(made, signs, images=64):
    """p after each update of a discriminator whose mean signs on real images are these."""
    path = []
    for sign in signs:
        made.after_update({"d_real_sign": np.float32(sign)}, images)
        path.append(float(made.p))
    return path


def test_p_rises_at_every_fourth_update_by_the_share_of_images_shown():
    path = adapt(ada(), [1.0] * 9)
    assert path[:3] == [0, 0, 0] and path[3] == path[6]
    np.testing.assert_allclose(path[3::4], [256 / 500_000, 512 / 500_000], rtol=1e-5)


def test_p_goes_from_zero_to_one_in_the_images_given_and_not_beyond():
    path = adapt(ada(interval=2, ramp_images=640), [1.0] * 12)
    np.testing.assert_allclose(path[1::2], [0.2, 0.4, 0.6, 0.8, 1.0, 1.0], rtol=1e-5)


def test_p_falls_while_the_discriminator_is_unsure_and_not_below_zero():
    path = adapt(ada(interval=1, ramp_images=640, probability=0.25), [0.5, 0.0, -1.0, 0.7])
    np.testing.assert_allclose(path, [0.15, 0.05, 0.0, 0.1], atol=1e-6)


@pytest.mark.parametrize(("signs", "direction"), [((1, 1, 0, 0), -1), ((0, 1, 1, 1), 1)])
def test_p_follows_the_mean_over_the_interval(signs, direction):
    (*_, last) = adapt(ada(ramp_images=2560, probability=0.5), signs)
    assert last == pytest.approx(0.5 + 0.1 * direction)


def test_updates_with_more_images_count_more():
    made = ada(interval=2, ramp_images=1000, probability=0.5)
    adapt(made, [1.0], images=90)
    assert adapt(made, [-1.0], images=10) == pytest.approx([0.6])  # the mean sign is 0.8


def test_at_the_target_p_stays():
    assert adapt(ada(target=0.5, interval=1, probability=0.25), [0.5, 0.5]) == [0.25, 0.25]


def test_a_fixed_probability_has_no_state_and_stays():
    made = ada(target=0, probability=0.25)
    assert adapt(made, [1.0] * 8) == [0.25] * 8
    layer = keras.layers.Layer()
    made.build(layer.add_weight)
    assert layer.weights == []


def coefficients(part, p, size=(8, 16)):
    """What happened, (N,), and the affine maps from a pixel's new place to its old, (N, 2, 3)."""

    def numbers_of(p):
        images = ops.zeros((N, *size, 1))
        happened, maps = getattr(module, part)(images, p, ganzoo.random.Rng(3, 1))
        rows = [ops.stack([ops.broadcast_to(x, (N,)) for x in row], axis=1) for row in maps]
        return happened, ops.stack(rows, axis=1)

    happened, maps = backend.jit(numbers_of)(ops.convert_to_tensor(p, "float32"))
    return ops.convert_to_numpy(happened), np.float64(ops.convert_to_numpy(maps))


def test_blits_are_uniform_over_flips_quarters_and_whole_pixels():
    happened, maps = coefficients("blit", 1.0)
    assert happened.all()
    np.testing.assert_array_equal(maps, np.round(maps))
    linear = maps[:, :, :2]
    flipped = np.linalg.det(linear) < 0
    assert flipped.mean() == pytest.approx(0.5, abs=0.04)
    straight = [(linear[:, 0] == row).all(1).mean() for row in ([1, 0], [0, 1], [-1, 0], [0, -1])]
    np.testing.assert_allclose(straight, 0.25, atol=0.04)
    moved = np.einsum("nij,ni->nj", linear, maps[:, :, 2])  # turned back
    assert set(moved[:, 0]) == {-2, -1, 0, 1, 2} and set(moved[:, 1]) == {-1, 0, 1}
    assert (moved[:, 0] == 1).mean() == pytest.approx(0.25, abs=0.04)  # of 16 pixels


def test_scales_turns_and_moves_have_the_papers_spread():
    happened, maps = coefficients("geometry", 1.0)
    assert happened.all()
    linear, size = maps[:, :, :2], np.array([16, 8])
    octaves = -0.5 * np.log2(np.linalg.det(linear))
    assert octaves.std() == pytest.approx(0.2, rel=0.05) and abs(octaves.mean()) < 0.02
    longest, shortest = np.linalg.svd(linear, compute_uv=False).T
    stretched = np.abs(0.5 * np.log2(longest / shortest)).mean()
    assert stretched == pytest.approx(0.2 * np.sqrt(2 / np.pi), rel=0.05)
    angles = np.arctan2(linear[:, 1, 0] - linear[:, 0, 1], linear[:, 0, 0] + linear[:, 1, 1])
    np.testing.assert_allclose(np.histogram(angles, 4, (-np.pi, np.pi))[0] / N, 0.25, atol=0.04)
    forward = np.linalg.solve(linear, -maps[:, :, 2:])[:, :, 0]
    np.testing.assert_allclose(forward.std(0), 0.125 * size, rtol=0.05)


def test_each_transform_happens_with_probability_p():
    blits, maps = coefficients("blit", 0.5)
    assert blits.mean() == pytest.approx(1 - 0.5**3, abs=0.03)
    assert (np.linalg.det(maps[:, :, :2]) < 0).mean() == pytest.approx(0.25, abs=0.03)
    warps, maps = coefficients("geometry", 0.5)
    assert warps.mean() == pytest.approx(1 - 0.5**4, abs=0.03)  # both turns are one event
    assert (maps[:, :, 2] != 0).any(1).mean() == pytest.approx(0.5, abs=0.03)
    area = np.linalg.det(maps[:, :, :2])
    assert (np.abs(area - 1) > 1e-4).mean() == pytest.approx(0.5, abs=0.03)
    still = np.broadcast_to(np.eye(2, 3), maps[~warps].shape)
    np.testing.assert_allclose(maps[~warps], still, atol=1e-6)


@pytest.mark.parametrize("p", [1.0, 0.5])
def test_colors_have_the_papers_spread(p):
    def numbers_of(p):  # a gray pixel, and a pure red
        pixels = ops.convert_to_tensor(np.array([[[0, 0, 0], [1, 0, 0]]], "float32"))
        images = ops.broadcast_to(pixels[None], (N, 1, 2, 3))
        return module.recolor(images, p, ganzoo.random.Rng(3, 1))

    happened, images = backend.jit(numbers_of)(ops.convert_to_tensor(p, "float32"))
    gray, red = np.moveaxis(np.float64(ops.convert_to_numpy(images))[:, 0], 1, 0)

    happened = ops.convert_to_numpy(happened)
    assert happened.mean() == pytest.approx(1 - (1 - p) ** 5, abs=0.03)
    np.testing.assert_allclose(gray, gray[:, :1].repeat(3, 1), atol=1e-6)  # stays gray
    lit = (red - gray).mean(1) * 3  # sign * contrast
    assert (lit < 0).mean() == pytest.approx(p / 2, abs=0.03)
    # what happens with p has variance p times that of the whole
    assert np.log2(np.abs(lit)).std() == pytest.approx(0.5 * p**0.5, rel=0.07)
    assert (gray[:, 0] / lit).std() == pytest.approx(0.2 * p**0.5, rel=0.07)
    beside = red - gray - lit[:, None] / 3
    strength = np.log2(np.linalg.norm(beside, axis=1) / np.abs(lit) / np.sqrt(2 / 3))
    assert strength.std() == pytest.approx(p**0.5, rel=0.07)
    hue = np.arctan2((beside[:, 1] - beside[:, 2]) / np.sqrt(2), beside[:, 0] * np.sqrt(1.5))
    assert np.cos(hue).mean() == pytest.approx(1 - p, abs=0.04)
