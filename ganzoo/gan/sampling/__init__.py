"""Samples of a generator: of a seed, or between two seeds."""

from ganzoo.gan.sampling.generator_inputs import generator_arguments, generator_inputs
from ganzoo.gan.sampling.sampler import Sampler

__all__ = ["Sampler", "generator_arguments", "generator_inputs"]
