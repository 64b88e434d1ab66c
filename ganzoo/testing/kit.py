"""The kit as a command: one plugin, on this backend or on all."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo.backend import select
from ganzoo.catalog.plugins import discovery
from ganzoo.errors import EnvironmentProblem
from ganzoo.jobs.models import environment
from ganzoo.testing.architectures import check_architecture
from ganzoo.testing.datasets import check_dataset
from ganzoo.testing.parity import check_parity
from ganzoo.testing.report import Report

# What is compiled here runs for a few steps: a third of the time goes into compiling them less.
_FAST_COMPILER = "--xla_backend_optimization_level=0"


def kinds(name: str) -> list[str]:
    """Of which kinds there are plugins of that name: "architecture", "dataset" or both.

    Raises:
        UnknownName, PluginError: of neither.
    """
    found = [kind for kind in ("architecture", "dataset") if _is(kind, name)]
    if not found:
        discovery.find_plugin("architecture", name)  # says what there is
    return found


def check(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    rules: Mapping[str, Any] | None = None,
    image_shapes: Iterable[tuple[int, ...]] = (),
    backend: str | None = None,
    all_backends: bool = False,
) -> list[Report]:
    """Check the plugins of a name. Nothing is raised for what fails.

    Args:
        name: An architecture's, a data set's, or both.
        options: Keywords of its function.
        rules: For an architecture, keywords of `GAN.compile` under which it is played.
        image_shapes: For an architecture; see `check_architecture`.
        backend: "jax", "torch" or "tensorflow".
        all_backends: Also compare what an architecture computes on all that are installed.

    Raises:
        EnvironmentProblem: there is nothing to compare with.
    """
    found = kinds(name)
    if all_backends and len(select.installed()) < 2:
        raise EnvironmentProblem(
            f"Only one backend is installed: {', '.join(select.installed())}.",
            hint="Install another, or leave --all-backends out.",
        )
    os.environ.setdefault("XLA_FLAGS", _FAST_COMPILER)
    environment.begin(backend)
    reports = []
    if "architecture" in found:
        given = {"options": options, "rules": rules, "image_shapes": list(image_shapes)}
        reports.append(check_architecture(name, raises=False, **given))
        if all_backends:
            given["options"] = {name: options or {}}
            reports += check_parity([name], raises=False, **given)
    if "dataset" in found:
        reports.append(check_dataset(name, options, raises=False))
    return reports


def _is(kind: str, name: str) -> bool:
    plugins = discovery.discover(kind).plugins
    if name in plugins:
        return True
    return any(plugin.qualified == name for plugin in plugins.values())
