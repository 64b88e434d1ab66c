"""Regularizers of the discriminator: penalties, LeCam, and augmentations of what it sees.

Their names and options are defined in `ganzoo/config/regularizer_options.py`.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

from ganzoo.config import regularizer_options as options
from ganzoo.config.contracts import DiscriminatorUpdate, Regularizer
from ganzoo.config.gan_config import GANConfig
from ganzoo.config.regularizer_options import REGULARIZERS
from ganzoo.config.validation import Table, validate_keywords
from ganzoo.errors import UsageError
from ganzoo.gan.regularizers import gradient_penalties
from ganzoo.gan.regularizers.ada import Ada
from ganzoo.gan.regularizers.consistency import consistency
from ganzoo.gan.regularizers.diffaugment import DiffAugment
from ganzoo.gan.regularizers.gradient_penalties import Penalty
from ganzoo.gan.regularizers.lecam import LeCam

__all__ = ["REGULARIZERS", "DiscriminatorUpdate", "Penalty", "Regularizer", "get"]

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


def get(given: str | Mapping[str, Any] | Table | Regularizer, **options: Any) -> Regularizer:
    """Return the regularizer of that name and options; a `Regularizer` itself.

    Args:
        given: A name with `options`, or both in one table, as in a recipe:
            `{"name": "r1", "weight": 10.0}`.
        **options: Options of that name.

    Raises:
        UsageError: there is no such regularizer, or an option is not usable.
    """
    if isinstance(given, Regularizer):
        return given
    if not isinstance(given, Table):
        table = {"name": given, **options} if isinstance(given, str) else {**given, **options}
        config = validate_keywords(
            GANConfig, {"regularizers": [table]}, where="the options", error=UsageError
        )
        given = cast(Table, config.regularizers[0])
    return _MADE_BY[type(given)](**{key: value for key, value in given if key != "name"})
