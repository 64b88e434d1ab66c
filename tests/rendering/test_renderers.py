"""Each kind of data has a form in which it is shown."""

import numpy as np
import pytest

from ganzoo import rendering
from ganzoo.errors import UsageError
from ganzoo.modalities import MODALITIES
from ganzoo.rendering.audio import waveform_plot
from ganzoo.rendering.grid import image_grid
from ganzoo.rendering.renderers import RENDERERS
from ganzoo.rendering.scatter import scatter_plot
from ganzoo.rendering.video import filmstrip

SAMPLES = {
    1: np.array([[0.0, 1.0], [1.0, 0.0]], np.float32),
    2: np.random.default_rng(0).uniform(-1, 1, (2, 50, 2)).astype(np.float32),
    3: np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.uint8),
    4: np.random.default_rng(0).integers(0, 256, (2, 3, 4, 4, 1)).astype(np.uint8),
}
DRAWN = {1: scatter_plot, 2: waveform_plot, 3: image_grid, 4: filmstrip}
STARTS = {
    ".png": b"\x89PNG", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff", ".webp": b"RIFF",
    ".wav": b"RIFF", ".gif": b"GIF89a", ".npy": b"\x93NUMPY", ".tif": b"II*\0"}  # fmt: skip


def test_every_kind_of_data_has_a_form():
    assert RENDERERS.keys() == MODALITIES.keys() == SAMPLES.keys()


@pytest.mark.parametrize("rank", MODALITIES)
def test_the_image_fits_the_samples(rank):
    samples = SAMPLES[rank]
    assert rendering.render_samples(samples).tobytes() == DRAWN[rank](samples).tobytes()
    assert rendering.render_samples(samples, real=None).tobytes() == DRAWN[rank](samples).tobytes()


@pytest.mark.parametrize("rank", MODALITIES)
def test_files_are_what_their_ending_says(rank):
    renderer = RENDERERS[rank]
    for ending, write in renderer.encoders.items():
        assert write(SAMPLES[rank], 8000, None).startswith(STARTS[ending])
    if renderer.single is not None:
        ending, write = renderer.single
        assert write(SAMPLES[rank][0], 8000).startswith(STARTS[ending])
    assert renderer.media in (None, *renderer.suffixes)
    assert set(renderer.suffixes) <= set(renderer.encoders)


@pytest.mark.parametrize("shape", [(), (1, 2, 3, 4, 5)])
def test_samples_of_no_kind_are_refused(shape):
    with pytest.raises(UsageError, match=r"uint8 \(n, height, width, channels\).*Received"):
        rendering.render_samples(np.zeros((2, *shape)))
