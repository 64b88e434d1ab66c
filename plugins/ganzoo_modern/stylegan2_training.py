"""The training of StyleGAN2: style mixing, path length regularization, truncation.

Karras et al. 2020, https://arxiv.org/abs/1912.04958, and Karras et al. 2019 (StyleGAN),
https://arxiv.org/abs/1812.04948.
"""

import math

import keras
from keras import ops

from ganzoo import GAN, backend
from ganzoo.backend import Tensor, devices
from ganzoo.backend.scope import WriteCapture
from ganzoo.blocks import check_minimum
from ganzoo.config.schedules import Schedule, probability
from ganzoo.errors import UsageError
from ganzoo.gan.batches import microbatch
from ganzoo.gan.latents.spaces import StyleNetworks
from ganzoo.gan.partial_updates import penalty_update
from ganzoo.layers import LatentNoise

_EPSILON = 1e-8  # inside the root
_CROSSOVERS, _SECOND_STYLES = ["batch", "image"], ["fresh", "neighbor"]
_DECAY = 0.99  # of the moving average of path lengths: appendix B


@keras.saving.register_keras_serializable("ganzoo")
class StyleGAN2(GAN):
    """A GAN whose generator is a mapping of latents to styles and a synthesis of images.

    Args:
        generator: Has the layers `mapping`: (batch, d) -> (batch, w), `average_style`: an
            `AverageStyle`, and `synthesis`: [(batch, count, w), (batch, d)] -> images.
        discriminator: Images -> logits.
        style_mixing_prob: Probability of two styles in training, in [0, 1]; or a schedule.
        crossover: "batch" or "image": what draws whether, and where, the second style begins.
        second_style: "fresh", of a latent of its own, or "neighbor", of the batch's next latent.
        path_length_weight: Weight of the path length regularization, at least 0; 0 for none.
        path_length_interval: Steps from one path length regularization to the next, at least 1;
            its weight is multiplied by as much.
        path_length_batch_shrink: Path lengths are of a batch that is so many times smaller.
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
        style_mixing_prob: float | dict | Schedule = 0.9,
        crossover: str = "batch",
        second_style: str = "fresh",
        path_length_weight: float = 2.0,
        path_length_interval: int = 4,
        path_length_batch_shrink: int = 2,
        **options,
    ):
        check_minimum(0, path_length_weight=path_length_weight)
        check_minimum(
            1, path_length_interval=path_length_interval,
            path_length_batch_shrink=path_length_batch_shrink,
        )  # fmt: skip
        if crossover not in _CROSSOVERS or second_style not in _SECOND_STYLES:
            raise UsageError(
                f"crossover must be one of {_CROSSOVERS} and second_style one of {_SECOND_STYLES}. "
                f"Received: {crossover}, {second_style}."
            )
        super().__init__(generator, discriminator, **options)
        self.style_mixing_prob = probability(style_mixing_prob, "style_mixing_prob")
        self.crossover, self.second_style = crossover, second_style
        self.path_length_weight = path_length_weight
        self.path_length_interval = path_length_interval
        self.path_length_batch_shrink = path_length_batch_shrink
        shape = generator.inputs[0].shape
        self.mixing_numbers = LatentNoise((2,), 0, "uniform", name="mixing_numbers")
        self.second_latents = LatentNoise(shape[1:], 2, name="second_latents")
        for layer in (self.mixing_numbers, self.second_latents):
            layer.build(shape)  # else Keras would call this GAN
        mean = {"shape": (), "initializer": "zeros", "dtype": "float32", "autocast": False}
        self.mean_path_length = self.add_weight(name="path_mean", trainable=False, **mean)

    def compile(self, *optimizers, **options) -> None:
        """Compile as `GAN` does.

        Raises:
            UsageError: `n_critic` follows a schedule: path lengths might only be due in steps in
                which the generator waits.
        """
        waits = not isinstance(options.get("n_critic", 1), int)
        if waits and self.path_length_weight and self.path_length_interval > 1:
            raise UsageError(
                "With path lengths every few steps n_critic must be a number."
                f" Received: n_critic={options['n_critic']!r}.",
                hint="Set path_length_interval=1, or path_length_weight=0.",
            )
        super().compile(*optimizers, **options)

    @property
    def truncation_psi(self) -> keras.Variable:
        """The psi of the layer `average_style`."""
        return self.generator.get_layer("average_style").psi

    @property
    def style_networks(self) -> StyleNetworks:
        """The network of truncated styles, and that of their images."""
        styles = self.generator.get_layer("average_style").output
        mapping = keras.Model(self.generator.input, styles, name="truncated_styles")
        return StyleNetworks(mapping, self.generator.get_layer("synthesis"))

    def generate(self, latents: Tensor, labels: Tensor = None) -> Tensor:
        """Images of mixed styles, from the generator in training mode."""
        return self.synthesize(self.mix_styles(latents, labels), latents)

    def mix_styles(self, latents: Tensor, labels: Tensor = None) -> Tensor:
        """Styles in training, one for each convolution: (batch, d) -> (batch, count, w).

        With a probability there is a second style from a random convolution on (StyleGAN,
        section 3.1), as the authors' code has it: from the same one on in the whole batch, of
        the image's class and of a latent of its own. All that is drawn is a function of the
        latents, so that updates of both networks see the same images.
        """
        first = self.styles_of(latents, labels)
        # updates the average, which is the generator's and changes in its own update only
        first = self.generator.get_layer("average_style")(first, training=True)
        count = self.generator.get_layer("synthesis").inputs[0].shape[1]
        index = ops.arange(count)[None, :, None]
        chosen_by = devices.whole(latents)[:1] if self.crossover == "batch" else latents
        mixes, position = ops.unstack(backend.inner_call(self.mixing_numbers)(chosen_by), 2, axis=1)
        crossover = 1 + ops.cast(ops.floor(position * (count - 1)), "int32")  # 1, ..., count - 1
        crossover = ops.where(mixes < self.style_mixing_prob, crossover, count)
        if self.second_style == "fresh":
            fresh = backend.inner_call(self.second_latents)(latents)
            second = self.styles_of(fresh, labels)
        elif self.sampler.conditional:
            second = self.styles_of(_next_rows(latents), labels)
        else:
            second = _next_rows(first)
        return ops.where(index < crossover[:, None, None], first[:, None], second[:, None])

    def styles_of(self, latents: Tensor, labels: Tensor = None) -> Tensor:
        """Styles of latents, and labels if there are classes: (batch, d) -> (batch, w), float32."""
        inputs = [latents, labels] if self.sampler.conditional else latents
        mapping = self.generator.get_layer("mapping")
        return ops.cast(backend.training_outputs(mapping, inputs), "float32")

    def synthesize(self, styles: Tensor, latents: Tensor) -> Tensor:
        """Images of styles (batch, count, w), with the noise of latents (batch, d)."""
        synthesis = self.generator.get_layer("synthesis")
        return ops.cast(backend.training_outputs(synthesis, [styles, latents]), "float32")

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
        if not self.path_length_weight or self.config.separate_penalties:
            return loss, logs
        due = backend.is_due(self.steps, self.path_length_interval)
        term, paths = backend.lazy_cond(
            due, lambda: self.path_penalty(batch), lambda: (ops.zeros(()), self.no_path_penalty())
        )
        return loss + term, {**logs, **paths}

    def generator_update(self, batch) -> dict:
        """The update of `GAN` and, if penalties are separate, one by equation 4."""
        logs = super().generator_update(batch)
        if self.path_length_weight and self.config.separate_penalties:
            logs |= penalty_update(
                self, "generator", self.path_length_interval,
                lambda: self.path_penalty(*microbatch(batch)), self.no_path_penalty(),
            )  # fmt: skip
        return logs

    def path_penalty(self, batch) -> tuple[Tensor, dict]:
        """Equation 4 times weight and interval, and what is logged, of latents of its own."""
        count = ops.shape(batch.latents)[0]
        _check_part_of_batch(count, self.path_length_batch_shrink)
        count = count // self.path_length_batch_shrink
        count = max(count, 1) if isinstance(count, int) else ops.maximum(count, 1)
        latents = batch.rng.normal("path_latents", (count, *batch.latents.shape[1:]))
        with WriteCapture():  # a penalty changes no average
            labels = _first_rows(batch.labels, count) if self.sampler.conditional else None
            styles = self.mix_styles(latents, labels)
        directions = batch.rng.normal("path_directions", (count, *self.sampler.image_shape))
        lengths = ops.cast(self.path_lengths(styles, latents, directions), "float32")
        old_mean = self.mean_path_length
        mean = devices.mean(ops.mean(lengths))
        mean = old_mean + (1 - _DECAY) * (mean - old_mean)  # differentiated, too
        weight = self.path_length_interval * self.path_length_weight
        term = weight * ops.mean(ops.square(lengths - mean))
        return term, {"path_length": ops.stop_gradient(mean), "path_penalty": term}

    def no_path_penalty(self) -> dict:
        """Scalars to log at the other steps."""
        mean = ops.convert_to_tensor(self.mean_path_length)
        return {"path_length": mean, "path_penalty": ops.zeros((), "float32")}

    def after_step(self, logs: dict) -> None:
        """Update the moving average of path lengths."""
        if self.path_length_weight:
            self.mean_path_length.assign(logs["path_length"])

    def get_config(self) -> dict:
        names = ("style_mixing_prob", "crossover", "second_style", "path_length_weight",
                 "path_length_interval", "path_length_batch_shrink")  # fmt: skip
        own = {name: getattr(self, name) for name in names}
        if isinstance(self.style_mixing_prob, Schedule):
            own["style_mixing_prob"] = self.style_mixing_prob.model_dump()
        return {**super().get_config(), **own}


def _check_part_of_batch(rows: Tensor, shrink: int) -> None:
    """Refuse a part of the batch that is not as much in parts as of the whole."""
    if not devices.has_all_rows() and isinstance(rows, int) and rows % shrink:
        raise UsageError(
            "On several devices, and in microbatches, path_length_batch_shrink must divide the "
            f"images of each. Received: path_length_batch_shrink={shrink}, "
            f"{rows} images on each of {devices.count()} devices.",
            hint="Change the batch, or --set architecture.path_length_batch_shrink=1.",
        )


def _next_rows(x: Tensor) -> Tensor:
    """The next sample of the batch for each: (batch, ...) -> (batch, ...)."""
    return devices.own(ops.roll(devices.whole(x), 1, axis=0))


def _first_rows(x: Tensor, count: Tensor) -> Tensor:
    """The first samples of the batch, `count` on each device."""
    return devices.own(devices.whole(x)[: count * devices.count()])
