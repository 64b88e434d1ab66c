"""Verification, byte by byte, of weights files, runs, versions and registries.

No framework is imported, unless networks are to be built.
"""

import os
from pathlib import Path

from ganzoo.catalog.registry import contents, lookup, remotes, signatures
from ganzoo.catalog.registry.maintenance import check_model
from ganzoo.catalog.registry.versions import Version
from ganzoo.catalog.runs import Run
from ganzoo.errors import GanzooError, InvalidInput, UnknownName, UsageError
from ganzoo.files import safetensors
from ganzoo.files.digests import file_digest, tensors_digest
from ganzoo.files.text import quote
from ganzoo.jobs.models.find import check_in_run, find_version_in, version_in
from ganzoo.jobs.models.weights import first_nonfinite
from ganzoo.jobs.publishing.verify_run import Facts, describe_problem, is_run_folder, verify_run


def verify(
    source: str, *, key: Path | None = None, deep: bool = False, backend: str | None = None
) -> Facts:
    """Check every byte of a weights file, a run, a model or a registry.

    Args:
        source: A `.safetensors` file, a run's folder or number, a model's name, the folder of
            a version, of a model or of a whole registry.
        key: File of the public key that must have signed each version; by default the
            registry's trusted one, if any.
        deep: Whether to build the networks, too, and read the weights into them.
        backend: The backend to build them with.

    Returns:
        `kind`, `path`, what it holds, and `problems`: `path` and `reason` of each.

    Raises:
        UnknownName: There is nothing of that name.
        UsageError: A key is given, and no version that it could have signed is meant.
        InvalidInput: A weights file cannot be read as one.
    """
    public = None if key is None else signatures.read_public_key(key)
    found = _verify_bytes(source, public)
    if public is not None and not _can_be_signed(found):
        raise UsageError(
            f"Only versions of models are signed. Received: a key, and a {found['kind']} without "
            f"any, {quote(found['path'])}.",
            hint="Leave out --key, or name a version.",
        )
    if deep:
        found["loaded"], problems = _load_all(found, backend)
        found["problems"] = [*found["problems"], *problems]
    return found


def _verify_bytes(source: str, key: bytes | None) -> Facts:
    path = Path(source)
    if os.path.isfile(source):
        return {"kind": "file", "path": source, **_verify_file(path), "problems": []}
    version = version_in(path) if os.path.isdir(source) else None
    if version is not None:
        return _verify_version(version, key or signatures.trusted_key(version.path.parents[1]))
    if os.path.isdir(source):
        return verify_run(Run(path)) if is_run_folder(path) else _verify_folder(path, key)
    if remotes.is_address(source):
        return _verify_pulled(remotes.parse_address(source), key)
    if source.isdecimal() or os.sep in source:
        return verify_run(Run.open(source))
    if "@" in source:
        name = source.rpartition("@")[0]
        version = lookup.find_version(source)
        identity = lookup.find_entry(name).registry.identity
        return _verify_version(version, key or signatures.trusted_key(identity))
    try:
        entry = lookup.find_entry(source)
    except UnknownName as unknown_model:
        try:
            return verify_run(Run.open(source))
        except UnknownName:
            raise unknown_model from None
    key = key or signatures.trusted_key(entry.registry.identity)
    return _verify_model(entry.folder, key, pulled=entry.registry.remote is not None)


def _verify_pulled(remote: remotes.Remote, key: bytes | None) -> Facts:
    commit = remote.pulled_commit()
    if commit is None:
        raise UsageError(f"Nothing was pulled from {remote.address}.", hint="Pull it first.")
    folder = remote.snapshot(commit)
    key = key or signatures.trusted_key(remote.address)
    if remote.model is None:
        return _verify_folder(folder, key, pulled=True)
    if not (folder / remote.model).is_dir():
        raise UnknownName(f"No model {remote.model!r} was pulled from {remote.address}.")
    return _verify_model(folder / remote.model, key, pulled=True)


def _verify_file(path: Path) -> Facts:
    """Header, digests and the tensors of a weights file."""
    version = find_version_in(path.parent)
    if version is None:
        check_in_run(path)
    else:
        version.read(path.name)
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


def _verify_version(version: Version, key: bytes | None) -> Facts:
    version.check()
    return {
        "kind": "version",
        "path": str(version.path),
        "digest": version.digest,
        "signature": _describe_signature(version, key),
        "files": version.manifest["files"],
        "problems": _weights_problems(version) + _signature_problems(version, key),
    }


def _verify_model(folder: Path, key: bytes | None, *, pulled: bool = False) -> Facts:
    whole, findings = check_model(folder, pulled=pulled)
    problems = [problem for version in whole for problem in _weights_problems(version)]
    problems += [problem for version in whole for problem in _signature_problems(version, key)]
    problems += [describe_problem(path, reason) for path, reason in findings.items()]
    return {
        "kind": "model",
        "path": str(folder),
        "versions": {str(version.number): version.digest for version in whole},
        "signatures": {str(v.number): _describe_signature(v, key) for v in whole},
        "problems": problems,
    }


def _verify_folder(folder: Path, key: bytes | None, *, pulled: bool = False) -> Facts:
    """Verify a model's folder, or a registry's."""
    if lookup.is_model_folder(folder):
        key = key or signatures.trusted_key(Path(os.path.realpath(folder)).parent)
        return _verify_model(folder, key, pulled=pulled)
    key = key or signatures.trusted_key(folder)
    models = [child for child in sorted(folder.iterdir()) if lookup.is_model_folder(child)]
    if not models:
        raise UsageError(f"Neither a run, a model nor a registry. Received: {quote(folder)}.")
    found = {model.name: _verify_model(model, key, pulled=pulled) for model in models}
    return {
        "kind": "registry",
        "path": str(folder),
        "models": {name: one["versions"] for name, one in found.items()},
        "problems": [problem for one in found.values() for problem in one["problems"]],
    }


def _can_be_signed(found: Facts) -> bool:
    """Return whether there was a version, whole or damaged, among what was verified."""
    if found["kind"] in ("file", "run"):
        return False
    models = found.get("models", {"": found.get("versions")})
    return found["kind"] == "version" or any(models.values()) or bool(found["problems"])


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


def _signature_problems(version: Version, key: bytes | None) -> list[Facts]:
    """Problems of the signature of a version, if a key is known."""
    try:
        if key is not None:
            signatures.check_signature(version, key)
    except InvalidInput as error:
        return [describe_problem(signatures.signature_path(version), str(error))]
    return []


def _describe_signature(version: Version, key: bytes | None) -> str:
    """Words about the signature of a version."""
    if not signatures.signature_path(version).exists():
        return "none"
    if key is None:
        return "not checked: no key is known"
    return "bad" if _signature_problems(version, key) else f"by {signatures.key_text(key)}"


def _load_all(found: Facts, backend: str | None) -> tuple[list[str], list[Facts]]:
    """Build the networks of all that was verified, and read its weights into them.

    Returns:
        Paths of what could be loaded, and what was wrong with others.
    """
    from ganzoo.jobs.models.load import load  # a framework, for whoever wants it only

    folders = {"registry": found.get("models", {}), "model": {"": found.get("versions", {})}}
    paths = [
        os.path.join(found["path"], model, number)
        for model, versions in folders.get(found["kind"], {}).items()
        for number in versions
    ]
    loaded, problems = [], []
    for path in paths if found["kind"] in folders else [found["path"]]:
        try:
            load(path, backend=backend)
            loaded.append(path)
        except GanzooError as error:
            problems.append(describe_problem(Path(path), str(error)))
    return loaded, problems
