import numpy as np
import pytest
from lazy_keras import Lazy, keras, layers, ops

pytestmark = pytest.mark.backend

backend = Lazy("ganzoo.backend")
blocks = Lazy("ganzoo.blocks")


def features():
    """Two maps of images of any size: two channels each, by kernels of fixed numbers."""
    images = keras.Input((None, None, 3), name="images")
    one = layers.Conv2D(2, 1, name="one")(images)
    model = keras.Model(images, [one, layers.Conv2D(2, 2, strides=2, name="two")(one)])
    numbers = np.random.default_rng(0)
    for layer in model.layers[1:]:
        layer.set_weights([numbers.normal(size=w.shape) for w in layer.get_weights()])
    return model


def by_hand(network, x, y):
    """The formula in NumPy and float64."""
    total = 0
    for a, b in zip(*(network((one + 1) * 127.5) for one in (x, y)), strict=True):
        a, b = (ops.convert_to_numpy(one).astype("float64") for one in (a, b))
        a, b = (one / np.linalg.norm(one, axis=-1, keepdims=True) for one in (a, b))
        total = total + ((a - b) ** 2).sum(-1).mean((1, 2)) / 2
    return total


def images(seed, channels=3):
    return np.random.default_rng(seed).uniform(-1, 1, (5, 6, 4, channels)).astype("float32")


def test_a_distance_is_that_of_the_formula_and_the_same_both_ways():
    network, x, y = features(), images(1), images(2)
    found = ops.convert_to_numpy(blocks.perceptual_distance(network, x, y))
    assert found.shape == (5,) and (found > 0).all()
    np.testing.assert_allclose(found, by_hand(network, x, y), rtol=1e-4)
    again = ops.convert_to_numpy(blocks.perceptual_distance(network, y, x))
    np.testing.assert_allclose(found, again, rtol=1e-6)


def test_a_range_is_only_another_way_to_write_an_image():
    network, x, y = features(), images(1), images(2)
    expected = ops.convert_to_numpy(blocks.perceptual_distance(network, x, y))
    x, y = ((one + 1) / 2 for one in (x, y))
    found = ops.convert_to_numpy(blocks.perceptual_distance(network, x, y, (0.0, 1.0)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_gray_is_color_of_three_equal_channels():
    network, x, y = features(), images(1, 1), images(2, 1)
    found = ops.convert_to_numpy(blocks.perceptual_distance(network, x, y))
    colors = blocks.perceptual_distance(network, x.repeat(3, -1), y.repeat(3, -1))
    np.testing.assert_allclose(found, ops.convert_to_numpy(colors), rtol=1e-6)


def test_a_gradient_leads_from_one_image_to_the_other():
    network, x, y = features(), images(1), images(2)
    x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)

    def slope(x):
        function = lambda z: blocks.perceptual_distance(network, z, y)  # noqa: E731
        return ops.convert_to_numpy(backend.input_gradients(function, x))

    before = ops.convert_to_numpy(blocks.perceptual_distance(network, x, y))
    step = slope(x)
    assert np.isfinite(step).all() and (np.abs(step).max(axis=(1, 2, 3)) > 0).all()
    change = ops.convert_to_tensor((1e-4 * step / np.abs(step).max()).astype("float32"))
    nearer = blocks.perceptual_distance(network, x - change, y)
    assert (ops.convert_to_numpy(nearer) <= before).all()
    assert np.abs(slope(y)).max() < 1e-5  # equal images
    black = slope(ops.zeros((5, 6, 4, 3)) - 1.0)  # features of the offsets alone
    assert np.isfinite(black).all()
