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

On the CPU each has, at some sizes, a formulation that is faster still: a kernel of one pixel is a
product of matrices, the transposed convolution is computed by phases, and the kernel's gradient
is a sum over parts of the batch.
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

_LAYOUTS = {n + 2: (f"N{a}C", f"{a}IO", f"N{a}C") for n, a in enumerate(("W", "HW", "DHW"), 1)}
_static = functools.partial(functools.partial, jax.custom_vjp, nondiff_argnums=(2, 3, 4))


def _plain(x, w, strides, pads):
    if _is_pixelwise(w.shape[:-2], strides, pads):
        return x @ w.reshape(w.shape[-2:])
    return lax.conv_general_dilated(x, w, strides, pads, dimension_numbers=_LAYOUTS[x.ndim])


@_static()
def convolve(x, w, strides, pads, size):
    """(n, *size, c) x (*kernel_size, c, d) -> (n, *results, d)"""
    return _plain(x, w, strides, pads)


@_static()
def spread(g, w, strides, pads, size):
    """(n, *results, d) x (*kernel_size, c, d) -> (n, *size, c), the adjoint of `convolve` in x."""
    if _phases_pay(g.shape, w.shape, strides):
        return _spread_by_phases(g, w, pads, size)
    x = jax.ShapeDtypeStruct((g.shape[0], *size, w.shape[-2]), g.dtype)
    return jax.linear_transpose(lambda x: _plain(x, w, strides, pads), x)(g)[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4, 5))
def correlate(x, g, strides, pads, size, kernel_size):
    """(n, *size, c) x (n, *results, d) -> (*kernel_size, c, d), the adjoint in w."""
    w = jax.ShapeDtypeStruct((*kernel_size, x.shape[-1], g.shape[-1]), x.dtype)

    def adjoint(x, g):
        return jax.linear_transpose(lambda w: _plain(x, w, strides, pads), w)(g)[0]

    if _is_pixelwise(kernel_size, strides, pads):
        return adjoint(x, g)
    count = _samples_of_a_part(g.shape)
    parts = [slice(start, start + count) for start in range(0, len(g), count)]
    return functools.reduce(jnp.add, [adjoint(x[part], g[part]) for part in parts])


def _keep(function):
    def forward(a, b, *static):
        return function(a, b, *static), (a, b)

    return forward


def _convolve_back(strides, pads, size, kept, g):
    x, w = kept
    geometry = (strides, pads, size)
    return spread(g, w, *geometry), correlate(x, g, *geometry, w.shape[:-2])


def _spread_back(strides, pads, size, kept, x):
    g, w = kept
    geometry = (strides, pads, size)
    return convolve(x, w, *geometry), correlate(x, g, *geometry, w.shape[:-2])


def _correlate_back(strides, pads, size, kernel_size, kept, w):
    x, g = kept
    geometry = (strides, pads, size)
    return spread(g, w, *geometry), convolve(x, w, *geometry)


convolve.defvjp(_keep(convolve), _convolve_back)
spread.defvjp(_keep(spread), _spread_back)
correlate.defvjp(_keep(correlate), _correlate_back)


def _phases_pay(results: tuple, kernel: tuple, strides: tuple) -> bool:
    """As measured: with small results or few channels the native one is as fast or faster."""
    even = not any(k % 2 for k in kernel[:-2])
    large = min(results[1:-1]) >= 8 and kernel[-2] >= 16
    return strides == (2, 2) and even and large and jax.default_backend() == "cpu"


def _spread_by_phases(g, w, pads, size):
    """`spread` of stride 2: the results at even and odd positions of both axes are four ordinary
    convolutions with quarters of the kernel, computed as one.
    """
    (kh, kw), (c, d) = w.shape[:2], w.shape[2:]
    quarters = w.reshape(kh // 2, 2, kw // 2, 2, c, d)[::-1, :, ::-1].transpose(0, 2, 5, 1, 3, 4)
    quarters = quarters.reshape(kh // 2, kw // 2, d, 4 * c)
    first = [before // 2 for before, _ in pads]  # pairs of rows of what is not cut off yet
    last = [(before + n - 1) // 2 for (before, _), n in zip(pads, size, strict=True)]
    axes = zip((kh, kw), first, last, g.shape[1:3], strict=True)
    phases = _plain(g, quarters, (1, 1), [(k // 2 - 1 - a, b - n + 1) for k, a, b, n in axes])
    n, h, w_, _ = phases.shape
    x = phases.reshape(n, h, w_, 2, 2, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * h, 2 * w_, c)
    top, left = (before % 2 for before, _ in pads)
    return x[:, top : top + size[0], left : left + size[1]]


def _is_pixelwise(kernel_size: tuple, strides: tuple, pads: tuple) -> bool:
    """Return True if the convolution is a product, which the CPU computes 1 to 7 times faster."""
    plain = {*kernel_size, *strides} == {1} and not any(map(any, pads))
    return plain and jax.default_backend() == "cpu"


def _samples_of_a_part(results: tuple) -> int:
    """Samples of which a kernel's gradient is computed at once.

    XLA's CPU backend takes two to three times as long for each where they have together more than
    some thousand pixels.
    """
    n, pixels = results[0], math.prod(results[1:-1])
    if n * pixels <= 4096 or jax.default_backend() != "cpu":
        return max(n, 1)
    return max(2048 // pixels, -(-n // 16), 1)  # not more than 16 parts, which compile longer


# In three dimensions XLA's CPU backend has no fast path for any of the three. So the frames that
# a kernel sees at once become channels, and the convolution one of images.


def convolve_by_frames(x, w, strides, pads, size):
    """(n, *size, c) x (kt, kh, kw, c, d) -> (n, t', h', w', d), as `convolve`."""
    windows = _windows(x, w.shape[0], strides[0], pads[0])  # (n, t', h, w, kt, c)
    g = convolve(_frames_as_channels(windows), _flat(w), strides[1:], pads[1:], size[1:])
    return g.reshape(windows.shape[:2] + g.shape[1:])


def spread_by_frames(g, w, strides, pads, size):
    """(n, t', h', w', d) x (kt, kh, kw, c, d) -> (n, *size, c), as `spread`."""
    images = g.reshape(-1, *g.shape[2:])
    images = spread(images, _flat(w), strides[1:], pads[1:], size[1:])
    windows = images.reshape(*g.shape[:2], *size[1:], w.shape[0], w.shape[-2])
    x = jax.ShapeDtypeStruct((g.shape[0], *size, w.shape[-2]), g.dtype)
    add = jax.linear_transpose(lambda x: _windows(x, w.shape[0], strides[0], pads[0]), x)
    return add(windows)[0]


def _windows(x, length: int, stride: int, pads):
    """(n, t, h, w, c) -> (n, t', h, w, length, c): the frames under each place of a kernel."""
    x = jnp.pad(x, [(0, 0), pads, *[(0, 0)] * (x.ndim - 2)])
    count = (x.shape[1] - length) // stride + 1
    cuts = [slice(k, k + stride * (count - 1) + 1, stride) for k in range(length)]
    return jnp.stack([x[:, cut] for cut in cuts], axis=-2)


def _frames_as_channels(windows):
    """(n, t', h, w, kt, c) -> (n t', h, w, kt c)"""
    _, _, h, w, kt, c = windows.shape
    return windows.reshape(-1, h, w, kt * c)


def _flat(w):
    """(kt, kh, kw, c, d) -> (kh, kw, kt c, d)"""
    kt, kh, kw, c, d = w.shape
    return w.transpose(1, 2, 0, 3, 4).reshape(kh, kw, kt * c, d)


def pads_for(size, kernel_size, strides, padding: str) -> tuple:
    """Padding before and after each axis; "same" pads more after, as TensorFlow does."""
    if padding == "valid":
        return tuple((0, 0) for _ in size)
    pads = []
    for n, k, s in zip(size, kernel_size, strides, strict=True):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)
