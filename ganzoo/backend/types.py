"""Types that every backend shares."""

from typing import NamedTuple

from ganzoo.backend.scope import Write
from ganzoo.backend.tensor import Tensor


class GradientResult(NamedTuple):
    """The result of `backend.gradients`.

    Args:
        loss: Scalar, unscaled.
        logs: Scalars by name, as the loss function returned them.
        gradients: One per variable, of the loss times the scale; zeros where the loss
            does not depend on the variable.
        writes: Every state write inside the loss function, with its variable.
    """

    loss: Tensor
    logs: dict[str, Tensor]
    gradients: list[Tensor]
    writes: list[Write]


class FusedSteps(NamedTuple):
    """Training steps as they are given to the framework.

    Args:
        steps: Steps fused into one call.
        xla: Whether XLA, or `torch.compile`, compiles them.
    """

    steps: int
    xla: bool
