"""The game of StyleGAN2: styles that mix, paths of equal length, truncation.

Karras et al. 2020, https://arxiv.org/abs/1912.04958; and what is older, Karras et al. 2019
(StyleGAN), https://arxiv.org/abs/1812.04948.
"""

import math

import keras
from keras import ops

from ganzoo import GAN, backend
from ganzoo.backend.scope import WriteCapture
from ganzoo.errors import UsageError
from ganzoo.layers import LatentNoise

_TINY = 1e-8  # inside the root
_MEMORY = 0.99  # of the average path length: appendix B


@keras.saving.register_keras_serializable("ganzoo")
class StyleGAN2(GAN):
    """A GAN whose generator is two: `mapping`, latents to styles, and `synthesis`.

    Args:
        generator: Has the layers `mapping`: (batch, d) -> (batch, w), `average_style`: an
            `AverageStyle`, and `synthesis`: [(batch, count, w), (batch, d)] -> images.
        discriminator: As of `GAN`.
        mixing: Share of the images that are drawn with two styles in training, in [0, 1].
        path_weight: Of the path length regularization, at least 0; 0: none.
        path_every: It is computed at every so many steps, and counts that much more there.
        **options: As of `GAN`.

    Raises:
        UsageError: an option is out of range.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        mixing: float = 0.9,
        path_weight: float = 2.0,
        path_every: int = 4,
        **options,
    ):
        if not (0 <= mixing <= 1 and path_weight >= 0 and path_every >= 1):
            raise UsageError(
                "stylegan2 needs mixing in [0, 1], path_weight of at least 0, path_every of at "
                f"least 1. Received: {mixing}, {path_weight}, {path_every}."
            )
        super().__init__(generator, discriminator, **options)
        self.styling = {"mixing": mixing, "path_weight": path_weight, "path_every": path_every}
        self.mixing_numbers = LatentNoise((2,), 0, "uniform", name="mixing_numbers")
        self.mixing_numbers.build(generator.inputs[0].shape)  # else Keras would call this GAN
        mean = {"shape": (), "initializer": "zeros", "dtype": "float32", "autocast": False}
        self.path_mean = self.add_weight(name="path_mean", trainable=False, **mean)

    bounded = False  # the colors are summed up over the sizes

    @property
    def truncation_psi(self):
        """The psi of the average style."""
        return self.generator.get_layer("average_style").psi

    def styles(self, latents):
        """Styles as the generator trains, one for each of its convolutions: (batch, count, w).

        Some images have a second style from a random convolution on (StyleGAN, section 3.1).
        It is that of the latent beside theirs in the batch. Who mixes, and from where on,
        follows from the latent alone, so that both players meet the same images.
        """
        first = self.generator.get_layer("mapping")(latents, training=True)
        first = ops.cast(first, "float32")
        # it keeps the average, which belongs to the generator and moves in its turn only
        first = self.generator.get_layer("average_style")(first, training=True)
        count = self.generator.get_layer("synthesis").inputs[0].shape[1]
        index = ops.arange(count)[None, :, None]
        mixes, place = ops.unstack(self.mixing_numbers(latents), 2, axis=1)
        crossover = 1 + ops.cast(ops.floor(place * (count - 1)), "int32")  # 1, ..., count - 1
        crossover = ops.where(mixes < self.styling["mixing"], crossover, count)
        second = ops.roll(first, 1, axis=0)
        return ops.where(index < crossover[:, None, None], first[:, None], second[:, None])

    def generate(self, latents, labels=None):
        """Images as the generator trains, from mixed styles."""
        return self.synthesized(self.styles(latents), latents)

    def synthesized(self, styles, latents):
        """Images of styles (batch, count, w), with the noise of latents."""
        synthesis = self.generator.get_layer("synthesis")
        return ops.cast(synthesis([styles, latents], training=True), "float32")

    def path_lengths(self, styles, latents, directions):
        """How far images move along a direction for a change of their styles, (batch,).

        Section 3.2: |J^T y|, J the derivative of an image by its style. Taken at each
        convolution's own copy of the style; the mean of squares is over these copies, and y is
        divided by the square root of the number of pixels. So the weight 2 is appendix B's
        ln 2 / (r^2 (ln r - ln 2)) for size r, which is 2 / (r^2 count).

        Args:
            styles: (batch, count, w).
            latents: (batch, d), of the noise.
            directions: y, standard normal, in the shape of the images.
        """
        directions = directions / math.sqrt(math.prod(self.sampler.image_shape[:2]))

        def along(styles):
            product = self.synthesized(styles, latents) * directions
            return ops.sum(product, axis=(1, 2, 3))

        slopes = backend.input_gradients(along, styles)
        return ops.sqrt(ops.mean(ops.sum(ops.square(slopes), axis=2), axis=1) + _TINY)

    def generator_loss(self, batch):
        """What `GAN` says, and now and then that all paths shall be equally long: equation 4."""
        loss, logs = super().generator_loss(batch)
        weight, every = self.styling["path_weight"], self.styling["path_every"]
        if not weight:
            return loss, logs

        def due():
            with WriteCapture():  # a penalty looks, it does not move
                styles = self.styles(batch.latents)
            directions = batch.rng.normal("path_directions", ops.shape(batch.real))
            lengths = self.path_lengths(styles, batch.latents, directions)
            lengths = ops.cast(lengths, "float32")
            moved = self.path_mean + (1 - _MEMORY) * (ops.mean(lengths) - self.path_mean)
            moved = ops.stop_gradient(moved)
            return every * weight * ops.mean(ops.square(lengths - moved)), moved

        def not_due():
            return ops.zeros((), "float32"), ops.convert_to_tensor(self.path_mean)

        is_due = ops.equal(ops.mod(self.steps, every), 0)
        penalty, mean = backend.lazy_cond(is_due, due, not_due)
        return loss + penalty, {**logs, "path_length": mean, "path_penalty": penalty}

    def after_step(self, logs) -> None:
        """Keeps the average path length."""
        if self.styling["path_weight"]:
            self.path_mean.assign(logs["path_length"])

    def get_config(self) -> dict:
        return {**super().get_config(), **self.styling}
