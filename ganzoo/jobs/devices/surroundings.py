"""The process of this process in a training of several, as whoever started it has said."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ganzoo.backend import select
from ganzoo.errors import InvalidInput, UsageError

ALL = "all"
_PORT = 20_000  # of the first process on SLURM; the job's number is added to it


@dataclass(frozen=True, kw_only=True)
class Process:
    """The process of this process among those that train together.

    Args:
        devices: How many devices there shall be; `"all"` of this host.
        rank: The number of this process, from 0: that one alone writes the run.
        count: How many processes there are.
        local: The number of this process on its host: that of its device.
        launcher: Who has started them; None: nobody, and ganzoo does.
        variables: Environment variables by which the framework finds the others.
    """

    devices: int | str = 1
    rank: int = 0
    count: int = 1
    local: int = 0
    launcher: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def parse_devices(text: str | None) -> int | str | None:
    """Return a number of devices, `"all"`, or None for none given.

    Raises:
        UsageError: It is neither.
    """
    if text is None or text == ALL:
        return text
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--devices must be a whole number from 1 or {ALL!r}. Received: {text!r}.")
    return int(text)


def find_process(
    devices: int | str | None, backend: str, variables: Mapping[str, str] = os.environ
) -> Process:
    """Return the process of this process.

    Args:
        devices: What was asked for; None: what the surroundings say, else one.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        variables: Environment variables.

    Raises:
        UsageError: Another number was asked for than was started.
        InvalidInput: A variable cannot be read.
    """
    try:
        process = _FINDERS[backend](devices, variables)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(
            "The variables of this process do not say which of several it is: "
            f"{type(error).__name__}: {error}."
        ) from error
    if process is None or process.count == 1:
        return Process(devices=1 if devices is None else devices)
    if devices not in (None, ALL, process.count):
        raise UsageError(
            f"{process.launcher} has started {process.count} processes, one for each device. "
            f"Received: --devices {devices}.",
            hint="Leave --devices out.",
        )
    return process


def _in_torch(devices: int | str | None, variables: Mapping[str, str]) -> Process | None:
    """Variables of torchrun, which `ganzoo train --devices` sets as well; or those of SLURM."""
    if "RANK" in variables and "WORLD_SIZE" in variables:
        return _numbered("torchrun", variables, "RANK", "WORLD_SIZE", "LOCAL_RANK")
    # whoever works in an allocation of several tasks does not always want all of them
    if devices is None or int(variables.get("SLURM_NTASKS", 1)) == 1:
        return None
    if "SLURM_PROCID" not in variables or "SLURM_STEP_NODELIST" not in variables:
        return None  # in salloc's shell: no task of srun
    port = _PORT + int(variables["SLURM_JOB_ID"]) % 20_000
    found = {"MASTER_ADDR": _first_host(variables["SLURM_STEP_NODELIST"]), "MASTER_PORT": str(port)}
    return _numbered("SLURM", variables, "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", found)


def _in_tensorflow(devices: int | str | None, variables: Mapping[str, str]) -> Process | None:
    """TensorFlow's own variable, which `ganzoo train --devices` sets as well."""
    if "TF_CONFIG" not in variables:
        return None
    content = json.loads(variables["TF_CONFIG"])
    workers, task = content["cluster"]["worker"], content["task"]
    if task["type"] != "worker":
        raise ValueError(f"a task of type {task['type']}, where all are workers")
    rank, hosts = int(task["index"]), [worker.rpartition(":")[0] for worker in workers]
    local = hosts[:rank].count(hosts[rank])
    return Process(
        devices=len(workers), rank=rank, count=len(workers), local=local, launcher="TF_CONFIG"
    )


def _in_jax(devices: int | str | None, variables: Mapping[str, str]) -> Process | None:
    """One process is for all devices of its host."""
    several = int(variables.get("KERAS_DISTRIBUTION_NUM_PROCESSES", 1))
    if devices is not None:
        several = max(several, int(variables.get("SLURM_STEP_NUM_TASKS", 1)))
    if several > 1:
        raise UsageError(
            f"On JAX ganzoo trains on the devices of one host, in one process. "
            f"Received: {several} processes.",
            hint="Start one, with --devices all. PyTorch trains on several hosts.",
        )
    return None


def writes_run(devices: int | str | None) -> bool:
    """Return whether this process, after a training, is the one that has written the run."""
    return not find_process(devices, select.choose()).rank


_FINDERS = {"torch": _in_torch, "tensorflow": _in_tensorflow, "jax": _in_jax}


def _numbered(
    launcher: str, variables: Mapping[str, str], rank: str, count: str, local: str,
    found: Mapping[str, str] = MappingProxyType({}),
) -> Process:  # fmt: skip
    number = int(variables[count])
    return Process(
        devices=number, rank=int(variables[rank]), count=number,
        local=int(variables.get(local, 0)), launcher=launcher, variables=found,
    )  # fmt: skip


def _first_host(nodes: str) -> str:
    """The first host of SLURM's list: `"node[03-07,9],other"` -> `"node03"`."""
    found = re.match(r"([^,\[]+)(?:\[(\w+))?", nodes)
    if found is None:
        raise ValueError(f"no host in {nodes!r}")
    return found[1] + (found[2] or "")
