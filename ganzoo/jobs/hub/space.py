"""Upload of a page to a static Space of the Hub, under the name of the repository of its model."""

from collections.abc import Mapping
from pathlib import Path

from ganzoo.catalog.registry.remotes import Remote
from ganzoo.data.progress import notice
from ganzoo.errors import UsageError
from ganzoo.files.hub_client import HubRepository, endpoint
from ganzoo.jobs.hub.pull import hub_repository
from ganzoo.jobs.models.find import find_source

# What a new Space holds: those of the example are replaced or left.
_OF_THE_HUB = (".gitattributes", "style.css")


def push_page(source: str | Path, remote: Remote) -> str:
    """Publish the page of a model, a run or a weights file; return its address."""
    from ganzoo.jobs.formats.onnx_file import onnx_facts
    from ganzoo.jobs.formats.web_page import page_files
    from ganzoo.jobs.models.load import load_source

    found = find_source(source)
    gan = load_source(found)
    return upload_page(remote, page_files(gan, onnx_facts(gan, found)))


def upload_page(remote: Remote, files: Mapping[str, bytes]) -> str:
    """Publish the files of a page as a Space, in one commit; return its address.

    Args:
        remote: The repository of the model; the Space has the same owner and name.
        files: Content by name; see `ganzoo.jobs.formats.web_page.page_files`.

    Raises:
        UsageError: The Space holds other files: it is somebody's own. Or it is public, and the
            model, whose weights the page holds, is not.
    """
    space = HubRepository(
        repo_id=remote.repo_id, repo_type="space", failure=hub_repository(remote).failure
    )
    private = bool(hub_repository(remote).describe("main").private)
    options = {"repo_type": "space", "space_sdk": "static", "exist_ok": True}
    options |= {"private": True} if private else {}
    space.request(
        lambda client: client.HfApi(endpoint=endpoint()).create_repo(remote.repo_id, **options)
    )
    described = space.describe("main")
    if private and not described.private:
        raise UsageError(
            f"The model {remote.repo_id} is private and the Space of that name is public; its page "
            "would hold the weights.",
            hint="Make the Space private, or push to a repository of another name.",
        )
    head = described.sha
    others = {file.name for file in space.list_files(head)} - {*files, *_OF_THE_HUB}
    if others:
        raise UsageError(
            f"The Space {remote.repo_id} holds other files than those of a page. "
            f"Received: {', '.join(sorted(others)[:5])}.",
            hint="Push the model to a repository of another name.",
        )
    size = sum(map(len, files.values())) / 1e6
    notice(f"Uploading the page of {remote.repo_id} ({size:.1f} MB).")
    space.request(
        lambda client: client.HfApi(endpoint=endpoint()).create_commit(
            remote.repo_id,
            [client.CommitOperationAdd(name, data) for name, data in files.items()],
            commit_message="Page",
            repo_type="space",
            parent_commit=head,
        )
    )
    return f"{endpoint()}/spaces/{remote.repo_id}"
