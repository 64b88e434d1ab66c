"""Samples of a generator: of a seed, between two seeds, or of the latents nearest to images."""

from ganzoo.gan.sampling.generator_inputs import generator_arguments, generator_inputs
from ganzoo.gan.sampling.inversion import Inversion, invert
from ganzoo.gan.sampling.sampler import Sampler
from ganzoo.gan.sampling.sampling_methods import Sampling

__all__ = ["Inversion", "Sampler", "Sampling", "generator_arguments", "generator_inputs", "invert"]
