"""Checks of the hooks that a paper overrides, with messages for its author."""

import inspect
from collections.abc import Callable, Iterable

from ganzoo.backend.scope import Write
from ganzoo.errors import PluginError
from ganzoo.gan.transfer.freezing import frozen_variables

HOOKS = (
    "discriminator_loss",
    "discriminator_loss_terms",
    "generator_loss",
    "generator_loss_terms",
    "generate",
    "fake_samples",
    "after_step",
)


def check_signatures(cls: type, base: type) -> None:
    """Refuse a hook that cannot be called as that of `base`.

    Raises:
        PluginError: says how it is called.
    """
    for name in (*HOOKS, "discriminator_outputs"):
        own = cls.__dict__.get(name)
        if not inspect.isfunction(own):
            continue
        expected = inspect.signature(getattr(base, name))
        keywords = [p.name for p in expected.parameters.values() if p.kind is p.KEYWORD_ONLY]
        positional = [name for name in expected.parameters if name not in keywords]
        try:
            inspect.signature(own).bind(*positional, **dict.fromkeys(keywords))
        except TypeError:
            raise PluginError(
                f"{cls.__name__}.{name} is called with ({', '.join(expected.parameters)}). "
                f"Received: a function of {inspect.signature(own)}."
            ) from None


def checked_loss(loss_fn: Callable, gan, network: str) -> Callable:
    """The loss function, which refuses to return anything but a loss and a dictionary of logs,
    and to leave out regularizers.
    """

    def checked():
        returned = loss_fn()
        name = f"{type(gan).__name__}.{network}_loss"
        if not (
            isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], dict)
        ):
            raise PluginError(
                f"{name} must return a loss and a dictionary of scalars to log. "
                f"Received: {type(returned).__name__}."
            )
        if network == "discriminator" and gan.regularizers and "d_real_accuracy" not in returned[1]:
            raise PluginError(
                f"{name} leaves out the regularizers that the GAN was compiled with.",
                hint=f"Call super().{network}_loss(batch, fake), or compile without regularizers.",
            )
        return returned

    return checked


def check_writes(writes: Iterable[Write], gan) -> None:
    """Refuse what a loss assigned outside of the networks: it would be lost.

    Raises:
        PluginError: names the variable, and where to assign it.
    """
    if not (written := list(writes)):
        return
    frozen = frozen_variables(gan.frozen_networks)
    if moved := sorted({variable.path for variable, _ in written if id(variable) in frozen}):
        raise PluginError(
            f"A loss of {type(gan).__name__} changes {moved[0]!r} of a frozen network.",
            hint="Call the network with training=False.",
        )
    networks = {id(v) for network in (gan.generator, gan.discriminator) for v in network.variables}
    others = [variable for variable, _ in written if id(variable) not in networks]
    own = {id(v) for v in gan.variables} if others else set()
    lost = sorted({variable.path for variable in others if id(variable) in own})
    if lost:
        raise PluginError(
            f"A loss of {type(gan).__name__} assigns {lost[0]!r}, which belongs to neither "
            "network: the update would drop it.",
            hint="Assign it in after_step, which is given all that the step logged; and draw "
            "random numbers from batch.rng.",
        )
