"""Regularizers of the discriminator: penalties, LeCam, and augmentations of what it sees.

Their names and options are defined in `ganzoo/config/regularizer_options.py`.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter

from ganzoo.config import regularizer_options as options
from ganzoo.config.contracts import DiscriminatorUpdate, Regularizer
from ganzoo.config.regularizer_options import REGULARIZERS
from ganzoo.config.validation import Table
from ganzoo.gan.regularizers import gradient_penalties
from ganzoo.gan.regularizers.ada import Ada
from ganzoo.gan.regularizers.consistency import consistency
from ganzoo.gan.regularizers.diffaugment import DiffAugment
from ganzoo.gan.regularizers.gradient_penalties import Penalty
from ganzoo.gan.regularizers.lecam import LeCam

__all__ = [
    "REGULARIZERS", "Ada", "DiffAugment", "DiscriminatorUpdate", "LeCam", "Penalty",
    "Regularizer", "get",
]  # fmt: skip

_MADE_BY: dict[type[Table], Callable[..., Regularizer]] = {
    options.GradientPenalty: functools.partial(Penalty, gradient_penalties.gradient_penalty),
    options.Dragan: functools.partial(Penalty, gradient_penalties.dragan),
    options.R1: functools.partial(Penalty, gradient_penalties.r1),
    options.R2: functools.partial(Penalty, gradient_penalties.r2),
    options.Consistency: functools.partial(Penalty, consistency),
    options.LeCam: LeCam,
    options.DiffAugment: DiffAugment,
    options.Ada: Ada,
}


def get(given: Mapping[str, Any] | Table | Regularizer) -> Regularizer:
    """Return the regularizer that a table of options describes; a `Regularizer` itself.

    Args:
        given: The options with the name, as in a recipe: `{"name": "r1", "weight": 10.0}`.
    """
    if isinstance(given, Regularizer):
        return given
    if not isinstance(given, Table):
        given = TypeAdapter(options.OneRegularizer).validate_python(dict(given))
    return _MADE_BY[type(given)](**given.model_dump(exclude={"name"}))
