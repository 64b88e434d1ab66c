"""A trace of a few training steps: the state after each, and which update changed what."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np
from keras import ops

from ganzoo.gan.gan import GAN
from ganzoo.jobs.models.weights import state_arrays
from ganzoo.testing.architecture_case import STEPS, ArchitectureCase
from ganzoo.testing.traversal import all_layers

NETWORKS = ("generator", "discriminator")
_UNSEEDED = "seeded random ops"  # Keras' words when JAX traces a draw without a seed

Arrays = Mapping[str, np.ndarray]
Values = dict[str, Any]


class UnseededRandom(Exception):
    """A draw from Keras' global generator, which JAX refuses."""


@dataclass
class Changes:
    """Names of everything that changed where it should not.

    Args:
        updates: Number of updates of each network.
        crossed: By network, the other network's state that its updates changed.
        outside: Weights and optimizers that changed outside of all updates.
        attributes: Attributes of the GAN and of its layers that changed, though they are not
            part of the state.
    """

    updates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NETWORKS, 0))
    crossed: dict[str, set[str]] = field(default_factory=lambda: {n: set() for n in NETWORKS})
    outside: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)


@dataclass
class Trace:
    """Trace of `STEPS` training steps.

    Args:
        gan: The GAN after the last step.
        arrays: The whole state before the first step and after each step.
        logs: The logs of each step.
        changes: Changes where there should be none.
    """

    gan: GAN
    arrays: list[dict[str, np.ndarray]]
    logs: list[dict[str, float]]
    changes: Changes


_TRACES: WeakKeyDictionary[ArchitectureCase, Trace | Exception] = WeakKeyDictionary()
_TWINS: WeakKeyDictionary[ArchitectureCase, GAN] = WeakKeyDictionary()


def trace(case: ArchitectureCase) -> Trace:
    """Train the case's GAN for a few steps, once. What the steps raised is raised again.

    On TensorFlow the steps run eagerly, as on PyTorch: compiling them takes longer than they do.

    Raises:
        UnseededRandom: something draws without a seed. Only JAX notices; see `check_seeds`.
    """
    if case not in _TRACES:
        try:
            _TRACES[case] = _traced_steps(case)
        except Exception as error:
            _TRACES[case] = error
    result = _TRACES[case]
    if isinstance(result, Exception):
        raise result
    return result


def twin(case: ArchitectureCase) -> GAN:
    """Return a second GAN like the traced one, from the same seed; built once."""
    if case not in _TWINS:
        _TWINS[case] = case.compile(case.build(), eager=trace(case).gan.run_eagerly)
    return _TWINS[case]


def fit_one_step(gan: GAN, batch: tuple[np.ndarray, ...]) -> dict[str, float]:
    """Make one step of Keras' `fit` on a batch of samples and return its logs."""
    try:
        history = gan.fit(*batch, batch_size=len(batch[0]), verbose=0, shuffle=False).history
    except Exception as error:
        if _UNSEEDED in str(error):
            raise UnseededRandom(str(error)) from error
        raise
    return {name: values[-1] for name, values in history.items()}


def changed_arrays(before: Arrays, after: Arrays) -> list[str]:
    """Return the names whose arrays differ in a bit or that only one side has."""
    return [
        name
        for name in sorted(before.keys() | after.keys())
        if name not in before
        or name not in after
        or before[name].tobytes() != after[name].tobytes()
        or before[name].shape != after[name].shape
    ]


def first_names(names: Iterable[str]) -> str:
    """Return the first few of changed names for a message."""
    names = sorted(names)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _traced_steps(case: ArchitectureCase) -> Trace:
    gan = case.compile(case.gan, eager=keras.backend.backend() == "tensorflow")
    arrays, logs, changes = [state_arrays(gan)], [], Changes()
    _record_changes(gan, changes)
    before = _comparable_attributes(gan)
    for step in range(STEPS):
        logs.append(fit_one_step(gan, case.batch(step)))
        arrays.append(state_arrays(gan))
    after = _comparable_attributes(gan)
    changes.attributes = {name for name in after if before.get(name, after) != after[name]}
    return Trace(gan, arrays, logs, changes)


def _record_changes(gan: GAN, changes: Changes) -> None:
    """Wrap the step and the updates of a GAN so that they record what they change."""
    prefixes = {name: (f"{name}/", f"{name}_optimizer/") for name in NETWORKS}
    own = {
        name: {n: v for n, v in gan.state().items() if n.startswith(prefixes[name])}
        for name in NETWORKS
    }
    # `step` may set other numbers in a network, such as how far it has grown
    trained = {name: {n for n, v in own[name].items() if v.trainable or "_optimizer/" in n}
               for name in NETWORKS}  # fmt: skip
    last: dict[str, Values] = {}

    def recorded_update(name: str, other: str, update: Callable) -> Callable:
        def recorded(*arguments):
            before = _snapshot(own[other])
            logs = update(*arguments)
            after = _snapshot(own[other])
            changes.updates[name] += 1
            changes.crossed[name] |= _changed_values(before, after)
            last[name], last[other] = _snapshot(own[name]), after
            return logs

        return recorded

    def recorded_step(step: Callable) -> Callable:
        def recorded(data):
            last.update({name: _snapshot(own[name]) for name in NETWORKS})
            step(data)
            for name in NETWORKS:
                changed = _changed_values(last[name], _snapshot(own[name]))
                changes.outside |= changed & trained[name]

        return recorded

    discriminator_update, generator_update = gan.discriminator_update, gan.generator_update
    gan.discriminator_update = recorded_update("discriminator", "generator", discriminator_update)
    gan.generator_update = recorded_update("generator", "discriminator", generator_update)
    gan.step = recorded_step(gan.step)


def _snapshot(variables: Mapping[str, keras.Variable]) -> Values:
    """Values that later updates do not change: bytes, or on JAX the (traced) arrays."""
    if keras.backend.backend() == "jax":
        return {name: variable.value for name, variable in variables.items()}
    return {name: ops.convert_to_numpy(v.value).tobytes() for name, v in variables.items()}


def _changed_values(before: Values, after: Values) -> set[str]:
    if keras.backend.backend() == "jax":
        return {name for name in before if before[name] is not after[name]}
    return {name for name in before if before[name] != after[name]}


@functools.cache
def _keras_attributes() -> frozenset[str]:
    """Names of the attributes that every GAN and every layer has."""

    def network(name: str) -> keras.Model:
        x = keras.Input((1,))
        return keras.Model(x, keras.layers.Dense(1, name="dense")(x), name=name)

    gan = GAN(network("generator"), network("discriminator"))
    gan.compile("sgd", "sgd")
    fit_one_step(gan, (np.zeros((1, 1), "float32"),))
    return frozenset(vars(gan)) | frozenset(vars(gan.generator.layers[-1]))


def _comparable_attributes(gan: GAN) -> Values:
    """Attributes that authors gave to a GAN and to its layers, by name, to be compared."""
    owners: list[tuple[str, Any]] = [(gan.name, gan)]
    owners += [
        (f"{name}/{layer.name}", layer)
        for name in NETWORKS
        for layer in all_layers(getattr(gan, name))
        if not type(layer).__module__.startswith("keras.")
    ]
    return {
        f"{name}.{key}": _comparable(value)
        for name, owner in owners
        for key, value in vars(owner).items()
        if key not in _keras_attributes() and not isinstance(value, keras.Variable)
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
