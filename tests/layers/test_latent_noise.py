import statistics

import numpy as np
import pytest
from calculus import comes_back, tensor, to_numpy, values
from lazy_keras import keras

import ganzoo
from ganzoo import backend
from ganzoo.data import order

pytestmark = pytest.mark.backend

Z = np.random.default_rng(0).normal(size=(64, 16)).astype("float32")


def noise_of(latents, *args, **options):
    layer = ganzoo.layers.LatentNoise(*(args or ((4, 4, 1), 3)), **options)
    return values(layer, np.asarray(latents))


def bits_of(latents, stream, count):
    """The generator's words of each latent, (batch, count) uint32, in NumPy."""
    whole = np.trunc(latents.astype("float64") * 4096).astype("int64")
    state, odd = 1, []
    for _ in range(2 * latents.shape[1]):  # Knuth's MMIX congruence
        state = (6364136223846793005 * state + 1442695040888963407) % 2**64
        odd.append(state >> 32 | 1)
    keys = [
        [sum(int(w) * o for w, o in zip(row, part, strict=True)) % 2**32 for row in whole]
        for part in (odd[: len(odd) // 2], odd[len(odd) // 2 :])
    ]
    keys = [np.array(key, np.uint32)[:, None] for key in keys]
    blocks = np.arange(-(-count // 2), dtype=np.uint32)
    found = order.threefry(*np.broadcast_arrays(*keys, np.uint32(stream), blocks))
    return np.concatenate(found, axis=-1)[:, :count]


def test_a_graph_need_not_know_how_many_latents_there_are():
    layer = ganzoo.layers.LatentNoise((3, 5), 2)
    call = layer
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        call = tf.function(layer, input_signature=[tf.TensorSpec([None, 16], "float32")])
    for count in (1, 7):
        found = values(call, Z[:count])
        assert np.array_equal(found, noise_of(Z, (3, 5), 2)[:count])


def test_numbers_are_those_of_the_generator_under_the_latents_key_bit_for_bit():
    uniform = bits_of(Z, 3, 15) >> 8
    bits = bits_of(Z, 4, 8)
    halves = np.concatenate([bits & 0xFFFF, bits >> 16], axis=-1)[:, :15]
    exact = statistics.NormalDist().inv_cdf((int(halves[5, 7]) + 0.5) / 65536)
    found = noise_of(Z, (5, 3), 3, "uniform")
    np.testing.assert_array_equal(found, (uniform * 2.0**-24).reshape(-1, 5, 3))
    found = noise_of(Z, (15,), 4)
    np.testing.assert_array_equal(
        np.argsort(found, kind="stable"), np.argsort(halves, kind="stable")
    )
    assert found[5, 7] == np.float32(exact)


def test_a_latent_has_its_noise_in_any_company_and_in_any_program():
    layer = ganzoo.layers.LatentNoise((4, 4, 1), 3)
    many = noise_of(Z)
    np.testing.assert_array_equal(noise_of(Z[7:8]), many[7:8])
    np.testing.assert_array_equal(values(backend.jit(layer), Z), many)


def test_latents_and_streams_draw_independently():
    """The bound is five standard errors of the correlation of so many numbers."""
    a, b = (noise_of(Z, (16, 16), stream).ravel() for stream in (3, 4))
    near = Z.copy()
    near[:, 5] += 2.0**-11
    c = noise_of(near, (16, 16), 3).ravel()
    swapped = noise_of(Z[:, ::-1], (16, 16), 3).ravel()
    assert abs(a.mean()) < 5 / 128
    assert a.var() == pytest.approx(1, abs=5 * 1.42 / 128)
    rows = a.reshape(64, -1)
    found = np.corrcoef(np.stack([a, b, c, swapped])) - np.eye(4)
    assert np.abs(found).max() < 5 / 128
    assert np.abs(np.corrcoef(rows) - np.eye(64)).max() < 5 / 16


def test_latents_of_any_shape_and_policy_have_the_same_noise():
    exact = noise_of(Z)
    np.testing.assert_array_equal(noise_of(Z.reshape(64, 4, 4)), exact)
    np.testing.assert_array_equal(noise_of(Z, dtype="mixed_float16"), exact)


def test_no_gradient_flows_to_the_latents():
    layer = ganzoo.layers.LatentNoise((4,), 3)
    slope = backend.input_gradients(lambda z: z[:, :4] * layer(z), tensor(Z))
    np.testing.assert_array_equal(to_numpy(slope)[:, :4], noise_of(Z, (4,), 3))


def test_it_comes_back_from_its_configuration():
    comes_back(ganzoo.layers.LatentNoise((4, 1), 5, "uniform"), Z)


def test_another_distribution_is_refused():
    with pytest.raises(ValueError, match="Received: 'cauchy'"):
        ganzoo.layers.LatentNoise((4,), 1, "cauchy")
