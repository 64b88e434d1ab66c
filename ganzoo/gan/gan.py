"""Generative adversarial networks. Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor, devices
from ganzoo.backend.scope import assign_captured
from ganzoo.config.contracts import DiscriminatorUpdate, Regularizer
from ganzoo.errors import UsageError
from ganzoo.gan import hook_checks, random
from ganzoo.gan.batches import Batch, microbatch, training_batches
from ganzoo.gan.compilation import Compilation
from ganzoo.gan.losses import flip_labels
from ganzoo.gan.partial_updates import penalty_update
from ganzoo.gan.sampling import Sampler, generator_arguments, sampling_methods
from ganzoo.gan.state import named_state
from ganzoo.gan.transfer.freezing import freeze_networks


@keras.saving.register_keras_serializable("ganzoo")
class GAN(backend.Stepper, Compilation, sampling_methods.Sampling):
    """A generator and a discriminator that learn from each other.

    `fit` trains it with ordinary Keras callbacks on JAX, PyTorch and TensorFlow. A paper that
    changes the losses adds terms to them or overrides one, and keeps a state of its own in
    `after_step`; `step` stays as it is. `compile` takes the keywords of `GANConfig`.

    Shapes: samples are `(batch, height, width, channels)`, or any `(batch, ...)`; latents are
    `(batch, ...)` as the generator's input says; logits are `(batch,)` or `(batch, 1)`.
    Images are uint8, scaled to `value_range` on the device, or floats in that range already.

    Args:
        generator: A built Keras model: latents, or [latents, labels], -> samples. One that takes
            no latents has a single input, named "labels"; images of any size have None for it.
        discriminator: A built Keras model: samples, or [samples, labels], -> logits, or
            [logits, ...].
        value_range: The range of the generator's output: (-1, 1) after tanh, (0, 1) after
            a sigmoid.
        prior: The distribution of latents: `ganzoo.random.normal`, `uniform` or a function
            like them.
        num_classes: Number of classes that labels are of; None: only the data set knows it.
        frozen_networks: Built Keras models by name whose weights no step changes, such as features
            of a loss; also parts of the discriminator. They are in no checkpoint.

    Raises:
        UsageError: the networks share a variable, or a frozen one does with the generator.
    """

    #: Whether the generator's last layer keeps samples in `value_range`, as tanh does.
    bounded: bool = True

    #: Pixels around a tile beyond which its translation hardly depends on the image; None: all do.
    tile_overlap: int | None = None

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        hook_checks.check_signatures(cls, GAN)

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        value_range: tuple[float, float] = (-1.0, 1.0),
        prior: Callable = random.normal,
        num_classes: int | None = None,
        frozen_networks: Mapping[str, keras.Model] | None = None,
        name: str = "gan",
    ):
        super().__init__(name=name)
        owned = {id(variable) for variable in generator.variables}
        if shared := [v.path for v in discriminator.variables if id(v) in owned]:
            raise UsageError(f"The networks must not share variables. Received: {shared}.")
        self.generator, self.discriminator = generator, discriminator
        self.frozen_networks = freeze_networks(frozen_networks or {}, generator)
        self.value_range = (float(value_range[0]), float(value_range[1]))
        self.prior, self.ema, self.regularizers = prior, None, ()
        options = {"value_range": self.value_range, "prior": prior, "psi": self.truncation_psi}
        self.sampler = Sampler(generator, num_classes=num_classes, **options)
        count = {"shape": (), "dtype": "int32", "initializer": "zeros", "trainable": False}
        self.seed = self.add_weight(name="seed", **count)
        self.steps = self.add_weight(name="steps", **count)
        self.images = self.add_weight(name="images", **count)
        self.built = True

    # One step ------------------------------------------------------------------------------

    def step(self, data) -> None:
        """`n_critic` updates of the discriminator, one of the generator, then the average.

        Args:
            data: `(images,)` or `(images, labels)`, `critic_updates * batch` of each: every update
                of the discriminator sees real images of its own, if there are as many.
        """
        batches = training_batches(self, data)
        count = (len(batches) - 1) * batches[0].size
        once = backend.evaluated_once(batches[-1].latents, self.config.share_fake_latents)
        with self.schedules.applied(self.steps, self.images) as scheduled, once:
            for batch in batches[:-1]:
                logs = self.discriminator_update(batch)
            with devices.stacked(self.config.generator_batch):
                logs |= scheduled | self._update_generator(batches[-1])
            if self.ema is not None:
                self.ema.update(self.images, count)
        self.steps.assign(self.steps + 1)
        self.images.assign(self.images + count)
        self.after_step(logs)
        self.step_metrics.update_state(logs)

    def discriminator_update(self, batch: Batch) -> dict:
        """Update the discriminator once; return scalars to log."""
        fake = self.fake_samples(batch)
        logs = self._update("discriminator", self.discriminator_loss, batch, fake)
        for penalty in self.separate_penalties:
            logs |= self._penalize(penalty, batch, fake)
        if self.config.weight_clip:
            # Arjovsky et al. 2017 (WGAN), https://arxiv.org/abs/1701.07875, algorithm 1
            for weight in self.discriminator.trainable_variables:
                weight.assign(ops.clip(weight, -self.weight_clip, self.weight_clip))
        for regularizer in self.regularizers:
            logs |= regularizer.after_update(logs, batch.size)
        return logs

    def generator_update(self, batch: Batch) -> dict:
        """Update the generator once; return scalars to log."""
        return self._update("generator", self.generator_loss, batch)

    def _update_generator(self, batch: Batch) -> dict:
        if self.generator_wait is None or isinstance(self.config.n_critic, int):
            return self.generator_update(batch)
        return self.generator_wait.update(self, lambda: self.generator_update(batch))

    def _penalize(self, penalty: Regularizer, batch: Batch, fake: Tensor) -> dict:
        """Update the discriminator by a penalty alone, if it is due."""

        def loss() -> tuple[Tensor, dict]:
            terms = penalty.terms(self._seen(*microbatch(batch, fake)))
            return penalty.weight * sum(terms.values()), terms

        return penalty_update(self, "discriminator", penalty.every, loss, {penalty.name: 0.0})

    def _update(self, name: str, loss_fn: Callable, *data: Any) -> dict:
        """Update one network. What the loss wrote into the other one's state is dropped."""
        network, optimizer = getattr(self, name), getattr(self.optimizer, name)
        weights = network.trainable_variables
        checked = hook_checks.checked_loss(lambda: loss_fn(*microbatch(*data)), self, name)
        result = backend.gradients(checked, weights, optimizer.scale_loss, self.accumulation_steps)
        hook_checks.check_writes(result.writes, self)
        norm = self.optimizer.clipped_norm(name, result.gradients)
        backend.apply(optimizer, result.gradients, weights)
        assign_captured(result.writes, network.non_trainable_variables)
        return {f"{name[0]}_loss": result.loss, **norm, **result.logs}

    # Losses: what a paper may override ------------------------------------------------------

    def discriminator_loss(self, batch: Batch, fake: Tensor) -> tuple[Tensor, dict]:
        """Loss of the discriminator: adversarial, regularizers, and a paper's own terms.

        Args:
            batch: Data of this update.
            fake: Generated samples like `batch.real`; no gradient flows into them.

        Returns:
            The loss, a scalar, and scalars to log by name.
        """
        real_outputs, fake_outputs = self._outputs_of_both(batch, fake)
        real_logits, fake_logits = real_outputs[0], fake_outputs[0]
        logits = flip_labels(real_logits, fake_logits, self.label_flip_prob, batch.rng)
        loss = ops.mean(self.adversarial_loss.discriminator(*logits))
        boundary = self.adversarial_loss.boundary
        logs = {
            "d_real_accuracy": ops.mean(ops.cast(real_logits > boundary, "float32")),
            "d_fake_accuracy": ops.mean(ops.cast(fake_logits < boundary, "float32")),
        }
        threshold = fake_logits if self.adversarial_loss.paired else boundary
        update = self._seen(batch, fake, real_logits, fake_logits, threshold)
        for regularizer in self.regularizers:
            terms = {} if regularizer in self.separate_penalties else regularizer.terms(update)
            loss = loss + regularizer.weight * sum(terms.values())
            logs |= terms | regularizer.logs(update)
        terms = self.discriminator_loss_terms(batch, fake, real_outputs, fake_outputs)
        return sum(terms.values(), loss), logs | terms

    def discriminator_loss_terms(
        self, batch: Batch, fake: Tensor, real_outputs: list, fake_outputs: list
    ) -> dict:
        """Further terms of the discriminator's loss, weights included: none here.

        Args:
            batch: Data of this update.
            fake: Generated samples.
            real_outputs: The discriminator's outputs for real samples: logits (batch,) first.
            fake_outputs: The same for the generated ones.

        Returns:
            Scalars by name. They are logged.
        """
        return {}

    def generator_loss(self, batch: Batch) -> tuple[Tensor, dict]:
        """Loss of the generator: adversarial, and a paper's own terms.

        Args:
            batch: Data of this update; its real samples are for losses that compare with them.

        Returns:
            The loss, a scalar, and scalars to log by name.
        """
        fake = self.generate(batch.latents, batch.labels)
        real_logits, labels, rng = None, batch.labels, batch.rng
        fake_outputs = self.discriminator_outputs(fake, labels, rng=rng.fold_in("fake"))
        if self.adversarial_loss.paired:
            real_logits = self.discriminator_outputs(batch.real, labels, rng=rng.fold_in("real"))[0]
        loss = ops.mean(self.adversarial_loss.generator(real_logits, fake_outputs[0]))
        terms = self.generator_loss_terms(batch, fake, fake_outputs)
        return sum(terms.values(), loss), terms

    def generator_loss_terms(self, batch: Batch, fake: Tensor, fake_outputs: list) -> dict:
        """Further terms of the generator's loss, as for the discriminator's: none here."""
        return {}

    def generate(self, latents: Tensor, labels: Tensor = None) -> Tensor:
        """Generated samples in `value_range`, float32, from the generator in training mode."""
        inputs = generator_arguments(self.generator, latents, labels)
        return ops.cast(backend.training_outputs(self.generator, inputs), "float32")

    def fake_samples(self, batch: Batch) -> Tensor:
        """Fake samples for an update of the discriminator; no gradient flows into them.

        Here they are generated now. It is called before the update, so that state which neither
        network owns may be assigned in it: a paper may show older samples as well.
        """
        rows = batch.latents, batch.labels
        return backend.no_grad(lambda: self.generate(*microbatch(*rows)), self.accumulation_steps)

    def after_step(self, logs: dict) -> None:
        """Move a state of the paper's own, which neither network learns: here none.

        Args:
            logs: Scalars by name that the step logged; of the discriminator's updates the last.
        """

    @property
    def label_shape(self) -> tuple[int, ...] | None:
        """The shape of one label in training, here the generator's; None: training takes none.
        A discriminator that learns from labels has a shape of its own.
        """
        return self.sampler.label_shape

    # Parts of the losses --------------------------------------------------------------------

    def discriminator_outputs(
        self, samples: Tensor, labels: Tensor = None, *, rng: random.Rng | None = None
    ) -> list:
        """Outputs of the discriminator in training mode, float32: logits (batch,) first.

        Args:
            samples: (batch, ...) in `value_range`.
            labels: (batch, ...) for a discriminator that takes them.
            rng: Random numbers of the augmentations; None: the samples are not augmented.
        """
        for regularizer in self.regularizers if rng is not None else ():
            samples = regularizer.augment(samples, rng)
        inputs = [samples, labels] if len(self.discriminator.inputs) > 1 else samples
        outputs = backend.training_outputs(self.discriminator, inputs)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        outputs = [ops.cast(output, "float32") for output in outputs]
        return [backend.reshape(outputs[0], (-1,)), *outputs[1:]]

    def _outputs_of_both(self, batch: Batch, fake: Tensor) -> tuple[list, list]:
        real, labels, rng = batch.real, batch.labels, batch.rng
        if not self.config.concat_real_fake:  # batch norm sees either kind of samples alone
            return (
                self.discriminator_outputs(real, labels, rng=rng.fold_in("real")),
                self.discriminator_outputs(fake, labels, rng=rng.fold_in("fake")),
            )
        labels = None if labels is None else ops.concatenate([labels, labels])
        with devices.stacked(2):
            both = self.discriminator_outputs(ops.concatenate([real, fake]), labels, rng=rng)
        halves = [ops.unstack(backend.reshape(x, (2, -1, *x.shape[1:])), 2) for x in both]
        return [half[0] for half in halves], [half[1] for half in halves]

    def _seen(self, batch: Batch, fake: Tensor, *logits: Tensor) -> DiscriminatorUpdate:
        """The update as a regularizer sees it."""

        def discriminate(samples, rng=None):
            return self.discriminator_outputs(samples, batch.labels, rng=rng)[0]

        real, fake_logits, threshold = logits or (None, None, None)
        return DiscriminatorUpdate(
            discriminate, batch.real, fake, real, fake_logits, threshold, self.steps, batch.rng
        )

    def state(self) -> dict[str, keras.Variable]:
        """Everything that a step may change, by stable name."""
        return named_state(self)
