"""Two networks as one Keras model: what it is made of, compiling, saving."""

from collections.abc import Callable

import keras

from ganzoo import backend
from ganzoo.errors import UsageError
from ganzoo.gan import random
from ganzoo.gan.config import Rules
from ganzoo.gan.ema import Average
from ganzoo.gan.lecam import LeCam
from ganzoo.gan.optimizers import Players
from ganzoo.gan.running_means import Means
from ganzoo.gan.sampling import Drawing
from ganzoo.gan.state import named_state


class Networks(backend.Stepper, Drawing, keras.Model):
    """A generator and a discriminator as one Keras model, without the game between them.

    Shapes: images are `(batch, height, width, channels)`, or any `(batch, ...)`; latents are
    `(batch, ...)` as the generator's first input says; logits are `(batch,)` or `(batch, 1)`.
    Images are uint8, scaled to `value_range` on the device, or floats in that range already.

    Args:
        generator: A built Keras model: latents, or [latents, labels], -> images.
        discriminator: A built Keras model: images, or [images, labels], -> logits.
        value_range: The range of the generator's output: (-1, 1) after tanh, (0, 1) after
            a sigmoid.
        prior: Where latents come from: `noise.normal`, `noise.uniform` or a function like them.

    Raises:
        UsageError: the networks share a variable.
    """

    #: Names of what the objectives and their terms log besides losses, accuracies and penalties.
    logged: tuple[str, ...] = ()
    #: Whether the generator's last layer keeps images in `value_range`, as tanh does.
    bounded: bool = True

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        value_range: tuple[float, float] = (-1.0, 1.0),
        prior: Callable = random.normal,
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
        self.augmentation = None
        self.lecam = None
        self._sampler = None
        count = {"shape": (), "dtype": "int32", "initializer": "zeros", "trainable": False}
        self.seed = self.add_weight(name="seed", **count)
        self.steps = self.add_weight(name="steps", **count)
        self.images = self.add_weight(name="images", **count)
        self.built = True

    @staticmethod
    def unpack(data) -> tuple:
        """`(images,)` or `(images, labels)` from what `fit` hands over: a tensor, a tuple or
        a list, by backend and kind of data.
        """
        return tuple(data[:2]) if isinstance(data, (tuple, list)) else (data,)

    @property
    def convolutional(self) -> bool:
        """Whether a network holds convolutions, which decides how steps are dispatched."""
        weights = self.generator.trainable_variables + self.discriminator.trainable_variables
        return any(len(weight.shape) > 2 for weight in weights)

    def call(self, latents, training: bool = False):
        """The generator, so that `predict` and `summary` mean something."""
        return self.generator(latents, training=training)

    def state(self) -> dict[str, keras.Variable]:
        """Everything that a step may change, by stable name. See `ganzoo.gan.state`."""
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
            **rules: Keywords of `ganzoo.gan.config.Rules`: `loss`, `penalties`, `n_critic`, ...

        Raises:
            UsageError: a rule or an optimizer is not usable.
        """
        if not 0 <= seed < 2**31 or steps_per_dispatch < 1:
            raise UsageError(
                "seed must be in [0, 2**31) and steps_per_dispatch at least 1. "
                f"Received: seed={seed}, steps_per_dispatch={steps_per_dispatch}."
            )
        self.rules = self._ruled(Rules(**rules))
        self.steps_per_dispatch = steps_per_dispatch
        self.seed.assign(seed)
        if self.average is not None:  # compiled before
            self.average.decay = self.rules.average_decay
        elif self.rules.average_decay:
            self.average = Average(self.generator, self.rules.average_decay, self.add_weight)
        self.means = Means(self._names())
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
    def regulated(self) -> bool:
        """Whether something follows how the discriminator judges."""
        return self.augmentation is not None or self.lecam is not None

    def _ruled(self, rules: Rules) -> Rules:
        """The rules, after making what they keep state for."""
        before = self.augmentation
        if before is not None and rules.augmentation != self.rules.augmentation:
            raise UsageError(
                "A GAN keeps the augmentation that it was first compiled with. "
                f"Expected: {self.rules.augmentation}. Received: {rules.augmentation}."
            )
        if before is None and rules.played_augmentation is not None:
            self.augmentation = rules.played_augmentation
            self.augmentation.build(self.add_weight, self.value_range)
        if rules.lecam_weight and self.lecam is None:
            self.lecam = LeCam(rules.lecam_weight, rules.lecam_start)
            self.lecam.build(self.add_weight)
        elif self.lecam is not None:
            self.lecam.weight, self.lecam.start = rules.lecam_weight, rules.lecam_start
        return rules

    def _names(self) -> list[str]:
        """Names of all that a step logs."""
        names = ["d_loss", "g_loss", "d_real_accuracy", "d_fake_accuracy"]
        names += [penalty.name for penalty in self.rules.played_penalties]
        if self.regulated:
            names += ["d_real_logit", "d_fake_logit", "d_real_sign"]
        if self.augmentation is not None:
            names += [*self.augmentation.watched()]
        return names + ["lecam"] * (self.lecam is not None) + [*self.logged]

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
            "prior": serialize(self.prior),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None) -> "Networks":
        restore = keras.saving.deserialize_keras_object
        parts = {key: restore(config[key]) for key in ("generator", "discriminator", "prior")}
        return cls(**{**config, **parts})

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
