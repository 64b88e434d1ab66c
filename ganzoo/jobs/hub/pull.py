"""Pull of a version from a repository on the Hub, and offline use of what was pulled.

A revision is resolved once, to a commit; whatever came is compared with the version's manifest; and
only then does the revision mean the commit here. See `ganzoo.catalog.registry.remotes`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ganzoo.catalog.registry import aliases, signatures
from ganzoo.catalog.registry.contents import MANIFEST, MAX_MANIFEST_BYTES, OtherSchema
from ganzoo.catalog.registry.remotes import Remote, cache_folder, choose_model, parse_address
from ganzoo.catalog.registry.versions import (
    Version,
    is_version_number,
    open_version,
    version_numbers,
)
from ganzoo.data.download import progress_option
from ganzoo.data.progress import notice
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.digests import file_digest
from ganzoo.files.home import check_space
from ganzoo.files.hub_client import HubFile, HubRepository
from ganzoo.files.manifests import check_name
from ganzoo.files.publish import make_folder


def find_or_pull(address: str) -> Version:
    """Return the version that an address means, from here if it was pulled before.

    Nobody is asked again what a branch means: that is what `pull_version` is for.
    """
    remote = parse_address(address)
    commit = remote.pulled_commit()
    if commit is None:
        return pull_version(remote)
    try:
        version = _select_pulled_version(remote, remote.snapshot(commit))
        if version.is_complete:
            return signatures.check_trusted(version, remote.address)
    except UsageError:  # another model, version or alias than those that were pulled
        pass
    return _pull_at_commit(remote, commit)


def pull_version(remote: Remote, key: bytes | None = None) -> Version:
    """Pull a version as the repository holds it now, verified.

    Args:
        remote: The repository, and the version in it.
        key: Public key that must have signed it; by default the repository's trusted one,
            if any.

    Raises:
        UnknownName: The repository has no such model or version.
        InvalidInput: A file is not what the manifest lists, a version has changed, or it is not
            signed with the key.
        EnvironmentProblem: No client, network, permission or disk space.
    """
    return _pull_at_commit(remote, hub_repository(remote).describe(remote.revision).sha, key)


def hub_repository(remote: Remote, repo_type: str = "model") -> HubRepository:
    """Return the repository of models behind an address, or the Space of its name."""
    failure = f"The request to {remote.address} failed"
    return HubRepository(repo_id=remote.repo_id, repo_type=repo_type, failure=failure)


def offered_versions(files: list[HubFile]) -> dict[str, list[int]]:
    """Numbers of the versions in a repository, rising, by model; other files are passed over."""
    found: dict[str, list[int]] = {}
    for file in files:
        model, _, rest = file.name.partition("/")
        number, _, name = rest.partition("/")
        fits = name == MANIFEST and is_version_number(number) and file.size <= MAX_MANIFEST_BYTES
        if fits and _is_valid_name(check_name, model):
            found.setdefault(model, []).append(int(number))
    return {model: sorted(found[model]) for model in sorted(found)}


def fetch_file(
    remote: Remote, commit: str, name: str, *, force: bool = False, repo_type: str = "model"
) -> Path:
    """Return the path of a repository's file in the cache.

    Args:
        remote: The repository.
        commit: In full.
        name: Path in the repository, as its list of files has it.
        force: Whether to fetch it though it is there: it is damaged.
        repo_type: See `hub_repository`.
    """
    make_folder(cache_folder())
    options = {"cache_dir": cache_folder(), "force_download": force}
    path = hub_repository(remote, repo_type).fetch(
        name, commit, progress=progress_option, **options
    )
    return path.resolve()


def _pull_at_commit(remote: Remote, commit: str, key: bytes | None = None) -> Version:
    """Pull a version at a commit, with every version of the repository that is here already."""
    key = signatures.trusted_key(remote.address) if key is None else key
    files = hub_repository(remote).list_files(commit)
    remote = choose_model(remote, list(offered_versions(files)))
    model, new = str(remote.model), remote.snapshot(commit)
    _fetch_index(remote, commit, files, model)
    try:
        version = _select_pulled_version(remote, new, key)
    except InvalidInput:  # damaged here, or in the repository
        _fetch_index(remote, commit, files, model, force=True)
        version = _select_pulled_version(remote, new, key)
    before = remote.pulled_commit()
    old = remote.snapshot(before) if before and before != commit else None
    kept = []
    for folder in map(old.joinpath, _models_in(old)) if old else []:
        if folder.name != model:  # no newer ones: its name means what it meant
            here = {*version_numbers(folder)}
            _fetch_index(remote, commit, files, folder.name, only=here)
        kept += _unchanged_versions(remote, folder, new / folder.name)
    _fetch_contents(remote, commit, [version, *kept], {file.name: file.size for file in files})
    if old:
        _report_moves(remote, old, new)
    remote.remember_commit(commit)
    return version


def _fetch_index(
    remote: Remote,
    commit: str,
    files: list[HubFile],
    model: str,
    *,
    only: set[int] | None = None,
    force: bool = False,
) -> None:
    """Fetch a model's aliases, manifests and signatures: of all versions, or of some and of the
    aliased.
    """
    folder = remote.snapshot(commit) / model
    for file in files:
        if _is_alias_file(file, model):
            fetch_file(remote, commit, file.name, force=force)
    for alias in {*aliases.alias_names(folder)} - {*aliases.readable_aliases(folder)}:
        fetch_file(remote, commit, f"{model}/{aliases.FOLDER}/{alias}", force=True)
    numbers = offered_versions(files).get(model, [])
    if only is not None:
        only = only | {*aliases.readable_aliases(folder).values()}
        numbers = [number for number in numbers if number in only]
    signed = {file.name for file in files if file.size == signatures.BYTES}
    for number in numbers:
        fetch_file(remote, commit, f"{model}/{number}/{MANIFEST}", force=force)
        signature = f"{model}/{signatures.FOLDER}/{number}{signatures.SUFFIX}"
        if signature in signed:
            fetch_file(remote, commit, signature, force=force)


def _select_pulled_version(remote: Remote, snapshot: Path, key: bytes | None = None) -> Version:
    """Version that is meant, by its manifest and signature alone; `UsageError` if that was not
    pulled.
    """
    model = choose_model(remote, _models_in(snapshot)).model
    version = aliases.select_version(snapshot / str(model), remote.selector)
    if key is not None:
        signatures.check_signature(version, key)
    return version


def _models_in(snapshot: Path) -> list[str]:
    return [path.name for path in sorted(snapshot.iterdir()) if version_numbers(path)]


def _unchanged_versions(remote: Remote, old: Path, new: Path) -> list[Version]:
    """Versions of a model that are here from an earlier commit, as they are at the new one.

    Raises:
        InvalidInput: One of them has changed.
    """
    found = []
    for number in sorted({*version_numbers(old)} & {*version_numbers(new)}):
        try:
            try:
                before, now = open_version(old, number), open_version(new, number)
            except InvalidInput:  # damaged here, where both are one file
                fetch_file(remote, new.parent.name, f"{new.name}/{number}/{MANIFEST}", force=True)
                before, now = open_version(old, number), open_version(new, number)
        except OtherSchema:  # of a newer ganzoo: it was never pulled
            continue
        if before.digest != now.digest:
            raise InvalidInput(
                f"{now.name} of {remote.address} is not what it was when it was pulled before. "
                f"Expected: digest {before.digest[:16]}.... Received: {now.digest[:16]}....",
                hint="Versions never change: ask who publishes it, or remove the folder "
                f"{remote.storage} to take it as it is now.",
            )
        if before.is_complete:
            found.append(now)
    return found


def _fetch_contents(
    remote: Remote, commit: str, versions: list[Version], sizes: dict[str, int]
) -> None:
    """Fetch every file of some versions, and compare each with its manifest."""
    entries = {
        version.path / name: entry
        for version in versions
        for name, entry in sorted(version.manifest["files"].items())
    }
    names = {path: path.relative_to(remote.snapshot(commit)).as_posix() for path in entries}
    for path, entry in entries.items():  # found out before large files have come for nothing
        size = sizes.get(names[path], 0)
        if size != entry["size"]:
            raise _wrong_content_error(remote, names[path], f"{size:,} bytes", entry)
    missing = sum(entry["size"] for path, entry in entries.items() if not path.exists())
    check_space(cache_folder(), missing, variable="GANZOO_HOME")
    for path, entry in entries.items():
        digest = file_digest(fetch_file(remote, commit, names[path]))
        if digest != entry["sha256"]:  # damaged here, or in the repository
            digest = file_digest(fetch_file(remote, commit, names[path], force=True))
        if digest != entry["sha256"]:
            raise _wrong_content_error(remote, names[path], f"sha256 {digest[:16]}...", entry)
    for version in versions:
        version.card()  # raises if it is another model's


def _wrong_content_error(remote: Remote, name: str, actual: str, entry: dict) -> InvalidInput:
    return InvalidInput(
        f"{name} of {remote.address} is not what its manifest lists. Expected: sha256 "
        f"{entry['sha256'][:16]}..., {entry['size']:,} bytes. Received: {actual}.",
        hint="Tell whoever publishes it.",
    )


def _report_moves(remote: Remote, old: Path, new: Path) -> None:
    """Report that a branch or tag has moved, and what it holds no longer or under another alias."""
    commit = old.name
    notice(f"{remote.address} has moved from {commit[:12]} to {new.name[:12]}.")
    for model in _models_in(old):
        before, now = (aliases.readable_aliases(folder / model) for folder in (old, new))
        for alias in sorted(before.keys() & now.keys()):
            if before[alias] != now[alias]:
                notice(f"{model}@{alias} was version {before[alias]} and is {now[alias]} now.")
        for number in sorted({*version_numbers(old / model)} - {*version_numbers(new / model)}):
            with suppress(InvalidInput):
                if open_version(old / model, number).is_complete:
                    lost, kept = f"{model}@{number}", replace(remote, revision=commit).address
                    notice(f"{remote.address} no longer holds {lost}: use {kept}/{lost}.")


def _is_alias_file(file: HubFile, model: str) -> bool:
    prefix = f"{model}/{aliases.FOLDER}/"
    name = file.name.removeprefix(prefix)
    fits = file.name.startswith(prefix) and file.size <= aliases.MAX_BYTES
    return fits and _is_valid_name(aliases.check_alias, name)


def _is_valid_name(check: Callable[[str], str], text: str) -> bool:
    """Return True if a check of names accepts a text."""
    try:
        check(text)
    except (InvalidInput, UsageError):
        return False
    return True
