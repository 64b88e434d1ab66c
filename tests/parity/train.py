"""Small trainings on the backend of KERAS_BACKEND, with every result written to a file.

Usage: python train.py OUT.npz. Weights come from NumPy by their name, images from NumPy, latents
and the order of the images from the seed: the trainings are the same on all backends.
"""

import functools
import sys
import zlib

import keras
import numpy as np
from keras import layers, ops

from ganzoo import GAN, backend
from ganzoo.data.order import rows_of_step
from ganzoo.gan import random
from ganzoo.gan.batches import Batch
from ganzoo.layers import Conv2D, Conv2DTranspose, SpectralNormalization

SEED, BATCH, SIZE, LATENT, STEPS, REPEATS = 7, 8, 8, 6, 100, 25
ADAM = {"learning_rate": 2e-4, "beta_1": 0.5}

# No bias stands where its true gradient is zero: before batch norm, and at the logit of a loss
# that compares real and fake. Adam would turn rounding into whole steps.
CONFIGS = {
    "bce_batch_norm": ({"norm": True}, {"loss": "non_saturating"}),
    "wgan_gp": (
        {},
        {
            "loss": "wasserstein",
            "regularizers": [{"name": "gradient_penalty", "weight": 10.0}],
            "n_critic": 5,
        },
    ),
    "hinge_spectral": ({"spectral": True}, {"loss": "hinge"}),
    "relativistic_r1_r2": (
        {},
        {
            "loss": "relativistic",
            "regularizers": [{"name": "r1", "weight": 1.0}, {"name": "r2", "weight": 1.0}],
            "ema_half_life": 53.0,
            "ema_rampup": 0.0,
        },
    ),
}
KINKED = ("bce_batch_norm", "relativistic_r1_r2")  # trained with LeakyReLU as well


def networks(activation: str, *, norm: bool = False, spectral: bool = False) -> GAN:
    """Build a DCGAN with two convolutions in each network, 8x8."""

    def act(x, name: str, norm: bool = False):
        if norm:
            x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
        if activation == "leaky_relu":
            return layers.LeakyReLU(0.2, name=f"{name}_act")(x)
        return layers.Activation(activation, name=f"{name}_act")(x)

    def normalized(layer):
        return SpectralNormalization(layer) if spectral else layer

    conv = {"kernel_size": 4, "strides": 2, "padding": "same", "use_bias": False}
    latents = keras.Input((LATENT,), name="latents")
    x = layers.Dense(2 * 2 * 8, use_bias=False, name="project")(latents)
    x = act(layers.Reshape((2, 2, 8), name="project_shape")(x), "project", norm)
    x = act(Conv2DTranspose(4, name="up_4", **conv)(x), "up_4", norm)
    x = Conv2DTranspose(1, name="up_8", **conv)(x)
    generator = keras.Model(latents, layers.Activation("tanh", name="image")(x), name="generator")

    images = keras.Input((SIZE, SIZE, 1), name="images")
    x = act(normalized(Conv2D(4, name="down_8", **conv))(images), "down_8")
    x = act(normalized(Conv2D(8, name="down_4", **conv))(x), "down_4", norm)
    x = layers.Flatten(name="flatten")(x)
    x = normalized(layers.Dense(1, use_bias=False, name="logit"))(x)
    return GAN(generator, keras.Model(images, x, name="discriminator"))


def first_value(name: str, shape: tuple[int, ...], owner: str) -> np.ndarray:
    """Return the first value of a weight, by its name."""
    kind = name.rsplit("/", 1)[-1]
    if kind in ("gamma", "moving_variance"):
        return np.ones(shape, "float32")
    if kind not in ("kernel", "u"):
        return np.zeros(shape, "float32")
    generator = np.random.default_rng(zlib.crc32(f"{owner}/{name}".encode())).standard_normal(shape)
    fan_in = np.prod(shape[:2]) * shape[2] if len(shape) == 4 else shape[0]
    if owner == "generator" and len(shape) == 4:  # a transposed convolution of stride 2
        fan_in = np.prod(shape[:2]) * shape[3] / 4
    return (generator / np.sqrt(fan_in)).astype("float32")


def build(name: str, activation: str) -> GAN:
    """Build and compile a GAN with its first weights."""
    options, config = CONFIGS[name]
    gan = networks(activation, **options)
    gan.compile(
        keras.optimizers.Adam(**ADAM), keras.optimizers.Adam(**ADAM), seed=SEED,
        jit_compile=keras.backend.backend() == "jax", **config,
    )  # fmt: skip
    for name, variable in gan.state().items():
        owner, _, rest = name.partition("/")
        if owner in ("generator", "discriminator", "ema"):
            owner = "generator" if owner == "ema" else owner
            variable.assign(first_value(rest, tuple(variable.shape), owner))
    return gan


def data() -> np.ndarray:
    """Return 96 images of soft spots, uint8 (96, 8, 8, 1)."""
    generator = np.random.default_rng(0)
    y, x = generator.uniform(1, 6, (2, 96, 1, 1))
    rows, columns = np.mgrid[:SIZE, :SIZE]
    spot = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 4)
    return np.rint(255 * spot[..., None]).astype("uint8")


def batch_of(gan: GAN, images: np.ndarray, step: int) -> np.ndarray:
    per_step = BATCH * gan.config.n_critic
    return images[rows_of_step(step, n=len(images), per_step=per_step, seed=SEED)]


def arrays(gan: GAN) -> dict[str, np.ndarray]:
    return {name: np.array(ops.convert_to_numpy(v.value)) for name, v in gan.state().items()}


def loss_and_gradients(loss_fn, variables) -> tuple:
    result = backend.gradients(loss_fn, variables)
    return result.loss, result.gradients


def gradients(gan: GAN, images: np.ndarray) -> dict[str, np.ndarray]:
    """Losses and gradients of both networks at the first weights."""
    real = ops.convert_to_tensor(images[:BATCH].astype("float32") / 127.5 - 1.0)
    latents = random.normal(SEED, 0, random.stream("latents"), (BATCH, LATENT))
    fake = backend.no_grad(lambda: gan.generate(latents))
    batch = Batch(real, latents, None, random.Rng(gan.seed, gan.steps))
    losses = {
        "discriminator": lambda: gan.discriminator_loss(batch, fake),
        "generator": lambda: gan.generator_loss(batch),
    }
    found = {}
    for network, loss_fn in losses.items():
        variables = getattr(gan, network).trainable_variables
        compute = backend.jit(functools.partial(loss_and_gradients, loss_fn, variables))
        loss, grads = compute()
        found[f"{network}/loss"] = loss
        found |= {v.path: gradient for v, gradient in zip(variables, grads, strict=True)}
    return {name: np.array(ops.convert_to_numpy(value)) for name, value in found.items()}


def train(name: str, activation: str) -> dict[str, np.ndarray]:
    gan, images = build(name, activation), data()
    out = {f"gradients/{name}": array for name, array in gradients(gan, images).items()}
    first, losses = arrays(gan), []
    for step in range(STEPS):
        logs = gan.train_on_batch(batch_of(gan, images, step), return_dict=True)
        losses.append([logs["d_loss"], logs["g_loss"]])
        if step == 0:
            one = arrays(gan)
            out |= {f"one/{name}": array for name, array in one.items()}
            out |= {f"logs/{name}": np.float32(value) for name, value in logs.items()}
    out |= {f"last/{name}": array for name, array in arrays(gan).items()}
    out |= {"losses": np.array(losses, "float32"), "samples": gan.sample(16, seed=SEED)}
    same = [is_repeated(gan, first, one, batch_of(gan, images, 0)) for _ in range(REPEATS)]
    return {**out, "repeated": np.array(same)}


def is_repeated(gan: GAN, first: dict, one: dict, images: np.ndarray) -> bool:
    """Return True if the first step, made again, gives the same bits."""
    for name, variable in gan.state().items():
        variable.assign(first[name])
    gan.train_on_batch(images)
    again = arrays(gan)
    return all(again[name].tobytes() == one[name].tobytes() for name in one)


def random_numbers() -> dict[str, np.ndarray]:
    """Numbers that depend on the seed: latents, samples, label flips, order of the data."""
    order = [rows_of_step(step, n=96, per_step=40, seed=SEED) for step in range(4)]
    found = {
        "latents": random.normal(SEED, 3, random.stream("latents"), (6, BATCH, LATENT)),
        "samples": random.normal(SEED, ops.arange(16, dtype="int32"), random.SAMPLES, (LATENT,)),
        "flips": random.Rng(SEED, 3).uniform("label_flip", (BATCH,)),
    }
    found = {name: np.array(ops.convert_to_numpy(value)) for name, value in found.items()}
    return {**found, "order": np.concatenate(order), "labels": np.arange(96)[order[0]] % 10}


def main(out: str) -> None:
    found = {f"random/{name}": array for name, array in random_numbers().items()}
    for config in CONFIGS:
        for activation in ("silu", "leaky_relu") if config in KINKED else ("silu",):
            results = train(config, activation)
            found |= {f"{config}/{activation}/{name}": array for name, array in results.items()}
    np.savez(out, **found)


if __name__ == "__main__":
    main(sys.argv[1])
