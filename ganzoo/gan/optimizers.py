"""The optimizers of both networks as one optimizer, which Keras can carry."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ganzoo.backend import Tensor
from ganzoo.config.schedules import OptimizerSchedules, Schedule
from ganzoo.config.validation import validate_keywords
from ganzoo.errors import UsageError


@keras.saving.register_keras_serializable("ganzoo")
class GANOptimizer(keras.optimizers.Optimizer):
    """An optimizer made of two. Keras' trainers carry `model.optimizer.variables`, and only
    those, from step to step; here they are the variables of both optimizers.

    Args:
        generator: The generator's optimizer.
        discriminator: The discriminator's optimizer.
    """

    def __init__(self, generator, discriminator, name: str = "gan_optimizer", **kwargs):
        super().__init__(learning_rate=0.0, name=name)
        self.generator = _optimizer(generator, "generator")
        self.discriminator = _optimizer(discriminator, "discriminator")
        if self.generator is self.discriminator:
            raise UsageError("Each network needs an optimizer of its own. Received: one for both.")
        self._ratio = 1.0
        self.built = True

    def build_on(self, generator: keras.Model, discriminator: keras.Model) -> None:
        """Make each optimizer's variables for its own network.

        Under the dtype policy mixed_float16 each gets a loss scale of its own.
        """
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            optimizer = getattr(self, name)
            scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
            if _is_float16(network) and not scaled:
                optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
                setattr(self, name, optimizer)
            optimizer.build(network.trainable_variables)

    def updating(self, network: str) -> keras.optimizers.Optimizer:
        """The optimizer that updates a network's weights: the one inside a loss scale's."""
        optimizer = getattr(self, network)
        return getattr(optimizer, "inner_optimizer", optimizer)

    def check_schedules(self, network: str, given: Mapping[str, Any]) -> dict[str, Schedule]:
        """Return the schedules of a network's optimizer by the name of a number.

        Args:
            network: `"generator"` or `"discriminator"`.
            given: Keywords of `OptimizerSchedules`.

        Raises:
            UsageError: the optimizer has no such number, or its learning rate has a schedule.
        """
        where, optimizer = f"{network}_schedules", self.updating(network)
        chosen = validate_keywords(OptimizerSchedules, given, where=where, error=UsageError)
        schedules = {name: one for name, one in chosen if one is not None}
        known = optimizer.get_config() if schedules else {}
        for name in schedules:
            if not isinstance(known.get(name), float | int):
                raise UsageError(
                    f"{where} can only have numbers of the {network}'s optimizer. "
                    f"Expected: numbers of {type(optimizer).__name__}. Received: {name}."
                )
        return schedules

    def clipped_norm(self, network: str, gradients: Sequence) -> dict[str, Tensor]:
        """The norm of all gradients of a network before they are clipped, to be logged.

        Nothing, if they are not. Where a loss scale has overflowed, whose update is skipped, it
        counts as 0.
        """
        updating, optimizer = self.updating(network), getattr(self, network)
        if not any(
            getattr(updating, name) for name in ("clipnorm", "clipvalue", "global_clipnorm")
        ):
            return {}
        dense = [ops.cast(ops.convert_to_tensor(gradient), "float32") for gradient in gradients]
        norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in dense))
        if optimizer is not updating:
            norm = norm / ops.cast(optimizer.dynamic_scale, "float32")
            norm = ops.where(ops.isfinite(norm), norm, 0.0)
        return {f"{network[0]}_gradient_norm": norm}

    @property
    def variables(self) -> list:
        return [*self.generator.variables, *self.discriminator.variables]

    @property
    def learning_rate(self):
        """The generator's learning rate. Assigning changes both by the same factor."""
        return self.generator.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        if not hasattr(self, "discriminator"):  # the base class sets it first
            return
        old = float(self.generator.learning_rate)
        if old:  # a schedule may begin or end at 0; the ratio outlives that
            self._ratio = float(self.discriminator.learning_rate) / old
        self.generator.learning_rate = value
        self.discriminator.learning_rate = float(value) * self._ratio

    @property
    def iterations(self):
        return self.generator.iterations

    def build(self, variables) -> None:
        """Nothing: each optimizer is built on its own network."""

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None) -> "GANOptimizer":
        return cls(**config)


def _is_float16(network: keras.Model) -> bool:
    return any(layer.compute_dtype == "float16" for layer in network.layers)


def _optimizer(optimizer, network: str):
    if isinstance(optimizer, dict):
        optimizer = keras.saving.deserialize_keras_object(optimizer)
    if isinstance(optimizer, str):
        optimizer = keras.optimizers.get(optimizer)
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise UsageError(
            f"The {network}'s optimizer must be a Keras optimizer or the name of one. "
            f"Received: {optimizer!r}."
        )
    return optimizer
