"""What one turn of a player yields, the same on every backend."""

from typing import Any, NamedTuple

from ganzoo.backend.scope import Write


class Turn(NamedTuple):
    """The result of `backend.gradients`.

    Args:
        loss: Scalar, unscaled.
        logs: Scalars by name, as the objective returned them.
        gradients: One per variable, of the loss times the scale; zeros where the loss
            does not depend on the variable.
        writes: Every state write inside the objective, with its variable.
    """

    loss: Any
    logs: dict[str, Any]
    gradients: list[Any]
    writes: list[Write]


class Dispatch(NamedTuple):
    """How steps are given to the framework: `steps` fused into one call, `xla` on or off."""

    steps: int
    xla: bool
