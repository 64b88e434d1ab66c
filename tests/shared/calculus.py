"""Derivatives of a layer, and those of a float64 reference by central differences."""

from collections.abc import Callable, Sequence

import numpy as np
from lazy_keras import keras, ops

from ganzoo import backend


def to_numpy(x) -> np.ndarray:
    """A tensor or variable as a copy in NumPy, half precision as float32."""
    x = ops.stop_gradient(ops.convert_to_tensor(x))
    return np.array(ops.convert_to_numpy(ops.cast(x, "float32") if "16" in str(x.dtype) else x))


def tensor(x: np.ndarray):
    return ops.convert_to_tensor(x, kind(x))


def kind(x: np.ndarray) -> str:
    return "int32" if x.dtype.kind == "i" else "float32"


def outputs(layer, *inputs: np.ndarray, **options):
    """The layer's outputs for its one input or its list of them."""
    tensors = [tensor(x) for x in inputs]
    return layer(tensors if len(tensors) > 1 else tensors[0], **options)


def values(layer, *inputs: np.ndarray, **options) -> np.ndarray:
    return to_numpy(outputs(layer, *inputs, **options))


def filled(layer, seed: int = 0):
    """The built layer, its weights drawn from N(0, 1)."""
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(size=variable.shape).astype("float32"))
    return layer


def weights(layer) -> list[np.ndarray]:
    return [np.float64(to_numpy(variable)) for variable in layer.trainable_variables]


def normalized_kernels(*layers) -> list[np.ndarray]:
    """The kernels of spectrally normalized layers over their largest singular values."""
    found = []
    for layer in layers:
        for _ in range(100):  # its estimate is exact then
            layer.normalized_kernel(training=True)
        kernel = np.float64(to_numpy(layer.layer.kernel))
        found.append(kernel / np.linalg.svd(kernel)[1][0])
    return found


def _height(y, xp):
    """A number per sample whose derivatives of every order depend on `y`."""
    size = int(np.prod(y.shape[1:]))
    factors = np.random.default_rng(9).normal(size=y.shape[1:]).astype("float32")
    factors = factors if xp is np else xp.convert_to_tensor(factors)
    return xp.sum(xp.reshape(xp.sin(y) * factors, (-1, size)), 1)


def derived(layer, *, twice: bool = True, **options) -> Callable:
    """A compiled function of the layer's inputs, the first of which is floating.

    It returns the layer's outputs; the gradients of the sum of their heights with respect to
    the weights and to the first input; and, if `twice`, those gradients of the penalty: the
    squared norm of the gradient with respect to the first input.
    """

    def heights(x, *others):
        inputs = [x, *others] if others else x
        return _height(ops.cast(layer(inputs, **options), "float32"), ops)

    def norm(x, *others):
        slope = backend.input_gradients(lambda x: heights(x, *others), x)
        size = int(np.prod(x.shape[1:]))
        return ops.sum(ops.reshape(ops.square(ops.cast(slope, "float32")), (-1, size)), axis=1)

    variables = layer.trainable_variables

    def function(x, *others):
        inputs = [x, *others] if others else x
        found = [backend.no_grad(lambda: layer(inputs, **options))]
        for height in (heights, norm)[: 1 + twice]:

            def total(height=height):
                return ops.sum(height(x, *others)), {}

            found += backend.gradients(total, variables).gradients if variables else []
            found += [backend.input_gradients(lambda x, height=height: height(x, *others), x)]
        return found

    compiled = backend.jit(function)
    return lambda *inputs: [to_numpy(x) for x in compiled(*map(tensor, inputs))]


def differences(function: Callable, x: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """The gradient of a scalar function at x, by central differences."""
    slope = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        moved = np.array(x)
        moved[i] = x[i] + step
        above = function(moved)
        moved[i] = x[i] - step
        slope[i] = (above - function(moved)) / (2 * step)
    return slope


def slopes(function: Callable, arguments: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The gradients of `function(*arguments)` with respect to each of them."""
    return [
        differences(lambda x, k=k: function(*arguments[:k], x, *arguments[k + 1 :]), argument)
        for k, argument in enumerate(arguments)
    ]


def agrees(layer, reference: Callable, inputs: Sequence[np.ndarray], *, twice=True, **options):
    """Check a layer's outputs and derivatives against `reference(*inputs, *weights)`, float64.

    The second derivatives are compared along one random direction per argument.
    """
    x, *others = inputs
    found = derived(layer, twice=twice, **options)(*inputs)
    arguments = [*weights(layer), np.float64(np.float32(x))]

    def value(*arguments):
        return reference(arguments[-1], *others, *arguments[:-1])

    def height(*arguments):
        return _height(value(*arguments), np).sum()

    def norm(*arguments):
        *w, x = arguments
        return (differences(lambda x: height(*w, x), x) ** 2).sum()

    _close(found[0], value(*arguments))
    for k, slope in enumerate(slopes(height, arguments)):
        _close(found[1 + k], slope)
    if not twice:
        return
    rng = np.random.default_rng(11)
    for k, argument in enumerate(arguments):
        way = rng.normal(size=argument.shape)
        before, after = arguments[:k], arguments[k + 1 :]
        moved = [norm(*before, argument + h * way, *after) for h in (1e-4, -1e-4)]
        exact = (moved[0] - moved[1]) / 2e-4
        gradient = np.float64(found[1 + len(arguments) + k])
        bound = 1e-4 * (np.sqrt((gradient**2).sum()) + 1)
        np.testing.assert_allclose((gradient * way).sum(), exact, rtol=0, atol=bound)


def _close(found, exact):
    assert found.shape == exact.shape
    np.testing.assert_allclose(found, exact, rtol=0, atol=3e-5 * max(np.abs(exact).max(), 1))


def finite(make: Callable, inputs: Sequence[np.ndarray], *, twice: bool = True, **options):
    """Check that values and derivatives are finite at inputs that a root or a quotient may not
    like: zeros and a constant, in a batch of one; and in half precision.

    `make(**policy)` gives a built layer.
    """
    x, *others = [i[:1] for i in inputs]
    compiled = derived(make(), twice=twice, **options)
    for value in (np.zeros_like(x), np.full_like(x, 3.0)):
        assert all(np.isfinite(y).all() for y in compiled(value, *others))
    found = derived(make(dtype="mixed_float16"), twice=twice, **options)(*inputs)
    assert all(np.isfinite(y).all() for y in found)
    for dtype in ("float16", "bfloat16"):
        found = outputs(make(dtype=f"mixed_{dtype}"), *inputs, **options)
        assert keras.backend.standardize_dtype(found.dtype) == dtype
        assert np.isfinite(to_numpy(found)).all()


def comes_back(layer, *inputs):
    """Check that a layer comes back from its configuration and fits into a functional model."""
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    symbols = [keras.Input(i.shape[1:], dtype=kind(i)) for i in inputs]
    symbol = again(symbols if len(symbols) > 1 else symbols[0])
    assert symbol.shape[1:] == tuple(outputs(layer, *inputs).shape[1:])
    return again
