"""Verification, byte by byte, of weights files, runs, versions and registries.

No framework is imported.
"""

import os
from pathlib import Path

from ganzoo.catalog.registry import contents, lookup, remotes
from ganzoo.catalog.registry.maintenance import check_model
from ganzoo.catalog.registry.versions import Version, version_at
from ganzoo.catalog.runs import Run
from ganzoo.errors import GanzooError, UnknownName, UsageError
from ganzoo.files import safetensors
from ganzoo.files.digests import file_digest, tensors_digest
from ganzoo.files.text import quote
from ganzoo.jobs.models.find import check_in_run
from ganzoo.jobs.models.weights import first_nonfinite
from ganzoo.jobs.publishing.verify_run import Facts, describe_problem, is_run_folder, verify_run


def verify(source: str) -> Facts:
    """Check every byte of a weights file, a run, a model or a registry.

    Args:
        source: A `.safetensors` file, a run's folder or number, a model's name, the folder of
            a version, of a model or of a whole registry.

    Returns:
        `kind`, `path`, what it holds, and `problems`: `path` and `reason` of each.

    Raises:
        UnknownName: There is nothing of that name.
        InvalidInput: A weights file cannot be read as one.
    """
    path = Path(source)
    if os.path.isfile(source):
        return {"kind": "file", "path": source, **_verify_file(path), "problems": []}
    if os.path.isdir(source) and is_run_folder(path):
        return verify_run(Run(path))
    if os.path.isdir(source):
        version = version_at(path)
        return _verify_folder(path) if version is None else _verify_version(version)
    if remotes.is_address(source):
        return _verify_pulled(remotes.parse_address(source))
    if source.isdecimal() or os.sep in source:
        return verify_run(Run.open(source))
    if "@" in source:
        return _verify_version(lookup.find_version(source))
    try:
        entry = lookup.find_entry(source)
    except UnknownName as unknown_model:
        try:
            return verify_run(Run.open(source))
        except UnknownName:
            raise unknown_model from None
    return _verify_model(entry.folder, pulled=entry.registry.remote is not None)


def _verify_pulled(remote: remotes.Remote) -> Facts:
    commit = remote.pulled_commit()
    if commit is None:
        raise UsageError(f"Nothing was pulled from {remote.address}.", hint="Pull it first.")
    folder = remote.snapshot(commit)
    if remote.model is None:
        return _verify_folder(folder, pulled=True)
    if not (folder / remote.model).is_dir():
        raise UnknownName(f"No model {remote.model!r} was pulled from {remote.address}.")
    return _verify_model(folder / remote.model, pulled=True)


def _verify_file(path: Path) -> Facts:
    """Header, digests and the tensors of a weights file."""
    check_in_run(path)
    header = safetensors.read_header(path)
    arrays = safetensors.load(path)
    return {
        "bytes": path.stat().st_size,
        "sha256": file_digest(path),
        "content": tensors_digest(arrays),
        "not_finite": first_nonfinite(arrays),
        "tensors": {
            name: {
                "dtype": tensor.dtype.name,
                "shape": list(tensor.shape),
                "sha256": tensors_digest({name: arrays[name]}),
            }
            for name, tensor in header.tensors.items()
        },
    }


def _verify_version(version: Version) -> Facts:
    version.check()
    return {
        "kind": "version",
        "path": str(version.path),
        "digest": version.digest,
        "files": version.manifest["files"],
        "problems": _weights_problems(version),
    }


def _verify_model(folder: Path, *, pulled: bool = False) -> Facts:
    whole, findings = check_model(folder, pulled=pulled)
    problems = [problem for version in whole for problem in _weights_problems(version)]
    problems += [describe_problem(path, reason) for path, reason in findings.items()]
    return {
        "kind": "model",
        "path": str(folder),
        "versions": {str(version.number): version.digest for version in whole},
        "problems": problems,
    }


def _verify_folder(folder: Path, *, pulled: bool = False) -> Facts:
    """Verify a model's folder, or a registry's."""
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


def _weights_problems(version: Version) -> list[Facts]:
    """Problems inside the weights of a version whose bytes are as published."""
    problems = []
    for name in (contents.GENERATOR, contents.EVERYTHING):
        if name in version.sizes:
            try:
                bad = first_nonfinite(safetensors.load(version.read(name)))
                if bad is not None:
                    problems.append(describe_problem(version.path / name, f"{bad} is not finite."))
            except GanzooError as error:
                problems.append(describe_problem(version.path / name, str(error)))
    return problems
