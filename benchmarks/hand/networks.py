"""The networks of the workloads, over the functions `f` of one framework.

A network is called as `network(f, p, x, writes)`: `p` are its weights by name, `writes` receives
new moving statistics, or is None. Shapes are channels last in words; a framework may differ.
"""

import functools
import math

import numpy as np

GAIN = math.sqrt(2)


@functools.cache
def resampling_matrix(size: int, up: int, down: int, before: int, after: int, gain=1) -> np.ndarray:
    """The filter (1, 3, 3, 1) along one axis, as a matrix (results, size)."""
    taps = np.array([1, 3, 3, 1]) / 8 * up * gain
    spaced = np.zeros((size * up + before + after, size))
    spaced[before + np.arange(size) * up, np.arange(size)] = 1
    rows = [taps @ spaced[i : i + 4] for i in range(0, len(spaced) - 3, down)]
    return np.array(rows, "float32")


def mlp_generator(f, p, z, writes=None, noise=None):
    for i in (1, 2, 3):
        z = f.leaky(f.dense(z, p, f"hidden_{i}"), 0.2)
        z = f.batch_norm(z, p, f"hidden_{i}_norm", 0.8, 1e-3, writes)
    return f.maps(f.tanh(f.dense(z, p, "image")), (28, 28, 1))


def mlp_discriminator(f, p, x, writes=None, drops=None):
    x = f.flat(x)
    for i in (1, 2):
        x = f.leaky(f.dense(x, p, f"hidden_{i}"), 0.2)
    return f.dense(x, p, "logit")


def dcgan_generator(f, p, z, writes=None, noise=None):
    x = f.maps(f.dense(z, p, "project"), (4, 4, 512))
    x = f.relu(f.batch_norm(x, p, "project_norm", 0.9, 1e-5, writes))
    for r in (8, 16, 32):
        x = f.conv_transpose(x, p, f"up_{r}")
        x = f.relu(f.batch_norm(x, p, f"up_{r}_norm", 0.9, 1e-5, writes))
    return f.tanh(f.conv_transpose(x, p, "up_64"))


def dcgan_discriminator(f, p, x, writes=None, drops=None):
    for r in (64, 32, 16, 8):
        x = f.conv(x, p, f"down_{r}", stride=2)
        if r < 64:
            x = f.batch_norm(x, p, f"down_{r}_norm", 0.9, 1e-5, writes)
        x = f.leaky(x, 0.2)
    return f.dense(f.flat(x), p, "logit")


def fashion_generator(f, p, z, writes=None, noise=None):
    x = f.maps(f.dense(z, p, "project"), (7, 7, 128))
    x = f.batch_norm(x, p, "project_norm", 0.99, 1e-3, writes)
    x = f.selu(f.conv_transpose(x, p, "up_1"))
    x = f.batch_norm(x, p, "up_1_norm", 0.99, 1e-3, writes)
    return f.tanh(f.conv_transpose(x, p, "up_2"))


def fashion_discriminator(f, p, x, writes=None, drops=(0.3, 0.4)):
    for i in (1, 2):
        x = f.leaky(f.conv(x, p, f"down_{i}", stride=2), 0.2)
        x = f.dropout(x, drops[i - 1])
    return f.dense(f.flat(x), p, "logit")


def residual_generator(f, p, z, writes=None, noise=None, epsilon=1e-5):
    def norm(x, name):
        return f.relu(f.batch_norm(x, p, name, 0.9, epsilon, writes))

    x = f.maps(f.dense(z, p, "project"), (4, 4, p["up_8_conv_1/bias"].shape[0]))
    for r in (8, 16, 32):
        name = f"up_{r}"
        y = f.conv(f.double(norm(x, f"{name}_norm_1")), p, f"{name}_conv_1")
        y = f.conv(norm(y, f"{name}_norm_2"), p, f"{name}_conv_2")
        x = y + f.double(f.conv(x, p, f"{name}_shortcut"))
    return f.tanh(f.conv(norm(x, "image_norm"), p, "image_conv"))


def residual_critic(f, p, x, writes=None, drops=None, pool="mean"):
    for name in ("down_16", "down_8", "plain_1", "plain_2"):
        y = x if name == "down_16" else f.relu(x)
        y = f.conv(f.relu(f.conv(y, p, f"{name}_conv_1")), p, f"{name}_conv_2")
        if name.startswith("down"):
            y, x = f.halve(y), f.conv(f.halve(x), p, f"{name}_shortcut")
        x = x + y
    return f.dense(f.pool(f.relu(x), pool), p, "logit")


def spectral_critic(f, p, x, writes=None, drops=None):
    """The critic with every kernel divided by its largest singular value."""
    normal = dict(p)
    for name in [name for name in p if name.endswith("/u")]:
        kernel, u = name[:-2] + "/kernel", p[name]
        normal[kernel], u = f.spectral(p[kernel], u)
        if writes is not None:
            writes[name] = u
    return residual_critic(f, normal, x, pool="sum")


def r3gan_generator(f, p, z, writes=None, noise=None):
    x = f.basis(f.dense(z, p, "scale"), p["basis/pictures"])
    for r in (4, 8, 16, 32, 64):
        if r > 4:
            x = f.conv(x, p, f"{r}_match") if f"{r}_match/kernel" in p else x
            x = f.resample(x, 2, 1, 2, 1)
        x = _r3gan_blocks(f, p, x, r)
    return f.conv(x, p, "to_image")


def r3gan_discriminator(f, p, x, writes=None, drops=None):
    x = f.conv(x, p, "from_image")
    for r in (64, 32, 16, 8, 4):
        x = _r3gan_blocks(f, p, x, r)
        if r > 4:
            x = f.resample(x, 1, 2, 1, 2)
            match = f"{r}_match"
            x = f.conv(x, p, match) if f"{match}/kernel" in p else x
    return f.dense(f.gather(x, p["basis/pictures"]), p, "logit")


def _r3gan_blocks(f, p, x, r):
    for name in (f"{r}_block_1", f"{r}_block_2"):
        y = f.leaky(f.add_bias(f.conv(x, p, f"{name}_in"), p[f"{name}_in_relu/bias"]), 0.2)
        y = f.grouped(y, p[f"{name}_groups/kernel"])
        y = f.leaky(f.add_bias(y, p[f"{name}_groups_relu/bias"]), 0.2)
        x = x + f.conv(y, p, f"{name}_out")
    return x


def equalized(f, p, name, gain=GAIN, rate=1.0, bias_gain=True):
    """Kernel and bias of a layer whose weights are scaled when they are used."""
    kernel = p[f"{name}/kernel"]
    scale = gain * rate / math.sqrt(f.fan_in(kernel))
    bias = p.get(f"{name}/bias")
    bias = None if bias is None else bias * (rate * (gain if bias_gain else 1.0))
    return {f"{name}/kernel": kernel * scale, f"{name}/bias": bias}


def style_mapping(f, p, z):
    x = z * f.rsqrt(f.mean(z * z, 1, keep=True) + 1e-8)
    for i in (1, 2):
        x = f.leaky(f.dense(x, equalized(f, p, f"map_{i}", rate=0.01), f"map_{i}"), 0.2)
    return x


def style_synthesis(f, p, styles, noise):
    """Styles (batch, 4, w) and noise (batch, 144) -> images of 8x8."""
    x = f.spread_map(p["constant/map"], styles.shape[0])
    x = _styled(f, p, x, styles[:, 0], noise[:, :16], "conv_4", 4)
    image = _rgb(f, p, x, styles[:, 1], "image_4")
    x = _styled(f, p, x, styles[:, 1], noise[:, 16:80], "conv_8_1", 8, up=True)
    x = _styled(f, p, x, styles[:, 2], noise[:, 80:], "conv_8_2", 8)
    return f.resample(image, 2, 1, 2, 1) + _rgb(f, p, x, styles[:, 3], "image_8")


def _modulated(f, p, x, style, name, up=False, demodulate=True):
    own = equalized(f, p, f"{name}_style", gain=1.0)
    style = f.dense(style, own, f"{name}_style")
    kernel = p[f"{name}/kernel"]
    kernel = kernel * (1 / math.sqrt(f.fan_in(kernel)))
    x = x * f.per_channel(style)
    if up:
        x = f.conv_transpose(x, {f"{name}/kernel": f.swap(kernel)}, name, padding="valid")
        x = f.resample(x, 1, 1, 1, 1, gain=2)
    else:
        x = f.conv(x, {f"{name}/kernel": kernel}, name)
    if not demodulate:
        return x
    power = f.matmul(style * style, f.power_of(kernel))
    return x * f.per_channel(f.rsqrt(power + 1e-8))


def _styled(f, p, x, style, noise, name, size, up=False):
    x = _modulated(f, p, x, style, name, up=up)
    x = x + p[f"{name}_relu/strength"] * f.maps(noise, (size, size, 1))
    return GAIN * f.leaky(f.add_bias(x, p[f"{name}_relu/bias"]), 0.2)


def _rgb(f, p, x, style, name):
    x = _modulated(f, p, x, style, name, demodulate=False)
    return f.add_bias(x, p[f"{name}_bias/bias"])


def style_discriminator(f, p, x, writes=None, drops=None):
    def conv(x, name, **options):
        return f.leaky(f.conv(x, equalized(f, p, name), name, **options), 0.2)

    x = conv(x, "image")
    y = f.resample(conv(x, "conv_8_1"), 1, 1, 2, 2)
    y = conv(y, "conv_8_2", stride=2, padding="valid")
    x = f.resample(x, 1, 2, 1, 2)
    x = f.conv(x, equalized(f, p, "skip_8", gain=1.0), "skip_8")
    x = (x + y) * (1 / GAIN)
    x = f.flat(conv(f.append_deviation(x, 4), "conv_4"))
    x = f.leaky(f.dense(x, equalized(f, p, "dense"), "dense"), 0.2)
    return f.dense(x, equalized(f, p, "logit", gain=1.0), "logit")
