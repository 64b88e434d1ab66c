"""One step of each workload, over the functions `f` of one framework.

The state is a dictionary: weights and moving statistics of both networks by name, slots of the
optimizers, the average of the generator, and how many steps there were.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from . import networks


class Pair(NamedTuple):
    """The networks of a workload; the rest is read from its recipe."""

    generator: Callable
    discriminator: Callable
    style: bool = False


NETWORKS = {
    "mlp": Pair(networks.mlp_generator, networks.mlp_discriminator),
    "dcgan": Pair(networks.dcgan_generator, networks.dcgan_discriminator),
    "dcgan-fashion-mnist": Pair(networks.fashion_generator, networks.fashion_discriminator),
    "wgan-gp": Pair(networks.residual_generator, networks.residual_critic),
    "sngan": Pair(
        lambda *args, **kwargs: networks.residual_generator(*args, **kwargs, epsilon=2e-5),
        networks.spectral_critic,
    ),
    "r3gan": Pair(networks.r3gan_generator, networks.r3gan_discriminator),
    "stylegan2": Pair(networks.style_synthesis, networks.style_discriminator, style=True),
}


def losses(f, kind: str):
    """The losses of both networks as functions of logits."""
    relu, soft = f.relu, f.softplus
    return {
        "non_saturating": (lambda r, x: soft(-r) + soft(x), lambda r, x: soft(-x)),
        "wasserstein": (lambda r, x: x - r, lambda r, x: -x),
        "hinge": (lambda r, x: relu(1 - r) + relu(1 + x), lambda r, x: -x),
        "relativistic": (lambda r, x: soft(x - r), lambda r, x: soft(r - x)),
    }[kind]


class Loop:
    """A training by hand.

    Args:
        f: Functions of one framework.
        gan: ganzoo's GAN, whose weights it starts from.
        recipe: The recipe.
        changed: Applied to the name and the value of each weight at the beginning.
    """

    def __init__(self, f, gan: Any, recipe: Any, changed: Callable = lambda name, value: value):
        self.f, self.config, self.changed = f, recipe.gan, changed
        self.networks = NETWORKS[recipe.architecture.name]
        self.losses = losses(f, self.config.loss)
        self.batch = recipe.training.batch
        self.latent_size = gan.sampler.latent_shape[0]
        self.penalties = {r["name"]: r for r in _tables(self.config.regularizers)}
        self.lazy = any(r.get("every", 1) > 1 for r in self.penalties.values())
        tables = {"g": recipe.generator_optimizer, "d": recipe.discriminator_optimizer}
        self.optimizers = {key: f.optimizer(t, _first_rate(t)) for key, t in tables.items()}
        self.state = self._begin(gan)
        self.training = f.jit(lambda *given: self.step(*given, penalties=False))
        self.regularizing = f.jit(self.step)

    def _begin(self, gan) -> dict:
        f, state = self.f, {"sums": self.f.variable([0.0, 0.0]), "path_mean": self.f.variable(0.0)}
        for key, network in (("g", gan.generator), ("d", gan.discriminator)):
            trained = {id(v) for v in network.trainable_variables}
            named = {"/".join(v.path.split("/")[-2:]): v for v in network.variables}
            named.pop("average_style/psi", None)
            values = {n: self.changed(n, v.numpy()) for n, v in named.items() if "seed" not in n}
            state[key] = {n: f.weight(v) for n, v in values.items() if id(named[n]) in trained}
            rest = values.keys() - state[key].keys()
            state[f"{key}_stats"] = {n: f.buffer(values[n]) for n in sorted(rest)}
            state[f"{key}_slots"] = self.optimizers[key].slots(state[key])
        state["ema"] = f.copies(state["g"]) if self.config.ema_half_life else {}
        return state

    def train(self, images, rows) -> None:
        """Train on `images[rows[i]]` in turn, uint8; wait until all is done."""
        for number, batch in enumerate(rows):
            due = not self.lazy or number % 4 == 0
            run = self.regularizing if due else self.training
            self.state = run(self.state, self.f.images(images[batch]), number)
        self.f.wait(self.state)

    # One step ----------------------------------------------------------------------------------

    def step(self, state, images, rng, penalties=True):
        """Updates of the discriminator, one of the generator, and the average."""
        f, config = self.f, self.config
        real, state = f.scaled(images), dict(state)
        for update in range(config.critic_updates):
            part = real[update :: config.critic_updates]
            z = rng.normal(f"z_{update}", (part.shape[0], self.latent_size))
            state, d_loss = self._discriminator(state, part, z, rng, update, penalties)
        count = self.batch * config.generator_batch
        z = rng.normal("z", (count, self.latent_size))
        state, g_loss = self._generator(state, part, z, rng, penalties)
        if state["ema"]:
            rate = 1 - 2 ** (-self.batch * config.critic_updates / config.ema_half_life)
            state["ema"] = f.average(state["ema"], state["g"], rate)
        state["sums"] = f.add(state["sums"], f.stack([d_loss, g_loss]))
        return state

    def _generate(self, state, weights, z, rng, name, writes=None):
        f, p = self.f, {**state["g_stats"], **weights}
        if not self.networks.style:
            return self.networks.generator(f, p, z, writes)
        styles = self._styles(p, z, rng, name)
        return self.networks.generator(f, p, styles, rng.normal(f"{name}_noise", (z.shape[0], 144)))

    def _styles(self, p, z, rng, name):
        """Two styles, the second from a random convolution on: (batch, 4, w)."""
        f = self.f
        first = networks.style_mapping(f, p, z)
        second = networks.style_mapping(f, p, rng.normal(f"{name}_second", tuple(z.shape)))
        crossover = rng.crossover(f"{name}_crossover", 4, 0.9)
        return f.crossed(first, second, crossover, 4)

    def _discriminate(self, state, weights, x, writes=None):
        p = {**state["d_stats"], **(writes or {}), **weights}
        return self.networks.discriminator(self.f, p, x, writes)[:, 0]

    def _discriminator(self, state, real, z, rng, update, penalties):
        f, config, name = self.f, self.config, f"d_{update}"
        fake = f.no_grad(lambda: self._generate(state, state["g"], z, rng, name))

        def loss(weights):
            writes = {}
            if config.concat_real_fake:
                both = self._discriminate(state, weights, f.concat([real, fake]), writes)
                r, x = both[: real.shape[0]], both[real.shape[0] :]
            else:
                r = self._discriminate(state, weights, real, writes)
                x = self._discriminate(state, weights, fake, writes)
            value = f.mean(self.losses[0](r, x))
            for kind, table in self.penalties.items():
                if not config.separate_penalties:
                    value = value + table["weight"] * self._penalty(
                        kind, state, weights, real, fake, rng, update
                    )
            return value, writes

        state, value = self._update(state, "d", loss)
        if config.separate_penalties and penalties:
            (table,) = self.penalties.values()

            def lazy(weights):
                slope = self._penalty("r1", state, weights, real, fake, rng, update)
                return table["weight"] * table["every"] * slope, {}

            state, _ = self._update(state, "d", lazy)
        return state, value

    def _penalty(self, kind, state, weights, real, fake, rng, update):
        f = self.f
        x = {"r1": real, "r2": fake}.get(kind)
        if x is None:
            mix = rng.uniform(f"mix_{update}", (real.shape[0], 1, 1, 1))
            x = real + mix * (fake - real)
        slopes = f.input_gradient(lambda x: f.sum(self._discriminate(state, weights, x)), x)
        squares = f.sum_per_image(slopes * slopes)
        if kind == "gradient_penalty":
            return f.mean((f.sqrt(squares + 1e-12) - 1) ** 2)
        return 0.5 * f.mean(squares)

    def _generator(self, state, real, z, rng, penalties):
        f = self.f

        def loss(weights):
            writes = {}
            fake = self._generate(state, weights, z, rng, "g", writes)
            r = (
                self._discriminate(state, state["d"], real)
                if self.config.loss == "relativistic"
                else 0
            )
            return f.mean(self.losses[1](r, self._discriminate(state, state["d"], fake))), writes

        state, value = self._update(state, "g", loss)
        if self.networks.style and penalties:
            state = self._path_penalty(state, rng)
        return state, value

    def _path_penalty(self, state, rng):
        """Path lengths of half the batch. Karras et al. 2020, equation 4."""
        f, count = self.f, self.batch // 2
        z = rng.normal("path_z", (count, self.latent_size))
        noise = rng.normal("path_noise", (count, 144))
        directions = rng.images("path_directions", (count, 8, 8, 1))

        def loss(weights):
            p = {**state["g_stats"], **weights}
            styles = self._styles(p, z, rng, "path")

            def project(styles):
                return f.sum(self.networks.generator(f, p, styles, noise) * directions) / 8

            slopes = f.input_gradient(project, styles)
            lengths = f.sqrt(f.mean(f.last_sum(slopes * slopes), 1) + 1e-8)
            mean = state["path_mean"]
            mean = mean + 0.01 * (f.mean(lengths) - mean)
            return 8.0 * f.mean((lengths - mean) ** 2), {"path_mean": mean}

        state, _ = self._update(state, "g", loss)
        return state

    def _update(self, state, key, loss):
        f = self.f
        (value, writes), gradients = f.value_and_grad(loss, state[key])
        state = dict(state)
        updated = self.optimizers[key].update(gradients, state[f"{key}_slots"], state[key])
        state[key], state[f"{key}_slots"] = updated
        if "path_mean" in writes:
            state["path_mean"] = f.written(state["path_mean"], writes["path_mean"])
        else:
            state[f"{key}_stats"] = f.all_written(state[f"{key}_stats"], writes)
        return state, value


def _tables(regularizers) -> list[dict]:
    return [r if isinstance(r, dict) else r.model_dump() for r in regularizers]


def _first_rate(table) -> float:
    """The learning rate; that of a schedule is held at its first value."""
    rate = table.learning_rate
    return rate if isinstance(rate, float) else rate.options["initial_learning_rate"]
