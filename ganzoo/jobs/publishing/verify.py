"""Verification, byte by byte, of weights files, runs, versions and registries.

No framework is imported.
"""

import os
from pathlib import Path
from typing import Any

from ganzoo.catalog.registry import contents, lookup, remotes
from ganzoo.catalog.registry.maintenance import check_model
from ganzoo.catalog.registry.versions import Version, version_at
from ganzoo.catalog.runs import Run
from ganzoo.errors import GanzooError, UnknownName, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.digests import file_digest, tensors_digest
from ganzoo.files.text import quote
from ganzoo.jobs.models.weights import not_finite


def verify(source: str) -> dict[str, Any]:
    """Check every byte of a weights file, a run, a model or a registry.

    Args:
        source: A `.safetensors` file, a run's folder or number, a model's name, the folder of
            a version, of a model or of a whole registry.

    Returns:
        `kind`, `path`, what it holds, and `problems`: `path`, `reason` and `harmless` of each.

    Raises:
        UnknownName: There is nothing of that name.
        InvalidInput: A weights file cannot be read as one.
    """
    path = Path(source)
    if os.path.isfile(source):
        return {"kind": "file", "path": source, **_describe_file(path), "problems": []}
    if os.path.isdir(source):
        if (path / "recipe.toml").is_file():
            return _verify_run(Run.open(path))
        version = version_at(path)
        if version is not None:
            return _verify_version(version)
        return _verify_folder(path)
    if source.isdecimal() or os.sep in source and not remotes.is_address(source):
        return _verify_run(Run.open(source))
    return _verify_named(source)


def _verify_named(source: str) -> dict[str, Any]:
    if remotes.is_address(source):
        remote = remotes.parse_address(source)
        commit = remote.pulled_commit()
        if commit is None:
            raise UsageError(f"Nothing was pulled from {remote.address}.", hint="Pull it first.")
        folder = remote.snapshot(commit)
        if remote.model is None:
            return _verify_folder(folder, pulled=True)
        if not (folder / remote.model).is_dir():
            raise UnknownName(f"No model {remote.model!r} was pulled from {remote.address}.")
        return _verify_model(folder / remote.model, pulled=True)
    if "@" in source:
        return _verify_version(lookup.find_version(source))
    try:
        entry = lookup.find_entry(source)
    except UnknownName as unknown_model:
        try:
            return _verify_run(Run.open(source))
        except UnknownName:
            raise unknown_model from None
    return _verify_model(entry.folder, pulled=entry.registry.remote is not None)


def _describe_file(path: Path) -> dict[str, Any]:
    """Header, digests and the tensors of a weights file."""
    header = safetensors.read_header(path)
    arrays = safetensors.load(path)
    return {
        "bytes": path.stat().st_size,
        "sha256": file_digest(path),
        "content": tensors_digest(arrays),
        "not_finite": not_finite(arrays),
        "tensors": {
            name: {
                "dtype": tensor.dtype,
                "shape": list(tensor.shape),
                "sha256": tensors_digest({name: arrays[name]}),
            }
            for name, tensor in header.tensors.items()
        },
    }


def _verify_run(run: Run) -> dict[str, Any]:
    problems = []
    whole = []
    folders = sorted(run.checkpoints.glob("step-*")) if run.checkpoints.is_dir() else []
    for folder in folders:
        try:
            whole.append(checkpoints.verify(folder)["step"])
        except checkpoints.Broken as error:
            problems.append(_problem(folder, f"The checkpoint is broken: {error}."))
    for check in (run.recipe, run.manifest, run.log):
        try:
            check()
        except GanzooError as error:
            problems.append(_problem(run.path, str(error)))
    if run.weights_path.exists():
        try:
            safetensors.load(run.weights_path)
        except GanzooError as error:
            problems.append(_problem(run.weights_path, str(error)))
    return {"kind": "run", "path": str(run.path), "checkpoints": whole, "problems": problems}


def _verify_version(version: Version) -> dict[str, Any]:
    version.check()
    return {
        "kind": "version",
        "path": str(version.path),
        "digest": version.digest,
        "files": version.manifest["files"],
        "problems": _weights_problems(version),
    }


def _verify_model(folder: Path, *, pulled: bool = False) -> dict[str, Any]:
    whole, findings = check_model(folder, pulled=pulled)
    problems = [problem for version in whole for problem in _weights_problems(version)]
    problems += [_problem(f.path, f.reason, harmless=f.harmless) for f in findings]
    return {
        "kind": "model",
        "path": str(folder),
        "versions": {str(version.number): version.digest for version in whole},
        "problems": problems,
    }


def _verify_folder(folder: Path, *, pulled: bool = False) -> dict[str, Any]:
    """A model's folder, or a registry's."""
    if lookup.is_model_folder(folder):
        return _verify_model(folder, pulled=pulled)
    models = [child for child in sorted(folder.iterdir()) if lookup.is_model_folder(child)]
    if not models:
        raise UsageError(f"Neither a run, a model nor a registry. Received: {quote(folder)}.")
    found = {model.name: _verify_model(model, pulled=pulled) for model in models}
    return {
        "kind": "registry",
        "path": str(folder),
        "models": {name: one["versions"] for name, one in found.items()},
        "problems": [problem for one in found.values() for problem in one["problems"]],
    }


def _weights_problems(version: Version) -> list[dict[str, Any]]:
    """What is wrong inside the weights of a version whose bytes are as published."""
    problems = []
    for name in (contents.GENERATOR, contents.EVERYTHING):
        if name not in version.sizes:
            continue
        try:
            bad = not_finite(safetensors.load(version.read(name)))
        except GanzooError as error:
            problems.append(_problem(version.path / name, str(error)))
        else:
            if bad is not None:
                problems.append(_problem(version.path / name, f"{bad} is not finite."))
    return problems


def _problem(path: Path, reason: str, *, harmless: bool = False) -> dict[str, Any]:
    return {"path": str(path), "reason": reason, "harmless": harmless}
