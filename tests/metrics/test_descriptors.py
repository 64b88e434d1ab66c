"""Sounds and videos in a few numbers, with values known by hand."""

import numpy as np
import pytest

from ganzoo.metrics.descriptors import BANDS, DESCRIPTORS, pooled_frames, sound_spectrum

RATE = 8000


def tone(pitch: float, size: float = 1.0, samples: int = 4096) -> np.ndarray:
    """(1, samples, 1)"""
    return (size * np.sin(2 * np.pi * pitch * np.arange(samples) / RATE))[None, :, None]


@pytest.mark.parametrize("pitch", [300, 1200, 3900])
def test_the_loudest_band_is_that_of_the_tone(pitch):
    means = sound_spectrum(tone(pitch))[0, :BANDS]
    assert means.argmax() == int(pitch / (RATE / 2) * BANDS)


def test_twice_as_loud_is_0_6_bels_more_and_a_steady_tone_does_not_change():
    one, two = (sound_spectrum(tone(1125, size))[0] for size in (0.25, 0.5))  # the middle of a band
    band = one[:BANDS].argmax()
    assert two[band] - one[band] == pytest.approx(np.log10(4), abs=1e-3)
    assert one[BANDS + band] == pytest.approx(0, abs=1e-3)


def test_silence_has_a_floor_however_short():
    for samples in (1, 5, 300):
        np.testing.assert_allclose(
            sound_spectrum(np.zeros((2, samples, 2)))[:, :BANDS], -8, atol=1e-6
        )


def test_a_still_video_is_its_brightness_and_does_not_change():
    still = np.full((1, 6, 9, 8, 3), 51, np.uint8)
    rows = pooled_frames(still)
    assert rows.shape == (1, 80)
    np.testing.assert_allclose(rows[0, :64], 0.2, atol=1e-6)
    np.testing.assert_array_equal(rows[0, 64:], 0)


def test_a_blinking_cell_changes_by_its_brightness():
    video = np.zeros((1, 5, 8, 8, 1), np.uint8)
    video[0, ::2, :2, :2] = 255  # cell 0, on in every other frame
    change = pooled_frames(video)[0, 64:]
    assert change[0] == pytest.approx(1) and not change[1:].any()


@pytest.mark.parametrize("rank, shape", [(2, (6, 700, 2)), (4, (6, 7, 9, 10, 3))])
def test_a_row_depends_on_its_own_sample_only(rank, shape):
    samples = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    samples = samples if rank == 4 else (samples / 255).astype(np.float32)
    rows = DESCRIPTORS[rank].compute(samples)
    assert rows.dtype == np.float32 and rows.ndim == 2
    np.testing.assert_allclose(DESCRIPTORS[rank].compute(samples[2:4]), rows[2:4], atol=1e-6)


def test_the_smallest_video_has_a_description():
    assert np.isfinite(pooled_frames(np.ones((2, 1, 1, 1, 1), np.uint8))).all()
