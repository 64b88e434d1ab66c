"""Errors planted into ganzoo's networks and functions, each where a recorded output should show it.

Usage: python planted.py. It prints as JSON, for each error in a network, how far the outputs are
from those of the file and whether the networks still have their numbers of parameters; for each
error in a function, whether its test fails.
"""

import functools
import json
import math
from types import SimpleNamespace

import ganzoo_classic.progan
import ganzoo_classic.sngan
import ganzoo_conditional.biggan_training
import ganzoo_conditional.infogan
import ganzoo_modern.style_layers
import ganzoo_modern.stylegan2_training
import ganzoo_translation.cyclegan
import keras
import pytest
import recorded
import test_recorded_functions as functions
from keras import ops

from ganzoo import layers
from ganzoo.gan import losses
from ganzoo.gan.regularizers import ada, diffaugment, gradient_penalties, lecam
from ganzoo.layers import self_attention


class Other:
    """`keras.ops` but for some functions."""

    def __init__(self, **functions):
        self.__dict__.update(functions)

    def __getattr__(self, name: str):
        return getattr(ops, name)


def filter_of_three_taps(patch):
    patch.setattr(layers.Resample2D.__init__, "__defaults__", ((1, 2, 1), None, "zeros"))


def padding_at_the_other_end(patch):
    def pad(x, width, **options):
        one_sided = width[1] == (1, 0)
        return ops.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)) if one_sided else width, **options)

    patch.setattr(ganzoo_translation.cyclegan, "ops", Other(pad=pad))


def gain_of_one(patch):
    patch.setattr(ganzoo_classic.progan, "_GAIN", 1.0)


def slope_of_another_kind(patch):
    patch.setattr(ganzoo_conditional.infogan, "_SLOPE", 0.2)


def bias_outside_of_the_gain(patch):
    def scaled_bias(self):
        return None if self.bias is None else self.bias.value * self.lr_multiplier

    patch.setattr(layers.EqualizedDense, "_scaled_bias", scaled_bias)
    patch.setattr(layers.EqualizedConv2D, "_scaled_bias", scaled_bias)


def norm_along_another_axis(patch):
    def call(self, x):
        return x * ops.rsqrt(ops.mean(ops.square(x), axis=1, keepdims=True) + 1e-8)

    patch.setattr(layers.PixelNorm, "call", call)


def weights_without_their_scale(patch):
    patch.setattr(layers.equalized, "math", SimpleNamespace(prod=math.prod, sqrt=lambda _: 10.0))


def mean_in_place_of_sum(patch):
    patch.setattr(ganzoo_classic.sngan, "ops", Other(sum=ops.mean))


def noise_after_the_activation(patch):
    def call(self, inputs):
        x, noise = inputs
        return math.sqrt(2) * ops.leaky_relu(x + self.bias, self.slope) + self.strength * noise

    patch.setattr(ganzoo_modern.style_layers.NoisyActivation, "call", call)


def two_power_iterations(patch):
    patch.setattr(layers.SpectralNormalization.__init__, "__defaults__", (2,))


def softmax_over_the_queries(patch):
    softmax = Other(softmax=lambda x, axis: ops.softmax(x, axis=1))
    patch.setattr(self_attention, "ops", softmax)


def maps_flattened_channels_first(patch):
    def call(self, x):
        return ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (-1, math.prod(x.shape[1:])))

    patch.setattr(keras.layers.Flatten, "call", call)


NETWORKS = {  # file, network, and the error or other options
    "filter of three taps": ("r3gan", "generator", filter_of_three_taps),
    "padding at the other end": ("cyclegan", "generator", padding_at_the_other_end),
    "gain of 1": ("progan", "generator", gain_of_one),
    "epsilon of 1e-4": ("biggan", "generator", {"batch_norm_epsilon": 1e-4}),
    "halving before the activation": ("progan", "discriminator", {"fused_downsample": True}),
    "slope of 0.2": ("infogan", "discriminator", slope_of_another_kind),
    "bias outside of the gain": ("stylegan2-plain", "discriminator", bias_outside_of_the_gain),
    "activated shortcut": ("sngan", "discriminator", {"activated_shortcut": True}),
    "norm along another axis": ("progan", "generator", norm_along_another_axis),
    "sign of the residual": ("r1gan", "generator", {"residual_scale": -0.1}),
    "weights without their scale": ("progan", "discriminator", weights_without_their_scale),
    "mean in place of sum": ("sngan", "discriminator", mean_in_place_of_sum),
    "noise after the activation": ("stylegan2", "generator", noise_after_the_activation),
    "bilinear doubling": ("wgan-gp", "generator", {"upsampling": "bilinear"}),
    "two power iterations": ("sagan", "discriminator", two_power_iterations),
    "softmax over the queries": ("sagan", "generator", softmax_over_the_queries),
    "maps flattened channels first": ("dcgan", "discriminator", maps_flattened_channels_first),
    "dropout where there is none": ("pix2pix", "generator", {"dropout": 0.5}),
}


def r1_without_its_half(patch):
    r1 = gradient_penalties.r1
    patch.setattr(gradient_penalties, "r1", lambda *args: 2.0 * r1(*args))
    functions.check_penalties("r1")


def norms_summed_over_the_batch(patch):
    patch.setattr(gradient_penalties, "_squared_norm", lambda x: ops.sum(ops.square(x)))
    functions.check_penalties("gradient-penalty")


def hinge_with_the_other_sign(patch):
    hinge = losses.hinge()._replace(generator=lambda real, fake: fake)
    patch.setattr(losses, "hinge", lambda: hinge)
    functions.test_losses("hinge", "generator")


def shift_by_one_pixel_more(patch):
    gather = diffaugment.gather_pixels
    patch.setattr(diffaugment, "gather_pixels", lambda x, r, c: gather(x, r + 1, c))
    functions.test_augmentations("diffaugment", "translation")


def hole_a_pixel_off(patch):
    patch.setattr(diffaugment, "ops", Other(floor=lambda x: ops.floor(x) + 1))
    functions.test_augmentations("diffaugment", "cutout")


def hue_turned_the_other_way(patch):
    patch.setattr(ada, "ops", Other(sin=lambda x: -ops.sin(x)))
    functions.test_augmentations("ada", "color")


def averages_changed_about(patch):
    terms = lecam.LeCam.terms

    def swapped(self, update):
        self.real, self.fake = self.fake, self.real
        return terms(self, update)

    patch.setattr(lecam.LeCam, "terms", swapped)
    functions.test_lecam()


def filters_with_themselves(patch):
    patch.setattr(ganzoo_conditional.biggan_training, "ops", Other(eye=lambda n: ops.zeros((n, n))))
    functions.test_orthogonal_regularization()


def lengths_summed_over_copies(patch):
    def mean(x, axis=None):
        return ops.mean(x) if axis is None else ops.sum(x, axis=axis)

    patch.setattr(ganzoo_modern.stylegan2_training, "ops", Other(mean=mean))
    functions.test_path_length_regularization()


FUNCTIONS = {
    "R1 without its half": r1_without_its_half,
    "norms summed over the batch": norms_summed_over_the_batch,
    "hinge with the other sign": hinge_with_the_other_sign,
    "shift by one pixel more": shift_by_one_pixel_more,
    "hole a pixel off": hole_a_pixel_off,
    "hue turned the other way": hue_turned_the_other_way,
    "averages changed about": averages_changed_about,
    "filters with themselves": filters_with_themselves,
    "lengths summed over copies": lengths_summed_over_copies,
}


def parameters(name: str, options: dict) -> list[int]:
    about, _ = recorded.read(recorded.files()[name])
    gan = recorded.named(about["architecture"])(**{**about["options"], **options})
    return [network.count_params() for network in (gan.generator, gan.discriminator)]


@functools.cache
def own_parameters(name: str) -> list[int]:
    return parameters(name, {})


def in_network(name: str, part: str, planted) -> dict:
    """Plant an error in a network, or give it other options."""
    options = planted if isinstance(planted, dict) else {}
    counts = own_parameters(name)
    with pytest.MonkeyPatch.context() as patch:
        if not options:
            planted(patch)
        gaps = recorded.network_gaps(name, part, gradients=False, options=options)
        same = parameters(name, options) == counts
    return {"gap": max(gaps.values()), "same_parameters": same}


def in_function(planted) -> bool:
    """Whether a function's test fails with the error."""
    with pytest.MonkeyPatch.context() as patch:
        try:
            planted(patch)
        except AssertionError:
            return True
    return False


def main() -> None:
    """Plant every error, one after the other."""
    keras.utils.set_random_seed(0)
    in_networks = {error: in_network(*where) for error, where in NETWORKS.items()}
    in_functions = {error: in_function(planted) for error, planted in FUNCTIONS.items()}
    print(json.dumps({"networks": in_networks, "functions": in_functions}))


if __name__ == "__main__":
    main()
