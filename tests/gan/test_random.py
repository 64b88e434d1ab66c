import hashlib
import math

import numpy as np
import pytest
from lazy_keras import keras, ops, to_numpy

import ganzoo
from ganzoo import backend
from ganzoo.data import order

pytestmark = pytest.mark.backend

STREAM_OF_LATENTS = 1_320_551_143  # of the generator's update: trainings of later versions repeat


@pytest.mark.parametrize(
    ("prior", "digest"),
    [("normal", "bfa0b20bda4703e2"), ("uniform", "c79d1dc2925c9996")],
)
def test_draws_stay_what_they_are_bit_for_bit_on_every_backend(prior, digest):
    draw = to_numpy(getattr(ganzoo.random, prior)(7, 3, 1, (33, 5)))
    assert draw.dtype == np.float32
    assert hashlib.sha256(draw.tobytes()).hexdigest()[:16] == digest


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_a_compiled_draw_is_the_same(prior):
    function = getattr(ganzoo.random, prior)
    seed, step = (keras.ops.convert_to_tensor(np.int32(x)) for x in (5, 9))
    compiled = backend.jit(lambda seed, step: function(seed, step, 1, (4, 7)))
    np.testing.assert_array_equal(
        to_numpy(compiled(seed, step)), to_numpy(function(5, 9, 1, (4, 7)))
    )


@pytest.mark.parametrize("prior", ["normal", "uniform"])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 2)])
def test_image_k_of_a_seed_does_not_depend_on_how_many_are_sampled(prior, shape):
    draw = getattr(ganzoo.random, prior)
    many = to_numpy(draw(7, ops.arange(9, dtype="int32"), 2, shape))
    few = to_numpy(draw(7, ops.arange(4, dtype="int32"), 2, shape))
    assert many.shape == (9, *shape)
    np.testing.assert_array_equal(many[:4], few)
    np.testing.assert_array_equal(many[8], to_numpy(draw(7, 8, 2, shape)))


def test_normal_numbers_have_the_moments_of_the_normal_distribution():
    x = to_numpy(ganzoo.random.normal(1, 0, 1, (200_000,))).astype("float64")
    # four standard errors of each moment of 200,000 numbers
    assert abs(x.mean()) < 4 * 1 / 447
    assert abs(x.var() - 1) < 4 * 1.42 / 447
    assert abs((x**3).mean()) < 4 * 3.88 / 447
    assert abs((x**4).mean() - 3) < 4 * 9.8 / 447
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 4 / 447
    assert 4 < np.abs(x).max() < 4.33  # the last quantile of the table


def test_uniform_numbers_fill_their_interval_evenly():
    x = to_numpy(ganzoo.random.uniform(1, 0, 1, (200_000,))).astype("float64")
    assert x.min() >= 0
    assert x.max() < 1
    counts = np.histogram(x, 20, (0, 1))[0]
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 43.8  # chi square, 19 degrees, 0.1 %


def test_truncated_normals_stay_inside_and_follow_the_truncated_distribution():
    bound = 0.8
    x = to_numpy(ganzoo.random.normal(3, 0, 1, (200_000,), truncation=bound))
    density = math.exp(-(bound**2) / 2) / math.sqrt(2 * math.pi)
    inside = math.erf(bound / math.sqrt(2))
    assert np.abs(x).max() < bound
    assert x.var() == pytest.approx(1 - 2 * bound * density / inside, abs=2e-3)
    far = to_numpy(ganzoo.random.normal(3, 0, 1, (200_000,), truncation=20.0))
    np.testing.assert_array_equal(far, to_numpy(ganzoo.random.normal(3, 0, 1, (200_000,))))


def test_seeds_steps_and_streams_give_different_numbers():
    draws = {
        to_numpy(ganzoo.random.random_bits(seed, step, stream, 8)).tobytes()
        for seed in (0, 1, 2**31 - 1)
        for step in (0, 1, 2**31 - 1)
        for stream in (1, 2, 1024, 1025)
    }
    assert len(draws) == 36


def test_streams_follow_from_names_and_meet_no_other():
    names = [
        *((f"discriminator_{i}", name) for i in range(200) for name in ("latents", "r1", "ada")),
        ("generator", "latents"), ("generator/latents",), ("latents", "generator"),
    ]  # fmt: skip
    streams = [ganzoo.random.stream(*name) for name in names]
    assert len({*streams, order.ORDER_STREAM, order.POINTS_STREAM, ganzoo.random.SAMPLES}) == (
        len(names) + 2  # "generator", "latents" and "generator/latents" are one name
    )
    assert all(2**30 <= stream < 2**31 for stream in streams)
    assert ganzoo.random.stream("generator", "latents") == STREAM_OF_LATENTS


def test_a_name_is_one_draw_whatever_else_is_sampled():
    rng = ganzoo.random.Rng(5, 3, "part")
    first = to_numpy(rng.uniform("a", (4,)))
    others = [rng.uniform("b", (4,)), rng.fold_in("a").uniform("a", (4,)), rng.normal("a", (4,))]
    others += [ganzoo.random.Rng(*where, "part").uniform("a", (4,)) for where in ((5, 4), (6, 3))]
    np.testing.assert_array_equal(first, to_numpy(rng.uniform("a", (4,))))
    assert len({first.tobytes(), *(to_numpy(other).tobytes() for other in others)}) == 6


def test_large_and_odd_counts_begin_with_the_words_of_smaller_ones():
    # one counter gives two words, which stand half a draw apart
    a, b = (to_numpy(ganzoo.random.random_bits(3, 1, 4, count)) for count in (6, 5))
    np.testing.assert_array_equal(a[:5], b)
