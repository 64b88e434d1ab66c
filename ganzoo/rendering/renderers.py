"""Renderers by modality: how points, sounds, images and videos are shown to people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.modalities import IMAGES, MODALITIES, POINTS, SOUNDS, VIDEOS
from ganzoo.rendering.audio import encode_wav, waveform_plot
from ganzoo.rendering.exact import encode_npy, encode_tiff
from ganzoo.rendering.grid import image_grid, side_by_side, single_image
from ganzoo.rendering.png import STILL_FORMATS, encode_png, encode_still
from ganzoo.rendering.scatter import scatter_plot
from ganzoo.rendering.video import filmstrip, frames_gif, single_video_gif, video_gif

Encoder = Callable[[np.ndarray, int | None, int | None], bytes]


@final
@dataclass(frozen=True, kw_only=True)
class Renderer:
    """Image and files of samples of one modality.

    Args:
        image: `(samples, real) -> image`: a still image of all samples (n, ...), over real
            ones (m, ...) or `None` where the modality draws those.
        encoders: For each file suffix `(samples, rate, columns) -> bytes`, one file of all
            samples: rate in Hz or `None`, columns of a grid or `None`.
        suffixes: Those of the files that are written if nobody names one.
        exact: Those of `encoders` that take all values of images, not what is shown of them.
        single: Suffix and encoder `(sample, rate) -> bytes` for a file of one sample; `None` if
            one sample alone has no file.
        media: The suffix in `encoders` of the sound or video that a still image cannot show.
        side_by_side: `(sources, samples, ...) -> image`: one column each; `None` if the modality
            has no translation.
        num_samples: Samples in each image of a run.
        num_real: Real samples drawn behind them.
        legend: Pairs of a class of the report's style sheet and what has that color.
    """

    image: Callable[[np.ndarray, np.ndarray | None], Image.Image]
    encoders: Mapping[str, Encoder]
    suffixes: Sequence[str]
    single: tuple[str, Callable[[np.ndarray, int | None], bytes]] | None
    exact: Sequence[str] = ()
    media: str | None = None
    side_by_side: Callable[..., Image.Image] | None = None
    num_samples: int = 16
    num_real: int = 0
    legend: Sequence[tuple[str, str]] = field(default=(), repr=False)


def _still_encoders(render: Callable[[np.ndarray, int | None], Image.Image]) -> dict[str, Encoder]:
    """Return an encoder for each format of still images."""

    def encoder(suffix: str) -> Encoder:
        return lambda samples, rate, columns: encode_still(render(samples, columns), suffix)

    return {suffix: encoder(suffix) for suffix in STILL_FORMATS}


# By the number of axes of a sample, as `ganzoo.modalities.MODALITIES`.
RENDERERS: dict[int, Renderer] = {
    POINTS.rank: Renderer(
        image=scatter_plot,
        encoders=_still_encoders(lambda samples, columns: scatter_plot(samples)),
        suffixes=(".png",),
        single=None,
        num_samples=1024,
        num_real=1024,
        legend=(
            ("real", "real"),
            ("fake", "generated"),
            ("outside", "generated, outside the frame"),
        ),
    ),
    SOUNDS.rank: Renderer(
        image=lambda samples, real: waveform_plot(samples),
        encoders={
            **_still_encoders(lambda samples, columns: waveform_plot(samples)),
            ".wav": lambda samples, rate, columns: encode_wav(samples, rate),
        },
        suffixes=(".png", ".wav"),
        single=(".wav", lambda sample, rate: encode_wav(sample[None], rate)),
        media=".wav",
    ),
    IMAGES.rank: Renderer(
        image=lambda samples, real: image_grid(samples),
        encoders={
            **_still_encoders(lambda samples, columns: image_grid(samples, columns=columns)),
            ".gif": lambda samples, rate, columns: frames_gif(samples),
            ".npy": lambda samples, rate, columns: encode_npy(samples),
            ".tif": lambda samples, rate, columns: encode_tiff(samples),
        },
        suffixes=(".png",),
        single=(".png", lambda sample, rate: encode_png(single_image(sample))),
        exact=(".npy", ".tif"),
        side_by_side=side_by_side,
    ),
    VIDEOS.rank: Renderer(
        image=lambda samples, real: filmstrip(samples),
        encoders={
            **_still_encoders(lambda samples, columns: filmstrip(samples)),
            ".gif": lambda samples, rate, columns: video_gif(samples, columns=columns),
        },
        suffixes=(".gif",),
        single=(".gif", lambda sample, rate: single_video_gif(sample)),
        media=".gif",
        num_samples=8,
    ),
}


def renderer_for(shape: Sequence[int]) -> Renderer:
    """Return the renderer for samples of a shape.

    Args:
        shape: Shape of one sample.

    Raises:
        UsageError: No modality has samples of that shape.
    """
    if len(shape) not in RENDERERS:
        raise UsageError(
            f"Samples must be one of: {', '.join(map(str, MODALITIES.values()))}. "
            f"Received: samples of shape {tuple(shape)}."
        )
    return RENDERERS[len(shape)]


def render_samples(samples: np.ndarray, real: np.ndarray | None = None) -> Image.Image:
    """Draw samples as one still image: an image grid, a scatter plot, and so on.

    Args:
        samples: Samples (n, ...) in the form of a data set.
        real: Real samples (m, ...), which only a scatter plot draws.

    Raises:
        UsageError: No modality has samples of that shape.
    """
    samples = np.asarray(samples)
    return renderer_for(samples.shape[1:]).image(samples, real)
