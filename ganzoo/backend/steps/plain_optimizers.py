"""Optimizers of Keras whose update is nothing but a formula, which a backend may write faster."""

from collections.abc import Sequence
from typing import Any

import keras

_OTHER_OPTIONS = (
    "amsgrad", "momentum", "clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "use_ema",
    "loss_scale_factor", "gradient_accumulation_steps",
)  # fmt: skip


def is_plain(optimizer: Any, variables: Sequence) -> bool:
    """Return True if Keras would do nothing but the formula of Adam, or of SGD without momentum."""
    return (
        isinstance(optimizer, (keras.optimizers.Adam, keras.optimizers.SGD))
        and type(optimizer).__module__.startswith("keras.")
        and optimizer.built
        and not any(getattr(optimizer, option, None) for option in _OTHER_OPTIONS)
        and all(
            variable.dtype == "float32"
            and variable.constraint is None
            and not getattr(variable, "overwrite_with_gradient", False)
            for variable in variables
        )
    )
