"""Pull of a version from a repository on the Hub, and offline use of what was pulled.

A revision is resolved once, to a commit; whatever came is compared with the version's manifest; and
only then does the revision mean the commit here. See `ganzoo.catalog.registry.remotes`.
"""

from pathlib import Path

from ganzoo.catalog.registry import aliases
from ganzoo.catalog.registry.contents import MANIFEST, MAX_MANIFEST_BYTES
from ganzoo.catalog.registry.remotes import (
    LATEST,
    Remote,
    cache_folder,
    choose_model,
    parse_address,
)
from ganzoo.catalog.registry.versions import (
    Version,
    is_version_number,
    open_version,
    version_numbers,
)
from ganzoo.data.download import progress_option
from ganzoo.data.progress import notice
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import file_digest
from ganzoo.files.home import check_space
from ganzoo.files.hub_client import HubFile, HubRepository
from ganzoo.files.names import check_name
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder

_MAX_ALIASES = 100  # that are fetched, each by a request

Offer = dict[str, list[int]]


def find_or_pull(address: str) -> Version:
    """Return the version that an address means, from here if it was pulled before.

    Nobody is asked again what a branch means: that is what `pull_version` is for.
    """
    remote = parse_address(address)
    commit = remote.pulled_commit()
    if commit is None:
        return pull_version(remote)
    try:
        version = _find_pulled(remote, commit)
        if version.is_complete:
            return version
    except UsageError:  # another model, version or alias than those that were pulled
        pass
    return _pull_at(remote, commit)


def pull_version(remote: Remote) -> Version:
    """Pull a version as the repository holds it now, verified.

    Raises:
        UnknownName: The repository has no such model or version.
        InvalidInput: A file is not what the manifest lists, or a version has changed.
        EnvironmentProblem: No client, network, permission or disk space.
    """
    return _pull_at(remote, hub_repository(remote).describe(remote.revision).sha)


def hub_repository(remote: Remote) -> HubRepository:
    """Return the repository of models behind an address."""
    failure = f"The request to {remote.address} failed"
    return HubRepository(repo_id=remote.repo_id, repo_type="model", failure=failure)


def offered_models(files: list[HubFile]) -> Offer:
    """Numbers of the versions in a repository, rising, by model; other files are passed over."""
    found: dict[str, list[int]] = {}
    for file in files:
        model, _, rest = file.name.partition("/")
        number, _, name = rest.partition("/")
        if name == MANIFEST and is_version_number(number) and _is_name(model):
            found.setdefault(model, []).append(int(number))
    return {model: sorted(found[model]) for model in sorted(found)}


def fetch_file(
    remote: Remote, commit: str, name: str, max_bytes: int, *, force: bool = False
) -> Path:
    """Return the path of a repository's file in the cache, of at most `max_bytes`."""
    options = {"cache_dir": cache_folder(), "force_download": force}
    path = hub_repository(remote).fetch(name, commit, progress=progress_option, **options)
    path = path.resolve()
    if path.stat().st_size > max_bytes:
        raise InvalidInput(
            f"{name} of {remote.address} is too large: expected at most {max_bytes:,} bytes. "
            f"Received: {path.stat().st_size:,} bytes."
        )
    return path


def _find_pulled(remote: Remote, commit: str) -> Version:
    """Version in a snapshot; `UsageError` if it is not there."""
    snapshot = remote.snapshot(commit)
    models = [path.name for path in sorted(snapshot.iterdir()) if version_numbers(path)]
    remote = choose_model(remote, models)
    return aliases.select_version(snapshot / str(remote.model), remote.selector)


def _pull_at(remote: Remote, commit: str) -> Version:
    """Pull a version at a commit, with the versions of the model that are here already."""
    try:
        make_folder(cache_folder())
    except OSError as error:
        raise environment_problem("make", cache_folder(), error) from error
    files = hub_repository(remote).list_files(commit)
    offer = offered_models(files)
    remote = choose_model(remote, list(offer))
    model, numbers = str(remote.model), offer[str(remote.model)]
    sizes = {file.name: file.size for file in files}
    meanings = _fetch_aliases(remote, commit, sizes)
    number = _choose_number(remote, numbers, meanings)
    before = remote.pulled_commit()
    versions = {number: _fetch_manifest(remote, commit, number, sizes)}
    if numbers[-1] != number:
        _fetch_manifest(remote, commit, numbers[-1], sizes)  # so that `latest` is known
    if before is not None and before != commit:
        versions |= _still_offered(remote, before, commit, numbers, sizes)
    _fetch_contents(remote, commit, list(versions.values()), sizes)
    _report_moves(remote, before, commit, meanings)
    remote.remember_commit(commit)
    return open_version(remote.snapshot(commit) / model, number)


def _choose_number(remote: Remote, numbers: list[int], meanings: dict[str, int]) -> int:
    if remote.selector == LATEST:
        return numbers[-1]
    selector = remote.selector
    number = int(selector) if is_version_number(selector) else meanings.get(selector)
    if number not in numbers:
        names = [*map(str, numbers), *meanings]
        raise unknown(f"version of {remote.address}/{remote.model}", selector, names)
    return number


def _fetch_aliases(remote: Remote, commit: str, sizes: dict[str, int]) -> dict[str, int]:
    """Meanings of the model's aliases.

    Raises:
        InvalidInput: The one that is selected holds no number. Others are left out then.
    """
    prefix = f"{remote.model}/{aliases.FOLDER}/"
    names = [name.removeprefix(prefix) for name in sizes if name.startswith(prefix)]
    names.sort(key=lambda alias: (alias != remote.selector, alias))
    found = {}
    for alias in [name for name in names if _is_alias(name)][:_MAX_ALIASES]:
        try:
            if sizes[prefix + alias] > aliases.MAX_BYTES:
                raise InvalidInput(f"The alias {alias!r} of {remote.address} is too long.")
            path = fetch_file(remote, commit, prefix + alias, aliases.MAX_BYTES)
            found[alias] = aliases.parse_alias(path.read_bytes(), prefix + alias)
        except InvalidInput:
            if alias == remote.selector:
                raise
    return found


def _fetch_manifest(remote: Remote, commit: str, number: int, sizes: dict[str, int]) -> Version:
    """Version by its manifest alone; no other file of it need be here."""
    name = f"{remote.model}/{number}/{MANIFEST}"
    if sizes[name] > MAX_MANIFEST_BYTES:
        raise InvalidInput(f"{name} of {remote.address} is not the manifest of a version.")
    for force in (False, True):  # what lies in the cache may be damaged
        fetch_file(remote, commit, name, MAX_MANIFEST_BYTES, force=force)
        try:
            return open_version(remote.snapshot(commit) / str(remote.model), number)
        except InvalidInput:
            if force:
                raise
    raise AssertionError("unreachable")


def _still_offered(
    remote: Remote, before: str, commit: str, numbers: list[int], sizes: dict[str, int]
) -> dict[int, Version]:
    """Versions that are here from an earlier commit, as they are at the new one.

    Raises:
        InvalidInput: One of them has changed.
    """
    folder = remote.snapshot(before) / str(remote.model)
    found = {}
    for number in version_numbers(folder):
        old = open_version(folder, number)
        if number not in numbers:
            continue
        new = _fetch_manifest(remote, commit, number, sizes)
        if new.digest != old.digest:
            raise InvalidInput(
                f"{old.name} of {remote.address} is not what it was when it was pulled before. "
                f"Expected: digest {old.digest[:16]}.... Received: {new.digest[:16]}....",
                hint="Versions never change: ask who publishes it, or remove the folder "
                f"{remote.storage} to take it as it is now.",
            )
        if old.is_complete:
            found[number] = new
    return found


def _fetch_contents(
    remote: Remote, commit: str, versions: list[Version], sizes: dict[str, int]
) -> None:
    """Fetch every file of some versions, and compare each with its manifest."""
    entries = {
        f"{remote.model}/{version.number}/{name}": entry
        for version in versions
        for name, entry in sorted(version.manifest["files"].items())
    }
    for name, entry in entries.items():  # found out before large files have come for nothing
        if sizes.get(name) != entry["size"]:
            raise _other_content(remote, name, f"{sizes.get(name, 0):,} bytes", entry)
    missing = [
        entry["size"]
        for name, entry in entries.items()
        if not (remote.snapshot(commit) / name).exists()
    ]
    check_space(cache_folder(), sum(missing), variable="GANZOO_HOME")
    for name, entry in entries.items():
        for force in (False, True):  # what lies in the cache may be damaged
            path = fetch_file(remote, commit, name, entry["size"], force=force)
            digest = file_digest(path)
            if digest == entry["sha256"]:
                break
        else:
            raise _other_content(remote, name, f"sha256 {digest[:16]}...", entry)
    for version in versions:
        version.card()  # its own, or this says so


def _other_content(remote: Remote, name: str, received: str, entry: dict) -> InvalidInput:
    return InvalidInput(
        f"{name} of {remote.address} is not what its manifest lists. Expected: sha256 "
        f"{entry['sha256'][:16]}..., {entry['size']:,} bytes. Received: {received}.",
        hint="Tell whoever publishes it.",
    )


def _report_moves(
    remote: Remote, before: str | None, commit: str, meanings: dict[str, int]
) -> None:
    if before is None or before == commit:
        return
    notice(f"{remote.address} has moved from {before[:12]} to {commit[:12]}.")
    old = aliases.readable_aliases(remote.snapshot(before) / str(remote.model))
    for alias in sorted(old.keys() & meanings.keys()):
        if old[alias] != meanings[alias]:
            notice(f"{remote.model}@{alias} was version {old[alias]} and is {meanings[alias]} now.")


def _is_alias(text: str) -> bool:
    try:
        aliases.check_alias(text)
    except UsageError:
        return False
    return True


def _is_name(text: str) -> bool:
    try:
        check_name(text)
    except InvalidInput:
        return False
    return True
