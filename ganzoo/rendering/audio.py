"""Sounds as WAV files, and as plots of waveforms over spectrograms."""

import io
import wave

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.rendering.colors import BACKGROUND, FAKE, GRID
from ganzoo.rendering.grid import image_grid

WIDTH, HEIGHT = 256, 64  # pixels of a waveform, and of the spectrogram under it
WINDOW = 4 * HEIGHT  # samples of a spectrum; a row of pixels is the louder of two bands
FLOOR = -90.0  # dB relative to a full-scale sine; drawn as background
SILENCE = 0.25  # seconds between two sounds
_MAX_PCM = 32767  # of 16-bit signed integers
_BRIGHTEST = (255, 246, 226)


def encode_wav(sounds: np.ndarray, rate: int | None) -> bytes:
    """Encode sounds as 16-bit PCM, one after the other, with a short silence between.

    Args:
        sounds: float32 (n, samples, channels); values outside [-1, 1] are clipped.
        rate: Samples per second.

    Raises:
        UsageError: `rate` is unknown, or `sounds` are not sounds.
    """
    sounds = _checked_sounds(sounds)
    if rate is None:
        raise UsageError("A WAV file needs the rate of the sounds in Hz. Received: none.")
    pause = np.zeros((round(SILENCE * rate), sounds.shape[2]), np.float32)
    pieces = [piece for sound in sounds for piece in (pause, sound)][1:]
    pcm = np.rint(np.concatenate(pieces).clip(-1, 1) * _MAX_PCM).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(sounds.shape[2])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
    return buffer.getvalue()


def waveform_plot(sounds: np.ndarray) -> Image.Image:
    """Draw each sound as its waveform, from -1 to 1, over its spectrogram.

    Channels are drawn on top of each other. The scales do not depend on the sounds, so that the
    images of a run can be compared.

    Args:
        sounds: float32 (n, samples, channels).
    """
    sounds = _checked_sounds(sounds)
    plots = [np.concatenate([_draw_waveform(one), _draw_spectrogram(one)]) for one in sounds]
    return image_grid(np.stack(plots))


def _checked_sounds(sounds: np.ndarray) -> np.ndarray:
    sounds = np.asarray(sounds)
    if sounds.ndim != 3 or 0 in sounds.shape or sounds.dtype.kind != "f":
        raise UsageError(
            "Sounds must be float32 (n, samples, channels), with n at least 1. "
            f"Received: {sounds.dtype} {sounds.shape}."
        )
    return sounds


def _draw_waveform(sound: np.ndarray) -> np.ndarray:
    """Draw a waveform: (samples, channels) -> uint8 (HEIGHT, WIDTH, 3)."""
    edges = np.linspace(0, len(sound) - 1, WIDTH + 1).astype(int)
    starts, ends = edges[:-1], edges[1:]
    # each column reaches to the first sample of the next, so that the line has no gaps
    low = np.minimum(np.minimum.reduceat(sound, starts), sound[ends]).min(axis=1)
    high = np.maximum(np.maximum.reduceat(sound, starts), sound[ends]).max(axis=1)
    top, bottom = ((1 - bound.clip(-1, 1)) / 2 * (HEIGHT - 1) for bound in (high, low))
    rows = np.arange(HEIGHT)[:, None]
    canvas = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    canvas[:] = BACKGROUND
    canvas[[HEIGHT // 2, -1]] = GRID
    canvas[(rows >= np.floor(top)) & (rows <= np.ceil(bottom))] = FAKE
    return canvas


def _draw_spectrogram(sound: np.ndarray) -> np.ndarray:
    """Draw a spectrogram: (samples, channels) -> uint8 (HEIGHT, WIDTH, 3)."""
    mono = np.pad(sound.mean(axis=1), WINDOW // 2)
    starts = np.linspace(0, len(sound) - 1, WIDTH).astype(int)
    hann = np.hanning(WINDOW + 1)[:-1]
    spectra = np.fft.rfft(mono[starts[:, None] + np.arange(WINDOW)] * hann)  # (WIDTH, bands)
    magnitude = np.abs(spectra[:, :-1]).reshape(WIDTH, HEIGHT, 2).max(axis=2)
    magnitude = magnitude.T[::-1] / (hann.sum() / 2)  # 1 for a full-scale sine
    loudness = 20 * np.log10(np.maximum(magnitude, 1e-10))  # dB
    heat = (1 - loudness.clip(FLOOR, 0) / FLOOR)[..., None]  # 0 is silence, 1 a full-scale sine
    cold, warm, hot = (np.asarray(color, float) for color in (BACKGROUND, FAKE, _BRIGHTEST))
    below = cold + (warm - cold) * (2 * heat).clip(0, 1)
    return (below + (hot - warm) * (2 * heat - 1).clip(0, 1)).round().astype(np.uint8)
