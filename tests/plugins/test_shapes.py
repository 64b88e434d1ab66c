"""Every architecture of images at shapes that are neither square nor powers of two."""

import numpy as np
import pytest
from lazy_keras import Lazy, takes_turn, to_numpy

from ganzoo.catalog.plugins.discovery import discover, find_plugin, plugin_signature
from ganzoo.testing.architecture_case import ArchitectureCase, default_shapes

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("cheap_weights")]

resolutions = Lazy("ganzoo.blocks.resolutions")
SHAPES = ((48, 80, 1), (64, 96, 3), (40, 40, 2), (32, 32, 12), (24, 24, 4))


def takes_images(name: str) -> bool:
    ordinary, _ = default_shapes(plugin_signature(find_plugin("architecture", name)))
    return any(len(shape) == 3 for shape in ordinary)


ARCHITECTURES = sorted(filter(takes_images, discover("architecture").plugins))


def case_at(name: str, shape: tuple[int, int, int]) -> ArchitectureCase:
    options = {}
    if name.startswith("r3gan"):  # a number of channels for every resolution
        options = {"channels": [8] * len(resolutions.resolutions(name, shape)), "group_size": 8}
    if name == "biggan":  # a part of the latent for every resolution
        options = {"latent_size": 2 * len(resolutions.resolutions(name, shape))}
    case = ArchitectureCase(name, options, (shape,))
    if isinstance(case.attempts[shape], Exception):
        raise case.attempts[shape]
    return case


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_draws_images_of_any_shape(name, shape):
    if not takes_turn(ARCHITECTURES.index(name) + SHAPES.index(shape)):
        pytest.skip("in turn with the other backend that compiles: all by tests/faults.py")
    case = case_at(name, shape)
    made = case.gan.sampler.image_shape
    assert made in (shape, (None, None, shape[-1]))  # or of any size
    if name != "dcgan-fashion-mnist":  # whose widths are no options
        frozen = sum(one.count_params() for one in case.gan.frozen_networks.values())
        assert case.gan.count_params() - frozen < 3_000_000, "its options are not reduced"
    latents = case.gan.sampler.sample_latents(1, seed=0)
    images = to_numpy(case.gan.sampler.generate(latents, case.labels(0, 1), use_ema=False))
    assert images.shape == (1, *shape)
    assert np.isfinite(images).all()
