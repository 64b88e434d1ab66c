"""Sounds: what is written is what is heard, and loud and high are seen as such."""

import io
import wave

import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.rendering.audio import HEIGHT, WIDTH, encode_wav, waveform_plot

RATE = 8000


def sine(pitch: float, size: float = 1.0, seconds: float = 0.5, channels: int = 1) -> np.ndarray:
    """(1, samples, channels)"""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = size * np.sin(2 * np.pi * pitch * time)
    return np.repeat(tone[None, :, None], channels, axis=2).astype(np.float32)


def read(content: bytes) -> tuple[np.ndarray, wave.Wave_read]:
    with wave.open(io.BytesIO(content)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return pcm.reshape(-1, file.getnchannels()), file.getparams()


def test_a_wav_file_holds_16_bit_samples_channel_by_channel_at_the_rate():
    sound = np.array([[[-1.0, 1.0], [0.5, 0.0], [-2.0, 3.0]]], np.float32)
    pcm, about = read(encode_wav(sound, 44_100))
    assert (about.nchannels, about.sampwidth, about.framerate) == (2, 2, 44_100)
    assert pcm.tolist() == [[-32767, 32767], [16384, 0], [-32767, 32767]]  # clipped, not wrapped


def test_between_two_sounds_there_is_a_quarter_of_a_second_of_silence():
    pcm, _ = read(encode_wav(np.ones((2, 10, 1), np.float32), 400))
    assert pcm[:, 0].tolist() == [32767] * 10 + [0] * 100 + [32767] * 10


def rows_and_heat(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Brightness of the waveform and of the spectrogram, (HEIGHT, WIDTH) each."""
    sheet = np.asarray(waveform_plot(sound)).astype(int).sum(axis=2)
    scale = sheet.shape[1] // WIDTH
    sheet = sheet[::scale, ::scale]
    return sheet[:HEIGHT], sheet[HEIGHT:]


def test_a_waveform_reaches_as_high_as_the_sound():
    extents = [
        np.ptp(np.nonzero((rows_and_heat(sine(300, size))[0] > 300).any(axis=1))[0]) / HEIGHT
        for size in (1.0, 0.5)
    ]
    assert extents == pytest.approx([1.0, 0.5], abs=0.05)


@pytest.mark.parametrize("pitch", [500, 1000, 3000])
def test_a_tone_is_bright_at_the_height_of_its_pitch(pitch):
    heat = rows_and_heat(sine(pitch))[1]
    row = HEIGHT - 1 - heat[:, WIDTH // 2].argmax()
    assert row / HEIGHT == pytest.approx(pitch / (RATE / 2), abs=0.02)


def test_silence_is_dark_and_a_full_sine_brightest():
    silent, loud = (rows_and_heat(sine(1000, size))[1] for size in (0.0, 1.0))
    assert silent.max() < 100 and loud.max() > 700


@pytest.mark.parametrize("samples", [1, 7, 500])
def test_the_shortest_sound_has_an_image(samples):
    assert waveform_plot(np.zeros((1, samples, 1), np.float32)).width >= WIDTH


@pytest.mark.parametrize(
    "sounds",
    [np.zeros((0, 9, 1), np.float32), np.zeros((3, 9), np.float32), np.zeros((3, 9, 1), np.uint8)],
)
def test_what_is_no_sound_is_refused(sounds):
    for function in (waveform_plot, lambda sounds: encode_wav(sounds, 8000)):
        with pytest.raises(UsageError, match=r"Sounds must be .*Received"):
            function(sounds)
