"""The game of two players. Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, algorithm 1."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.backend.scope import commit
from ganzoo.errors import UsageError
from ganzoo.game import noise, penalties
from ganzoo.game.average import Average
from ganzoo.game.means import Means
from ganzoo.game.players import Players
from ganzoo.game.rules import Rules
from ganzoo.game.state import named_state

_RENDERED_AT_ONCE = 256  # images, so that a large n does not fill the memory


@keras.saving.register_keras_serializable("ganzoo")
class GAN(backend.Stepper, keras.Model):
    """A generator and a discriminator that learn from each other.

    `fit` trains it with ordinary Keras callbacks on JAX, PyTorch and TensorFlow. A paper that
    changes the rules overrides an objective; `step` stays as it is.

    Shapes: images are `(batch, height, width, channels)`, or any `(batch, ...)`; latents are
    `(batch, ...)` as the generator's first input says; logits are `(batch,)` or `(batch, 1)`.
    Images are uint8, scaled to `value_range` on the device, or floats in that range already.

    Args:
        generator: A built Keras model: latents, or [latents, labels], -> images.
        discriminator: A built Keras model: images, or [images, labels], -> logits.
        value_range: The range of the generator's output: (-1, 1) after tanh, (0, 1) after
            a sigmoid.
        prior: Where latents come from: `noise.normal`, `noise.uniform` or a function like them.
    """

    #: Names of what the objectives log besides the losses, accuracies and penalties.
    logged: tuple[str, ...] = ()

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        value_range: tuple[float, float] = (-1.0, 1.0),
        prior: Callable = noise.normal,
        name: str = "gan",
    ):
        super().__init__(name=name)
        owned = {id(variable) for variable in generator.variables}
        shared = [v.path for v in discriminator.variables if id(v) in owned]
        if shared:
            raise UsageError(f"The players must not share variables. Received: {shared}.")
        self.generator = generator
        self.discriminator = discriminator
        self.value_range = (float(value_range[0]), float(value_range[1]))
        self.prior = prior
        self.average = None
        self._sampler = None
        count = {"shape": (), "dtype": "int32", "initializer": "zeros", "trainable": False}
        self.seed = self.add_weight(name="seed", **count)
        self.steps = self.add_weight(name="steps", **count)
        self.images = self.add_weight(name="images", **count)
        self.built = True

    # The game ------------------------------------------------------------------------------

    def step(self, data) -> None:
        """One step: `n_critic` turns of the discriminator, one of the generator, the average.

        Args:
            data: `(images,)` or `(images, labels)`, `n_critic * batch` of each: every turn of
                the discriminator sees real images of its own.
        """
        reals, labels = self._turns(data)  # each: a list with one batch per turn
        latents = self._latents(reals[0].shape[0], turns=len(reals))
        for turn, real in enumerate(reals):
            logs = self._discriminator_turn(real, latents[turn], labels[turn], turn)
        logs |= self._generator_turn(latents[-1], labels[-1], reals[-1])
        if self.average is not None:
            self.average.update()
        self.means.update_state(logs)
        self.steps.assign(self.steps + 1)
        self.images.assign(self.images + len(reals) * reals[0].shape[0])

    def discriminator_objective(self, real, fake, labels, draw: penalties.Draw):
        """What the discriminator minimises.

        Args:
            real: Images in `value_range`, float32, (batch, ...).
            fake: As many from the generator; no gradient flows into it.
            labels: (batch, ...), or None.
            draw: Random numbers of this turn.

        Returns:
            The loss, a scalar, and what to log, scalars by name.
        """
        real_logits = self.discriminate(real, labels)  # separate passes: batch norm sees
        fake_logits = self.discriminate(fake, labels)  # either kind of images alone
        loss = ops.mean(self.rules.played_loss.discriminator(
            *self._flipped(real_logits, fake_logits, draw)
        ))
        boundary = self.rules.played_loss.boundary
        logs = {
            "d_real_accuracy": ops.mean(ops.cast(real_logits > boundary, "float32")),
            "d_fake_accuracy": ops.mean(ops.cast(fake_logits < boundary, "float32")),
        }
        for penalty in self.rules.played_penalties:
            logs[penalty.name] = self._penalised(penalty, real, fake, labels, draw)
            loss = loss + penalty.weight * logs[penalty.name]
        return loss, logs

    def generator_objective(self, latents, labels, real):
        """What the generator minimises.

        Args:
            latents: (batch, ...) from the prior.
            labels: (batch, ...), or None.
            real: Images in `value_range`, for losses that compare with them.

        Returns:
            The loss, a scalar, and what to log, scalars by name.
        """
        fake_logits = self.discriminate(self.generate(latents, labels), labels)
        paired = self.rules.played_loss.paired
        real_logits = self.discriminate(real, labels) if paired else None
        return ops.mean(self.rules.played_loss.generator(real_logits, fake_logits)), {}

    def generate(self, latents, labels=None):
        """Images in `value_range`, float32, from the generator as it trains."""
        inputs = [latents, labels] if self.conditional else latents
        return ops.cast(self.generator(inputs, training=True), "float32")

    def discriminate(self, images, labels=None):
        """Logits (batch,), float32, from the discriminator as it trains."""
        inputs = [images, labels] if len(self.discriminator.inputs) > 1 else images
        logits = self.discriminator(inputs, training=True)
        return ops.cast(ops.reshape(logits, (-1,)), "float32")

    @staticmethod
    def unpack(data) -> tuple:
        """`(images,)` or `(images, labels)` from what `fit` hands over: a tensor, a tuple or
        a list, by backend and kind of data.
        """
        return tuple(data[:2]) if isinstance(data, (tuple, list)) else (data,)

    # The turns -----------------------------------------------------------------------------

    def _discriminator_turn(self, real, latents, labels, turn: int) -> dict:
        fake = backend.constant(lambda: self.generate(latents, labels))
        draw = penalties.Draw(self.seed, self.steps, turn)
        logs = self._play(
            "d_loss",
            self.discriminator,
            self.optimizer.discriminator,
            lambda: self.discriminator_objective(real, fake, labels, draw),
        )
        if self.rules.clip_weights:
            penalties.clip(self.discriminator.trainable_variables, self.rules.clip_weights)
        return logs

    def _generator_turn(self, latents, labels, real) -> dict:
        return self._play(
            "g_loss",
            self.generator,
            self.optimizer.generator,
            lambda: self.generator_objective(latents, labels, real),
        )

    def _play(self, name: str, player, optimizer, objective) -> dict:
        """Update one player. What the objective wrote into the opponent's state is dropped."""
        turn = backend.gradients(objective, player.trainable_variables, optimizer.scale_loss)
        backend.apply(optimizer, turn.gradients, player.trainable_variables)
        commit(turn.writes, player.non_trainable_variables)
        return {name: turn.loss, **turn.logs}

    def _turns(self, data) -> tuple[list, list]:
        images, labels = data if len(data) > 1 else (data[0], None)
        turns, size = self.rules.n_critic, images.shape[0] // self.rules.n_critic
        if not size:
            raise UsageError(
                f"A step needs at least n_critic = {turns} images. Received: {images.shape[0]}."
            )

        def split(x) -> list:
            # by reshape, not by slices: under data parallelism slices would move data
            x = ops.reshape(x[: size * turns], (size, turns, *x.shape[1:]))
            return [x[:, turn] for turn in range(turns)]

        if not self.conditional or labels is None:
            return split(self._scaled(images)), [None] * turns
        return split(self._scaled(images)), split(labels)

    def _scaled(self, images):
        """uint8 in [0, 255] or floats in `value_range` -> float32 in `value_range`."""
        if keras.backend.standardize_dtype(images.dtype) != "uint8":
            return ops.cast(images, "float32")
        low, high = self.value_range
        return ops.cast(images, "float32") * ((high - low) / 255.0) + low

    def _latents(self, batch: int, turns: int) -> list:
        """One batch of latents for each turn of the discriminator, the last for the generator."""
        own = turns if self.rules.share_fakes else turns + 1
        shape = (own, batch, *self.latent_shape)
        return list(ops.unstack(self.prior(self.seed, self.steps, noise.LATENTS, shape), own))

    def _flipped(self, real_logits, fake_logits, draw: penalties.Draw):
        if not self.rules.label_flips:
            return real_logits, fake_logits
        flip = draw.uniform(real_logits.shape) < self.rules.label_flips
        return (
            ops.where(flip, fake_logits, real_logits),
            ops.where(flip, real_logits, fake_logits),
        )

    def _penalised(self, penalty: penalties.Penalty, real, fake, labels, draw):
        """The penalty's mean; where it is computed only now and then, its share of this step."""

        def value():
            return penalty.every * ops.mean(
                penalty.function(lambda x: self.discriminate(x, labels), real, fake, draw)
            )

        if penalty.every == 1:
            return value()
        due = ops.equal(ops.mod(self.steps, penalty.every), 0)
        return ops.cond(due, value, lambda: ops.zeros((), "float32"))

    # Use -----------------------------------------------------------------------------------

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """The shape of one latent."""
        return tuple(self.generator.inputs[0].shape[1:])

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one image: (height, width, channels), or (d,) for points."""
        return tuple(self.generator.outputs[0].shape[1:])

    @property
    def conditional(self) -> bool:
        """Whether the generator takes labels."""
        return len(self.generator.inputs) > 1

    @property
    def convolutional(self) -> bool:
        """Whether a network holds convolutions, which decides how steps are dispatched."""
        weights = self.generator.trainable_variables + self.discriminator.trainable_variables
        return any(len(weight.shape) > 2 for weight in weights)

    def draw_latents(self, n: int, seed: int):
        """Latents of the pictures 0, ..., n - 1 of a seed; picture k does not depend on n."""
        return self.prior(seed, ops.arange(n, dtype="int32"), noise.SAMPLE, self.latent_shape)

    def render(self, latents, labels=None, *, raw: bool = False):
        """Images in `value_range`, float32, from the averaged generator in inference mode.

        Args:
            latents: (n, ...), for instance from `draw_latents`.
            labels: (n, ...) for a conditional generator.
            raw: Use the generator's own weights instead of their average.

        Raises:
            UsageError: the generator is conditional and labels are missing.
        """
        if self.conditional and labels is None:
            raise UsageError("This generator is conditional: it needs labels. Received: None.")
        if self._sampler is None:
            self._sampler = backend.compiled(self._render)
        averaged = self.average is not None and not raw
        own = self.average.of if averaged else lambda variable: variable
        values = [[own(v).value for v in group] for group in self._generator_variables]
        inputs = [latents, ops.convert_to_tensor(labels)] if self.conditional else [latents]
        return self._sampler(*values, inputs)

    def pictures(self, latents, labels=None, *, raw: bool = False) -> np.ndarray:
        """What `render` gives, as pixels, a few hundred at a time. Arguments as of `render`.

        Returns:
            uint8 (n, height, width, channels), the inverse of how uint8 is fed; float32
            (n, d) for points.
        """
        low, high = self.value_range
        parts = []
        for start in range(0, latents.shape[0], _RENDERED_AT_ONCE):
            rows = slice(start, start + _RENDERED_AT_ONCE)
            part = self.render(latents[rows], None if labels is None else labels[rows], raw=raw)
            part = np.array(ops.convert_to_numpy(part))
            if part.ndim == 4:
                part = np.rint((part - low) * (255.0 / (high - low))).clip(0, 255).astype("uint8")
            parts.append(part)
        return np.concatenate(parts)

    def sample(self, n: int, *, seed: int = 0, labels=None, raw: bool = False) -> np.ndarray:
        """Pictures 0, ..., n - 1 of a seed, the same on every backend.

        Args:
            n: How many, at least 1.
            seed: In [0, 2**31).
            labels: One per picture, for a conditional generator.
            raw: As in `render`.

        Returns:
            As of `pictures`.
        """
        return self.pictures(self.draw_latents(n, seed), labels, raw=raw)

    @property
    def _generator_variables(self) -> tuple[list, list]:
        return self.generator.trainable_variables, self.generator.non_trainable_variables

    def _render(self, trainable, non_trainable, inputs):
        inputs = inputs if self.conditional else inputs[0]
        images, _ = self.generator.stateless_call(trainable, non_trainable, inputs, training=False)
        return ops.cast(images, "float32")

    def call(self, latents, training: bool = False):
        """The generator, so that `predict` and `summary` mean something."""
        return self.generator(latents, training=training)

    def state(self) -> dict[str, keras.Variable]:
        """Everything that a step may change, by stable name. See `ganzoo.game.state`."""
        return named_state(self)

    # Keras ---------------------------------------------------------------------------------

    def compile(
        self,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        *,
        seed: int = 0,
        steps_per_dispatch: int = 1,
        jit_compile: bool | None = None,
        run_eagerly: bool = False,
        **rules,
    ) -> None:
        """Set the rules of the game.

        Args:
            generator_optimizer: A Keras optimizer of the generator's own, or a name.
            discriminator_optimizer: The same for the discriminator.
            seed: Seed of every latent and every other draw, in [0, 2**31).
            steps_per_dispatch: Steps fused into one call; when above 1, `fit` takes data
                with a leading axis of steps.
            jit_compile: XLA on or off; None leaves it to the backend, by network and device.
            run_eagerly: As in Keras.
            **rules: Keywords of `ganzoo.game.rules.Rules`: `loss`, `penalties`, `n_critic`, ...

        Raises:
            UsageError: a rule or an optimizer is not usable.
        """
        if not 0 <= seed < 2**31 or steps_per_dispatch < 1:
            raise UsageError(
                "seed must be in [0, 2**31) and steps_per_dispatch at least 1. "
                f"Received: seed={seed}, steps_per_dispatch={steps_per_dispatch}."
            )
        self.rules = Rules(**rules)
        self.steps_per_dispatch = steps_per_dispatch
        self.seed.assign(seed)
        if self.rules.average_decay and self.average is None:
            self.average = Average(self.generator, self.rules.average_decay, self.add_weight)
        penalised = [penalty.name for penalty in self.rules.played_penalties]
        accuracies = ["d_real_accuracy", "d_fake_accuracy"]
        self.means = Means(["d_loss", "g_loss", *accuracies, *penalised, *self.logged])
        players = Players(generator_optimizer, discriminator_optimizer)
        players.build_on(self.generator, self.discriminator)
        if jit_compile is None:
            jit_compile = backend.dispatch(self.convolutional).xla
        self._compiled_with = {
            "seed": seed,
            "steps_per_dispatch": steps_per_dispatch,
            "jit_compile": jit_compile,
            "run_eagerly": run_eagerly,
            **self.rules.config(),
        }
        super().compile(
            optimizer=players,  # without one, Keras would add an RMSprop of its own
            auto_scale_loss=False,
            jit_compile=bool(jit_compile) and not run_eagerly,
            run_eagerly=run_eagerly,
        )

    @property
    def metrics(self) -> list:
        """The means of what a step logs, and nothing of Keras' own."""
        return [self.means] if self.compiled else []

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "value_range": list(self.value_range),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None) -> "GAN":
        restore = keras.saving.deserialize_keras_object
        networks = {key: restore(config[key]) for key in ("generator", "discriminator")}
        return cls(**{**config, **networks})

    def get_compile_config(self) -> dict | None:
        """What `compile` was given, so that a `.keras` file keeps both optimizers."""
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.optimizer.generator),
            "discriminator_optimizer": serialize(self.optimizer.discriminator),
            **self._compiled_with,
        }

    def compile_from_config(self, config: dict) -> None:
        restore = keras.saving.deserialize_keras_object
        optimizers = ("generator_optimizer", "discriminator_optimizer")
        self.compile(**{**config, **{key: restore(config[key]) for key in optimizers}})
