"""`check_architecture`: the promises of an architecture, one named check each."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ganzoo.catalog.plugins import discovery
from ganzoo.testing.report import CheckFailed, Report, run, wanted

# Each check, and the checks without which it tells nothing.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "builds": (),
    "apart": ("builds",),
    "names": ("builds", "apart"),
    "output": ("builds", "apart"),
    "steps": ("builds", "apart"),
    "turns": ("steps",),
    "gradients": ("steps",),
    "labels": ("steps",),
    "penalties": ("gradients",),
    "seeds": ("names",),
    "state": ("steps", "seeds"),
    "precision": ("output", "steps"),
    "fit": ("steps",),
}


def check_architecture(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    image_shapes: Iterable[tuple[int, ...]] = (),
    rules: Mapping[str, Any] | None = None,
    checks: Iterable[str] | None = None,
    raises: bool = True,
) -> Report:
    """Check an installed architecture on the backend of this process, made small.

    Options that say how wide a network is become small by themselves; see
    `ganzoo.testing.small`. What each check promises stands in its function's first line.

    Args:
        name: The architecture's name, or `"distribution:name"`.
        options: Keywords of its function, for instance `{"blocks": 1}`.
        image_shapes: Shapes of samples to build it for; the first that it accepts is played
            with. By default shapes of its kind, from 8x8 up.
        rules: Keywords of `GAN.compile` under which it is played, such as its paper's loss.
        checks: Names of the checks to run; by default all of `ganzoo.testing.NEEDS`.
        raises: Whether a failed check is an error.

    Returns:
        What was found.

    Raises:
        CheckFailed: a check failed and `raises` is true.
        UnknownName, PluginError: there is no such architecture, or it cannot be imported.
    """
    discovery.load_plugin(discovery.find_plugin("architecture", name))
    from ganzoo.testing.subject import Subject

    subject = Subject(name, options, tuple(map(tuple, image_shapes)), rules)
    functions = _functions()
    bound = {check: functools.partial(functions[check], subject) for check in wanted(NEEDS, checks)}
    results = tuple(run(bound, NEEDS))
    report = Report(kind="architecture", name=name, setting=_setting(subject), results=results)
    if raises and not report.passed:
        raise CheckFailed(report)
    return report


def _functions() -> dict[str, Callable]:
    """Each check's function, in the order of `NEEDS`. Imports Keras."""
    from ganzoo.testing import building, derivatives, exactness, output, turns

    rooms = (building, output, turns, derivatives, exactness)
    return {name: next(getattr(r, name) for r in rooms if hasattr(r, name)) for name in NEEDS}


def _setting(subject) -> dict[str, Any]:
    import keras

    setting = {"backend": keras.backend.backend(), "options": subject.options}
    accepted = [s for s, found in subject.attempts.items() if not isinstance(found, Exception)]
    return setting | ({"image_shape": list(accepted[0])} if accepted else {})
