import importlib

import numpy as np
import pytest
from calculus import agrees, filled
from lazy_keras import keras, ops, to_numpy

import ganzoo
from ganzoo import backend

pytestmark = pytest.mark.backend

# (kernel, strides, padding, size): odd and even, larger and smaller strides than the kernel
GEOMETRIES = [
    (4, 2, "same", (8, 8)), (3, 2, "same", (7, 6)), (5, 2, "same", (5, 8)), (3, 1, "same", (5, 5)),
    (2, 3, "same", (7, 5)), (4, 2, "valid", (8, 7)), (3, 2, "valid", (7, 6)),
    (1, 1, "valid", (4, 3)), (2, 3, "valid", (7, 5)), ((5, 4), 3, "valid", (7, 6)),
    ((3, 5), 2, "valid", (5, 7)), ((4, 3), 2, "same", (6, 7)),
]  # fmt: skip
KINDS = ("Conv2D", "Conv2DTranspose")
ALL_KINDS = ("Conv1D", "Conv1DTranspose", *KINDS, "Conv3D", "Conv3DTranspose")


def pair(kind, kernel, strides, padding, size, channels=2, **options):
    """Our layer and Keras', with equal weights."""
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

    def function(images):
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
        return [layer(images), first.loss, *first.gradients, second.loss, *second.gradients, inner]

    return [to_numpy(x) for x in backend.jit(function)(images)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("kernel", "strides", "padding", "size"), GEOMETRIES)
def test_values_and_both_derivatives_are_those_of_keras(kind, kernel, strides, padding, size):
    ours, theirs = pair(kind, kernel, strides, padding, size)
    images = ops.convert_to_tensor(np.random.default_rng(1).normal(size=(2, *size, 2)), "float32")
    for mine, exact in zip(derivatives(ours, images), derivatives(theirs, images), strict=True):
        assert mine.shape == exact.shape
        bound = 2e-5 * max(np.abs(exact).max(), 1)
        np.testing.assert_allclose(mine, exact, atol=bound, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("kernel", "padding", "size"),
    [(4, "same", (8, 7)), (2, "same", (5, 6)), (6, "same", (4, 4)), (4, "valid", (8, 7))],
)
def test_what_is_faster_at_other_sizes_on_jax_gives_the_same(
    kind, kernel, padding, size, monkeypatch
):
    if keras.backend.backend() != "jax":
        pytest.skip("one formulation for all sizes")
    module = importlib.import_module("ganzoo.backend.convolutions.jax_convolution")
    monkeypatch.setattr(module, "_phases_pay", lambda *shapes: True)
    monkeypatch.setattr(module, "_samples_of_a_part", lambda results: 1)
    test_values_and_both_derivatives_are_those_of_keras(kind, kernel, 2, padding, size)


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
    dilated_transposed = "dilation_rate" in options and "Transpose" in kind
    if dilated_transposed and keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow has it on some processors only")
    ours, theirs = pair(kind, **options)
    images = np.random.default_rng(2).normal(size=(2, 6, 7, 2)).astype("float32")
    np.testing.assert_allclose(to_numpy(ours(images)), to_numpy(theirs(images)), atol=1e-5)
    assert ours.compute_output_shape((None, 6, 7, 2)) == theirs.compute_output_shape(
        (None, 6, 7, 2)
    )


# kind, size, channels, filters, kernel, strides, padding, groups
OTHERS = [
    ("Conv1D", (9,), 2, 3, 5, 4, "same", 1),
    ("Conv1D", (8,), 2, 2, 3, 2, "valid", 1),
    ("Conv1DTranspose", (3,), 2, 2, 5, 4, "same", 1),
    ("Conv1DTranspose", (3,), 2, 2, 5, 2, "valid", 1),
    ("Conv3D", (4, 3, 4), 1, 2, (4, 2, 3), 2, "same", 1),
    ("Conv3D", (5, 2, 4), 1, 2, (3, 2, 2), 1, "valid", 1),
    ("Conv3DTranspose", (2, 1, 2), 2, 1, (4, 2, 3), 2, "same", 1),
    ("Conv3DTranspose", (2, 1, 2), 2, 1, (3, 1, 2), 2, "valid", 1),
    ("Conv2D", (4, 3), 4, 6, 3, 2, "same", 2),
    ("Conv2D", (5, 6), 6, 6, (3, 3), 2, "same", 6),  # depthwise
    ("Conv2D", (4, 5), 3, 3, (2, 3), 1, "valid", 3),
    ("Conv2D", (2, 3), 4, 64, (1, 2), 1, "valid", 4),  # two dense convolutions of two groups each
    ("Conv2D", (2, 3), 3, 51, (1, 2), 1, "same", 3),  # a dense convolution for every group
    ("Conv1D", (5,), 4, 4, 3, 2, "same", 4),
]


def written_out(x, kernel, bias, size, strides, padding, transposed, groups):
    """The convolution, or its adjoint, whose result is of the size: a tap at a time."""
    if groups > 1:
        parts = zip(np.split(x, groups, -1), np.split(kernel, groups, -1), strict=True)
        outputs = [written_out(*part, 0, size, strides, padding, transposed, 1) for part in parts]
        return np.concatenate(outputs, -1) + bias
    taps = kernel.shape[:-2]
    large = size if transposed else x.shape[1:-1]
    small = [-(-n // strides) if padding == "same" else (n - k) // strides + 1
             for n, k in zip(large, taps, strict=True)]  # fmt: skip
    pads = [max((m - 1) * strides + k - n, 0) for n, m, k in zip(large, small, taps, strict=True)]
    pads = [(p // 2, p - p // 2) for p in pads]
    wide = np.zeros(
        (len(x), *(n + sum(p) for n, p in zip(large, pads, strict=True)), kernel.shape[-2])
    )
    inside = (slice(None), *(slice(p[0], p[0] + n) for n, p in zip(large, pads, strict=True)))
    results = np.zeros((len(x), *small, kernel.shape[-1]))
    if not transposed:
        wide[inside] = x
    for tap in np.ndindex(*taps):
        seen = [
            slice(t, t + strides * (m - 1) + 1, strides) for t, m in zip(tap, small, strict=True)
        ]
        if transposed:
            wide[(slice(None), *seen)] += x @ kernel[tap].T
        else:
            results += wide[(slice(None), *seen)] @ kernel[tap]
    return (wide[inside] if transposed else results) + bias


@pytest.mark.parametrize(
    ("kind", "size", "channels", "filters", "kernel", "strides", "padding", "groups"), OTHERS
)
def test_other_ranks_and_groups_are_those_of_the_definition_with_both_derivatives(
    kind, size, channels, filters, kernel, strides, padding, groups
):
    options = {"groups": groups} if groups > 1 else {}
    layer = getattr(ganzoo.layers, kind)(filters, kernel, strides, padding, **options)
    layer.build((None, *size, channels))
    result = layer.compute_output_shape((1, *size, channels))[1:-1]
    x = np.random.default_rng(1).normal(size=(2, *size, channels))
    geometry = (result, strides, padding, "Transpose" in kind, groups)
    agrees(filled(layer), lambda *args: written_out(*args, *geometry), [x])


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_layer_in_half_precision_stays_in_it(kind):
    size = (6,) * int(kind[4])
    ours, theirs = pair(kind, 4, 2, "same", size, dtype="mixed_bfloat16")
    images = np.random.default_rng(2).normal(size=(2, *size, 2)).astype("float32")
    mine, exact = ours(images), theirs(images)
    assert str(mine.dtype) == str(exact.dtype)
    np.testing.assert_allclose(
        to_numpy(mine).astype("f4"), to_numpy(exact).astype("f4"), atol=0.15, rtol=0.02
    )


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("kind", "filters", "channels"), [("Conv2D", 1, 4), ("Conv2DTranspose", 4, 1)]
)
def test_one_channel_in_half_precision_has_the_derivatives_of_float32(
    kind, filters, channels, policy
):
    images = np.random.default_rng(2).normal(size=(2, 6, 6, channels)).astype("float32")
    found = []
    for dtype in (policy, "float32"):
        layer = getattr(ganzoo.layers, kind)(filters, 3, padding="same", dtype=dtype)
        layer.build(images.shape)
        filled(layer)

        def gradients(x, layer=layer):
            def objective():
                return ops.mean(ops.square(ops.cast(layer(x), "float32"))), {}

            return backend.gradients(objective, layer.trainable_variables).gradients

        found.append([to_numpy(g) for g in backend.jit(gradients)(ops.convert_to_tensor(images))])
    for half, exact in zip(*found, strict=True):
        np.testing.assert_allclose(half, exact, atol=0.05 * np.abs(exact).max(), rtol=0)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_layer_comes_back_from_its_configuration(kind):
    ours, _ = pair(kind, 4, 2, "same", (6,) * int(kind[4]))
    again = keras.layers.deserialize(keras.layers.serialize(ours))
    assert type(again) is type(ours)
    assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("kind", KINDS)
def test_on_pytorch_channels_stay_last_in_memory(kind):
    if keras.backend.backend() != "torch":
        pytest.skip("the compilers of the others choose the memory's order")
    layer = getattr(ganzoo.layers, kind)(3, 4, 2, "same")
    images = ops.ones((2, 8, 6, 5))
    assert layer(images).is_contiguous()
    assert backend.input_gradients(layer, images).is_contiguous()
