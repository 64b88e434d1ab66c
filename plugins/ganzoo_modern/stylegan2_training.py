"""The training of StyleGAN2: style mixing, path length regularization, truncation.

Karras et al. 2020, https://arxiv.org/abs/1912.04958, and Karras et al. 2019 (StyleGAN),
https://arxiv.org/abs/1812.04948.
"""

import math

import keras
from keras import ops

from ganzoo import GAN, backend
from ganzoo.backend import Tensor
from ganzoo.backend.scope import WriteCapture
from ganzoo.errors import UsageError
from ganzoo.layers import LatentNoise

_EPSILON = 1e-8  # inside the root
_DECAY = 0.99  # of the moving average of path lengths: appendix B


@keras.saving.register_keras_serializable("ganzoo")
class StyleGAN2(GAN):
    """A GAN whose generator is a mapping of latents to styles and a synthesis of images.

    Args:
        generator: Has the layers `mapping`: (batch, d) -> (batch, w), `average_style`: an
            `AverageStyle`, and `synthesis`: [(batch, count, w), (batch, d)] -> images.
        discriminator: Images -> logits.
        style_mixing_prob: Share of the images that have two styles in training, in [0, 1].
        path_length_weight: Weight of the path length regularization, at least 0; 0 for none.
        path_length_interval: Steps from one path length regularization to the next, at least 1;
            its weight is multiplied by as much.
        **options: Further arguments of `GAN`.

    Raises:
        UsageError: An option is out of range.
    """

    bounded = False  # the RGB images of all resolutions are summed

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        style_mixing_prob: float = 0.9,
        path_length_weight: float = 2.0,
        path_length_interval: int = 4,
        **options,
    ):
        if not 0 <= style_mixing_prob <= 1 or path_length_weight < 0 or path_length_interval < 1:
            raise UsageError(
                "stylegan2 needs style_mixing_prob in [0, 1], path_length_weight of at least 0 and "
                f"path_length_interval of at least 1. Received: {style_mixing_prob}, "
                f"{path_length_weight}, {path_length_interval}."
            )
        super().__init__(generator, discriminator, **options)
        self.style_mixing_prob = style_mixing_prob
        self.path_length_weight = path_length_weight
        self.path_length_interval = path_length_interval
        self.mixing_numbers = LatentNoise((2,), 0, "uniform", name="mixing_numbers")
        self.mixing_numbers.build(generator.inputs[0].shape)  # else Keras would call this GAN
        mean = {"shape": (), "initializer": "zeros", "dtype": "float32", "autocast": False}
        self.mean_path_length = self.add_weight(name="path_mean", trainable=False, **mean)

    @property
    def truncation_psi(self) -> keras.Variable:
        """The psi of the layer `average_style`."""
        return self.generator.get_layer("average_style").psi

    def generate(self, latents: Tensor, labels: Tensor = None) -> Tensor:
        """Images of mixed styles, from the generator in training mode."""
        return self.synthesize(self.mix_styles(latents), latents)

    def mix_styles(self, latents: Tensor) -> Tensor:
        """Styles in training, one for each convolution: (batch, d) -> (batch, count, w).

        Some images have a second style from a random convolution on (StyleGAN, section 3.1):
        that of the next latent in the batch. Which images, and from which convolution on, is a
        function of the latent, so that updates of both networks see the same images.
        """
        first = self.generator.get_layer("mapping")(latents, training=True)
        first = ops.cast(first, "float32")
        # updates the average, which is the generator's and changes in its own update only
        first = self.generator.get_layer("average_style")(first, training=True)
        count = self.generator.get_layer("synthesis").inputs[0].shape[1]
        index = ops.arange(count)[None, :, None]
        mixes, position = ops.unstack(self.mixing_numbers(latents), 2, axis=1)
        crossover = 1 + ops.cast(ops.floor(position * (count - 1)), "int32")  # 1, ..., count - 1
        crossover = ops.where(mixes < self.style_mixing_prob, crossover, count)
        second = ops.roll(first, 1, axis=0)
        return ops.where(index < crossover[:, None, None], first[:, None], second[:, None])

    def synthesize(self, styles: Tensor, latents: Tensor) -> Tensor:
        """Images of styles (batch, count, w), with the noise of latents (batch, d)."""
        synthesis = self.generator.get_layer("synthesis")
        return ops.cast(synthesis([styles, latents], training=True), "float32")

    def path_lengths(self, styles: Tensor, latents: Tensor, directions: Tensor) -> Tensor:
        """Lengths |J^T y| of section 3.2, J the Jacobian of an image by its style: (batch,).

        Taken at each convolution's own copy of the style; the mean of squares is over these
        copies, and y is divided by the square root of the number of pixels. So the weight 2 is
        appendix B's ln 2 / (r^2 (ln r - ln 2)) for resolution r, which is 2 / (r^2 count).

        Args:
            styles: (batch, count, w).
            latents: (batch, d), of the noise.
            directions: y, standard normal, in the shape of the images.
        """
        directions = directions / math.sqrt(math.prod(self.sampler.image_shape[:2]))

        def project(styles: Tensor) -> Tensor:
            product = self.synthesize(styles, latents) * directions
            return ops.sum(product, axis=(1, 2, 3))

        slopes = backend.input_gradients(project, styles)
        return ops.sqrt(ops.mean(ops.sum(ops.square(slopes), axis=2), axis=1) + _EPSILON)

    def generator_loss(self, batch) -> tuple[Tensor, dict]:
        """The loss of `GAN` and, every `path_length_interval` steps, equation 4."""
        loss, logs = super().generator_loss(batch)
        interval, old_mean = self.path_length_interval, self.mean_path_length
        if not self.path_length_weight:
            return loss, logs

        def penalty() -> tuple[Tensor, Tensor]:
            with WriteCapture():  # a penalty changes no average
                styles = self.mix_styles(batch.latents)
            directions = batch.rng.normal("path_directions", ops.shape(batch.real))
            lengths = self.path_lengths(styles, batch.latents, directions)
            lengths = ops.cast(lengths, "float32")
            mean = ops.stop_gradient(old_mean + (1 - _DECAY) * (ops.mean(lengths) - old_mean))
            weight = interval * self.path_length_weight
            return weight * ops.mean(ops.square(lengths - mean)), mean

        def no_penalty() -> tuple[Tensor, Tensor]:
            return ops.zeros((), "float32"), ops.convert_to_tensor(old_mean)

        due = ops.equal(ops.mod(self.steps, interval), 0)
        term, mean = backend.lazy_cond(due, penalty, no_penalty)
        return loss + term, {**logs, "path_length": mean, "path_penalty": term}

    def after_step(self, logs: dict) -> None:
        """Update the moving average of path lengths."""
        if self.path_length_weight:
            self.mean_path_length.assign(logs["path_length"])

    def get_config(self) -> dict:
        names = ("style_mixing_prob", "path_length_weight", "path_length_interval")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
