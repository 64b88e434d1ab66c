"""Convolutions for JAX on a processor, by hand.

Three convolutions are the derivatives of <conv(x, w), g> by g, by x and by w, and each one's
derivatives are the other two: so that XLA gets only forms that it runs fast. The one by x, a
transposed convolution, is a convolution of half the size for each of its four phases where the
kernel is even and the stride 2.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax


def layout(x, w):
    return lax.conv_dimension_numbers(x.shape, w.shape, ("NHWC", "HWIO", "NHWC"))


def convolution(x, w, stride, padding):
    """(n, h, w, c) * (k, k, c, d)"""
    total = max((-(-x.shape[1] // stride) - 1) * stride + w.shape[0] - x.shape[1], 0)
    pads = (total // 2, total - total // 2) if padding == "same" else (0, 0)
    return _derivative(x, w, "g", (stride, pads, x.shape[1], w.shape[0]))


def transposed(g, w, padding):
    """(n, h, w, d) * (k, k, c, d), of stride 2"""
    k = w.shape[0]
    size = 2 * g.shape[1] + (k - 2 if padding == "valid" else 0)
    pads = (0, 0) if padding == "valid" else ((k - 2) // 2, (k - 1) // 2)
    return _derivative(g, w, "x", (2, pads, size, k))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _derivative(a, b, by, geometry):
    """Of x, w and g those two that are not `by`: the derivative by that one."""
    stride, pads, size, k = geometry
    if by == "g":
        return _plain(a, b, stride, pads)
    if by == "x":
        if stride == 2 and k == 4 and pads == (1, 1) and b.shape[2] >= 16 and a.shape[1] >= 8:
            return _by_phases(a, b)
        x = jax.ShapeDtypeStruct((a.shape[0], size, size, b.shape[2]), a.dtype)
        return jax.linear_transpose(lambda x: _plain(x, b, stride, pads), x)(a)[0]
    if a.shape[-1] <= 4:
        return _kernel_gradient_as_product(a, b, stride, pads, k)
    w = jax.ShapeDtypeStruct((k, k, a.shape[-1], b.shape[-1]), a.dtype)
    return jax.linear_transpose(lambda w: _plain(a, w, stride, pads), w)(b)[0]


def _forward(a, b, by, geometry):
    return _derivative(a, b, by, geometry), (a, b)


def _backward(by, geometry, kept, ct):
    a, b = kept
    if by == "g":  # x, w
        return _derivative(ct, b, "x", geometry), _derivative(a, ct, "w", geometry)
    if by == "x":  # g, w
        return _derivative(ct, b, "g", geometry), _derivative(ct, a, "w", geometry)
    return _derivative(b, ct, "x", geometry), _derivative(a, ct, "g", geometry)  # x, g


_derivative.defvjp(_forward, _backward)


def _plain(x, w, stride, pads):
    return lax.conv_general_dilated(
        x, w, (stride, stride), (pads, pads), dimension_numbers=layout(x, w)
    )


def _by_phases(g, w):
    """The transpose of a convolution of 4x4, stride 2, padded by 1, in one of 2x2."""
    n, h, width, _ = g.shape
    *_, c, d = w.shape
    w = w.reshape(2, 2, 2, 2, c, d)[::-1, :, ::-1]  # (tap, phase, tap, phase, c, d)
    w = w.transpose(0, 2, 5, 1, 3, 4).reshape(2, 2, d, 4 * c)
    y = _plain(g, w, 1, (1, 1)).reshape(n, h + 1, width + 1, 2, 2, c)
    y = y.transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * h + 2, 2 * width + 2, c)
    return y[:, 1:-1, 1:-1]


def _kernel_gradient_as_product(x, g, stride, pads, k):
    """A product for each place of the kernel: for the few channels of an image."""
    x = jnp.pad(x, ((0, 0), pads, pads, (0, 0)))
    size = g.shape[1]
    end = stride * (size - 1) + 1
    windows = [x[:, i : i + end : stride, j : j + end : stride] for i in range(k) for j in range(k)]
    windows = jnp.concatenate(windows, -1).reshape(-1, k * k * x.shape[-1])
    product = windows.T @ g.reshape(-1, g.shape[-1])
    return product.reshape(k, k, x.shape[-1], g.shape[-1])
