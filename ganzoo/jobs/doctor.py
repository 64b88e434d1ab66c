"""A report on the installation and on what is wrong with it. Imports no framework."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

from ganzoo import __version__
from ganzoo.backend import select
from ganzoo.backend.processor import bfloat16_instructions
from ganzoo.catalog.plugins.entry_points import FIRST_PARTY
from ganzoo.catalog.run_lock import is_locked
from ganzoo.catalog.runs import RUNS
from ganzoo.errors import GanzooError
from ganzoo.files import home
from ganzoo.jobs.listing import list_plugins
from ganzoo.jobs.models import environment
from ganzoo.jobs.tested_versions import package_version, untested_versions

_PACKAGES = (
    "keras",
    "jax",
    "jaxlib",
    "torch",
    "tensorflow",
    "numpy",
    "pillow",
    "safetensors",
    "ml-dtypes",
    "pydantic",
    "typer",
    "rich",
    "huggingface-hub",
)
_REQUIRED = ("keras", "numpy", "pillow", "pydantic", "typer", "rich")

# Where things are looked for; and what changes the last bits of a result.
_VARIABLES = (
    "KERAS_BACKEND",
    "KERAS_HOME",
    "GANZOO_HOME",
    "GANZOO_DATA",
    "GANZOO_CACHE",
    "GANZOO_PLUGINS",
    "GANZOO_OFFLINE",
    "HF_HOME",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    *environment.VARIABLES,
)
_LEFTOVERS = ".ganzoo-*.tmp"
_LITTLE_SPACE = 2**30  # bytes: below it a download or a checkpoint may not fit


def doctor(*, strict: bool = False) -> dict[str, Any]:
    """A report on this machine.

    Args:
        strict: Whether versions that ganzoo is not tested with are problems.

    Returns:
        Versions, backends, folders, plugins and settings; `"problems"`, sentences about
        what keeps ganzoo from working, and `"warnings"`, about what does not.
    """
    problems: list[str] = []
    cautions: list[str] = []
    return {
        "ganzoo": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "accelerators": _list_accelerators(),
        "bfloat16": _describe_bfloat16(),
        "packages": _report_packages(problems, problems if strict else cautions),
        "extras": _report_extras(),
        "backends": _report_backends(problems, cautions),
        "folders": _report_folders(problems, cautions),
        "plugins": _report_plugins(cautions),
        "runs": _report_runs(cautions),
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "problems": problems,
        "warnings": cautions,
    }


def _report_packages(problems: list[str], untested: list[str]) -> dict[str, str | None]:
    versions = {name: package_version(name) for name in _PACKAGES}
    problems += [f"The package {name} is missing." for name in _REQUIRED if not versions[name]]
    untested += untested_versions(versions)
    return versions


def _report_extras() -> dict[str, str]:
    """Each extra of ganzoo: whether its packages are here, or how to get them."""
    try:
        own = importlib.metadata.metadata(FIRST_PARTY)
    except importlib.metadata.PackageNotFoundError:
        return {}  # sources that nobody installed
    found: dict[str, list[str]] = {name: [] for name in own.get_all("Provides-Extra") or ()}
    found.pop("dev", None)
    for requirement in own.get_all("Requires-Dist") or ():
        needed = re.match(r"([\w.-]+).*;.*\bextra == ['\"]([\w.-]+)['\"]", requirement)
        if needed and needed[2] in found:
            found[needed[2]].append(needed[1])
    return {
        name: "present"
        if all(map(package_version, packages))
        else f'missing; install it with: pip install "{FIRST_PARTY}[{name}]"'
        for name, packages in found.items()
    }


def _report_backends(problems: list[str], cautions: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"installed": list(select.installed())}
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            choice = select.decide()
    except GanzooError as error:
        problems.append(str(error))
        return found
    cautions += [str(warning.message) for warning in caught]
    return found | {"chosen": choice.backend, "because of": choice.reason}


def _report_folders(problems: list[str], cautions: list[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, locate in (
        ("home", home.home),
        ("data", home.data_home),
        ("cache", home.cache_home),
        ("here", Path.cwd),
    ):
        try:
            path = locate()
            there = _nearest_existing(path)
            free = shutil.disk_usage(there).free
        except (GanzooError, OSError) as error:
            problems.append(f"There is no {name} folder: {error}")
            continue
        if not there.is_dir() or not os.access(there, os.W_OK):
            problems.append(f"The {name} folder {path} cannot be made or written to.")
        elif free < _LITTLE_SPACE:
            cautions.append(f"Only {free / 2**20:.0f} MiB are free in the {name} folder {path}.")
        found[name] = {"path": str(path), "free_bytes": free}
    return found


def _nearest_existing(path: Path) -> Path:
    """The path, or what is there nearest above it: where it would be made."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _report_plugins(cautions: list[str]) -> dict[str, int]:
    found = list_plugins()
    for clash in found["clashes"]:
        owners = " and ".join(clash["owners"])
        cautions.append(f"The {clash['kind']} {clash['name']!r} is claimed by {owners}.")
    for problem in found["problems"]:
        what = " ".join(filter(None, (problem["distribution"], problem["name"])))
        cautions.append(f"{what}: {problem['reason']}")
    return {kind: len(entries) for kind, entries in found["plugins"].items()}


def _report_runs(cautions: list[str]) -> dict[str, Any]:
    """The runs in `runs/`: how many, which are written to now, and what crashes left."""
    folders = sorted(path.parent for path in RUNS.glob("*/recipe.toml"))
    leftovers = [path for folder in (RUNS, *folders) for path in folder.glob(_LEFTOVERS)]
    leftovers += [path for folder in folders for path in folder.glob(f"checkpoints/{_LEFTOVERS}")]
    if leftovers:
        cautions.append(
            f"{len(leftovers)} unfinished file(s) in {RUNS}/, of a crash or of a running job;"
            " the next save beside them removes those that nobody writes to."
        )
    return {
        "count": len(folders),
        "locked": [str(path) for path in folders if is_locked(path)],
    }


def _list_accelerators() -> list[str]:
    """The names of the NVIDIA devices that the driver lists, without starting any of it."""
    names = []
    for page in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        try:
            text = page.read_text()
        except OSError:
            continue
        names += [line.partition(":")[2].strip() for line in text.splitlines() if "Model" in line]
    return names


def _describe_bfloat16() -> str:
    """Return what the precision mixed_bfloat16 is likely to gain on the processor."""
    here = bfloat16_instructions()
    if here is None:
        return "the processor does not say; compare: ganzoo bench NAME --precision mixed_bfloat16"
    if not here:
        return "no instructions for it in the processor, so that float32 is faster there"
    return "instructions for it in the processor; --precision auto measures what they gain"
