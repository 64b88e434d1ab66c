"""Pull of a version from a repository on the Hub, and offline use of what was pulled.

A revision is resolved once, to a commit; whatever came is compared with the version's manifest; and
only then does the revision mean the commit here. See `ganzoo.catalog.registry.remotes`.
"""

from collections.abc import Callable
from pathlib import Path

from ganzoo.catalog.registry import aliases
from ganzoo.catalog.registry.contents import MANIFEST, MAX_MANIFEST_BYTES
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
from ganzoo.files.text import environment_problem


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
            return version
    except UsageError:  # another model, version or alias than those that were pulled
        pass
    return _pull_at_commit(remote, commit)


def pull_version(remote: Remote) -> Version:
    """Pull a version as the repository holds it now, verified.

    Raises:
        UnknownName: The repository has no such model or version.
        InvalidInput: A file is not what the manifest lists, or a version has changed.
        EnvironmentProblem: No client, network, permission or disk space.
    """
    return _pull_at_commit(remote, hub_repository(remote).describe(remote.revision).sha)


def hub_repository(remote: Remote) -> HubRepository:
    """Return the repository of models behind an address."""
    failure = f"The request to {remote.address} failed"
    return HubRepository(repo_id=remote.repo_id, repo_type="model", failure=failure)


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


def fetch_file(remote: Remote, commit: str, name: str, *, force: bool = False) -> Path:
    """Return the path of a repository's file in the cache.

    Args:
        remote: The repository.
        commit: In full.
        name: Path in the repository, as its list of files has it.
        force: Whether to fetch it though it is there: it is damaged.
    """
    try:
        make_folder(cache_folder())
    except OSError as error:
        raise environment_problem("make", cache_folder(), error) from error
    options = {"cache_dir": cache_folder(), "force_download": force}
    path = hub_repository(remote).fetch(name, commit, progress=progress_option, **options)
    return path.resolve()


def _pull_at_commit(remote: Remote, commit: str) -> Version:
    """Pull a version at a commit, with the versions of the model that are here already."""
    files = hub_repository(remote).list_files(commit)
    offered = offered_versions(files)
    remote = choose_model(remote, list(offered))
    folder = remote.snapshot(commit) / str(remote.model)
    for file in files:
        if _is_alias_file(file, str(remote.model)):
            fetch_file(remote, commit, file.name)
    for number in offered[folder.name]:
        fetch_file(remote, commit, f"{folder.name}/{number}/{MANIFEST}")
    try:
        version = _select_pulled_version(remote, folder.parent)
    except InvalidInput:  # damaged here, or in the repository
        for number in offered[folder.name]:
            fetch_file(remote, commit, f"{folder.name}/{number}/{MANIFEST}", force=True)
        version = _select_pulled_version(remote, folder.parent)
    before = remote.pulled_commit()
    old = remote.snapshot(before) / folder.name if before and before != commit else None
    kept = _unchanged_versions(remote, old, folder) if old else []
    _fetch_contents(remote, commit, [version, *kept], {file.name: file.size for file in files})
    if old:
        _report_moves(remote, old, folder)
    remote.remember_commit(commit)
    return version


def _select_pulled_version(remote: Remote, snapshot: Path) -> Version:
    """Version that is meant, by its manifest alone; `UsageError` if that was not pulled."""
    models = [path.name for path in sorted(snapshot.iterdir()) if version_numbers(path)]
    model = choose_model(remote, models).model
    return aliases.select_version(snapshot / str(model), remote.selector)


def _unchanged_versions(remote: Remote, old: Path, new: Path) -> list[Version]:
    """Versions that are here from an earlier commit, as they are at the new one.

    Raises:
        InvalidInput: One of them has changed.
    """
    found = []
    for number in {*version_numbers(old)} & {*version_numbers(new)}:
        before, now = open_version(old, number), open_version(new, number)
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
    notice(f"{remote.address} has moved from {old.parent.name[:12]} to {new.parent.name[:12]}.")
    before, now = aliases.readable_aliases(old), aliases.readable_aliases(new)
    for alias in sorted(before.keys() & now.keys()):
        if before[alias] != now[alias]:
            notice(f"{new.name}@{alias} was version {before[alias]} and is {now[alias]} now.")


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
