import numpy as np
import pytest

from ganzoo import backend

pytestmark = pytest.mark.backend

# (kernel, strides, padding, size): odd and even, larger and smaller strides than the kernel
GEOMETRIES = [
    (4, 2, "same", (8, 8)),
    (3, 2, "same", (7, 6)),
    (5, 2, "same", (5, 8)),
    (3, 1, "same", (5, 5)),
    (2, 3, "same", (7, 5)),
    (4, 2, "valid", (8, 7)),
    (3, 2, "valid", (7, 6)),
    (1, 1, "valid", (4, 3)),
    (2, 3, "valid", (7, 5)),
    ((5, 4), 3, "valid", (7, 6)),
    ((3, 5), 2, "valid", (5, 7)),
    ((4, 3), 2, "same", (6, 7)),
]
KINDS = ("Conv2D", "Conv2DTranspose")


def numbers(x):
    from keras import ops

    return np.array(ops.convert_to_numpy(ops.stop_gradient(ops.convert_to_tensor(x))))


def pair(kind, kernel, strides, padding, size, channels=2, **options):
    """Our layer and Keras', with equal weights."""
    import keras

    import ganzoo

    keywords = {"filters": 3, "kernel_size": kernel, "strides": strides, "padding": padding}
    found = [getattr(module, kind)(**keywords, **options)
             for module in (ganzoo.layers, keras.layers)]  # fmt: skip
    for layer in found:
        layer.build((None, *size, channels))
    rng = np.random.default_rng(0)
    for ours, theirs in zip(found[0].weights, found[1].weights, strict=True):
        value = rng.normal(size=ours.shape).astype("float32")
        ours.assign(value)
        theirs.assign(value)
    return found


def derivatives(layer, images):
    """Value, gradients of kernel and bias, input slope, and the slope's own gradients."""
    from keras import ops

    def value():
        return ops.mean(ops.square(layer(images))), {}

    def slope():
        # cubic, so that the second derivative depends on the input as well
        per_image = backend.input_gradients(
            lambda x: ops.sum(layer(x) ** 3, axis=(1, 2, 3)) / 10, images
        )
        return ops.mean(ops.square(per_image)), {}

    variables = layer.trainable_variables
    first, second = (backend.gradients(objective, variables) for objective in (value, slope))
    inner = backend.input_gradients(
        lambda x: ops.sum(ops.square(backend.input_gradients(
            lambda y: ops.sum(layer(y) ** 3, axis=(1, 2, 3)), x)), axis=(1, 2, 3)) / 100, images
    )  # fmt: skip
    found = [layer(images), first.loss, *first.gradients, second.loss, *second.gradients, inner]
    return [numbers(x) for x in found]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("kernel", "strides", "padding", "size"), GEOMETRIES)
def test_values_and_both_derivatives_are_those_of_keras(kind, kernel, strides, padding, size):
    from keras import ops

    ours, theirs = pair(kind, kernel, strides, padding, size)
    images = ops.convert_to_tensor(np.random.default_rng(1).normal(size=(2, *size, 2)), "float32")

    for mine, exact in zip(derivatives(ours, images), derivatives(theirs, images), strict=True):
        assert mine.shape == exact.shape
        bound = 2e-5 * max(np.abs(exact).max(), 1)
        np.testing.assert_allclose(mine, exact, atol=bound, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [
        {"dilation_rate": 2, "strides": 1},
        {"strides": (1, 2)},
        {"activation": "relu", "use_bias": False},
        {"kernel": (3, 2)},
    ],
)
def test_what_is_left_to_keras_and_what_is_not_give_the_same(kind, options):
    options = {"kernel": 3, "strides": 2, "padding": "same", "size": (6, 7), **options}
    ours, theirs = pair(kind, **options)
    images = np.random.default_rng(2).normal(size=(2, 6, 7, 2)).astype("float32")

    np.testing.assert_allclose(numbers(ours(images)), numbers(theirs(images)), atol=1e-5)
    assert ours.compute_output_shape((None, 6, 7, 2)) == theirs.compute_output_shape(
        (None, 6, 7, 2)
    )


def test_groups_are_left_to_keras():
    ours, theirs = pair("Conv2D", 3, 2, "same", (6, 6), channels=3, groups=3)
    images = np.random.default_rng(2).normal(size=(2, 6, 6, 3)).astype("float32")

    np.testing.assert_allclose(numbers(ours(images)), numbers(theirs(images)), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_in_half_precision_stays_in_it(kind):
    ours, theirs = pair(kind, 4, 2, "same", (6, 6), dtype="mixed_bfloat16")
    images = np.random.default_rng(2).normal(size=(2, 6, 6, 2)).astype("float32")

    mine, exact = ours(images), theirs(images)

    assert str(mine.dtype) == str(exact.dtype)
    np.testing.assert_allclose(
        numbers(mine).astype("f4"), numbers(exact).astype("f4"), atol=0.15, rtol=0.02
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_comes_back_from_its_configuration(kind):
    import keras

    ours, _ = pair(kind, 4, 2, "same", (6, 6))
    again = keras.layers.deserialize(keras.layers.serialize(ours))

    assert type(again) is type(ours)
    assert again.get_config() == ours.get_config()
