"""Derivatives of a layer, and those of a float64 reference by central differences."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from lazy_keras import keras, ops

from ganzoo import backend


def to_numpy(x) -> np.ndarray:
    """A tensor or variable as a copy in NumPy, half precision as float32."""
    x = ops.stop_gradient(ops.convert_to_tensor(x))
    return np.array(ops.convert_to_numpy(ops.cast(x, "float32") if "16" in str(x.dtype) else x))


def filled(layer, seed: int = 0):
    """The built layer, its weights drawn from N(0, 1)."""
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(size=variable.shape).astype("float32"))
    return layer


def weights(layer) -> list[np.ndarray]:
    return [np.float64(to_numpy(variable)) for variable in layer.trainable_variables]


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


def kind(x: np.ndarray) -> str:
    return "int32" if x.dtype.kind == "i" else "float32"


def tensor(x: np.ndarray):
    return ops.convert_to_tensor(x, kind(x))


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

    def with_argument(k, function):
        return lambda moved: function(*arguments[:k], moved, *arguments[k + 1 :])

    _close(found[0], value(*arguments))
    for k, argument in enumerate(arguments):
        _close(found[1 + k], differences(with_argument(k, height), argument))
    if not twice:
        return
    rng = np.random.default_rng(11)
    for k, argument in enumerate(arguments):
        way = rng.normal(size=argument.shape)
        moved = [with_argument(k, norm)(argument + sign * 1e-4 * way) for sign in (1, -1)]
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
    from keras import backend

    x, *others = [i[:1] for i in inputs]
    compiled = derived(make(), twice=twice, **options)
    for value in (np.zeros_like(x), np.full_like(x, 3.0)):
        assert all(np.isfinite(y).all() for y in compiled(value, *others))
    found = derived(make(dtype="mixed_float16"), twice=twice, **options)(*inputs)
    assert all(np.isfinite(y).all() for y in found)
    for dtype in ("float16", "bfloat16"):
        layer, tensors = make(dtype=f"mixed_{dtype}"), [tensor(i) for i in inputs]
        outputs = layer(tensors if others else tensors[0], **options)
        assert backend.standardize_dtype(outputs.dtype) == dtype
        assert np.isfinite(to_numpy(outputs)).all()


def comes_back(layer, *inputs):
    """Check that a layer comes back from its configuration and fits into a functional model."""
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    symbols = [keras.Input(i.shape[1:], dtype=kind(i)) for i in inputs]
    outputs = again(symbols if len(symbols) > 1 else symbols[0])
    values = layer([tensor(i) for i in inputs] if len(inputs) > 1 else tensor(inputs[0]))
    assert outputs.shape[1:] == tuple(values.shape[1:])
    return again


@pytest.fixture(scope="session")
def calculus():
    return SimpleNamespace(
        agrees=agrees, derived=derived, comes_back=comes_back, filled=filled, finite=finite,
        to_numpy=to_numpy, tensor=tensor, weights=weights,
    )  # fmt: skip
