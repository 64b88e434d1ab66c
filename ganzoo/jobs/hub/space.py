"""Upload of a page to a static Space of the Hub, under the name of the repository of its model.

It is built from what is to be published, before that is published: a failure leaves nothing behind.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ganzoo.catalog.registry.cards import License
from ganzoo.catalog.registry.contents import CARD, GENERATOR, MAX_BYTES, README, parse_card
from ganzoo.catalog.registry.remotes import Remote, cache_folder
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, UsageError
from ganzoo.files.hub_client import HubRepository, endpoint, http_status
from ganzoo.files.publish import make_folder
from ganzoo.jobs.hub.bundle import Bundle
from ganzoo.jobs.hub.pull import hub_repository
from ganzoo.jobs.hub.upload import MARK
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
    license: License = parse_card(bundle.files[CARD], bundle.model, CARD).license
    about = found.about | {"model": bundle.model, "license": license.model_dump(exclude_none=True)}
    about["plugins"] = bundle.parsed_manifest()["plugins"] or about.get("plugins")
    found = replace(found, about=about)
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
    space, head = _space(remote), _space_head(remote)
    if head is None:
        options = {"repo_type": "space", "space_sdk": "static", "exist_ok": True}
        options |= {"private": True} if _is_private(hub_repository(remote)) else {}
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


def _space(remote: Remote) -> HubRepository:
    return replace(hub_repository(remote), repo_type="space")


def _space_head(remote: Remote) -> str | None:
    """The commit of the Space, whose page a push may replace; None: there is no Space yet."""
    space = _space(remote)
    private = _is_private(space)
    if private is None:
        return None
    if _is_private(hub_repository(remote)) and not private:
        raise UsageError(
            f"The model {remote.repo_id} is private and the Space of that name is public; its page "
            "would hold the weights.",
            hint="Make the Space private, or push to a repository of another name.",
        )
    head = space.describe("main").sha
    files = {file.name: file for file in space.list_files(head)}
    others = set(files) - {_PAGE, README, _WEIGHTS, *_OF_THE_HUB}
    make_folder(cache_folder())
    for name in {_PAGE, README} & set(files):
        short = files[name].size <= MAX_BYTES[README]
        if not short or MARK.encode() not in (
            space.fetch(name, head, cache_dir=cache_folder()).read_bytes()
        ):
            others.add(name)
    if others:
        raise UsageError(
            f"The Space {remote.repo_id} holds what no push has written, and stays as it is. "
            f"Received: {', '.join(sorted(others)[:5])}.",
            hint="Push the model to a repository of another name; or, if nothing in the Space is "
            "needed, remove it first.",
        )
    return head


def _is_private(repository: HubRepository) -> bool | None:
    """Whether a repository is private; None: there is none."""
    try:
        return bool(repository.describe("main").private)
    except EnvironmentProblem as problem:
        if http_status(problem) != 404:
            raise
        return None
