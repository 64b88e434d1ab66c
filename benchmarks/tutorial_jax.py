"""The loop by hand with JAX's own convolutions and derivatives, as a JAX user writes it first.

There is no tutorial of a GAN by JAX's authors. The state is not donated.
"""

import types

import jax
import numpy as np
from hand import on_jax
from hand.loop import Loop


def tutorial(gan, recipe, images):
    """A function that trains for one round."""
    rows = np.arange(len(images)).reshape(-1, recipe.training.batch)
    loop = Loop(_own_derivatives(), gan, recipe)
    return lambda: loop.train(images, rows)


def _own_derivatives():
    functions = types.ModuleType("plain_jax_functions")
    functions.__dict__.update(vars(on_jax))
    functions.__dict__.update(conv=_conv, conv_transpose=_conv_transpose, jit=_jit)
    return functions


def _conv(x, p, name, stride=1, padding="same"):
    kernel, numbers = p[f"{name}/kernel"], ("NHWC", "HWIO", "NHWC")
    y = jax.lax.conv_general_dilated(x, kernel, (stride,) * 2, padding.upper(), None, None, numbers)
    return y + p.get(f"{name}/bias", 0.0)


def _conv_transpose(x, p, name, padding="same"):
    kernel = p[f"{name}/kernel"]
    y = jax.lax.conv_transpose(x, kernel, (2, 2), padding.upper(), transpose_kernel=True)
    return y + p.get(f"{name}/bias", 0.0)


def _jit(step):
    run = jax.jit(lambda state, x, number: step(state, x, on_jax.Rng(number)))
    return lambda state, x, number: run(state, x, np.int32(number))
