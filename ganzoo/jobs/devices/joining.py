"""The devices of a training, by what was asked for and by what the surroundings say."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import UsageError
from ganzoo.jobs.devices.children import children, end_with_parent
from ganzoo.jobs.devices.surroundings import ALL, Process

if TYPE_CHECKING:
    from ganzoo.backend.devices import Group


@contextlib.contextmanager
def joined_devices(
    process: Process, backend: str, recipe: Recipe, command: Sequence[str]
) -> Iterator["Group"]:
    """Inside, networks are made for these devices, and steps of training are of all.

    Args:
        process: The process of this process among them.
        backend: The backend, which is chosen.
        recipe: The recipe that is trained; each device has an equal part of a batch.
        command: Arguments of `ganzoo` by which another process makes the same training, if
            `process` has no launcher.

    Raises:
        UsageError: The batch is not a multiple of their number.
        EnvironmentProblem: There are not as many, or one has ended.
    """
    from ganzoo.backend import devices as framework

    if process.devices == 1:
        yield framework.Group()
        return
    if process.devices != ALL:
        check_batch(recipe, int(process.devices))
    if backend == "jax":
        from ganzoo.backend.devices.jax_mesh import Mesh

        mesh = Mesh(None if process.devices == ALL else int(process.devices))
        with framework.joined(mesh) as group:
            check_batch(recipe, group.devices)
            yield group
        return
    if recipe.training.xla is True:
        raise UsageError(
            "The processes of several devices cannot meet inside of what is compiled. "
            "Received: training.xla = true.",
            hint="Set it to false, which computes the same.",
        )
    end_with_parent()
    with contextlib.ExitStack() as stack:
        if process.launcher is None:
            number = _all_of_this_host(backend) if process.devices == ALL else int(process.devices)
            check_batch(recipe, number)
            if number == 1:
                yield framework.Group()
                return
            process = stack.enter_context(children(command, number, backend))
        stack.enter_context(_variables_set(process.variables))
        yield stack.enter_context(framework.joined(_connect(process, backend)))


def _connect(process: Process, backend: str) -> "Group":
    if backend == "torch":
        from ganzoo.backend.devices.torch_group import TorchGroup

        return TorchGroup(process.rank, process.count, process.local)
    from ganzoo.backend.devices.tensorflow_group import TensorFlowGroup

    return TensorFlowGroup(process.rank, process.count, process.local)


def _all_of_this_host(backend: str) -> int:
    """Return how many devices there are: GPUs, and without one the processor."""
    if backend == "torch":
        from ganzoo.backend.devices.torch_group import number_of_devices
    else:
        from ganzoo.backend.devices.tensorflow_group import number_of_devices
    return number_of_devices()


@contextlib.contextmanager
def _variables_set(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def silent(event: dict[str, Any]) -> None:
    """The events of a process that writes nothing."""


def alone(recipe: Recipe, group: "Group") -> Recipe:
    """The recipe, without evaluation in a process that only trains along."""
    return apply_settings(recipe, ["training.evaluate_every=0"]) if group.rank else recipe


def check_batch(recipe: Recipe, devices: int) -> None:
    """Refuse a batch of which the devices cannot have equal parts, or equal microbatches."""
    batch, steps = recipe.training.batch, recipe.training.gradient_accumulation_steps
    number = devices * steps
    if batch % number:
        fitting = batch - batch % number or number
        times = f", times that of microbatches, {steps}" if steps > 1 else ""
        raise UsageError(
            f"The batch must be a multiple of the number of devices, {devices}{times}. "
            f"Received: {batch}.",
            hint=f"For instance: --batch {fitting}.",
        )
