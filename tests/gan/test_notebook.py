"""What a notebook shows: GANs, generators and samples as images."""

import base64
import io
import random
import re

import numpy as np
import pytest
from PIL import Image

import ganzoo

pytestmark = pytest.mark.backend

SHAPE = (4, 4, 1)


def embedded_image(html: str) -> np.ndarray:
    (content,) = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def test_a_gan_shows_16_samples_and_keeps_its_state(small):
    gan = small.compiled(
        small.gan(size=16, norm=True, dropout=0.5, shape=SHAPE), ema_half_life=10.0
    )
    before, chance = small.arrays(gan), (random.getstate(), np.random.get_state()[1].tolist())
    html = gan._repr_html_()
    assert "4 x 4 x 1 from latents of 3" in html
    expected = ganzoo.image_grid(gan.sample(16))
    np.testing.assert_array_equal(embedded_image(html), np.asarray(expected))
    assert small.differing(before, small.arrays(gan)) == set()
    assert chance == (random.getstate(), np.random.get_state()[1].tolist())


def test_a_conditional_generator_shows_its_classes_in_turn_where_they_are_known(small):
    sampler = small.gan(size=16, classes=3, shape=SHAPE).sampler
    assert "<img" not in sampler._repr_html_()
    sampler.num_classes = 3
    html = sampler._repr_html_()
    expected = ganzoo.image_grid(sampler.sample(16, labels=np.arange(16) % 3))
    assert "3 classes" in html
    np.testing.assert_array_equal(embedded_image(html), np.asarray(expected))


def test_broken_weights_are_said_instead_of_shown(small):
    gan = small.gan(size=16, shape=SHAPE)
    gan.generator.trainable_variables[0].assign(gan.generator.trainable_variables[0] * np.nan)
    html = gan._repr_html_()
    assert "not finite" in html and "<img" not in html


def test_samples_are_an_image_and_what_is_computed_from_them_is_an_array(small):
    samples = small.gan(size=16, shape=SHAPE).sample(6)
    for shown in (samples, samples[:2], samples[0], small.gan().sample(5)):
        assert Image.open(io.BytesIO(shown._repr_png_())).size[0] > 4
    assert samples[:0]._repr_png_() is None and samples[0, 0]._repr_png_() is None
    assert type(samples / 255) is np.ndarray and np.isscalar(samples.mean())
