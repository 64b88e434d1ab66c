"""Convolution on JAX as a trilinear form, so that every derivative takes XLA's fast path.

For an input x, a kernel w and a cotangent g of the output, let T(x, w, g) = <conv(x, w), g>.
T is linear in each argument, and its three partial derivatives are the three convolutions
that training needs:

    convolve(x, w)   = dT/dg    the convolution
    spread(g, w)     = dT/dx    the transposed convolution
    correlate(x, g)  = dT/dw    the gradient of the kernel

The derivative of each of them is made of the other two, to any order. JAX's own rules reach
the same numbers, but the kernel's gradient of a *transposed* convolution, which is also what
the second derivative of a plain one needs (R1, gradient penalty), becomes a convolution with
a dilated kernel that XLA's CPU backend runs 6 to 30 times slower.
"""

import functools

import jax
from jax import lax

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_static = functools.partial(functools.partial, jax.custom_vjp, nondiff_argnums=(2, 3, 4))


def _plain(x, w, strides, pads):
    return lax.conv_general_dilated(x, w, strides, pads, dimension_numbers=_LAYOUT)


@_static()
def convolve(x, w, strides, pads, size):
    """(n, *size, c) x (kh, kw, c, d) -> (n, h', w', d)"""
    return _plain(x, w, strides, pads)


@_static()
def spread(g, w, strides, pads, size):
    """(n, h', w', d) x (kh, kw, c, d) -> (n, *size, c), the adjoint of `convolve` in x."""
    x = jax.ShapeDtypeStruct((g.shape[0], *size, w.shape[2]), g.dtype)
    return jax.linear_transpose(lambda x: _plain(x, w, strides, pads), x)(g)[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4, 5))
def correlate(x, g, strides, pads, size, kernel_size):
    """(n, *size, c) x (n, h', w', d) -> (*kernel_size, c, d), the adjoint in w."""
    w = jax.ShapeDtypeStruct((*kernel_size, x.shape[3], g.shape[3]), x.dtype)
    return jax.linear_transpose(lambda w: _plain(x, w, strides, pads), w)(g)[0]


def _keep(function):
    def forward(a, b, *static):
        return function(a, b, *static), (a, b)

    return forward


def _convolve_back(strides, pads, size, kept, g):
    x, w = kept
    geometry = (strides, pads, size)
    return spread(g, w, *geometry), correlate(x, g, *geometry, w.shape[:2])


def _spread_back(strides, pads, size, kept, x):
    g, w = kept
    geometry = (strides, pads, size)
    return convolve(x, w, *geometry), correlate(x, g, *geometry, w.shape[:2])


def _correlate_back(strides, pads, size, kernel_size, kept, w):
    x, g = kept
    geometry = (strides, pads, size)
    return spread(g, w, *geometry), convolve(x, w, *geometry)


convolve.defvjp(_keep(convolve), _convolve_back)
spread.defvjp(_keep(spread), _spread_back)
correlate.defvjp(_keep(correlate), _correlate_back)


def pads_for(size, kernel_size, strides, padding: str) -> tuple:
    """Padding before and after each axis; "same" pads more after, as TensorFlow does."""
    if padding == "valid":
        return tuple((0, 0) for _ in size)
    pads = []
    for n, k, s in zip(size, kernel_size, strides, strict=True):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)
