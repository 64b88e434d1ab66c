"""JAX by hand: one jitted function of the state, which is donated."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random

from .jax_convolution import convolution, transposed
from .networks import resampling_matrix

relu, selu, tanh, softplus = jax.nn.relu, jax.nn.selu, jnp.tanh, jax.nn.softplus
concat, stack, sqrt, rsqrt, matmul = jnp.concatenate, jnp.stack, jnp.sqrt, lax.rsqrt, jnp.matmul
sum = jnp.sum
dropping = True
weight = buffer = jnp.array
variable = jnp.array
images = jnp.asarray
_key = None  # of dropout, while a step is traced
_WIDTH = 32  # channels of one dense convolution that stands for small groups


def copies(weights):
    return {name: value.copy() for name, value in weights.items()}


def scaled(batch):
    return batch.astype("float32") / 127.5 - 1.0


class Rng:
    """Random numbers of one step."""

    def __init__(self, number):
        global _key
        self.key = _key = random.fold_in(random.key(0), number)

    def _named(self, name):
        return random.fold_in(self.key, hash_of(name))

    def normal(self, name, shape):
        return random.normal(self._named(name), shape)

    images = normal

    def uniform(self, name, shape):
        return random.uniform(self._named(name), shape)

    def crossover(self, name, count, probability):
        mixes, position = random.uniform(self._named(name), (2,))
        at = 1 + (position * (count - 1)).astype("int32")
        return jnp.where(mixes < probability, at, count)


def hash_of(name):
    return int.from_bytes(name.encode(), "little") % 2**31


def jit(step):
    run = jax.jit(lambda state, x, number: step(state, x, Rng(number)), donate_argnums=0)
    return lambda state, x, number: run(state, x, np.int32(number))


def wait(state):
    return np.asarray(state["sums"])


# Networks


def _bias(p, name):
    bias = p.get(f"{name}/bias")
    return 0.0 if bias is None else bias


def dense(x, p, name):
    return x @ p[f"{name}/kernel"] + _bias(p, name)


def conv(x, p, name, stride=1, padding="same"):
    return convolution(x, p[f"{name}/kernel"], stride, padding) + _bias(p, name)


def conv_transpose(x, p, name, padding="same"):
    return transposed(x, p[f"{name}/kernel"], padding) + _bias(p, name)


def grouped(x, kernel):
    """Groups side by side in dense convolutions, with zeros between them."""
    channels, (c, d) = x.shape[-1], (kernel.shape[-2], kernel.shape[-1])
    groups = channels // c
    together = min(groups, max(1, _WIDTH // c))
    size, out = together * c, d // groups * together
    mask = np.kron(np.eye(together, dtype="float32"), np.ones((c, d // groups), "float32"))
    parts = []
    for i in range(groups // together):
        block = jnp.tile(kernel[..., i * out : (i + 1) * out], (1, 1, together, 1)) * mask
        parts.append(convolution(x[..., i * size : (i + 1) * size], block, 1, "same"))
    return jnp.concatenate(parts, -1)


def batch_norm(x, p, name, momentum, epsilon, writes):
    axes = tuple(range(x.ndim - 1))
    mean = jnp.mean(x, axes)
    variance = jnp.mean(jnp.square(x - mean), axes)
    if writes is not None:
        for key, value in (("moving_mean", mean), ("moving_variance", variance)):
            old = p[f"{name}/{key}"]
            writes[f"{name}/{key}"] = lax.stop_gradient(old * momentum + value * (1 - momentum))
    scale = p[f"{name}/gamma"] * lax.rsqrt(variance + epsilon)
    return x * scale + (p[f"{name}/beta"] - mean * scale)


def leaky(x, slope):
    return jnp.maximum(x, slope * x)


def dropout(x, rate):
    global _key
    if not dropping:
        return x
    _key, own = random.split(_key)
    return jnp.where(random.uniform(own, x.shape) < 1 - rate, x / (1 - rate), 0.0)


def maps(x, shape):
    return x.reshape(x.shape[0], *shape)


def flat(x):
    return x.reshape(x.shape[0], -1)


def double(x):
    n, h, w, c = x.shape
    x = jnp.broadcast_to(x[:, :, None, :, None], (n, h, 2, w, 2, c))
    return x.reshape(n, 2 * h, 2 * w, c)


def halve(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))


def pool(x, kind):
    return x.sum((1, 2)) if kind == "sum" else x.mean((1, 2))


def basis(x, basis_maps):
    return x[:, None, None] * basis_maps


def gather(x, basis_maps):
    return (x * basis_maps).sum((1, 2))


def add_bias(x, bias):
    return x + bias


def per_channel(x):
    return x[:, None, None]


def spread_map(x, batch):
    return jnp.broadcast_to(x, (batch, *x.shape))


def resample(x, up, down, before, after, gain=1):
    n, h, w, c = x.shape
    matrix = resampling_matrix(h, up, down, before, after, gain)
    x = jnp.matmul(matrix, x.reshape(n, h, w * c))
    x = jnp.matmul(matrix, x.reshape(-1, w, c))
    return x.reshape(n, len(matrix), len(matrix), c)


def append_deviation(x, group):
    n, h, w, c = x.shape
    y = x.reshape(n // group, group, h, w, c)
    y = jnp.sqrt(jnp.mean(jnp.square(y - y.mean(1, keepdims=True)), 1) + 1e-8).mean((1, 2, 3))
    y = jnp.broadcast_to(jnp.repeat(y, group)[:, None, None, None], (n, h, w, 1))
    return jnp.concatenate([x, y], -1)


def crossed(first, second, crossover, count):
    index = np.arange(count)[None, :, None]
    return jnp.where(index < crossover, first[:, None], second[:, None])


def spectral(kernel, u):
    matrix = kernel.reshape(-1, kernel.shape[-1])
    fixed = lax.stop_gradient(matrix)
    v = _unit(u @ fixed.T)
    u = _unit(v @ fixed)
    return kernel / (v @ matrix * u).sum(), u


def _unit(x):
    return x * lax.rsqrt(jnp.sum(x * x) + 1e-12)


def swap(kernel):
    return kernel.transpose(0, 1, 3, 2)


def power_of(kernel):
    return jnp.square(kernel).sum((0, 1))


def fan_in(kernel):
    return kernel.size // kernel.shape[-1]


def mean(x, axis=None, keep=False):
    return jnp.mean(x, axis, keepdims=keep)


def last_sum(x):
    return x.sum(-1)


def sum_per_image(x):
    return x.sum((1, 2, 3))


# Derivatives and updates


def no_grad(function):
    return lax.stop_gradient(function())


def value_and_grad(loss, weights):
    return jax.value_and_grad(loss, has_aux=True)(weights)


def input_gradient(function, x):
    return jax.grad(function)(x)


def all_written(stats, writes):
    return {**stats, **writes}


def written(old, new):
    return lax.stop_gradient(new)


def add(sums, values):
    return sums + values


def average(ema, weights, rate):
    return jax.tree.map(lambda old, new: old + rate * (new - old), ema, weights)


class Optimizer:
    """An optimizer by its formula; slots are trees like the weights."""

    def __init__(self, names, formula):
        self.names, self.formula = names, formula

    def slots(self, weights):
        like = {k: jax.tree.map(jnp.zeros_like, weights) for k in self.names}
        return {**like, "step": jnp.zeros((), "int32")}

    def update(self, gradients, slots, weights):
        step = slots["step"] + 1
        new, kept = {}, {k: {} for k in self.names}
        for name, value in weights.items():
            own = [slots[k][name] for k in self.names]
            new[name], *own = self.formula(value, gradients[name], step, *own)
            for k, slot in zip(self.names, own, strict=True):
                kept[k][name] = slot
        return new, {**kept, "step": step}


def optimizer(table, lr):
    options = table.options
    epsilon = options.get("epsilon", 1e-7)
    if table.name == "sgd":
        return Optimizer((), lambda w, g, step: (w - lr * g,))
    if table.name == "rmsprop":
        return Optimizer(("v",), functools.partial(_rmsprop, lr, options["rho"], epsilon))
    betas = options["beta_1"], options["beta_2"]
    return Optimizer(("m", "v"), functools.partial(_adam, lr, *betas, epsilon))


def _rmsprop(lr, rho, epsilon, w, g, step, v):
    v = rho * v + (1 - rho) * g * g
    return w - lr * g * lax.rsqrt(v + epsilon), v


def _adam(lr, beta_1, beta_2, epsilon, w, g, step, m, v):
    m = m + (1 - beta_1) * (g - m)
    v = v + (1 - beta_2) * (g * g - v)
    alpha = lr * jnp.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    return w - alpha * m / (jnp.sqrt(v) + epsilon), m, v
