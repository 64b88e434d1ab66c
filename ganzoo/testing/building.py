"""Building: sizes, players that are apart, and names of weights."""

from ganzoo.errors import UsageError
from ganzoo.gan.state import named_state
from ganzoo.testing.report import Broken
from ganzoo.testing.subject import Subject, shares
from ganzoo.testing.walking import every_layer


def builds(subject: Subject) -> None:
    """It builds at several sizes; what it cannot do is a UsageError, not a traceback."""
    accepted = 0
    for shape, found in subject.attempts.items():
        if isinstance(found, UsageError):
            if "Received" not in str(found):
                raise Broken(f"What it says of {shape} does not say what it received: {found}")
            accepted += shares(found)  # told by `apart`
        elif isinstance(found, Exception):
            raise Broken(f"At {shape}: {found}") from found
        else:
            accepted += 1
            _fits(found, shape)
    if not accepted:
        last = list(subject.attempts.values())[-1]
        raise Broken(
            f"It accepts none of {list(subject.attempts)} with the options {subject.options}; "
            f"of the last it says: {last} Give image_shapes or options that it accepts."
        )


def _fits(gan, shape: tuple[int, ...]) -> None:
    seen = tuple(gan.discriminator.inputs[0].shape[1:])
    if seen != shape:
        raise Broken(f"At {shape} its discriminator takes images of the shape {seen}.")


def apart(subject: Subject) -> None:
    """Generator and discriminator share no variable and no layer."""
    for found in subject.attempts.values():
        if shares(found):
            raise Broken(str(found))
    for gan in (found for found in subject.attempts.values() if not isinstance(found, Exception)):
        layers = [
            {id(layer): layer.name for layer in every_layer(network)}
            for network in (gan.generator, gan.discriminator)
        ]
        both = layers[0].keys() & layers[1].keys()
        if both:
            names = ", ".join(sorted(layers[0][key] for key in both))
            raise Broken(f"The players must not share layers. Received: {names}.")


def names(subject: Subject) -> None:
    """Weights have names of their own, the same however often it is built."""
    one, other = (_named(gan) for gan in (subject.first, subject.build()))
    changed = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
    if changed or len(one) != len(other):
        before, after = changed[0] if changed else (len(one), len(other))
        raise Broken(
            f"Built twice, a weight is called {before!r} and then {after!r}. "
            "Give every layer that owns weights a name."
        )


def _named(gan) -> list[str]:
    try:
        return list(named_state(gan))
    except ValueError as error:
        raise Broken(str(error)) from error
