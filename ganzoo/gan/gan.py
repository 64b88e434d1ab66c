"""The game of two players. Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, algorithm 1."""

from typing import Any, NamedTuple

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend.scope import Trial, commit
from ganzoo.errors import UsageError
from ganzoo.gan import hook_checks, penalties, random
from ganzoo.gan.model import Networks


class Batch(NamedTuple):
    """What one turn of a player is given.

    Args:
        real: Images in `value_range`, float32, (batch, ...).
        latents: (batch, ...) from the prior.
        labels: (batch, ...), or None. Pictures as labels are float32 in `value_range`.
        draw: Random numbers of this turn.
    """

    real: Any
    latents: Any
    labels: Any
    draw: penalties.Draw


@keras.saving.register_keras_serializable("ganzoo")
class GAN(Networks):
    """A generator and a discriminator that learn from each other.

    `fit` trains it with ordinary Keras callbacks on JAX, PyTorch and TensorFlow. A paper that
    changes the rules adds terms to what the players want, or overrides an objective, and moves a
    state of its own in `after_step`; `step` stays as it is. What `GAN` is made of, how it is
    compiled and how it draws pictures is in `Networks`.
    """

    _turn_draw: penalties.Draw | None = None  # of the turn that is played

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        hook_checks.overridden(cls, GAN)

    def step(self, data) -> None:
        """One step: `n_critic` turns of the discriminator, one of the generator, the average.

        Args:
            data: `(images,)` or `(images, labels)`, `n_critic * batch` of each: every turn of
                the discriminator sees real images of its own, if there are at least n_critic.
        """
        reals, labels = self._turns(data)  # each: a list with one batch per turn
        count = ops.shape(reals[0])[0]
        latents = self._latents(count, turns=len(reals))
        for turn, real in enumerate(reals):
            batch = Batch(real, latents[turn], labels[turn], self._draw(turn))
            logs = self._discriminator_turn(batch)
        logs |= self._generator_turn(batch._replace(latents=latents[-1], draw=self._draw(turn + 1)))
        if self.average is not None:
            self.average.update()
        self.steps.assign(self.steps + 1)
        self.images.assign(self.images + len(reals) * count)
        self.after_step(logs)
        self.means.update_state(logs)

    def after_step(self, logs: dict) -> None:
        """What else changes with a step: here nothing.

        A paper that keeps a state of its own, which neither player learns, moves it here: an
        average, a controller, how far the networks have grown.

        Args:
            logs: All that the step logged, scalars by name; of the discriminator's turns the
                last one. More may be added, under names that stand in `logged`.
        """

    def discriminator_objective(self, batch: Batch, fake):
        """What the discriminator minimizes.

        Args:
            batch: Of this turn.
            fake: Images like `batch.real`, from the generator; no gradient flows into them.

        Returns:
            The loss, a scalar, and what to log, scalars by name.
        """
        on_real, on_fake = self._judged(batch.real, fake, batch.labels)
        real_logits, fake_logits = on_real[0], on_fake[0]
        wanted = self.rules.played_loss
        flipped = self._flipped(real_logits, fake_logits, batch.draw)
        loss = ops.mean(wanted.discriminator(*flipped))
        logs = {
            "d_real_accuracy": ops.mean(ops.cast(real_logits > wanted.boundary, "float32")),
            "d_fake_accuracy": ops.mean(ops.cast(fake_logits < wanted.boundary, "float32")),
        }
        if self.regulated:
            logs["d_real_logit"] = ops.mean(real_logits)
            logs["d_fake_logit"] = ops.mean(fake_logits)
            # how often a real image is taken for one: of pairs, for more real than the fake
            zero = fake_logits if wanted.paired else wanted.boundary
            logs["d_real_sign"] = ops.mean(ops.sign(real_logits - zero))
        for part, penalty in enumerate(self.rules.played_penalties, 1):
            logs[penalty.name] = self._penalized(penalty, batch, fake, batch.draw.apart(part))
            loss = loss + penalty.weight * logs[penalty.name]
        if self.lecam is not None:
            logs["lecam"] = self.lecam.term(real_logits, fake_logits, self.steps)
            loss = loss + logs["lecam"]
        logs |= self.discriminator_measures(batch, fake, on_real, on_fake)
        terms = self.discriminator_terms(batch, fake, on_real, on_fake)
        return sum(terms.values(), loss), logs | terms

    def discriminator_terms(self, batch: Batch, fake, on_real: list, on_fake: list) -> dict:
        """Further terms of the discriminator's loss, weights included: none here.

        Args:
            batch: Of this turn.
            fake: The generator's images.
            on_real: All that the discriminator says of real images: logits (batch,) first.
            on_fake: The same of the fakes.

        Returns:
            Scalars by name; each name must stand in `logged`.
        """
        return {}

    def discriminator_measures(self, batch: Batch, fake, on_real: list, on_fake: list) -> dict:
        """Further numbers to log that are no part of the loss, as `discriminator_terms`: none."""
        return {}

    def generator_objective(self, batch: Batch):
        """What the generator minimizes.

        Args:
            batch: Of this turn; its real images are for losses that compare with them.

        Returns:
            The loss, a scalar, and what to log, scalars by name.
        """
        fake = self.generate(batch.latents, batch.labels)
        on_fake = self.judge(fake, batch.labels)
        wanted = self.rules.played_loss
        real_logits = self.discriminate(batch.real, batch.labels) if wanted.paired else None
        loss = ops.mean(wanted.generator(real_logits, on_fake[0]))
        terms = self.generator_terms(batch, fake, on_fake)
        return sum(terms.values(), loss), terms

    def generator_terms(self, batch: Batch, fake, on_fake: list) -> dict:
        """Further terms of the generator's loss, as `discriminator_terms`: none here."""
        return {}

    @property
    def label_shape(self) -> tuple[int, ...] | None:
        """The shape of one label that a turn is given; None: it is given none.

        Here that of the generator's. A discriminator that learns from labels says its own.
        """
        return tuple(self.generator.inputs[1].shape[1:]) if self.conditional else None

    def generate(self, latents, labels=None):
        """Images in `value_range`, float32, from the generator as it trains."""
        inputs = [latents, labels] if self.conditional else latents
        return ops.cast(self.generator(inputs, training=True), "float32")

    def fakes(self, batch: Batch):
        """What a turn of the discriminator takes for fakes; no gradient flows into them.

        Here images that the generator makes now. It is called before the turn, so state that no
        player owns may be assigned in it: a paper may show older images as well.
        """
        return backend.constant(lambda: self.generate(batch.latents, batch.labels))

    def discriminate(self, images, labels=None):
        """Logits (batch,), float32, from the discriminator as it trains."""
        return self.judge(images, labels)[0]

    def judge(self, images, labels=None) -> list:
        """All that the discriminator says as it trains: logits first, flattened; float32.

        In a turn, what it sees is augmented if the rules say so.
        """
        if self.augmentation is not None and self._turn_draw is not None:
            images = self.augmentation(images, self._turn_draw)
        inputs = [images, labels] if len(self.discriminator.inputs) > 1 else images
        said = self.discriminator(inputs, training=True)
        said = list(said) if isinstance(said, (list, tuple)) else [said]
        said = [ops.cast(output, "float32") for output in said]
        return [ops.reshape(said[0], (-1,)), *said[1:]]

    # The turns -----------------------------------------------------------------------------

    def _draw(self, turn: int) -> penalties.Draw:
        return penalties.Draw(self.seed, self.steps, turn)

    def _discriminator_turn(self, batch: Batch) -> dict:
        fake = self.fakes(batch)
        self._turn_draw = batch.draw
        logs = self._play("discriminator", lambda: self.discriminator_objective(batch, fake))
        self._turn_draw = None
        if self.rules.clip_weights:
            penalties.clip(self.discriminator.trainable_variables, self.rules.clip_weights)
        if self.augmentation is not None:
            self.augmentation.update(logs, ops.shape(batch.real)[0])
            logs |= self.augmentation.watched()
        if self.lecam is not None:
            self.lecam.update(logs)
        return logs

    def _generator_turn(self, batch: Batch) -> dict:
        self._turn_draw = batch.draw
        logs = self._play("generator", lambda: self.generator_objective(batch))
        self._turn_draw = None
        return logs

    def _play(self, name: str, objective) -> dict:
        """Update one player. What the objective wrote into the opponent's state is dropped."""
        player, optimizer = getattr(self, name), getattr(self.optimizer, name)
        learned, checked = player.trainable_variables, hook_checks.returned(objective, self, name)
        turn = backend.gradients(checked, learned, optimizer.scale_loss)
        hook_checks.written(turn.writes, self)
        backend.apply(optimizer, turn.gradients, learned)
        commit(turn.writes, player.non_trainable_variables)
        return {f"{name[0]}_loss": turn.loss, **turn.logs}

    def _turns(self, data) -> tuple[list, list]:
        images, labels = data if len(data) > 1 else (data[0], None)
        labeled = self.label_shape is not None
        if labeled and labels is None:
            raise UsageError("This GAN is conditional: `fit` needs images and labels.")
        turns, count = self.rules.n_critic, ops.shape(images)[0]
        known = isinstance(count, int)  # not in TensorFlow's `fit` with arrays: a tensor
        size = max(count // turns, 1) if known else ops.maximum(count // turns, 1)

        def split(x) -> list:
            if not known or count < turns:  # the rest of an epoch goes round once more
                x = ops.take(x, ops.arange(size * turns) % count, axis=0)
            # by reshape, not by slices: under data parallelism slices would move data
            x = ops.reshape(x[: size * turns], (size, turns, *x.shape[1:]))
            return [x[:, turn] for turn in range(turns)]

        labels = split(self.conditions(labels)) if labeled else [None] * turns
        return split(self.scaled(images)), labels

    def _latents(self, batch, turns: int) -> list:
        """One batch of latents for each turn of the discriminator, the last for the generator."""
        own = turns if self.rules.share_fakes else turns + 1
        shape = (own, batch, *self.latent_shape)
        return list(ops.unstack(self.prior(self.seed, self.steps, random.LATENTS, shape), own))

    def _judged(self, real, fake, labels) -> tuple[list, list]:
        """What the discriminator says of real and of fake images."""
        if not self.rules.joint_batch:  # batch norm sees either kind of images alone
            return self.judge(real, labels), self.judge(fake, labels)
        both = None if labels is None else ops.concatenate([labels, labels])
        said = self.judge(ops.concatenate([real, fake]), both)
        halves = [ops.unstack(ops.reshape(x, (2, -1, *x.shape[1:])), 2) for x in said]
        return [half[0] for half in halves], [half[1] for half in halves]

    def _flipped(self, real_logits, fake_logits, draw: penalties.Draw):
        if not self.rules.label_flips:
            return real_logits, fake_logits
        flip = draw.uniform(ops.shape(real_logits)) < self.rules.label_flips
        return (
            ops.where(flip, fake_logits, real_logits),
            ops.where(flip, real_logits, fake_logits),
        )

    def _penalized(self, penalty: penalties.Penalty, batch: Batch, fake, draw: penalties.Draw):
        """The penalty's mean; where it is computed only now and then, its share of this step."""

        def discriminate(images):
            return self.discriminate(images, batch.labels)

        def value():
            self._turn_draw = draw
            with Trial():  # a penalty looks, it does not move
                values = penalty.function(discriminate, batch.real, fake, draw)
            self._turn_draw = batch.draw
            return penalty.every * ops.mean(values)

        if penalty.every == 1:
            return value()
        due = ops.equal(ops.mod(self.steps, penalty.every), 0)
        return backend.now_and_then(due, value, lambda: ops.zeros((), "float32"))
