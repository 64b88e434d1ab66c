"""TensorFlow by hand: one `tf.function`, fused batch norm and optimizers. State is variables."""

import numpy as np
import tensorflow as tf

from .networks import resampling_matrix

relu, selu, tanh, softplus = tf.nn.relu, tf.nn.selu, tf.tanh, tf.nn.softplus
stack, sqrt, rsqrt, matmul = tf.stack, tf.sqrt, tf.math.rsqrt, tf.matmul
sum = tf.reduce_sum
dropping = True
_WIDTH = 32  # channels of one dense convolution that stands for small groups


def weight(value):
    return tf.Variable(value)


def buffer(value):
    return tf.Variable(value, trainable=False)


variable = buffer
images = tf.constant


def copies(weights):
    return {name: buffer(value.read_value()) for name, value in weights.items()}


def scaled(batch):
    return tf.cast(batch, "float32") / 127.5 - 1.0


class Rng:
    """Random numbers of one step."""

    def __init__(self, number):
        """Nothing: TensorFlow has a generator of its own."""

    def normal(self, name, shape):
        return tf.random.normal(shape)

    images = normal

    def uniform(self, name, shape):
        return tf.random.uniform(shape)

    def crossover(self, name, count, probability):
        mixes, position = tf.unstack(tf.random.uniform((2,)))
        at = 1 + tf.cast(position * (count - 1), "int32")
        return tf.where(mixes < probability, at, count)


def jit(step):
    """The step as one graph, which holds the variables of the first state."""
    graph = None

    def run(state, batch, number):
        nonlocal graph
        if graph is None:

            def whole(batch):
                return step(state, batch, Rng(number))["sums"]

            graph = tf.function(whole, autograph=False)
        graph(batch)
        return state

    return run


def wait(state):
    return state["sums"].numpy()


def concat(parts):
    return tf.concat(parts, 0)


# Networks


def _biased(x, p, name):
    bias = p.get(f"{name}/bias")
    return x if bias is None else tf.nn.bias_add(x, bias)


def dense(x, p, name):
    return _biased(tf.matmul(x, p[f"{name}/kernel"]), p, name)


def conv(x, p, name, stride=1, padding="same"):
    return _biased(tf.nn.conv2d(x, p[f"{name}/kernel"], stride, padding.upper()), p, name)


def conv_transpose(x, p, name, padding="same"):
    kernel = p[f"{name}/kernel"]
    n, h, w, _ = x.shape
    more = kernel.shape[0] - 2 if padding == "valid" else 0
    size = (n, 2 * h + more, 2 * w + more, kernel.shape[2])
    return _biased(tf.nn.conv2d_transpose(x, kernel, size, 2, padding.upper()), p, name)


def grouped(x, kernel):
    """Groups side by side in dense convolutions, with zeros between them."""
    channels, (c, d) = x.shape[-1], (kernel.shape[-2], kernel.shape[-1])
    groups = channels // c
    together = min(groups, max(1, _WIDTH // c))
    out = d // groups * together
    mask = np.kron(np.eye(together, dtype="float32"), np.ones((c, d // groups), "float32"))
    parts = []
    for i, part in enumerate(tf.split(x, groups // together, -1)):
        block = tf.tile(kernel[..., i * out : (i + 1) * out], (1, 1, together, 1)) * mask
        parts.append(tf.nn.conv2d(part, block, 1, "SAME"))
    return tf.concat(parts, -1)


def batch_norm(x, p, name, momentum, epsilon, writes):
    gamma, beta = p[f"{name}/gamma"], p[f"{name}/beta"]
    if len(x.shape) == 4:
        x, mean, variance = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=epsilon)
    else:
        mean, variance = tf.nn.moments(x, 0)
        x = tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
    if writes is not None:
        for key, value in (("moving_mean", mean), ("moving_variance", variance)):
            old = p[f"{name}/{key}"]
            writes[f"{name}/{key}"] = old * momentum + value * (1 - momentum)
    return x


def leaky(x, slope):
    return tf.nn.leaky_relu(x, slope)


def dropout(x, rate):
    return tf.nn.dropout(x, rate) if dropping else x


def maps(x, shape):
    return tf.reshape(x, (-1, *shape[:2], x.shape[-1] // (shape[0] * shape[1])))


def flat(x):
    return tf.reshape(x, (x.shape[0], -1))


def double(x):
    n, h, w, c = x.shape
    x = tf.broadcast_to(x[:, :, None, :, None], (n, h, 2, w, 2, c))
    return tf.reshape(x, (n, 2 * h, 2 * w, c))


def halve(x):
    return tf.nn.avg_pool2d(x, 2, 2, "VALID")


def pool(x, kind):
    return tf.reduce_sum(x, (1, 2)) if kind == "sum" else tf.reduce_mean(x, (1, 2))


def basis(x, basis_maps):
    return x[:, None, None] * basis_maps


def gather(x, basis_maps):
    return tf.reduce_sum(x * basis_maps, (1, 2))


def add_bias(x, bias):
    return tf.nn.bias_add(x, bias)


def per_channel(x):
    return x[:, None, None]


def spread_map(x, batch):
    return tf.broadcast_to(x, (batch, *x.shape))


def resample(x, up, down, before, after, gain=1):
    n, h, w, c = x.shape
    matrix = resampling_matrix(h, up, down, before, after, gain)
    x = tf.matmul(matrix, tf.reshape(x, (n, h, w * c)))
    x = tf.matmul(matrix, tf.reshape(x, (-1, w, c)))
    return tf.reshape(x, (n, len(matrix), len(matrix), c))


def append_deviation(x, group):
    n, h, w, c = x.shape
    y = tf.reshape(x, (n // group, group, h, w, c))
    y = tf.reduce_mean(tf.square(y - tf.reduce_mean(y, 1, keepdims=True)), 1)
    y = tf.reduce_mean(tf.sqrt(y + 1e-8), (1, 2, 3))
    y = tf.broadcast_to(tf.repeat(y, group)[:, None, None, None], (n, h, w, 1))
    return tf.concat([x, y], -1)


def crossed(first, second, crossover, count):
    index = np.arange(count, dtype="int32")[None, :, None]
    return tf.where(index < crossover, first[:, None], second[:, None])


def spectral(kernel, u):
    matrix = tf.reshape(kernel, (-1, kernel.shape[-1]))
    v = _unit(tf.matmul(u, matrix, transpose_b=True))
    u = _unit(tf.matmul(v, matrix))
    return kernel / tf.reduce_sum(tf.matmul(v, matrix) * u), u


def _unit(x):
    return tf.stop_gradient(x * tf.math.rsqrt(tf.reduce_sum(x * x) + 1e-12))


def swap(kernel):
    return tf.transpose(kernel, (0, 1, 3, 2))


def power_of(kernel):
    return tf.reduce_sum(tf.square(kernel), (0, 1))


def fan_in(kernel):
    return int(np.prod(kernel.shape[:-1]))


def mean(x, axis=None, keep=False):
    return tf.reduce_mean(x, axis, keepdims=keep)


def last_sum(x):
    return tf.reduce_sum(x, -1)


def sum_per_image(x):
    return tf.reduce_sum(x, (1, 2, 3))


# Derivatives and updates


def no_grad(function):
    return function()  # no tape is open


def value_and_grad(loss, weights):
    with tf.GradientTape() as tape:
        value, writes = loss(weights)
    return (value, writes), tape.gradient(
        value, list(weights.values()), unconnected_gradients=tf.UnconnectedGradients.ZERO
    )


def input_gradient(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x)


def all_written(stats, writes):
    for name, value in writes.items():
        stats[name].assign(value)
    return stats


def written(old, new):
    old.assign(new)
    return old


def add(sums, values):
    sums.assign_add(values)
    return sums


def average(ema, weights, rate):
    for name, old in ema.items():
        old.assign_sub(rate * (old - weights[name]))
    return ema


class Fused:
    """Optimizers by TensorFlow's fused kernels."""

    def __init__(self, kind, count, **options):
        self.kind, self.count, self.options = kind, count, options

    def slots(self, weights):
        like = [[buffer(tf.zeros_like(w)) for w in weights.values()] for _ in range(self.count)]
        return {"like": like, "powers": [buffer(b) for b in self.options.get("betas", ())]}

    def update(self, gradients, slots, weights):
        lr, options = self.options["lr"], self.options
        powers = slots["powers"]
        for w, g, *own in zip(weights.values(), gradients, *slots["like"], strict=True):
            handles = [slot.handle for slot in own]
            if self.kind == "sgd":
                tf.raw_ops.ResourceApplyGradientDescent(var=w.handle, alpha=lr, delta=g)
            elif self.kind == "rmsprop":
                tf.raw_ops.ResourceApplyRMSProp(
                    var=w.handle, ms=handles[0], mom=handles[1], lr=lr, rho=options["rho"],
                    momentum=0.0, epsilon=options["epsilon"], grad=g,
                )  # fmt: skip
            else:
                tf.raw_ops.ResourceApplyAdam(
                    var=w.handle, m=handles[0], v=handles[1], beta1_power=powers[0],
                    beta2_power=powers[1], lr=lr, beta1=options["betas"][0],
                    beta2=options["betas"][1], epsilon=options["epsilon"], grad=g,
                )  # fmt: skip
        for power, beta in zip(powers, options.get("betas", ()), strict=True):
            power.assign(power * beta)
        return weights, slots


def optimizer(table, lr):
    options = table.options
    epsilon = options.get("epsilon", 1e-7)
    if table.name == "sgd":
        return Fused("sgd", 0, lr=lr)
    if table.name == "rmsprop":
        return Fused("rmsprop", 2, lr=lr, rho=options["rho"], epsilon=epsilon)
    betas = options["beta_1"], options["beta_2"]
    return Fused("adam", 2, lr=lr, betas=betas, epsilon=epsilon)
