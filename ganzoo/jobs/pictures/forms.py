"""How each kind of samples is shown: one table, by the number of axes of a sample."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from PIL import Image

from ganzoo.data.kinds import KINDS
from ganzoo.errors import UsageError
from ganzoo.jobs.pictures.films import bare_film, film, strips
from ganzoo.jobs.pictures.grids import bare, beside, grid
from ganzoo.jobs.pictures.pixels import png
from ganzoo.jobs.pictures.points import scatter
from ganzoo.jobs.pictures.sounds import wav, waves


@final
@dataclass(frozen=True, kw_only=True)
class Form:
    """What is made of samples (n, ...) for people.

    Args:
        picture: A still picture of them all, of the samples and, where they are drawn
            behind, of real ones.
        files: For each ending a file of them all, `(samples, rate, columns) -> bytes`: rate
            in Hz or `None`, columns of a grid or `None`.
        each: Ending and content of a file of one sample, `(sample, rate) -> bytes`.
        moving: An ending in `files`: what a still picture does not show.
        beside: A picture of sources and what was generated of them, column by column.
        shown: How many there are in a picture of a run.
        behind: How many real ones are drawn behind them.
        legend: Classes of the report's style sheet, and what has that color.
    """

    picture: Callable[[np.ndarray, np.ndarray | None], Image.Image]
    files: Mapping[str, Callable[[np.ndarray, int | None, int | None], bytes]]
    each: tuple[str, Callable[[np.ndarray, int | None], bytes]] | None
    moving: str | None = None
    beside: Callable[..., Image.Image] | None = None
    shown: int = 16
    behind: int = 0
    legend: Sequence[tuple[str, str]] = field(default=(), repr=False)


FORMS: dict[int, Form] = {
    1: Form(
        picture=scatter,
        files={".png": lambda samples, rate, columns: png(scatter(samples))},
        each=None,
        shown=1024,
        behind=1024,
        legend=(
            ("real", "real"),
            ("fake", "generated"),
            ("astray", "generated, outside the frame"),
        ),
    ),
    2: Form(
        picture=lambda samples, real: waves(samples),
        files={
            ".png": lambda samples, rate, columns: png(waves(samples)),
            ".wav": lambda samples, rate, columns: wav(samples, rate),
        },
        each=(".wav", lambda sample, rate: wav(sample[None], rate)),
        moving=".wav",
    ),
    3: Form(
        picture=lambda samples, real: grid(samples),
        files={".png": lambda samples, rate, columns: png(grid(samples, columns=columns))},
        each=(".png", lambda sample, rate: png(bare(sample))),
        beside=beside,
    ),
    4: Form(
        picture=lambda samples, real: strips(samples),
        files={".gif": lambda samples, rate, columns: film(samples, columns=columns)},
        each=(".gif", lambda sample, rate: bare_film(sample)),
        moving=".gif",
        shown=8,
    ),
}

ENDINGS = frozenset(ending for form in FORMS.values() for ending in form.files)


def form_of(shape: Sequence[int]) -> Form:
    """How samples of that shape are shown.

    Raises:
        UsageError: There are no such samples.
    """
    if len(shape) not in FORMS:
        raise UsageError(
            f"A picture needs samples of one kind: {', '.join(map(str, KINDS.values()))}. "
            f"Received: samples of shape {tuple(shape)}."
        )
    return FORMS[len(shape)]


def picture(samples: np.ndarray, real: np.ndarray | None = None) -> Image.Image:
    """The still picture that fits the samples: a grid of images, a scatter plot, and so on.

    Args:
        samples: (n, ...) as a data set has them.
        real: Real ones (m, ...), which only a scatter plot draws.

    Raises:
        UsageError: The samples are of no kind that can be shown.
    """
    samples = np.asarray(samples)
    return form_of(samples.shape[1:]).picture(samples, real)
