"""Each kind of data has a form in which it is shown."""

import numpy as np
import pytest

from ganzoo.data.kinds import KINDS
from ganzoo.errors import UsageError
from ganzoo.jobs import pictures
from ganzoo.jobs.pictures.films import strips
from ganzoo.jobs.pictures.forms import FORMS
from ganzoo.jobs.pictures.sounds import waves

SAMPLES = {
    1: np.array([[0.0, 1.0], [1.0, 0.0]], np.float32),
    2: np.random.default_rng(0).uniform(-1, 1, (2, 50, 2)).astype(np.float32),
    3: np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.uint8),
    4: np.random.default_rng(0).integers(0, 256, (2, 3, 4, 4, 1)).astype(np.uint8),
}
DRAWN = {1: pictures.scatter, 2: waves, 3: pictures.grid, 4: strips}
STARTS = {".png": b"\x89PNG", ".wav": b"RIFF", ".gif": b"GIF89a"}


def test_every_kind_of_data_has_a_form():
    assert FORMS.keys() == KINDS.keys() == SAMPLES.keys()


@pytest.mark.parametrize("rank", KINDS)
def test_the_picture_fits_the_samples(rank):
    samples = SAMPLES[rank]
    assert pictures.picture(samples).tobytes() == DRAWN[rank](samples).tobytes()
    assert pictures.picture(samples, real=None).tobytes() == DRAWN[rank](samples).tobytes()


@pytest.mark.parametrize("rank", KINDS)
def test_files_are_what_their_ending_says(rank):
    form = FORMS[rank]
    for ending, write in form.files.items():
        assert write(SAMPLES[rank], 8000, None).startswith(STARTS[ending])
    if form.each is not None:
        ending, write = form.each
        assert write(SAMPLES[rank][0], 8000).startswith(STARTS[ending])
    assert form.moving in (None, *form.files)


@pytest.mark.parametrize("shape", [(), (1, 2, 3, 4, 5)])
def test_samples_of_no_kind_are_refused(shape):
    with pytest.raises(UsageError, match=r"uint8 \(n, height, width, channels\).*Received"):
        pictures.picture(np.zeros((2, *shape)))
