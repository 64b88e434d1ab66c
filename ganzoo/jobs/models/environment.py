"""The environment of a job: its backend, and all that may change the last bits of a result."""

import contextlib
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

from ganzoo.backend import select
from ganzoo.backend.processor import bfloat16_instructions
from ganzoo.catalog.plugins.discovery import find_plugin
from ganzoo.errors import EnvironmentProblem, GanzooError
from ganzoo.files.home import cache_home

_PACKAGES = ("keras", "numpy", "jax", "jaxlib", "torch", "tensorflow", "tensorflow-cpu", "pillow")
_CGROUPS, _OWN_CGROUP = "/sys/fs/cgroup", "/proc/self/cgroup"
_CACHE_BYTES = 2**30  # of compiled programs, which are some tens of MB for each model
_MACHINE = ("device", "cpus", "usable_cpus", "platform", "python")
# Variables that change the last bits of a result without being part of the recipe.
VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "XLA_FLAGS",
    "JAX_PLATFORMS",
    "JAX_ENABLE_X64",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "TF_XLA_FLAGS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_DETERMINISTIC_OPS",
    "NVIDIA_TF32_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
)


def prepare_environment(backend: str | None = None) -> str:
    """Choose the backend, and set variables of it that change no bit of a result.

    JAX keeps what it compiles for the next process, also what compiles fast: drawing initial
    weights takes dozens of small programs. Torch's threads wait without spinning: where others use
    the processors too, small networks are several times faster for it.

    Args:
        backend: `"jax"`, `"torch"` or `"tensorflow"`; None takes the user's or the first
            installed.

    Returns:
        The backend.
    """
    chosen = select.choose(backend)
    if chosen == "jax" and "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        with contextlib.suppress(EnvironmentProblem):  # no home, no cache
            folder = cache_home() / "jax"
            remove_oldest(folder, _CACHE_BYTES)
            os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
            os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
            os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    elif chosen == "torch":
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return chosen


def reason_for_float32() -> str | None:
    """Return why precision `auto` takes float32 without measuring; `None` where it measures."""
    from ganzoo.backend import device

    if device() == "cpu" and bfloat16_instructions() is False:
        return "the processor has no instructions for bfloat16"
    return None


def remove_oldest(folder: Path, limit: int) -> None:
    """Remove the files that were not used for longest, down to half of `limit`, if above it.

    JAX's own bound locks the folder and looks at each file for each program. A process that misses
    a file compiles again.

    Args:
        folder: A folder of files; it need not exist.
        limit: Bytes of all files.
    """
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):  # removed by another process
                facts = entry.stat()
                found.append((max(facts.st_atime, facts.st_mtime), facts.st_size, entry.path))
    size = sum(one[1] for one in found)
    if size <= limit:
        return
    for _, bytes_, path in sorted(found):
        with contextlib.suppress(OSError):
            os.unlink(path)
        size -= bytes_
        if size <= limit // 2:
            return


def describe_environment() -> dict[str, Any]:
    """Return versions, variables and the machine, as a manifest keeps them. Imports Keras."""
    from ganzoo import backend

    versions = {}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return {
        "versions": versions,
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "device": backend.device(),
        "cpus": os.cpu_count(),
        "usable_cpus": usable_processors(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def usable_processors() -> float:
    """Return how many processors this process may use, by its affinity and its control groups."""
    limits = [float(os.cpu_count() or 1)]
    if hasattr(os, "sched_getaffinity"):
        limits.append(float(len(os.sched_getaffinity(0))))
    with contextlib.suppress(OSError, ValueError, StopIteration):
        groups = Path(_OWN_CGROUP).read_text().splitlines()
        own = Path(_CGROUPS, next(one[4:] for one in groups if one.startswith("0::/")))
        for folder in (own, *own.parents):
            with contextlib.suppress(OSError, ValueError):  # "max": no limit
                quota, period = (folder / "cpu.max").read_text().split()
                limits.append(int(quota) / int(period))
    return min(limits)


def environment_differences(manifest: dict[str, Any], devices: int = 1) -> list[str]:
    """Return a sentence for each difference that may change the last bits of a resumed run.

    Args:
        manifest: Its manifest.
        devices: How many devices it goes on with.
    """
    before, now = (
        _comparable_facts(manifest),
        _comparable_facts(describe_environment() | {"plugins": _installed_plugins(manifest)}),
    )
    return [
        f"Not bit-identical, perhaps: {name} was {before.get(name)}, is {now.get(name)}."
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name) and (name != "usable_cpus" or before.get(name))
    ] + _other_devices(manifest.get("devices", 1), devices)


def _other_devices(before: int, now: int) -> list[str]:
    if before == now:
        return []
    devices = "1 device" if now == 1 else f"{now} devices"
    return [f"On {devices} instead of {before} the same training goes on, up to rounding."]


def _comparable_facts(facts: dict[str, Any]) -> dict[str, Any]:
    groups = [facts.get(group) for group in ("versions", "variables", "plugins")]
    flat = {
        name: value for group in groups if isinstance(group, dict) for name, value in group.items()
    }
    return flat | {name: facts.get(name) for name in _MACHINE}


def _installed_plugins(manifest: dict[str, Any]) -> dict[str, Any]:
    """The plugins that a manifest names, as they are installed now."""
    now = {}
    for kind, was in (manifest.get("plugins") or {}).items():
        with contextlib.suppress(GanzooError):
            plugin = find_plugin(kind, was["name"])
            now[kind] = was | {"distribution": plugin.distribution, "version": plugin.version}
    return now
