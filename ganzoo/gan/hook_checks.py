"""What a GAN of a plugin must keep to, told where it does not: to its author."""

import inspect
from collections.abc import Callable, Iterable

from ganzoo.backend.scope import Write
from ganzoo.errors import PluginError

#: What a paper overrides, by what they are called with.
HOOKS = (
    "discriminator_objective",
    "discriminator_terms",
    "discriminator_measures",
    "generator_objective",
    "generator_terms",
    "generate",
    "judge",
    "fakes",
    "after_step",
)


def overridden(cls: type, base: type) -> None:
    """Refuse a hook that cannot be called as that of `base`.

    Raises:
        PluginError: says how it is called.
    """
    for name in HOOKS:
        own = cls.__dict__.get(name)
        if not inspect.isfunction(own):
            continue
        wanted = inspect.signature(getattr(base, name))
        try:
            inspect.signature(own).bind(*wanted.parameters)
        except TypeError:
            said = ", ".join(wanted.parameters)
            raise PluginError(
                f"{cls.__name__}.{name} is called with ({said}). "
                f"Received: a function of {inspect.signature(own)}."
            ) from None


def returned(objective: Callable, gan, player: str) -> Callable:
    """The objective, which refuses to return anything but a loss and what to log."""

    def checked():
        found = objective()
        if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], dict):
            return found
        raise PluginError(
            f"{type(gan).__name__}.{player}_objective must return a loss and a dictionary of what "
            f"to log. Received: {type(found).__name__}."
        )

    return checked


def written(writes: Iterable[Write], gan) -> None:
    """Refuse what an objective assigned outside of the networks: it would be lost.

    Raises:
        PluginError: names the variable, and where to assign it.
    """
    played = {id(v) for network in (gan.generator, gan.discriminator) for v in network.variables}
    own = {id(v) for v in gan.variables} - played
    lost = sorted({variable.path for variable, _ in writes if id(variable) in own})
    if lost:
        raise PluginError(
            f"An objective of {type(gan).__name__} assigns {lost[0]!r}, which belongs to neither "
            "network: the turn would drop it.",
            hint="Assign it in after_step, which is given all that the step logged; and draw "
            "random numbers from batch.draw.",
        )
