"""A few steps of a game, with a note of who changed what."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from ganzoo.jobs.models.weights import arrays_of
from ganzoo.testing.subject import STEPS, Subject
from ganzoo.testing.walking import every_layer

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

PLAYERS = ("generator", "discriminator")
_UNSEEDED = "seeded random ops"  # Keras' words when a draw without a seed is traced by JAX


class Unseeded(Exception):
    """A draw from Keras' global generator, which JAX refuses."""


@dataclass
class Watch:
    """Who changed what in the steps that were watched, by names of the state.

    Args:
        turns: How many turns each player had.
        crossed: Of each player's turns: what of the opponent's they changed.
        outside: What of that which the players learn changed, but in no turn.
        attributes: Attributes of the GAN and of layers that changed, though they are no state.
    """

    turns: dict[str, int]
    crossed: dict[str, set[str]]
    outside: set[str]
    attributes: set[str]


@dataclass
class Played:
    """What became of the steps.

    Args:
        gan: The GAN after them.
        arrays: The whole state before the first step and after each.
        logs: What each step logged.
        watch: Who changed what.
    """

    gan: "GAN"
    arrays: list[dict[str, np.ndarray]]
    logs: list[dict[str, float]]
    watch: Watch


def play(subject: Subject) -> Played:
    """Play `STEPS` steps with the subject's first GAN.

    TensorFlow plays them eagerly, as torch does: their traces cost more than the steps.

    Raises:
        Unseeded: something draws without a seed. (Told by JAX only; see the check `seeds`.)
    """
    gan = subject.compile(subject.first, eager=keras.backend.backend() == "tensorflow")
    arrays, logs = [arrays_of(gan)], []
    ordinary = plain_attributes()
    watch = _watched(gan)
    before = _attributes(gan, ordinary)
    for step in range(STEPS):
        logs.append(one_step(gan, subject.batch(step)))
        arrays.append(arrays_of(gan))
    after = _attributes(gan, ordinary)
    watch.attributes |= {name for name in after if before.get(name, after) != after[name]}
    return Played(gan, arrays, logs, watch)


def one_step(gan: "GAN", batch: tuple) -> dict[str, float]:
    """One step of Keras' `fit` on a batch of samples; what it logged."""
    try:
        history = gan.fit(*batch, batch_size=len(batch[0]), verbose=0, shuffle=False).history
    except Exception as error:
        if _UNSEEDED in str(error):
            raise Unseeded(str(error)) from error
        raise
    return {name: values[-1] for name, values in history.items()}


def differing(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> list[str]:
    """Names whose arrays are not the same bits, or that only one side has."""
    return [
        name
        for name in sorted(one.keys() | other.keys())
        if name not in one
        or name not in other
        or one[name].tobytes() != other[name].tobytes()
        or one[name].shape != other[name].shape
    ]


def some(names: Iterable[str]) -> str:
    """The first few of some names, for a message."""
    names = sorted(names)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


# Who changed what --------------------------------------------------------------------------


def _watched(gan: "GAN") -> Watch:
    """Notes from now on what the turns of a GAN change."""
    watch = Watch(dict.fromkeys(PLAYERS, 0), {player: set() for player in PLAYERS}, set(), set())
    own = {player: _owned(gan, player) for player in PLAYERS}
    # a game may set a number in a network at the end of a step, how far it has grown for instance
    learned = {player: {n for n, v in own[player].items() if v.trainable or "_optimizer/" in n}
              for player in PLAYERS}  # fmt: skip
    last: dict[str, dict[str, Any]] = {}

    def turn_of(player: str, opponent: str, original: Callable) -> Callable:
        def turn(*arguments):
            before = _frozen(own[opponent])
            logs = original(*arguments)
            after = _frozen(own[opponent])
            watch.turns[player] += 1
            watch.crossed[player] |= _moved(before, after)
            last[player], last[opponent] = _frozen(own[player]), after
            return logs

        return turn

    def step_of(original: Callable) -> Callable:
        def step(data):
            before = {player: _frozen(own[player]) for player in PLAYERS}
            last.update(before)
            original(data)
            for player in PLAYERS:
                watch.outside |= _moved(last[player], _frozen(own[player])) & learned[player]

        return step

    gan._discriminator_turn = turn_of("discriminator", "generator", gan._discriminator_turn)
    gan._generator_turn = turn_of("generator", "discriminator", gan._generator_turn)
    gan.step = step_of(gan.step)
    return watch


def _owned(gan: "GAN", player: str) -> dict[str, keras.Variable]:
    """A player's weights, statistics and optimizer."""
    prefixes = (f"{player}/", f"{player}_optimizer/")
    return {name: v for name, v in gan.state().items() if name.startswith(prefixes)}


def _frozen(variables: Mapping[str, keras.Variable]) -> dict[str, Any]:
    """Values that stay what they are: bits, or on JAX, inside a trace, the traced values."""
    if keras.backend.backend() == "jax":
        return {name: variable.value for name, variable in variables.items()}
    return {name: ops.convert_to_numpy(v.value).tobytes() for name, v in variables.items()}


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    same = _is if keras.backend.backend() == "jax" else _equals
    return {name for name in before if not same(before[name], after[name])}


def _is(one: Any, other: Any) -> bool:
    return one is other


def _equals(one: Any, other: Any) -> bool:
    return one == other


# What is kept beside the state -------------------------------------------------------------


@functools.cache
def plain_attributes() -> frozenset[str]:
    """Names of the attributes that every GAN and every layer has, which are Keras' and ours."""
    from ganzoo.gan.gan import GAN

    def network(name: str) -> keras.Model:
        x = keras.Input((1,))
        return keras.Model(x, keras.layers.Dense(1, name="dense")(x), name=name)

    gan = GAN(network("generator"), network("discriminator"))
    gan.compile("sgd", "sgd")
    one_step(gan, (np.zeros((1, 1), "float32"),))
    return frozenset(vars(gan)) | frozenset(vars(gan.generator.layers[-1]))


def _attributes(gan: "GAN", ordinary: frozenset[str]) -> dict[str, Any]:
    """What else a GAN and its layers hold, by name: something that can be compared later."""
    own = [(gan.name, gan)]
    own += [
        (f"{player}/{layer.name}", layer)
        for player in PLAYERS
        for layer in every_layer(getattr(gan, player))
        if not type(layer).__module__.startswith("keras.")
    ]
    return {
        f"{name}.{key}": _comparable(value)
        for name, owner in own
        for key, value in vars(owner).items()
        if key not in ordinary and not isinstance(value, keras.Variable)
    }


def _comparable(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return id(value)
