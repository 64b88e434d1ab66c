"""PyTorch by hand: eager, channels last, fused batch norm and optimizers.

Images are (batch, channels, height, width) in memory that is channels last.
"""

import torch
import torch.nn.functional as nn
from torch import autograd

from .networks import resampling_matrix

relu, selu, tanh, softplus = torch.relu, nn.selu, torch.tanh, nn.softplus
concat, stack, sqrt, rsqrt, matmul = torch.cat, torch.stack, torch.sqrt, torch.rsqrt, torch.matmul
sum = torch.sum
dropping = True


def weight(value):
    """A weight from an array; kernels of convolutions as torch has them."""
    return buffer(value).requires_grad_(True)


def buffer(value):
    value = torch.tensor(value)
    if value.ndim == 4:
        value = value.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    return value


def variable(value):
    return torch.tensor(value)


def copies(weights):
    return {name: value.detach().clone() for name, value in weights.items()}


def images(batch):
    return torch.from_numpy(batch)


def scaled(batch):
    return batch.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


class Rng:
    """Random numbers of one step."""

    def __init__(self, number):
        """Nothing: torch has a generator of its own."""

    def normal(self, name, shape):
        return torch.randn(shape)

    def images(self, name, shape):
        return torch.randn(shape).permute(0, 3, 1, 2)

    def uniform(self, name, shape):
        return torch.rand(shape)

    def crossover(self, name, count, probability):
        mixes, position = torch.rand(2).tolist()
        return 1 + int(position * (count - 1)) if mixes < probability else count


def jit(step):
    return lambda state, batch, number: step(state, batch, Rng(number))


def wait(state):
    return state["sums"].tolist()


# Networks


def dense(x, p, name):
    kernel, bias = p[f"{name}/kernel"], p.get(f"{name}/bias")
    return torch.mm(x, kernel) if bias is None else torch.addmm(bias, x, kernel)


def conv(x, p, name, stride=1, padding="same"):
    kernel = p[f"{name}/kernel"]
    pad = (kernel.shape[-1] - 1) // 2 if padding == "same" else 0
    return nn.conv2d(x, kernel, p.get(f"{name}/bias"), stride, pad)


def conv_transpose(x, p, name, padding="same"):
    kernel, bias = p[f"{name}/kernel"], p.get(f"{name}/bias")
    if padding == "valid":
        return nn.conv_transpose2d(x, kernel, bias, 2)
    size = kernel.shape[-1]
    return nn.conv_transpose2d(x, kernel, bias, 2, (size - 1) // 2, size % 2)


def grouped(x, kernel):
    return nn.conv2d(x, kernel, None, 1, 1, 1, x.shape[1] // kernel.shape[1])


def batch_norm(x, p, name, momentum, epsilon, writes):
    gamma, beta = p[f"{name}/gamma"], p[f"{name}/beta"]
    mean, variance = None, None
    if writes is not None:
        mean, variance = p[f"{name}/moving_mean"], p[f"{name}/moving_variance"]
    return nn.batch_norm(x, mean, variance, gamma, beta, True, 1 - momentum, epsilon)


def leaky(x, slope):
    return nn.leaky_relu(x, slope)


def dropout(x, rate):
    return nn.dropout(x, rate) if dropping else x


def maps(x, shape):
    return x.reshape(x.shape[0], *shape).permute(0, 3, 1, 2)


def flat(x):
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)


def double(x):
    return nn.interpolate(x, scale_factor=2, mode="nearest")


def halve(x):
    return nn.avg_pool2d(x, 2)


def pool(x, kind):
    return x.sum((2, 3)) if kind == "sum" else x.mean((2, 3))


def basis(x, basis_maps):
    return x[:, :, None, None] * basis_maps.permute(2, 0, 1)


def gather(x, basis_maps):
    return (x * basis_maps.permute(2, 0, 1)).sum((2, 3))


def add_bias(x, bias):
    return x + bias[:, None, None]


def per_channel(x):
    return x[:, :, None, None]


def spread_map(x, batch):
    return x.permute(2, 0, 1).expand(batch, -1, -1, -1)


def resample(x, up, down, before, after, gain=1):
    n, c, h, w = x.shape
    matrix = torch.from_numpy(resampling_matrix(h, up, down, before, after, gain))
    x = torch.matmul(matrix, x.permute(0, 2, 3, 1).reshape(n, h, w * c))
    x = torch.matmul(matrix, x.reshape(-1, w, c))
    return x.reshape(n, len(matrix), len(matrix), c).permute(0, 3, 1, 2)


def append_deviation(x, group):
    n, c, h, w = x.shape
    y = x.reshape(n // group, group, c, h, w)
    y = (y - y.mean(1, keepdim=True)).square().mean(1).add(1e-8).sqrt().mean((1, 2, 3))
    y = y.repeat_interleave(group)[:, None, None, None].expand(n, 1, h, w)
    return torch.cat([x, y], 1)


def crossed(first, second, crossover, count):
    return torch.stack([first if i < crossover else second for i in range(count)], 1)


def spectral(kernel, u):
    matrix = kernel.permute(2, 3, 1, 0).reshape(-1, kernel.shape[0]) if kernel.ndim > 2 else kernel
    with torch.no_grad():
        v = nn.normalize(u @ matrix.T, dim=1)
        new = nn.normalize(v @ matrix, dim=1)
    sigma = (v @ matrix * new).sum()
    return kernel / sigma, new


def swap(kernel):
    return kernel.transpose(0, 1)


def power_of(kernel):
    return kernel.square().sum((2, 3)).T


def fan_in(kernel):
    return kernel.numel() // kernel.shape[0] if kernel.ndim == 4 else kernel.shape[0]


def mean(x, axis=None, keep=False):
    return x.mean() if axis is None else x.mean(axis, keepdim=keep)


def last_sum(x):
    return x.sum(-1)


def sum_per_image(x):
    return x.sum((1, 2, 3))


# Derivatives and updates


def no_grad(function):
    with torch.no_grad():
        return function()


def value_and_grad(loss, weights):
    value, writes = loss(weights)
    gradients = autograd.grad(value, list(weights.values()), materialize_grads=True)
    return (value.detach(), writes), gradients


def input_gradient(function, x):
    x = x if x.requires_grad else x.detach().requires_grad_(True)
    return autograd.grad(function(x), x, create_graph=True)[0]


def all_written(stats, writes):
    for name, value in writes.items():
        stats[name] = value.detach()
    return stats


def written(old, new):
    return new.detach()


def add(sums, values):
    return sums.add_(values)


def average(ema, weights, rate):
    with torch.no_grad():
        torch._foreach_lerp_(list(ema.values()), list(weights.values()), rate)
    return ema


class RMSprop:
    """Keras' formula, with epsilon inside the root; torch's is outside."""

    def __init__(self, lr, rho, epsilon):
        self.lr, self.rho, self.epsilon = lr, rho, epsilon

    def slots(self, weights):
        return [torch.zeros_like(value) for value in weights.values()]

    def update(self, gradients, slots, weights):
        with torch.no_grad():
            torch._foreach_mul_(slots, self.rho)
            torch._foreach_addcmul_(slots, gradients, gradients, 1 - self.rho)
            roots = torch._foreach_add(slots, self.epsilon)
            torch._foreach_sqrt_(roots)
            torch._foreach_addcdiv_(list(weights.values()), gradients, roots, -self.lr)
        return weights, slots


class Fused:
    """Adam or SGD of torch, fused; with Keras' epsilon, which no correction divides."""

    def __init__(self, kind, **options):
        self.kind, self.options = kind, options

    def slots(self, weights):
        return self.kind(weights.values(), **self.options, fused=True)

    def update(self, gradients, slots, weights):
        for value, gradient in zip(weights.values(), gradients, strict=True):
            same = gradient.stride() == value.stride()  # the fused kernels read memory as it lies
            value.grad = gradient if same else torch.empty_like(value).copy_(gradient)
        if "eps" in self.options:
            steps = slots.state[next(iter(weights.values()))].get("step", 0)
            correction = (1 - self.options["betas"][1] ** (int(steps) + 1)) ** 0.5
            slots.param_groups[0]["eps"] = self.options["eps"] / correction
        slots.step()
        return weights, slots


def optimizer(table, lr):
    options = table.options
    if table.name == "sgd":
        return Fused(torch.optim.SGD, lr=lr)
    if table.name == "rmsprop":
        return RMSprop(lr, options["rho"], options.get("epsilon", 1e-7))
    betas = options["beta_1"], options["beta_2"]
    return Fused(torch.optim.Adam, lr=lr, betas=betas, eps=options["epsilon"])
