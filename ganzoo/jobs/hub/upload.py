"""Upload of a version to a repository on the Hub, in one commit on top of what is there."""

from contextlib import suppress
from types import ModuleType
from typing import Any

from ganzoo.catalog.registry import contents, signatures
from ganzoo.catalog.registry.contents import MANIFEST, README, without_readme
from ganzoo.catalog.registry.remotes import LATEST, Remote
from ganzoo.catalog.registry.versions import next_version_number
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput, UsageError
from ganzoo.files.hub_client import HubFile, endpoint, http_status
from ganzoo.jobs.hub.bundle import Bundle
from ganzoo.jobs.hub.pull import fetch_file, hub_repository, offered_versions

# The line by which a page is known as ours, to be replaced by the next push.
MARK = "<!-- Written by ganzoo push, which replaces this page while this line is in it. -->"
_MAX_RACES = 8  # how often somebody else may publish at the same moment


def upload_bundle(remote: Remote, bundle: Bundle) -> dict[str, Any]:
    """Publish a version in a repository under its next number.

    What is there already is not published twice. Two who publish at once get two numbers.

    Returns:
        `name`, `version`, `digest`, `address` and `created`.
    """
    if remote.model not in (None, bundle.model):
        raise UsageError(
            f"The address names another model. Expected: {bundle.model!r}. "
            f"Received: {remote.model!r}."
        )
    if remote.selector != LATEST:
        raise UsageError(
            "A push makes a new version, whose number it chooses. "
            f"Received: {remote.selector!r} in the address.",
            hint=f"Push to {remote.address}.",
        )
    repository = hub_repository(remote)
    repository.request(
        lambda client: client.HfApi(endpoint=endpoint()).create_repo(remote.repo_id, exist_ok=True)
    )
    for _ in range(_MAX_RACES):
        head = repository.describe(remote.revision).sha
        files = {file.name: file for file in repository.list_files(head)}
        known = offered_versions(list(files.values())).get(bundle.model, [])
        number = _find_uploaded_version(remote, head, files, known, bundle)
        created = number is None
        if number is None:
            number = next_version_number(known, bundle.model)
            size = sum(map(len, bundle.files.values())) / 1e6
            notice(f"Uploading {bundle.model}@{number} to {remote.address} ({size:.1f} MB).")
            if not _commit_bundle(remote, head, files, bundle, number):
                continue
        elif not _commit_signature(remote, head, files, bundle, number):
            continue
        return {
            "name": f"{remote.address}/{bundle.model}@{number}",
            "version": number,
            "digest": bundle.digest,
            "address": remote.address,
            "created": created,
        }
    raise EnvironmentProblem(
        f"Others publish in {remote.address} all the time.", hint="Try again later."
    )


def _find_uploaded_version(
    remote: Remote, head: str, files: dict[str, HubFile], known: list[int], bundle: Bundle
) -> int | None:
    """Number under which the repository holds the same, whatever its README says."""
    manifest = bundle.parsed_manifest()
    weights = manifest["files"][contents.GENERATOR]["sha256"]
    for number in reversed(known):
        file = files.get(f"{bundle.model}/{number}/{contents.GENERATOR}")
        if file is None or file.sha256 not in (None, weights):
            continue
        name = f"{bundle.model}/{number}/{MANIFEST}"
        for force in (False, True):  # it may be damaged here; damaged there, it is another
            with suppress(InvalidInput):
                raw = fetch_file(remote, head, name, force=force).read_bytes()
                theirs = contents.parse_manifest(raw, bundle.model)
                if without_readme(theirs) == without_readme(manifest):
                    return number
                break
    return None


def _commit_bundle(
    remote: Remote, head: str, files: dict[str, HubFile], bundle: Bundle, number: int
) -> bool:
    """Publish in one commit on top of `head`; False if somebody else was faster."""
    prefix = f"{bundle.model}/{number}"
    added = {f"{prefix}/{name}": data for name, data in bundle.files.items()}
    added[f"{prefix}/{MANIFEST}"] = bundle.manifest.encode("utf-8")
    if bundle.signature is not None:
        added[_signature_name(bundle, number)] = bundle.signature
    if README not in files or is_written(remote, head, files[README]):
        added[README] = _repository_page(bundle, number)
    return _commit(remote, head, added, f"{bundle.model}@{number}")


def _commit_signature(
    remote: Remote, head: str, files: dict[str, HubFile], bundle: Bundle, number: int
) -> bool:
    """Add the signature of a version that is there already, if it is this one and has another."""
    name, manifest = _signature_name(bundle, number), f"{bundle.model}/{number}/{MANIFEST}"
    if bundle.signature is None:
        return True
    if fetch_file(remote, head, manifest).read_bytes() != bundle.manifest.encode("utf-8"):
        return True  # of another README: the signature is none of theirs
    if name in files and fetch_file(remote, head, name).read_bytes() == bundle.signature:
        return True
    message = f"Signature of {bundle.model}@{number}"
    return _commit(remote, head, {name: bundle.signature}, message)


def _signature_name(bundle: Bundle, number: int) -> str:
    return f"{bundle.model}/{signatures.FOLDER}/{number}{signatures.SUFFIX}"


def _commit(remote: Remote, head: str, added: dict[str, bytes], message: str) -> bool:
    """Add files in one commit on top of `head`; False if somebody else was faster."""

    def commit(client: ModuleType) -> bool:
        try:
            client.HfApi(endpoint=endpoint()).create_commit(
                remote.repo_id,
                [client.CommitOperationAdd(name, data) for name, data in added.items()],
                commit_message=message,
                revision=remote.revision,
                parent_commit=head,
            )
        except GanzooError:
            raise
        except Exception as error:  # the client's errors have no common class
            if http_status(error) in (409, 412):
                return False
            # not tried again: it may have been done
            raise hub_repository(remote).problem(error) from error
        return True

    return hub_repository(remote).request(commit)


def is_written(remote: Remote, head: str, file: HubFile, repo_type: str = "model") -> bool:
    """Return True if a push has written a page, and may replace it; that of a person stays."""
    if file.size > contents.MAX_BYTES[README]:
        return False  # too long for ours
    path = fetch_file(remote, head, file.name, repo_type=repo_type)
    return MARK.encode() in path.read_bytes()


def _repository_page(bundle: Bundle, number: int) -> bytes:
    """Page of a version for the repository's root, one that the next push knows again."""
    text = bundle.files[README]
    for file in contents.SAMPLE_FILES:
        path = f"{bundle.model}/{number}/{file}"
        text = text.replace(f"]({file})".encode(), f"]({path})".encode())
    return text.rstrip(b"\n") + f"\n\n{MARK}\n".encode()
