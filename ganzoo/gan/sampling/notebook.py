"""Samples and generators as images in a notebook, which asks for `_repr_png_` and `_repr_html_`."""

import base64
import html
from typing import Any

import numpy as np

from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.modalities import MODALITIES
from ganzoo.rendering import encode_png, render_samples

_MAX_SHOWN = 256  # samples in one image


class Samples(np.ndarray):
    """Samples (n, ...) that a notebook shows as an image; in all else an ordinary array.

    Rows of it are samples, too; what is computed from it is an array without an image.
    """

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)

    def _repr_png_(self) -> bytes | None:
        """PNG of at most 256 samples; None for what no modality has."""
        batch = np.asarray(self)[None if self.ndim == 3 and self.dtype == np.uint8 else ...]
        modality = MODALITIES.get(batch.ndim - 1)
        dtypes = () if modality is None else (modality.dtype, *modality.deep)
        if not batch.size or batch.dtype not in dtypes:
            return None
        try:
            return encode_png(render_samples(batch[:_MAX_SHOWN]))
        except GanzooError:  # images of 2 channels, for instance
            return None


def describe_sampler(sampler: Any) -> str:
    """Return a line about a generator, over 16 samples of seed 0, classes in turn.

    Where labels are no classes, or their number is not known, it is the line alone.
    """
    size, latent = (
        " x ".join("any" if n is None else str(n) for n in shape)
        for shape in (sampler.image_shape, sampler.latent_shape)
    )
    start = f"latents of {latent}" if sampler.latent_shape != (0,) else "images"
    text = f"Generator of {size} from {start}"
    text += f": {sampler.generator.count_params():,} parameters"
    samples = labels = None
    try:
        if sampler.num_classes and sampler.label_shape == ():
            text += f", {sampler.num_classes} classes"
            labels = np.arange(16) % sampler.num_classes
        if labels is not None or not sampler.conditional:
            samples = sampler.sample(16, labels=labels)
    except InvalidInput as error:
        text += f". {error}"
    return captioned_html(text, samples)


def captioned_html(text: str, samples: Samples | None) -> str:
    """Return a line of text over samples; None: the line alone."""
    png = None if samples is None else samples._repr_png_()
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}" if png else ""
    image = f'<img src="{source}" alt="samples">' if source else ""
    return f"<p>{html.escape(text)}</p>{image}"
