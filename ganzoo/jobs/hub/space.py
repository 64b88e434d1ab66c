"""Upload of a page to a static Space of the Hub, under the name of the repository of its model.

It is built from what is to be published, before that is published: a failure leaves nothing behind.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ganzoo.catalog.registry.contents import CARD, GENERATOR, README, parse_card
from ganzoo.catalog.registry.remotes import Remote
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, UsageError
from ganzoo.files.hub_client import HubRepository, endpoint, http_status
from ganzoo.jobs.hub.bundle import Bundle
from ganzoo.jobs.hub.pull import hub_repository
from ganzoo.jobs.hub.upload import MARK, is_written
from ganzoo.jobs.models.find import describe_weights

_PAGE, _WEIGHTS = "index.html", "weights.js"
_OF_THE_HUB = (".gitattributes", "style.css")  # which a new Space holds, and which are left

PageContents = tuple[dict[str, Any], str]


def prepare_page(bundle: Bundle, remote: Remote) -> PageContents:
    """Build the page of what is about to be published, and look whether its Space takes it.

    Args:
        bundle: What is to be published.
        remote: The repository of the model; the Space has the same owner and name.

    Returns:
        What `publish_page` takes.

    Raises:
        UsageError: The generator computes what pages cannot. The Space is somebody's own; or it is
            public, and the model, whose weights the page holds, is not.
    """
    from ganzoo.jobs.formats.onnx_file import onnx_facts
    from ganzoo.jobs.formats.web_page import page_contents
    from ganzoo.jobs.models.load import load_source

    _space_head(remote)
    found = describe_weights(Path(GENERATOR), bundle.files[GENERATOR])
    license = parse_card(bundle.files[CARD], bundle.model, CARD).license.model_dump()
    locks = bundle.parsed_manifest()["plugins"] or found.about.get("plugins")
    about = {"model": bundle.model, "license": license, "plugins": locks}
    found = replace(found, about=found.about | about)
    gan = load_source(found)
    return page_contents(gan, onnx_facts(gan, found))


def publish_page(contents: PageContents, remote: Remote, version: int) -> str:
    """Publish a page as a Space, in one commit; return its address.

    Args:
        contents: What `prepare_page` returned.
        remote: The repository of the model.
        version: The number under which it was published.

    Raises:
        UsageError: See `prepare_page`.
    """
    from ganzoo.jobs.formats.web_page import files_of_page

    model, weights = contents
    files = files_of_page(model | {"facts": model["facts"] | {"version": version}}, weights)
    for name in (_PAGE, README):
        files[name] = files[name].rstrip(b"\n") + f"\n\n{MARK}\n".encode()
    space, head = hub_repository(remote, "space"), _space_head(remote)
    if head is None:
        options = {"repo_type": "space", "space_sdk": "static", "exist_ok": True}
        options |= {"private": True} if hub_repository(remote).describe("main").private else {}
        space.request(
            lambda client: client.HfApi(endpoint=endpoint()).create_repo(remote.repo_id, **options)
        )
        head = space.describe("main").sha
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


def _space_head(remote: Remote) -> str | None:
    """The commit of the Space, whose page a push may replace; None: there is no Space yet."""
    model, space = (_describe(hub_repository(remote, kind)) for kind in ("model", "space"))
    if space is None:
        return None
    if model is not None and model.private and not space.private:
        raise UsageError(
            f"The model {remote.repo_id} is private and the Space of that name is public; its page "
            "would hold the weights.",
            hint="Make the Space private, or push to a repository of another name.",
        )
    held = {file.name: file for file in hub_repository(remote, "space").list_files(space.sha)}
    pages = held.keys() & {_PAGE, README}
    others = held.keys() - {_PAGE, README, _WEIGHTS, *_OF_THE_HUB}
    others |= {name for name in pages if not is_written(remote, space.sha, held[name], "space")}
    if others:
        raise UsageError(
            f"The Space {remote.repo_id} holds what no push has written, and stays as it is. "
            f"Received: {', '.join(sorted(others)[:5])}.",
            hint="Push the model to a repository of another name; or, if nothing in the Space is "
            "needed, remove it first.",
        )
    return space.sha


def _describe(repository: HubRepository) -> Any:
    """The client's description of a repository; None: there is none."""
    try:
        return repository.describe("main")
    except EnvironmentProblem as problem:
        if http_status(problem) != 404:
            raise
        return None
