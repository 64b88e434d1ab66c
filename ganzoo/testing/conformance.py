"""The conformance suite for the plugins of a name, and for architectures."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.backend import select
from ganzoo.catalog.plugins import discovery
from ganzoo.errors import EnvironmentProblem
from ganzoo.jobs.models import environment
from ganzoo.testing.check_report import CheckFailed, Report, run_checks
from ganzoo.testing.dataset_checks import check_dataset
from ganzoo.testing.logger_checks import check_logger
from ganzoo.testing.parity.backend_parity import check_parity

if TYPE_CHECKING:
    from ganzoo.testing.architecture_case import ArchitectureCase

# What is compiled here runs for a few steps: a third of the time goes into compiling them less.
_FAST_COMPILER = "--xla_backend_optimization_level=0"
# The checks of an architecture, each with the checks that must have passed before.
ARCHITECTURE_CHECKS: Mapping[str, tuple[str, ...]] = {
    "builds": (),
    "separate": ("builds",),
    "names": ("builds", "separate"),
    "output": ("builds", "separate"),
    "steps": ("builds", "separate"),
    "updates": ("steps",),
    "frozen": ("steps",),
    "gradients": ("steps",),
    "labels": ("steps",),
    "penalties": ("gradients",),
    "seeds": ("names",),
    "state": ("steps", "seeds"),
    "precision": ("output", "steps"),
    "fit": ("steps",),
    "devices": ("penalties", "seeds"),
}


def check_plugin(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    image_shapes: Iterable[tuple[int, ...]] = (),
    backend: str | None = None,
    all_backends: bool = False,
) -> list[Report]:
    """Check each architecture, data set and logger of a name. A failed check does not raise.

    Args:
        name: Name of the plugin.
        options: Keyword arguments of its function.
        config: Keyword arguments of `GAN.compile` for an architecture.
        image_shapes: Shapes for an architecture; see `check_architecture`.
        backend: "jax", "torch" or "tensorflow"; by default the one in use.
        all_backends: Also compare what an architecture computes on all installed backends.

    Raises:
        EnvironmentProblem: there is no second backend to compare with.
    """
    kinds = plugin_kinds(name)
    if all_backends and len(select.installed()) < 2:
        raise EnvironmentProblem(
            f"Only one backend is installed: {', '.join(select.installed())}.",
            hint="Install another, or leave --all-backends out.",
        )
    if kinds != ["logger"]:
        os.environ.setdefault("XLA_FLAGS", _FAST_COMPILER)
        environment.prepare_environment(backend)
    reports = []
    if "architecture" in kinds:
        given = {"config": config, "image_shapes": list(image_shapes), "raises": False}
        reports.append(check_architecture(name, options=options, **given))
        if all_backends:
            reports += check_parity([name], options={name: options or {}}, **given)
    if "dataset" in kinds:
        reports.append(check_dataset(name, options, raises=False))
    if "logger" in kinds:
        reports.append(check_logger(name, options, raises=False))
    return reports


def plugin_kinds(name: str) -> list[str]:
    """Return the kinds of the plugins of a name: "architecture", "dataset", "logger".

    Raises:
        UnknownName, PluginError: there is no plugin of that name.
    """
    found = []
    for kind in ("architecture", "dataset", "logger"):
        plugins = discovery.discover(kind).plugins
        if name in plugins or name in {plugin.qualified for plugin in plugins.values()}:
            found.append(kind)
    if not found:
        discovery.find_plugin("architecture", name)  # raises, with what there is
    return found


def check_architecture(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    image_shapes: Iterable[tuple[int, ...]] = (),
    config: Mapping[str, Any] | None = None,
    checks: Iterable[str] | None = None,
    raises: bool = True,
) -> Report:
    """Check an installed architecture with reduced options on the backend of this process.

    The first line of each check's function says what it demands.

    Args:
        name: Name of the architecture, or `"distribution:name"`.
        options: Keyword arguments of its function, for instance `{"num_residual_blocks": 1}`; for
            the others see `ganzoo.testing.architecture_case.reduced_options`.
        image_shapes: Shapes of samples to build it for; the first that it accepts is trained
            with. By default shapes of its kind, from 8x8 up.
        config: Keyword arguments of `GAN.compile`, such as the loss of its paper.
        checks: Names of the checks to run; by default all of `ARCHITECTURE_CHECKS`.
        raises: Raise an error if a check fails.

    Raises:
        CheckFailed: a check failed and `raises` is true.
        UnknownName, PluginError: there is no such architecture, or it cannot be imported.
    """
    discovery.load_plugin(discovery.find_plugin("architecture", name))
    from ganzoo.testing.architecture_case import ArchitectureCase

    case = ArchitectureCase(name, options, tuple(map(tuple, image_shapes)), config)
    return check_case(case, checks=checks, raises=raises)


def check_case(
    case: "ArchitectureCase", *, checks: Iterable[str] | None = None, raises: bool = True
) -> Report:
    """Check an architecture under test; see `check_architecture`."""
    from ganzoo.testing import architecture_checks, device_checks, second_derivatives

    modules = architecture_checks, device_checks, second_derivatives
    functions = {name: one for module in modules for name, one in vars(module).items()}
    results = run_checks(case, functions, ARCHITECTURE_CHECKS, checks)
    report = Report(kind="architecture", name=case.name, setting=_setting(case), results=results)
    if raises and not report.passed:
        raise CheckFailed(report)
    return report


def _setting(case: "ArchitectureCase") -> dict[str, Any]:
    import keras

    setting = {"backend": keras.backend.backend(), "options": case.options}
    accepted = [s for s, result in case.attempts.items() if not isinstance(result, Exception)]
    return setting | ({"image_shape": list(accepted[0])} if accepted else {})
