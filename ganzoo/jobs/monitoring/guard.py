"""A guard over a training's numbers: it ends before what is not finite is logged, drawn or saved.

What broke first is what came first in a step: the discriminator's loss, its gradients and weights,
the generator's, the average.
"""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.catalog.runs import Run
from ganzoo.errors import Diverged
from ganzoo.jobs.monitoring.saving import last_good_checkpoint

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

OVERFLOWS = 50  # in a row, after which a loss scale of half precision is given up


class Guard:
    """A guard over the numbers of a GAN.

    Args:
        gan: The compiled GAN.
        run: The run, whose last checkpoint is named.
        step: The step at which all of them are known to be finite.
    """

    def __init__(self, gan: "GAN", run: Run, step: int):
        self._gan, self._run, self._finite = gan, run, step
        self._state = gan.state()

    def check(self, step: int, means: Mapping[str, float]) -> None:
        """Check the means that are logged and the whole state, where it lies.

        Args:
            step: The step that the state is of.
            means: Means of what was logged, by name.

        Raises:
            Diverged: One of them is not finite, or half precision overflows again and again.
        """
        broken = {name for name, value in means.items() if not math.isfinite(value)}
        broken |= set(nonfinite_names(self._state))
        if broken:
            first = next(name for name in self._in_order(means) if name in broken)
            others = f", nor are {len(broken) - 1} others" if len(broken) > 1 else ""
            exactly = "To see which step it was, resume with --set training.log_every=1. "
            raise Diverged(
                f"Training diverged: {first} is not finite at step {step}{others}; "
                f"at step {self._finite} everything was. {last_good_checkpoint(self._run)}",
                hint=f"{exactly if step - self._finite > 1 else ''}Lower the learning rates, or "
                "add a penalty such as r1.",
            )
        for name in ("discriminator", "generator"):
            optimizer = getattr(self._gan.optimizer, name)
            scale = getattr(optimizer, "dynamic_scale", None)
            if scale is not None and float(scale) <= optimizer.initial_scale / 2**OVERFLOWS:
                raise Diverged(
                    f"Training diverged: in half precision the gradients of the {name} "
                    f"overflowed {OVERFLOWS} times in a row by step {step}. "
                    f"{last_good_checkpoint(self._run)}",
                    hint="Train with training.precision=mixed_bfloat16 or float32.",
                )
        self._finite = step

    def _in_order(self, means: Mapping[str, float]) -> Iterator[str]:
        """Yield all names in the order in which a step computes them.

        Gradients are computed from the last layer to the first, and so what is not finite goes
        on from one to the next.
        """
        from ganzoo.gan.state import network_state

        penalties = [one.name for one in self._gan.separate_penalties if one.name in means]
        for network, terms in (("discriminator", penalties), ("generator", list(means))):
            yield from (f"{network[0]}_loss", *terms, f"{network[0]}_gradient_norm")
            for name, _ in reversed(network_state(getattr(self._gan, network))):
                yield f"{network}/{name}"
            yield from (name for name in self._state if name.startswith(f"{network}_optimizer/"))
        for rest in ("gan/", "ema/", "metrics/"):
            yield from (name for name in self._state if name.startswith(rest))


def nonfinite_names(variables: Mapping[str, Any]) -> list[str]:
    """Return the names of variables that hold NaN or infinity.

    On an accelerator they are looked at there; on the processor NumPy needs no copy of them.
    """
    from keras import ops

    from ganzoo import backend

    values = [variable.value for variable in variables.values()]
    if backend.device() == "cpu":
        finite = [np.isfinite(ops.convert_to_numpy(value)).all() for value in values]
    else:
        finite = ops.convert_to_numpy(ops.stack([ops.all(ops.isfinite(x)) for x in values]))
    return [name for name, whole in zip(variables, finite, strict=True) if not whole]
