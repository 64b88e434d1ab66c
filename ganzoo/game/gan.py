"""The game of two players. Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, algorithm 1."""

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend.scope import Trial, commit
from ganzoo.errors import UsageError
from ganzoo.game import noise, penalties
from ganzoo.game.networks import Networks


@keras.saving.register_keras_serializable("ganzoo")
class GAN(Networks):
    """A generator and a discriminator that learn from each other.

    `fit` trains it with ordinary Keras callbacks on JAX, PyTorch and TensorFlow. A paper that
    changes the rules overrides an objective; `step` stays as it is. What `GAN` is made of, how
    it is compiled and how it draws pictures is in `Networks`.
    """

    def step(self, data) -> None:
        """One step: `n_critic` turns of the discriminator, one of the generator, the average.

        Args:
            data: `(images,)` or `(images, labels)`, `n_critic * batch` of each: every turn of
                the discriminator sees real images of its own, if there are at least n_critic.
        """
        reals, labels = self._turns(data)  # each: a list with one batch per turn
        batch = ops.shape(reals[0])[0]
        latents = self._latents(batch, turns=len(reals))
        for turn, real in enumerate(reals):
            logs = self._discriminator_turn(real, latents[turn], labels[turn], turn)
        logs |= self._generator_turn(latents[-1], labels[-1], reals[-1])
        if self.average is not None:
            self.average.update()
        self.means.update_state(logs)
        self.steps.assign(self.steps + 1)
        self.images.assign(self.images + len(reals) * batch)

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
        real_logits, fake_logits = self._judged(real, fake, labels)
        wanted = self.rules.played_loss
        loss = ops.mean(wanted.discriminator(*self._flipped(real_logits, fake_logits, draw)))
        logs = {
            "d_real_accuracy": ops.mean(ops.cast(real_logits > wanted.boundary, "float32")),
            "d_fake_accuracy": ops.mean(ops.cast(fake_logits < wanted.boundary, "float32")),
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
        wanted = self.rules.played_loss
        real_logits = self.discriminate(real, labels) if wanted.paired else None
        return ops.mean(wanted.generator(real_logits, fake_logits)), {}

    def generate(self, latents, labels=None):
        """Images in `value_range`, float32, from the generator as it trains."""
        inputs = [latents, labels] if self.conditional else latents
        return ops.cast(self.generator(inputs, training=True), "float32")

    def discriminate(self, images, labels=None):
        """Logits (batch,), float32, from the discriminator as it trains."""
        inputs = [images, labels] if len(self.discriminator.inputs) > 1 else images
        logits = self.discriminator(inputs, training=True)
        return ops.cast(ops.reshape(logits, (-1,)), "float32")

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
        if self.conditional and labels is None:
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

        labels = split(labels) if self.conditional else [None] * turns
        return split(self._scaled(images)), labels

    def _scaled(self, images):
        """uint8 in [0, 255] or floats in `value_range` -> float32 in `value_range`."""
        if keras.backend.standardize_dtype(images.dtype) != "uint8":
            return ops.cast(images, "float32")
        low, high = self.value_range
        return ops.cast(images, "float32") * ((high - low) / 255.0) + low

    def _latents(self, batch, turns: int) -> list:
        """One batch of latents for each turn of the discriminator, the last for the generator."""
        own = turns if self.rules.share_fakes else turns + 1
        shape = (own, batch, *self.latent_shape)
        return list(ops.unstack(self.prior(self.seed, self.steps, noise.LATENTS, shape), own))

    def _judged(self, real, fake, labels) -> tuple:
        """Logits of real and of fake images, each (batch,)."""
        if not self.rules.joint_batch:  # batch norm sees either kind of images alone
            return self.discriminate(real, labels), self.discriminate(fake, labels)
        both = None if labels is None else ops.concatenate([labels, labels])
        logits = self.discriminate(ops.concatenate([real, fake]), both)
        return tuple(ops.unstack(ops.reshape(logits, (2, -1)), 2))

    def _flipped(self, real_logits, fake_logits, draw: penalties.Draw):
        if not self.rules.label_flips:
            return real_logits, fake_logits
        flip = draw.uniform(ops.shape(real_logits)) < self.rules.label_flips
        return (
            ops.where(flip, fake_logits, real_logits),
            ops.where(flip, real_logits, fake_logits),
        )

    def _penalised(self, penalty: penalties.Penalty, real, fake, labels, draw):
        """The penalty's mean; where it is computed only now and then, its share of this step."""

        def value():
            with Trial():  # a penalty looks, it does not move
                values = penalty.function(lambda x: self.discriminate(x, labels), real, fake, draw)
            return penalty.every * ops.mean(values)

        if penalty.every == 1:
            return value()
        due = ops.equal(ops.mod(self.steps, penalty.every), 0)
        return ops.cond(due, value, lambda: ops.zeros((), "float32"))
