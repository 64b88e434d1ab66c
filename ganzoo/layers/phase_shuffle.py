"""Phase shuffle. WaveGAN: Donahue et al. 2019, https://arxiv.org/abs/1802.04208, section 3.3."""

import keras
from keras import ops

from ganzoo.backend import Tensor


@keras.saving.register_keras_serializable("ganzoo")
class PhaseShuffle(keras.layers.Layer):
    """Shifts each sample in time: (batch, samples, c) -> (batch, samples, c).

    Called with `[x, shifts]`: shifts are integers of shape (batch,), clipped to [-radius, radius],
    and element t of the output is element t + shift of the input. The ends are padded by
    reflection. In the paper the shifts are uniform, with new ones for every layer and every call;
    they are inputs, so that this layer has no state.

    Args:
        radius: The largest shift, n in the paper, which uses 2.

    Raises:
        ValueError: It is built on no more than `radius` samples.
    """

    def __init__(self, radius: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.radius = radius

    def build(self, input_shape: list[tuple]) -> None:
        samples = input_shape[0][1]
        if samples <= self.radius:
            raise ValueError(
                "There must be more samples than radius. "
                f"Received: {samples} samples, radius={self.radius}"
            )

    def call(self, inputs: list[Tensor]) -> Tensor:
        x, shifts = inputs
        radius, length = self.radius, x.shape[1]
        if not radius:
            return x
        before = ops.flip(x[:, 1 : radius + 1], axis=1)
        after = ops.flip(x[:, length - radius - 1 : length - 1], axis=1)
        x = ops.concatenate([before, x, after], axis=1)
        # of all the shifts one is chosen by a product with 1, the others with 0: this has plain
        # derivatives of every order, where a gather scatters
        index = ops.clip(ops.cast(shifts, "int32"), -radius, radius) + radius  # (batch,)
        chosen = ops.one_hot(index, 2 * radius + 1, dtype=x.dtype)[:, :, None, None]
        return sum(chosen[:, k] * x[:, k : k + length] for k in range(2 * radius + 1))

    def compute_output_shape(self, input_shape: list[tuple]) -> tuple:
        return input_shape[0]

    def get_config(self) -> dict:
        return {**super().get_config(), "radius": self.radius}
