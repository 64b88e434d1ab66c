"""Plays small games on the backend of KERAS_BACKEND and writes down everything that came out.

Usage: python play.py OUT.npz. Weights come from NumPy by the name of the state, images from
NumPy, latents and the order of the images from the seed: three backends play the same games.
"""

import functools
import sys
import zlib

import keras
import numpy as np
from ganzoo.gan.penalties import Draw
from keras import layers, ops

from ganzoo import GAN, backend
from ganzoo.data.order import positions
from ganzoo.gan import random
from ganzoo.gan.gan import Batch
from ganzoo.layers import Conv2D, Conv2DTranspose, SpectralNormalization

SEED, BATCH, SIZE, LATENT, STEPS, REPEATS = 7, 8, 8, 6, 100, 25
ADAM = {"learning_rate": 2e-4, "beta_1": 0.5}

# No bias stands where its true gradient is zero: in front of batch norm, and at the logit of
# a loss that compares real with fake. Adam would turn the rounding into whole steps.
GAMES = {
    "bce_batch_norm": ({"norm": True}, {"loss": "non_saturating"}),
    "wgan_gp": (
        {},
        {
            "loss": "wasserstein",
            "penalties": [{"name": "gradient_penalty", "weight": 10.0}],
            "n_critic": 5,
        },
    ),
    "hinge_spectral": ({"spectral": True}, {"loss": "hinge"}),
    "relativistic_r1_r2": (
        {},
        {
            "loss": "relativistic",
            "penalties": [{"name": "r1", "weight": 1.0}, {"name": "r2", "weight": 1.0}],
            "ema_half_life": 0.9,
        },
    ),
}
KINKED = ("bce_batch_norm", "relativistic_r1_r2")  # played with LeakyReLU as well


def networks(activation: str, *, norm: bool = False, spectral: bool = False) -> GAN:
    """DCGAN with two convolutions for each player, 8x8."""

    def act(x, name: str, normed: bool = False):
        if normed:
            x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
        if activation == "leaky_relu":
            return layers.LeakyReLU(0.2, name=f"{name}_act")(x)
        return layers.Activation(activation, name=f"{name}_act")(x)

    def dressed(layer):
        return SpectralNormalization(layer) if spectral else layer

    conv = {"kernel_size": 4, "strides": 2, "padding": "same", "use_bias": False}
    latents = keras.Input((LATENT,), name="latents")
    x = layers.Dense(2 * 2 * 8, use_bias=False, name="project")(latents)
    x = act(layers.Reshape((2, 2, 8), name="project_shape")(x), "project", norm)
    x = act(Conv2DTranspose(4, name="up_4", **conv)(x), "up_4", norm)
    x = Conv2DTranspose(1, name="up_8", **conv)(x)
    generator = keras.Model(latents, layers.Activation("tanh", name="image")(x), name="generator")

    images = keras.Input((SIZE, SIZE, 1), name="images")
    x = act(dressed(Conv2D(4, name="down_8", **conv))(images), "down_8")
    x = act(dressed(Conv2D(8, name="down_4", **conv))(x), "down_4", norm)
    x = layers.Flatten(name="flatten")(x)
    x = dressed(layers.Dense(1, use_bias=False, name="logit"))(x)
    return GAN(generator, keras.Model(images, x, name="discriminator"))


def value_for(name: str, shape: tuple[int, ...], owner: str) -> np.ndarray:
    """The first value of a weight, by its name."""
    kind = name.rsplit("/", 1)[-1]
    if kind in ("gamma", "moving_variance"):
        return np.ones(shape, "float32")
    if kind not in ("kernel", "u"):
        return np.zeros(shape, "float32")
    draw = np.random.default_rng(zlib.crc32(f"{owner}/{name}".encode())).standard_normal(shape)
    fan_in = np.prod(shape[:2]) * shape[2] if len(shape) == 4 else shape[0]
    if owner == "generator" and len(shape) == 4:  # a transposed convolution of stride 2
        fan_in = np.prod(shape[:2]) * shape[3] / 4
    return (draw / np.sqrt(fan_in)).astype("float32")


def begin(game: str, activation: str) -> GAN:
    """The game, compiled, with its first weights."""
    shape, rules = GAMES[game]
    gan = networks(activation, **shape)
    gan.compile(
        keras.optimizers.Adam(**ADAM), keras.optimizers.Adam(**ADAM), seed=SEED,
        jit_compile=keras.backend.backend() == "jax", **rules,
    )  # fmt: skip
    for name, variable in gan.state().items():
        owner, _, rest = name.partition("/")
        if owner in ("generator", "discriminator", "average"):
            owner = "generator" if owner == "ema" else owner
            variable.assign(value_for(rest, tuple(variable.shape), owner))
    return gan


def data() -> np.ndarray:
    """96 images of soft spots, uint8 (96, 8, 8, 1)."""
    draw = np.random.default_rng(0)
    y, x = draw.uniform(1, 6, (2, 96, 1, 1))
    rows, columns = np.mgrid[:SIZE, :SIZE]
    spot = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 4)
    return np.rint(255 * spot[..., None]).astype("uint8")


def batch_of(gan: GAN, images: np.ndarray, step: int) -> np.ndarray:
    per_step = BATCH * gan.config.n_critic
    return images[positions(step, n=len(images), per_step=per_step, seed=SEED)]


def arrays(gan: GAN) -> dict[str, np.ndarray]:
    return {name: np.array(ops.convert_to_numpy(v.value)) for name, v in gan.state().items()}


def turn_of(objective, variables) -> tuple:
    turn = backend.gradients(objective, variables)
    return turn.loss, turn.gradients


def gradients(gan: GAN, images: np.ndarray) -> dict[str, np.ndarray]:
    """Both players' first gradients, and their losses, at the first weights."""
    real = ops.convert_to_tensor(images[:BATCH].astype("float32") / 127.5 - 1.0)
    latents = random.normal(SEED, 0, random.LATENTS, (BATCH, LATENT))
    fake = backend.no_grad(lambda: gan.generate(latents))
    batch = Batch(real, latents, None, Draw(gan.seed, gan.steps, 0))
    objectives = {
        "discriminator": lambda: gan.discriminator_loss(batch, fake),
        "generator": lambda: gan.generator_loss(batch),
    }
    found = {}
    for player, objective in objectives.items():
        variables = getattr(gan, player).trainable_variables

        loss, grads = backend.jit(functools.partial(turn_of, objective, variables))()
        found[f"{player}/loss"] = loss
        found |= {v.path: gradient for v, gradient in zip(variables, grads, strict=True)}
    return {name: np.array(ops.convert_to_numpy(value)) for name, value in found.items()}


def play(game: str, activation: str) -> dict[str, np.ndarray]:
    gan, images = begin(game, activation), data()
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
    same = [repeated(gan, first, one, batch_of(gan, images, 0)) for _ in range(REPEATS)]
    return {**out, "repeated": np.array(same)}


def repeated(gan: GAN, first: dict, one: dict, images: np.ndarray) -> bool:
    """Whether the first step, played again, gives the same bits."""
    for name, variable in gan.state().items():
        variable.assign(first[name])
    gan.train_on_batch(images)
    again = arrays(gan)
    return all(again[name].tobytes() == one[name].tobytes() for name in one)


def draws() -> dict[str, np.ndarray]:
    """What a seed decides: latents, labels as the data's order brings them, flips."""
    order = [positions(step, n=96, per_step=40, seed=SEED) for step in range(4)]
    drawn = {
        "latents": random.normal(SEED, 3, random.LATENTS, (6, BATCH, LATENT)),
        "samples": random.normal(SEED, ops.arange(16, dtype="int32"), random.SAMPLE, (LATENT,)),
        "flips": Draw(SEED, 3, 1).uniform((BATCH,)),
    }
    drawn = {name: np.array(ops.convert_to_numpy(value)) for name, value in drawn.items()}
    return {**drawn, "order": np.concatenate(order), "labels": np.arange(96)[order[0]] % 10}


def main(out: str) -> None:
    found = {f"draws/{name}": array for name, array in draws().items()}
    for game in GAMES:
        for activation in ("silu", "leaky_relu") if game in KINKED else ("silu",):
            played = play(game, activation)
            found |= {f"{game}/{activation}/{name}": array for name, array in played.items()}
    np.savez(out, **found)


if __name__ == "__main__":
    main(sys.argv[1])
