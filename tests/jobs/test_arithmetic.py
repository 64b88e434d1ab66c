"""The arithmetic of networks and of steps, known by hand."""

import math

import pytest
from lazy_keras import keras, layers

import ganzoo
from ganzoo.jobs import arithmetic
from ganzoo.jobs.arithmetic import matrix_rate, network_flops, step_flops

pytestmark = pytest.mark.backend


def network(shape, *stack):
    x = inputs = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, x)


def test_products_and_convolutions_are_counted_at_every_place_of_a_kernel():
    conv = layers.Conv2D(5, 3, strides=2, padding="same")  # 4x4 places
    assert network_flops(network((8, 8, 2), conv)) == (2 * 16 * 9 * 2 * 5,) * 2
    up = layers.Conv2DTranspose(5, 4, strides=2, padding="same")  # 8x8 places, of the inputs
    assert network_flops(network((8, 8, 2), up))[0] == 2 * 64 * 16 * 2 * 5
    grouped = layers.Conv2D(6, 3, groups=2, padding="same")
    assert network_flops(network((8, 8, 4), grouped))[0] == 2 * 64 * 9 * 2 * 6
    assert network_flops(network((7, 3), layers.Dense(4)))[0] == 2 * 7 * 3 * 4


def test_layers_behind_others_without_weights_are_first_ones_too():
    stack = layers.Flatten(), layers.Dense(10), layers.ReLU(), layers.Dense(1)
    assert network_flops(network((2, 3), *stack)) == (2 * 60 + 2 * 10, 2 * 60)


def test_networks_within_networks_are_counted():
    inner = network((3,), layers.Dense(4))
    assert network_flops(network((3,), inner, layers.Dense(2)))[0] == 2 * 12 + 2 * 8


def gan(**rules):
    generator = network((3,), layers.Dense(4))
    made = ganzoo.GAN(generator, network((4,), layers.Dense(1)))
    made.compile("sgd", "adam", **rules)
    return made


def test_a_step_is_its_passes():
    one = gan(n_critic=2, generator_batch=3)
    (g, g_first), (d, d_first) = network_flops(one.generator), network_flops(one.discriminator)
    assert (g, d) == (g_first, d_first)  # one layer each
    update = g + 2 * (3 * d - d)
    assert step_flops(one, 5) == 5 * (2 * update + 3 * (2 * g + 2 * d))
    lazy = gan(regularizers=[{"name": "r1", "weight": 1.0, "every": 2}])
    assert step_flops(lazy, 1) == g + 4 * d + 4 * d / 2 + 2 * g + 2 * d


def test_what_bfloat16_gains_is_the_ratio_of_two_rates(monkeypatch):
    rates = {"float32": 2e11, "bfloat16": 5e11}
    monkeypatch.setattr(arithmetic, "matrix_rate", rates.__getitem__)
    report = arithmetic.matrix_rates()
    assert report["gflops_per_second"] == {"float32": 200.0, "bfloat16": 500.0}
    assert report["bfloat16_gain"] == 2.5
    assert report["backend"] == keras.backend.backend()


def test_a_large_product_has_a_rate():
    assert 0 < matrix_rate("float32") < math.inf
