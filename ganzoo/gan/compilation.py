"""Compilation of a GAN: optimizers, loss, regularizers, and its configuration in `.keras` files."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend.settings import standard_settings
from ganzoo.backend.steps.rematerialization import set_rematerialized
from ganzoo.config.gan_config import GANConfig
from ganzoo.config.schedules import Schedule
from ganzoo.config.validation import validate_keywords
from ganzoo.errors import UsageError
from ganzoo.gan import losses, regularizers
from ganzoo.gan.ema import EMA
from ganzoo.gan.fitting.fit_checks import check_arrays, check_options
from ganzoo.gan.fitting.fit_guard import FitGuard
from ganzoo.gan.optimizers import GANOptimizer
from ganzoo.gan.partial_updates import GeneratorWait
from ganzoo.gan.scheduled_numbers import Schedules, schedules_of
from ganzoo.gan.step_metrics import StepMetrics
from ganzoo.gan.transfer.freezing import at_path, freeze_lower_layers, path_inside
from ganzoo.gan.transfer.taking import take_weights


class Compilation(keras.Model):
    """The part of `GAN` that Keras asks for: compiling and serialization."""

    _stateful_regularizers: tuple = ()  # pairs of what was given and what was made of it
    generator_wait: GeneratorWait | None = None
    accumulation_steps: int = 1
    config: GANConfig
    adversarial_loss: losses.Loss
    step_metrics: StepMetrics

    @standard_settings()
    def compile(
        self,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        *,
        generator_schedules: Mapping[str, Any] | None = None,
        discriminator_schedules: Mapping[str, Any] | None = None,
        seed: int = 0,
        steps_per_dispatch: int = 1,
        gradient_accumulation_steps: int = 1,
        rematerialize: bool = False,
        jit_compile: bool | None = None,
        run_eagerly: bool = False,
        **config,
    ) -> None:
        """Choose optimizers, loss, regularizers and schedule.

        Args:
            generator_optimizer: A Keras optimizer of the generator's own, or a name.
            discriminator_optimizer: The same for the discriminator.
            generator_schedules: Numbers of the generator's optimizer that follow a schedule:
                keywords of `ganzoo.config.schedules.OptimizerSchedules`.
            discriminator_schedules: The same for the discriminator.
            seed: Seed of every latent and every other random number, in [0, 2**31).
            steps_per_dispatch: Steps fused into one call; when above 1, `fit` takes data
                with a leading axis of steps.
            gradient_accumulation_steps: Microbatches in which each batch is computed, one after
                the other, to save memory; the gradients are averaged for one update.
            rematerialize: Keep parts of what networks compute, and compute the rest again.
            jit_compile: Compile the step with XLA, on PyTorch the networks with `torch.compile`;
                None leaves it to the backend, by network and device.
            run_eagerly: As in Keras.
            **config: Keywords of `ganzoo.config.gan_config.GANConfig`: `loss`, `regularizers`,
                `n_critic`, `ema_half_life`, ...

        Raises:
            UsageError: a keyword or an optimizer is not usable.
        """
        counts = {"steps_per_dispatch": steps_per_dispatch}
        counts["gradient_accumulation_steps"] = gradient_accumulation_steps
        _check_numbers(seed, counts)
        chosen = validate_keywords(GANConfig, config, where="compile", error=UsageError)
        adversarial_loss = losses.get(chosen.loss, label_smoothing=chosen.label_smoothing)
        optimizer = GANOptimizer(generator_optimizer, discriminator_optimizer)
        given = {"generator": generator_schedules, "discriminator": discriminator_schedules}
        followed = {name: optimizer.check_schedules(name, given[name] or {}) for name in given}
        freeze_lower_layers(self.discriminator, chosen.freeze_discriminator, self.frozen_networks)
        optimizer.build_on(self.generator, self.discriminator)
        self._build_regularizers(chosen)  # after all that may be refused
        self._build_ema(chosen)
        self.weight_clip, self.label_flip_prob = chosen.weight_clip, chosen.label_flip_prob
        if isinstance(chosen.n_critic, Schedule) and self.generator_wait is None:
            self.generator_wait = GeneratorWait(self.add_weight)
        parts = [(r.name or type(r).__name__, r) for r in self.regularizers]
        parts += [("ema", self.ema)] if self.ema is not None else []
        self.schedules = Schedules({
            "": (self, schedules_of(self)),
            **{name: (part, schedules_of(part)) for name, part in parts},
            **{name: (optimizer.updating(name), followed[name]) for name in given},
        })  # fmt: skip
        self.config, self.adversarial_loss = chosen, adversarial_loss
        self.step_metrics, self.rematerialized = StepMetrics(), rematerialize
        self.steps_per_dispatch, self.accumulation_steps = counts.values()
        self.seed.assign(seed)
        set_rematerialized((self.generator, self.discriminator), rematerialize)
        if jit_compile is None:
            jit_compile = backend.fused_steps(self.convolutional).xla
        self._compile_arguments = {
            "seed": seed,
            **counts, "rematerialize": rematerialize,
            "jit_compile": jit_compile, "run_eagerly": run_eagerly,
            **{
                f"{name}_schedules": {key: one.model_dump() for key, one in schedules.items()}
                for name, schedules in followed.items()
            },
            **chosen.tables(),
        }  # fmt: skip
        super().compile(
            optimizer=optimizer,  # without one, Keras would add an RMSprop of its own
            auto_scale_loss=False,
            jit_compile=bool(jit_compile) and not run_eagerly,
            run_eagerly=run_eagerly,
        )

    def _build_regularizers(self, config: GANConfig) -> None:
        """Make the regularizers; those that have state stay from one `compile` to the next."""
        chosen, kept = config.regularizers, self._stateful_regularizers
        missing = [given for given, _ in kept if given not in chosen]
        made = [
            next((r for known, r in kept if known == given), None) or regularizers.get(given)
            for given in chosen
        ]
        names = [regularizer.name for regularizer in made if regularizer.name]
        if missing or len(set(names)) < len(names):
            raise UsageError(
                "A GAN keeps the regularizers with state that it was first compiled with, and has "
                f"one of each name. Expected: {missing or 'no name twice'}. Received: {chosen}."
            )
        for given, regularizer in zip(chosen, made, strict=True):
            if not any(regularizer is known for _, known in kept):
                count = len(self.non_trainable_variables)
                regularizer.build(self.add_weight, self.value_range)
                if len(self.non_trainable_variables) > count:
                    kept = self._stateful_regularizers = (*kept, (given, regularizer))
        self.regularizers = tuple(made)
        self.separate_penalties = tuple(
            r for r in made if config.separate_penalties and r.every > 1
        )

    def _build_ema(self, chosen: GANConfig) -> None:
        half_life, rampup = chosen.ema_half_life, chosen.ema_rampup
        if self.ema is not None and not half_life:
            raise UsageError(
                "A GAN keeps the moving average that it was first compiled with. "
                f"Expected: ema_half_life above 0. Received: {half_life}."
            )
        if self.ema is not None:  # compiled before
            self.ema.half_life, self.ema.rampup = half_life, rampup
        elif half_life:
            self.ema = EMA(self.generator, half_life, rampup, self.add_weight)
        self.sampler.ema = self.ema

    @standard_settings()
    def fit(self, x=None, y=None, *arguments, **options) -> keras.callbacks.History:
        """Train, as `keras.Model.fit`; what a GAN has no use for is refused.

        Args:
            x: Samples, uint8 or floats in `value_range`, or anything that Keras iterates over.
            y: Labels, for a conditional GAN.
            *arguments: As in Keras.
            **options: As in Keras, without validation data and weights of samples.

        Raises:
            UsageError: the arrays are not samples in the GAN's range, or an option is of no use.
            Diverged: a loss is not finite.
        """
        given = inspect.signature(super().fit).bind(x, y, *arguments, **options).arguments
        check_options(given)
        arrays = [ops.convert_to_numpy(a) if ops.is_tensor(a) else a for a in (x, y)]
        given["y"] = check_arrays(self, *arrays)
        with FitGuard() as guard:
            callbacks = given.get("callbacks")
            if not isinstance(callbacks, keras.callbacks.CallbackList):
                given["callbacks"] = [guard, *keras.tree.flatten(callbacks or [])]
                return super().fit(**given)
            with guard.among(callbacks):
                return super().fit(**given)

    @standard_settings()
    def train_on_batch(self, x, y=None, *arguments, **options):
        """Train by one step, as `keras.Model.train_on_batch`; see `fit`."""
        given = inspect.signature(super().train_on_batch).bind(x, y, *arguments, **options)
        check_options(given.arguments)
        given.arguments["y"] = check_arrays(self, x, y)
        return super().train_on_batch(**given.arguments)

    def start_from(self, arrays, source=None, target=None) -> dict[str, str]:
        """Take another model's weights where they fit. See `ganzoo.gan.transfer.taking`."""
        return take_weights(self, arrays, source, target)

    def evaluate(self, *arguments, **options):
        """Refuse: a GAN has no loss on data alone.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            "A GAN has no loss on data alone, so that `evaluate` says nothing of it.",
            hint="Compare its samples with data: `ganzoo evaluate RUN`, or `ganzoo.evaluate`.",
        )

    test_on_batch = evaluate

    @staticmethod
    def unpack(data) -> tuple:
        """`(images,)` or `(images, labels)` from what `fit` hands over: a tensor, a tuple or
        a list, by backend and kind of data.
        """
        return tuple(data[:2]) if isinstance(data, (tuple, list)) else (data,)

    @property
    def num_classes(self) -> int | None:
        """Number of classes that labels are of; None where only the data set knows it."""
        return self.sampler.num_classes

    @num_classes.setter
    def num_classes(self, number: int | None) -> None:
        self.sampler.num_classes = number

    @property
    def convolutional(self) -> bool:
        """True if a network holds convolutions, which decides how steps are fused."""
        weights = self.generator.trainable_variables + self.discriminator.trainable_variables
        return any(len(weight.shape) > 2 for weight in weights)

    @property
    def metrics(self) -> list:
        """The means of what a step logs, and nothing of Keras' own."""
        return [self.step_metrics] if self.compiled else []

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "value_range": list(self.value_range),
            "prior": serialize(self.prior),
            "num_classes": self.num_classes,
            "frozen_networks": {
                # a part of the discriminator by its names, so that it stays one network
                name: path_inside(self.discriminator, network) or serialize(network)
                for name, network in self.frozen_networks.items()
            },
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        restore = keras.saving.deserialize_keras_object
        parts = {key: restore(config[key]) for key in ("generator", "discriminator", "prior")}
        frozen = {
            name: at_path(parts["discriminator"], one) if isinstance(one, list) else restore(one)
            for name, one in config.get("frozen_networks", {}).items()
        }
        parts |= {"frozen_networks": frozen} if frozen else {}
        rest = {k: v for k, v in config.items() if k not in ("num_classes", "frozen_networks")}
        gan = cls(**{**rest, **parts})
        gan.num_classes = config.get("num_classes")  # no argument of every subclass
        return gan

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`, so that a `.keras` file keeps both optimizers."""
        if not self.compiled:
            return None
        own = [self.config.loss, *self.config.regularizers]
        if unnamed := [x for x in own if isinstance(x, losses.Loss | regularizers.Regularizer)]:
            raise UsageError(
                "A loss or regularizer of your own cannot be saved in a `.keras` file. "
                f"Received: {unnamed}.",
                hint="Save the generator: gan.generator.save(...).",
            )
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.optimizer.generator),
            "discriminator_optimizer": serialize(self.optimizer.discriminator),
            **self._compile_arguments,
        }

    def compile_from_config(self, config: dict) -> None:
        restore = keras.saving.deserialize_keras_object
        optimizers = ("generator_optimizer", "discriminator_optimizer")
        self.compile(**{**config, **{key: restore(config[key]) for key in optimizers}})


def _check_numbers(seed: int, counts: Mapping[str, int]) -> None:
    if not 0 <= seed < 2**31 or min(counts.values()) < 1:
        raise UsageError(
            f"seed must be in [0, 2**31), and {' and '.join(counts)} at least 1. "
            f"Received: seed={seed}, {', '.join(f'{k}={n}' for k, n in counts.items())}."
        )
