"""Sounds to listen to, as WAV files, and to look at, as waveforms over spectrograms."""

import io
import wave

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.jobs.pictures.colors import FAKE, PAPER, RULE
from ganzoo.jobs.pictures.grids import grid

WIDTH, HEIGHT = 256, 64  # pixels of a waveform, and of the spectrogram under it
WINDOW = 4 * HEIGHT  # samples of a spectrum: a row of pixels for two of its bands, the louder
QUIET = -90.0  # dB below a full sine: drawn as nothing
SILENCE = 0.25  # seconds between two sounds
_LOUDEST = 32767  # of 16 bits with a sign
_HOT = (255, 246, 226)


def wav(sounds: np.ndarray, rate: int) -> bytes:
    """A WAV file, 16-bit PCM: the sounds one after the other, with a short silence between.

    Args:
        sounds: float32 (n, samples, channels); what is outside [-1, 1] is clipped.
        rate: Samples per second.
    """
    sounds = _sounds(sounds)
    pause = np.zeros((round(SILENCE * rate), sounds.shape[2]), np.float32)
    pieces = [piece for sound in sounds for piece in (pause, sound)][1:]
    pcm = np.rint(np.concatenate(pieces).clip(-1, 1) * _LOUDEST).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(sounds.shape[2])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
    return buffer.getvalue()


def waves(sounds: np.ndarray) -> Image.Image:
    """Each sound as its waveform, from -1 to 1, over its spectrogram, low notes at the bottom.

    Channels are drawn on each other. Both are on scales that do not depend on the sounds, so
    that the pictures of a run can be compared.

    Args:
        sounds: float32 (n, samples, channels).
    """
    cells = [np.concatenate([_waveform(one), _spectrogram(one)]) for one in _sounds(sounds)]
    return grid(np.stack(cells))


def _sounds(sounds: np.ndarray) -> np.ndarray:
    sounds = np.asarray(sounds)
    if sounds.ndim != 3 or 0 in sounds.shape or sounds.dtype.kind != "f":
        raise UsageError(
            "Sounds must be float32 (n, samples, channels), at least one of them. "
            f"Received: {sounds.dtype} {sounds.shape}."
        )
    return sounds


def _waveform(sound: np.ndarray) -> np.ndarray:
    """(samples, channels) -> uint8 (HEIGHT, WIDTH, 3)."""
    edges = np.linspace(0, len(sound) - 1, WIDTH + 1).astype(int)
    starts, ends = edges[:-1], edges[1:]
    # each column reaches to the first sample of the next, so that the line has no gaps
    low = np.minimum(np.minimum.reduceat(sound, starts), sound[ends]).min(axis=1)
    high = np.maximum(np.maximum.reduceat(sound, starts), sound[ends]).max(axis=1)
    top, bottom = ((1 - bound.clip(-1, 1)) / 2 * (HEIGHT - 1) for bound in (high, low))
    rows = np.arange(HEIGHT)[:, None]
    canvas = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    canvas[:] = PAPER
    canvas[[HEIGHT // 2, -1]] = RULE
    canvas[(rows >= np.floor(top)) & (rows <= np.ceil(bottom))] = FAKE
    return canvas


def _spectrogram(sound: np.ndarray) -> np.ndarray:
    """(samples, channels) -> uint8 (HEIGHT, WIDTH, 3): a Hann window around each column."""
    mono = np.pad(sound.mean(axis=1), WINDOW // 2)
    starts = np.linspace(0, len(sound) - 1, WIDTH).astype(int)
    hann = np.hanning(WINDOW + 1)[:-1]
    spectra = np.fft.rfft(mono[starts[:, None] + np.arange(WINDOW)] * hann)  # (WIDTH, bands)
    size = np.abs(spectra[:, :-1]).reshape(WIDTH, HEIGHT, 2).max(axis=2)
    size = size.T[::-1] / (hann.sum() / 2)  # 1 for a full sine
    loudness = 20 * np.log10(np.maximum(size, 1e-10))
    heat = (1 - loudness.clip(QUIET, 0) / QUIET)[..., None]  # 0 is silence, 1 a full sine
    cold, warm, hot = (np.asarray(color, float) for color in (PAPER, FAKE, _HOT))
    below = cold + (warm - cold) * (2 * heat).clip(0, 1)
    return (below + (hot - warm) * (2 * heat - 1).clip(0, 1)).round().astype(np.uint8)
