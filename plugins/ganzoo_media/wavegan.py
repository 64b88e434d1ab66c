"""WaveGAN. Donahue et al. 2019, https://arxiv.org/abs/1802.04208, section 3; appendix D,
tables 3 to 5: DCGAN in one dimension, with longer filters and larger strides.
"""

from random import randrange

import keras
from keras import layers, ops

from ganzoo import GAN, random
from ganzoo.backend import Tensor, devices
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum
from ganzoo.errors import UsageError
from ganzoo.layers import Conv1D, Conv1DTranspose, PhaseShuffle

_STRIDE, _KERNEL_SIZE = 4, 25  # of every convolution; DCGAN has 2 and 5x5: section 3.1
_START = 16  # length at which the generator starts and the discriminator ends


@standard_settings()
def wavegan(
    image_shape: tuple[int, int],
    *,
    latent_size: int = 100,
    base_channels: int = 64,
    phase_shuffle: int = 2,
) -> GAN:
    """A GAN for short waveforms.

    Args:
        image_shape: (samples, channels); samples are 16 times a power of 4: 64, 256, 1024,
            4096, the paper's 16384.
        latent_size: Length of a latent, uniform in [-1, 1).
        base_channels: Channels at the waveform's length; they double with each quarter of it.
            d in the tables.
        phase_shuffle: The most samples by which the discriminator's feature maps are shifted
            after each layer but the last, so that it cannot rely on phase alone (section 3.3);
            0 for none.
    """
    check_minimum(1, latent_size=latent_size, base_channels=base_channels)
    check_minimum(0, phase_shuffle=phase_shuffle)
    if len(image_shape) != 2 or image_shape[0] not in [_START * 4**i for i in range(1, 9)]:
        raise UsageError(
            "wavegan needs waveforms whose number of samples is 16 times a power of 4. "
            f"Received: samples of shape {image_shape}.",
            hint="Set dataset.samples to 4096 or 16384, where the data set has it.",
        )
    samples, image_channels = image_shape
    lengths = [_START]
    while lengths[-1] < samples:
        lengths.append(_STRIDE * lengths[-1])  # 16, 64, ..., samples
    conv = {"kernel_size": _KERNEL_SIZE, "strides": _STRIDE, "padding": "same"}

    def generator() -> keras.Model:
        c = base_channels << (len(lengths) - 2)  # 16 d for 16384 samples
        latents = keras.Input((latent_size,), name="latents")
        x = layers.Dense(_START * c, name="project")(latents)
        x = layers.Reshape((_START, c), name="project_shape")(x)
        x = layers.ReLU(name="project_relu")(x)  # no batch norm: section 3.2
        for length in lengths[1:-1]:  # (batch, length / 4, c) -> (batch, length, c / 2)
            c //= 2
            x = Conv1DTranspose(c, name=f"up_{length}", **conv)(x)
            x = layers.ReLU(name=f"up_{length}_relu")(x)
        x = Conv1DTranspose(image_channels, name=f"up_{samples}", **conv)(x)
        x = layers.Activation("tanh", name="sound", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        c = base_channels
        x = sounds = keras.Input(image_shape, name="sounds")
        shifts = Shifts(phase_shuffle, len(lengths) - 2, name="shifts")(sounds)
        for i, length in enumerate(reversed(lengths[:-1])):
            # (batch, 4 length, c) -> (batch, length, 2 c)
            x = Conv1D(c, name=f"down_{length}", **conv)(x)
            x = layers.LeakyReLU(0.2, name=f"down_{length}_relu")(x)
            if phase_shuffle and length > _START:
                x = PhaseShuffle(phase_shuffle, name=f"down_{length}_shuffle")([x, shifts[:, i]])
            c *= 2
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(sounds, x, name="discriminator")

    return GAN(generator(), discriminator(), prior=symmetric)


@keras.saving.register_keras_serializable("ganzoo")
def symmetric(seed, step, stream, shape):
    """Uniform numbers in [-1, 1), float32. Arguments as in `ganzoo.random.uniform`."""
    return 2.0 * random.uniform(seed, step, stream, shape) - 1.0


@keras.saving.register_keras_serializable("ganzoo")
class Shifts(keras.layers.Layer):
    """Random shifts of each layer's feature maps: (batch, ...) -> (batch, count), int32.

    Each call in training draws uniformly from -radius to radius, by a seed and a counter, which
    are weights that are not trained. Otherwise all shifts are 0.

    Args:
        radius: The largest shift, in samples.
        count: Shifts per sample.
    """

    def __init__(self, radius: int, count: int, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})
        self.radius = radius
        self.count = count

    def build(self, input_shape) -> None:
        """Make the counter and the seed, by Python's random numbers as Keras' layers do."""
        number = {"shape": (), "dtype": "int32", "trainable": False}
        seed = keras.initializers.Constant(randrange(2**31))
        self.seed = self.add_weight(name="seed", initializer=seed, **number)
        self.calls = self.add_weight(name="calls", initializer="zeros", **number)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        shape = (ops.shape(inputs)[0], self.count)
        if not training or not self.radius:
            return ops.zeros(shape, "int32")
        seed, calls = map(ops.convert_to_tensor, (self.seed, self.calls))
        uniform = devices.random_rows(lambda shape: random.uniform(seed, calls, 0, shape), shape)
        self.calls.assign(self.calls + 1)
        return ops.cast(ops.floor(uniform * (2 * self.radius + 1)), "int32") - self.radius

    def compute_output_spec(self, inputs, training: bool = False):
        return keras.KerasTensor((inputs.shape[0], self.count), "int32")

    def get_config(self) -> dict:
        config = {**super().get_config(), "radius": self.radius, "count": self.count}
        del config["dtype"]
        return config
