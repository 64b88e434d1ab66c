"""Push and pull with the Hub's real client against a server on loopback."""

import hashlib
import importlib.util
import json
import os
import re
import socket
import sys
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants

from ganzoo.catalog.registry import aliases, lookup, remotes
from ganzoo.catalog.registry.versions import create, numbers, open_version
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput, UnknownName, UsageError
from ganzoo.jobs.hub import hub, client
from ganzoo.jobs.models import load
from ganzoo.jobs.models.export import export
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.publishing.manage import drop, pull, tag

_spec = importlib.util.spec_from_file_location(
    "hub_server", Path(__file__).with_name("hub_server.py")
)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
REPO, Server, cut, drip, status = (
    getattr(_module, name) for name in ("REPO", "Server", "cut", "drip", "status")
)

ADDRESS = f"hf://{REPO}"
# what the client itself is told by the library under it when it uploads
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)  # as with a user
    server = Server()
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setattr(client, "_PAUSE", 0.01)
    really = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: really(min(seconds, 0.01)))
    yield server
    server.close()


@pytest.fixture
def offered(server, content, tmp_path):
    """`offered(value=0)`: a version in the repository, not by way of our own upload."""

    def add(value: int = 0, *, model: str = "small", branch: str = "main"):
        version = create(tmp_path / "theirs", model, content(model, value))
        files = version.read_all() | {
            "manifest.json": (version.path / "manifest.json").read_bytes()
        }
        server.commit({f"{model}/{version.number}/{n}": d for n, d in files.items()}, branch)
        return version

    return add


def nothing_half_written(home):
    """Everything that a version could be looked for in is whole, and no temporary is left."""
    copy = home / "hub" / REPO.replace("/", "--")
    for model in copy.iterdir() if copy.is_dir() else []:
        assert not model.name.endswith(".tmp")
        for number in numbers(model).present:
            open_version(model, number).read_all()
        assert not [name for name in os.listdir(model) if name.endswith(".tmp")]


def test_what_was_pushed_to_the_hub_is_exported_from_there(server, made_run, tmp_path):
    push(made_run().path, "small", to=ADDRESS)
    written = export(ADDRESS, tmp_path / "out.safetensors").read_bytes()
    assert written == load.find(ADDRESS).content


# Pull


def test_a_pulled_version_is_that_of_the_repository(server, offered, home):
    theirs = offered(1)
    done = pull(ADDRESS)
    assert done == {
        "name": f"{ADDRESS}/small@1", "version": 1, "digest": theirs.digest,
        "path": str(home / "hub" / "me--gans" / "small" / "1"),
    }  # fmt: skip
    assert open_version(remotes.parse_address(ADDRESS).copy / "small", 1).read_all() == (
        theirs.read_all()
    )
    nothing_half_written(home)


def test_what_was_pulled_has_a_name_everywhere(server, offered):
    offered(1)
    offered(2)
    pull(f"{ADDRESS}/small@1")
    for name in ("small", "small@1", f"{ADDRESS}:small", f"{ADDRESS}:small@1"):
        assert lookup.find_version(name).number == 1
    for name in (f"{ADDRESS}/small@1", f"{ADDRESS}:small@1"):
        assert hub.local(remotes.parse_address(name)).number == 1


def test_an_address_is_pulled_on_first_use_and_never_asked_again(made_run, server):
    push(made_run().path, "small", to=ADDRESS)
    server.requests.clear()
    found = load.find(ADDRESS)
    assert found.title == "small-1" and found.about["version"] == 1
    asked = len(server.requests)
    assert asked > 3
    load.find(ADDRESS), load.find(f"{ADDRESS}/small"), load.find(f"{ADDRESS}/small@1")
    assert len(server.requests) == asked


def test_a_revision_is_resolved_once_and_its_commit_recorded(server, offered):
    offered(1)
    pull(ADDRESS)
    index = remotes.read_index(remotes.parse_address(ADDRESS))
    assert index.commit == server.branches["main"]
    fetched = [path for _, path, _ in server.requests if "/resolve/" in path]
    assert fetched and all(f"/resolve/{index.commit}/" in path for path in fetched)


def test_a_repository_that_moves_while_it_is_pulled_gives_one_commit(server, offered):
    first = offered(1)

    def move(handler):
        if "manifest.json" in handler.path and len(server.commits) < 4:
            offered(2)
        return False

    server.fault = move
    assert pull(ADDRESS)["digest"] == first.digest
    server.fault = lambda handler: False
    assert pull(ADDRESS)["version"] == 2


def test_a_moved_revision_and_alias_are_reported(server, offered, capsys):
    offered(1)
    server.commit({"small/aliases/best": b"1\n"})
    pull(f"{ADDRESS}/small@best")
    offered(2)
    server.commit({"small/aliases/best": b"2\n"})
    assert load_alias("best") == 1  # what is here does not move by itself
    capsys.readouterr()
    assert pull(f"{ADDRESS}/small@best")["version"] == 2
    told = capsys.readouterr().err
    assert "has moved from" in told
    assert "small@best was version 1 and is 2 now" in told
    assert load_alias("best") == 2


def load_alias(alias: str) -> int:
    return lookup.find_version(f"small@{alias}").number


def test_a_branch_is_a_revision_too(server, offered):
    offered(1)
    theirs = offered(2, branch="next")
    assert pull(f"{ADDRESS}@next/small")["digest"] == theirs.digest


def test_a_version_that_has_changed_is_refused(server, offered, content, tmp_path, home):
    first = offered(1)
    pull(ADDRESS)
    other = create(tmp_path / "other", "small", content(value=9))
    files = other.read_all() | {"manifest.json": (other.path / "manifest.json").read_bytes()}
    server.commit({f"small/1/{name}": data for name, data in files.items()})
    with pytest.raises(InvalidInput, match="not what it was when it was pulled before"):
        pull(ADDRESS)
    assert lookup.find_version("small").digest == first.digest
    nothing_half_written(home)


def test_a_broken_copy_is_mended_by_pulling_again(server, offered, home):
    theirs = offered(1)
    pull(ADDRESS)
    path = home / "hub" / "me--gans" / "small" / "1" / "generator.safetensors"
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(InvalidInput, match="set aside"):
        lookup.find_version("small").read_all()
    pull(ADDRESS)
    assert lookup.find_version("small").read_all() == theirs.read_all()
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))
    pull(ADDRESS)  # found and mended in one go
    assert lookup.find_version("small").read_all() == theirs.read_all()


def test_what_was_removed_here_can_be_pulled_again(server, offered):
    offered(1)
    pull(ADDRESS)
    drop("small@1")
    with pytest.raises(UnknownName):
        lookup.find_version("small")
    assert pull(ADDRESS)["version"] == 1
    assert lookup.find_version("small").number == 1


def test_two_revisions_may_hold_two_contents_of_a_number(server, offered, content, tmp_path):
    offered(1)
    first = offered(2)
    commit = server.branches["main"]
    other = create(tmp_path / "other", "small", content(value=9))
    files = other.read_all() | {"manifest.json": (other.path / "manifest.json").read_bytes()}
    server.commit({f"small/2/{name}": data for name, data in files.items()})
    pull(f"{ADDRESS}@{commit}/small@1")
    pull(f"{ADDRESS}/small@2")
    with pytest.raises(InvalidInput, match="not what it was when it was pulled before"):
        hub.local(remotes.parse_address(f"{ADDRESS}@{commit}/small@2"))
    drop("small@2")
    assert hub.local(remotes.parse_address(f"{ADDRESS}@{commit}/small@2")).digest == first.digest


def test_offline_a_copy_is_of_the_revisions_that_held_it(server, offered, monkeypatch):
    offered(1)
    theirs = offered(2)
    commit = server.branches["main"]
    pull(f"{ADDRESS}@{commit}/small@1")
    pull(f"{ADDRESS}/small@2")
    there = remotes.parse_address(f"{ADDRESS}@{commit}/small@2")
    with monkeypatch.context() as offline:
        offline.setenv("GANZOO_OFFLINE", "1")
        assert hub.local(remotes.parse_address(f"{ADDRESS}/small@2")).digest == theirs.digest
        with pytest.raises(EnvironmentProblem, match="Offline mode is on"):
            hub.local(there)
    assert hub.local(there).digest == theirs.digest  # the server has told so
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    assert hub.local(there).digest == theirs.digest


def test_what_was_pulled_before_is_here_after_another_pull(server, offered, monkeypatch):
    first = offered(1)
    pull(ADDRESS)
    offered(2)
    pull(ADDRESS)
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    assert hub.local(remotes.parse_address(f"{ADDRESS}/small@1")).digest == first.digest


def test_only_the_chosen_models_aliases_are_asked_for(server, offered):
    offered(1)
    offered(1, model="other")
    server.commit({"small/aliases/best": b"1\n", "other/aliases/best": b"1\n"})
    pull(f"{ADDRESS}/small")
    assert not [path for _, path, _ in server.requests if "other/" in path]
    assert hub.local(remotes.parse_address(f"{ADDRESS}/other@1")).number == 1
    assert hub.local(remotes.parse_address(f"{ADDRESS}/other@best")).number == 1
    asked = len(server.requests)
    for model in ("other", "small"):
        assert hub.local(remotes.parse_address(f"{ADDRESS}/{model}@best")).number == 1
    assert len(server.requests) == asked


def test_odd_aliases_in_a_repository_are_passed_over(server, offered):
    offered(1)
    odd = {"latest": b"7\n", "3": b"1\n", "bad": b"x", "best": b"1\n"}
    server.commit({f"small/aliases/{name}": data for name, data in odd.items()})
    assert pull(ADDRESS)["version"] == 1
    assert aliases.aliases(remotes.parse_address(ADDRESS).copy / "small") == {"best": 1}
    assert pull(f"{ADDRESS}/small@best")["version"] == 1
    with pytest.raises(InvalidInput, match="holds a version's number"):
        pull(f"{ADDRESS}/small@bad")


def test_no_more_aliases_are_asked_for_than_some(server, offered, monkeypatch):
    monkeypatch.setattr(hub, "_MOST_ALIASES", 2)
    offered(1)
    server.commit({f"small/aliases/{name}": b"1\n" for name in "abcdz"})
    assert pull(f"{ADDRESS}/small@z")["version"] == 1
    assert aliases.aliases(remotes.parse_address(ADDRESS).copy / "small") == {"z": 1, "a": 1}


def test_a_bad_alias_in_the_copy_is_written_anew(server, offered):
    offered(1)
    server.commit({"small/aliases/best": b"1\n"})
    pull(ADDRESS)
    folder = remotes.parse_address(ADDRESS).copy / "small"
    (folder / "aliases" / "best").write_text("x")
    pull(ADDRESS)
    assert aliases.aliases(folder) == {"best": 1}


def test_a_model_with_two_hyphens_has_an_address(server, offered):
    offered(1, model="my--digits")
    assert pull(f"{ADDRESS}/my--digits@1")["name"] == f"{ADDRESS}/my--digits@1"


def test_one_of_several_models_must_be_named(server, offered):
    offered(1)
    offered(1, model="other")
    with pytest.raises(UsageError, match="2 models.*hf://me/gans/other, hf://me/gans/small"):
        pull(ADDRESS)
    assert pull(f"{ADDRESS}/other")["name"] == f"{ADDRESS}/other@1"
    with pytest.raises(UnknownName, match="Did you mean 'small'"):
        pull(f"{ADDRESS}/smal")
    with pytest.raises(UnknownName, match="Unknown version"):
        pull(f"{ADDRESS}/small@7")


def test_an_empty_repository_is_told(server):
    with pytest.raises(UsageError, match="0 models"):
        pull(ADDRESS)


def test_models_of_added_registries_are_pulled_by_name(server, offered):
    offered(1)
    assert remotes.add(ADDRESS, "team") == "team"
    asked = len(server.requests)
    with pytest.raises(UnknownName):
        lookup.find_version("small")
    assert len(server.requests) == asked  # looking opens no connection
    assert pull("small")["version"] == 1
    offered(2)
    assert pull("team:small")["version"] == 2
    assert lookup.find_entry("small").source == "team"
    assert lookup.find_version("team:small@1").number == 1
    with pytest.raises(UnknownName):
        pull("nothing")
    with pytest.raises(UnknownName):
        pull("user:small")


def test_what_is_ours_needs_no_pull(made_run, server):
    push(made_run().path, "small")
    asked = len(server.requests)
    assert pull("small")["version"] == 1
    assert len(server.requests) == asked


HOSTILE_PATHS = [
    "../../etc/passwd/1/manifest.json", "/abs/1/manifest.json", "Small/1/manifest.json",
    "small/01/manifest.json", "small/-1/manifest.json", "small/1.removed/manifest.json",
    "small/1/../../x", "small\\1\\manifest.json", ".git/1/manifest.json", "small/0/manifest.json",
    "small/aliases/../../x", "small/aliases/UP", "small/1/manifest.json/x",
    "\u202e/1/manifest.json",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_hostile_paths_in_a_repository_are_passed_over(server, offered, tmp_path, path):
    offered(1)
    server.commit({path: b"hostile"})
    assert pull(ADDRESS)["version"] == 1
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.read_bytes() == b"hostile"]


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("manifest.json", lambda data: b"{}"), ("manifest.json", lambda data: b"<html>"),
        ("manifest.json", lambda data: data.replace(b"card.toml", b"../x.toml")),
        ("manifest.json", lambda data: data + b" " * 70_000),
        ("manifest.json", lambda data: data.replace(b'"small"', b'"other"')),
        ("generator.safetensors", lambda data: data[:-1]),
        ("generator.safetensors", lambda data: data + b"x"),
        ("generator.safetensors", lambda data: bytes(len(data))),
        ("generator.safetensors", lambda data: b"<html>404</html>"),
        ("card.toml", lambda data: data.replace(b"test", b"best")),
        ("README.md", lambda data: b""), ("card.toml", lambda data: None),
    ],
)  # fmt: skip
def test_wrong_content_is_refused_and_nothing_kept(server, offered, home, file, change):
    offered(1)
    server.commit({f"small/1/{file}": change(server.files[f"small/1/{file}"])})
    for _ in range(2):
        with pytest.raises(GanzooError) as caught:
            pull(ADDRESS)
        assert caught.value.exit_code in (3, 5)
        with pytest.raises(UnknownName):
            lookup.find_version("small")
    nothing_half_written(home)


def test_a_version_without_its_own_card_is_refused(server, content, tmp_path, home):
    """The manifest fits the files, but the card is another model's."""
    from ganzoo.files.listed import listing
    from ganzoo.files.strict_json import canonical_json

    files = content("other") | {"README.md": b"x"}
    manifest = {
        "schema": 1, "model": "small", "parent": None, "plugins": {}, "files": listing(files),
    }  # fmt: skip
    files["manifest.json"] = (canonical_json(manifest, indent=2) + "\n").encode()
    server.commit({f"small/1/{name}": data for name, data in files.items()})
    with pytest.raises(InvalidInput, match="must be 'small'"):
        pull(ADDRESS)
    nothing_half_written(home)


@pytest.mark.parametrize(
    ("file", "size"),
    [
        ("card.toml", 2 * 10**8), ("README.md", 10**7), ("generator.safetensors", 10**11),
        ("generator.safetensors", 10**15), ("generator.safetensors", 10**30),
    ],
)  # fmt: skip
def test_a_size_that_no_file_has_is_refused(server, offered, file, size):
    theirs = offered(1)
    real = f'"size": {theirs.sizes[file]}'.encode()
    manifest = server.files["small/1/manifest.json"]
    assert manifest.count(real) == 1
    server.commit({"small/1/manifest.json": manifest.replace(real, b'"size": %d' % size)})
    with pytest.raises(InvalidInput, match=f"{file} of a version is too large"):
        pull(ADDRESS)
    assert not [path for _, path, _ in server.requests if path.endswith(file)]


def test_a_disk_without_room_is_told_before_anything_comes(server, offered, monkeypatch):
    """There is room for each file, but not for all of them twice."""
    free = sum(offered(1).sizes.values())
    monkeypatch.setattr(
        "ganzoo.files.home.shutil.disk_usage", lambda path: SimpleNamespace(free=free)
    )
    with pytest.raises(EnvironmentProblem, match="not enough room"):
        pull(ADDRESS)
    assert not [path for _, path, _ in server.requests if path.startswith("/storage/")]


def test_a_pull_holds_no_large_file_in_memory(server, content, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 2**16)  # of which the client holds a few
    size = 16 * 2**20
    theirs = create(
        tmp_path / "theirs", "small", content() | {"everything.safetensors": bytes(size)}
    )
    files = theirs.read_all() | {"manifest.json": (theirs.path / "manifest.json").read_bytes()}
    server.commit({f"small/1/{name}": data for name, data in files.items()})
    pull(ADDRESS)
    drop("small@1")
    tracemalloc.start()
    try:
        pull(ADDRESS)  # what the client itself imports is there already
        pull(ADDRESS)  # what was pulled is looked through
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size / 4
    assert len(lookup.find_version("small").read("everything.safetensors")) == size


def test_a_large_file_does_not_make_the_patience_endless(monkeypatch, server, offered):
    offered(1)
    waited = []
    within = client._within

    def watched(seconds, call):
        waited.append(seconds)
        return within(seconds, call)

    monkeypatch.setattr(client, "_within", watched)
    remote = remotes.parse_address(ADDRESS)
    commit = server.branches["main"]
    hub._fetch_alone(client.connected(), remote, commit, "small/1/card.toml", most=10**30)
    assert waited == [client._LONGEST]


# Push


def test_the_page_of_the_repository_is_written_and_its_picture_found(made_run, server):
    push(made_run().path, "small", to=ADDRESS)
    push(made_run("other", value=5.0).path, "small", to=ADDRESS)
    page = server.files["README.md"].decode()
    assert "](small/2/samples.png)" in page and "](samples.png)" not in page
    assert "small/2/samples.png" in server.files
    assert "](samples.png)" in server.files["small/2/README.md"].decode()
    assert page.splitlines()[-1].startswith("<!-- Written by ganzoo push")


@pytest.mark.parametrize("name", ["samples.wav", "samples.gif"])
def test_sounds_and_films_are_pushed_found_on_the_page_and_pulled(made_run, server, name):
    run = made_run()
    (run.path / name).write_bytes(b"sound or film")
    push(run.path, "small", to=ADDRESS)
    page = server.files["README.md"].decode()
    assert f"](small/1/{name})" in page and f"]({name})" not in page
    pull(ADDRESS)
    assert lookup.find_version("small").read(name) == b"sound or film"


def test_an_address_is_shown_and_its_recipe_trained(made_run, server):
    from ganzoo.cli.support.recipe_arguments import resolve_recipe
    from ganzoo.jobs.listing import info

    run = made_run()
    done = push(run.path, "small", to=ADDRESS)
    for name in (ADDRESS, f"{ADDRESS}@main/small", f"{ADDRESS}/small@1"):
        facts = info(name)["model"]
        assert facts["source"] == name.removesuffix("/small@1").removesuffix("@main/small")
        assert [one["digest"] for one in facts["versions"]] == [done["digest"]]
        assert facts["recipe"] == run.recipe().tables()
        asked = resolve_recipe(name, options={})
        assert (asked.model, asked.recipe) == (None, run.recipe())


@pytest.mark.parametrize("page", [b"# By a person\n", b"x" * (5 * 2**20)], ids=["short", "long"])
def test_a_page_that_a_person_wrote_stays(made_run, server, page):
    server.commit({"README.md": page})
    assert push(made_run().path, "small", to=ADDRESS)["created"]
    assert server.files["README.md"] == page


def test_a_push_is_one_commit_that_is_pulled_as_it_was(made_run, server, home):
    done = push(made_run().path, "small", to=ADDRESS)
    assert (done["name"], done["created"]) == (f"{ADDRESS}/small@1", True)
    assert len(server.commits) == 2
    assert "registry" not in os.listdir(home)
    assert pull(ADDRESS)["digest"] == done["digest"]
    assert load.find("small").title == "small-1"


def test_pushing_the_same_again_changes_nothing(made_run, server):
    run = made_run()
    push(run.path, "small", to=ADDRESS)
    commits = dict(server.commits)
    again = push(run.path, "small", to=ADDRESS)
    assert (again["version"], again["created"]) == (1, False)
    assert server.commits == commits
    other = push(made_run("other", value=5.0).path, "small", to=ADDRESS)
    assert (other["version"], other["created"]) == (2, True)


def test_a_removed_number_is_not_used_on_the_hub_either(made_run, server, offered):
    offered(1)
    server.commit({"small/2.removed": b"", "small/1.removed": b""})
    assert push(made_run().path, "small", to=ADDRESS)["version"] == 3


def test_two_who_push_at_once_get_two_numbers(made_run, server, offered):
    done = []

    def interfere():
        if not done:
            done.append(offered(1))

    server.on_commit = interfere
    pushed = push(made_run().path, "small", to=ADDRESS)
    assert done and (pushed["version"], pushed["created"]) == (2, True)
    assert {"small/1/manifest.json", "small/2/manifest.json"} <= set(server.files)


def test_a_version_from_here_keeps_its_digest_there(made_run, server):
    here = push(made_run().path, "small")
    tag("small@1", "best")
    there = push("small@best", "small", to=ADDRESS)
    assert there["digest"] == here["digest"]


def test_an_address_of_another_model_is_refused(made_run, server):
    with pytest.raises(UsageError, match="names another model"):
        push(made_run().path, "small", to=f"{ADDRESS}/other")
    assert not server.requests


@pytest.mark.parametrize(
    "address",
    [
        "hf://", "hf://me", "hf://me/", "hf:///gans", "hf://me/gans@", "hf://me/../x", "hf://a/b/C",
        "hf://me/gans/small@", "hf://me/ga ns", "hf://me/gans@a/b/c", "hf://me--x/gans", "hf://../x",
        "hf://me/gans?x=1", "hf://user:pass@me/gans", "hf://me/gans/../../x", "hf://é/b", "hf://me/b\n",
    ],
)  # fmt: skip
def test_a_bad_address_is_refused_without_a_request(server, address):
    for verb in (pull, load.find):
        with pytest.raises(UsageError, match="Not an address on the Hub"):
            verb(address)
    assert not server.requests


# Faults of the network


def only(part: str, answer, *, times: int = 10**9):
    """A fault for requests whose path holds `part`, so many times."""
    left = [times]

    def fault(handler):
        if re.search(part, f"{handler.command} {handler.path}") and left[0] > 0:
            left[0] -= 1
            return answer(handler)
        return False

    return fault


def long_body(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    try:
        for _ in range(4000):
            handler.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
    except OSError:
        pass
    handler.close_connection = True
    return True


def reset(handler):
    import struct

    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b"x" * 1000)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    return True


def html(handler):
    handler.reply(200, b"<html>Log in</html>", {"Content-Type": "text/html"})
    return True


def gzipped(handler):
    import gzip

    data = gzip.compress(b"x" * 100_000)
    handler.reply(200, data, {"Content-Encoding": "gzip"})
    return True


def silent(handler):
    time.monotonic()
    handler.server.silent = handler.connection  # kept open, never answered
    handler.close_connection = True
    handler.rfile.read(1)
    return True


def redirect(target):
    return lambda handler: status(handler, 302, Location=target)


BODY = "GET /storage"
FAULTS = {
    "reset in the body": only(BODY, reset),
    "short body": only(BODY, cut),
    "short body, then well": only(BODY, cut, times=1),
    "long body": only(BODY, long_body),
    "wrong length": only(BODY, lambda h: cut(h, after=1.0, claim=0.5)),
    "416": only(BODY, lambda h: status(h, 416)),
    "429 with Retry-After": only(BODY, lambda h: status(h, 429, Retry_After="1")),
    "429 twice, then well": only("GET", lambda h: status(h, 429, Retry_After="1"), times=2),
    "500": only("GET", lambda h: status(h, 500)),
    "500 twice, then well": only(BODY, lambda h: status(h, 500), times=2),
    "500 at the first question": only("revision", lambda h: status(h, 500), times=2),
    "503 for metadata": only("HEAD", lambda h: status(h, 503)),
    "401": only(".", lambda h: status(h, 401)),
    "403": only("resolve", lambda h: status(h, 403)),
    "404": only("resolve", lambda h: status(h, 404)),
    "gzip body": only(BODY, gzipped),
    "HTML everywhere": only(".", html),
    "HTML for the file": only(BODY, html),
    "redirect to file": only(BODY, redirect("file:///etc/passwd")),
    "redirect to http elsewhere": only(BODY, redirect("http://127.0.0.1:9/x")),
    "redirect to a private address": only(BODY, redirect("http://169.254.169.254:9/x")),
    "redirect in a circle": only(BODY, redirect("/storage/" + "0" * 64)),
    "redirect to a name that is none": only(BODY, redirect("http://nowhere.invalid/x")),
    "redirect to IPv6": only(BODY, redirect("http://[::1]:9/x")),
    "redirect to TLS that is none": only(BODY, lambda h: redirect(
        f"https://127.0.0.1:{h.server.server_port}/x")(h)),
    "slow drip": only(BODY, lambda h: drip(h, seconds=4)),
}  # fmt: skip
WELL = {"short body, then well", "429 twice, then well", "500 twice, then well"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_network_ends_in_a_whole_version_or_in_one_error(
    server, offered, home, monkeypatch, fault
):
    theirs = offered(1)
    monkeypatch.setattr(client, "PATIENCE", 3.0)
    monkeypatch.setattr(client, "_ATTEMPTS", 3 if fault in WELL else 2)
    server.fault = FAULTS[fault]
    try:
        pull(ADDRESS)
        assert lookup.find_version("small").read_all() == theirs.read_all()
    except GanzooError as error:
        assert fault not in WELL, error
        assert error.exit_code in (3, 5)
        assert "\n" not in str(error)
        with pytest.raises(UnknownName):
            lookup.find_version("small")
    assert len(server.requests) < 120  # however often it is tried
    nothing_half_written(home)
    server.fault = lambda handler: False
    pull(ADDRESS)
    assert lookup.find_version("small").read_all() == theirs.read_all()


# Redirects into a network of our own


@pytest.fixture
def neighbor():
    """Somebody else's service on this machine: what reaches it should not have."""
    other = Server()
    yield other
    other.close()


INNER = [
    "http://127.0.0.1:{port}/x", "http://localhost:{port}/x", "http://127.0.0.2:{port}/x",
    "http://0.0.0.0:{port}/x", "http://[::ffff:127.0.0.1]:{port}/x", "http://2130706433:{port}/x",
    "http://10.0.0.1/x", "http://192.168.1.1/x", "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/x", "http://[fd00::1]/x", "http://[64:ff9b::10.0.0.1]/x",
]  # fmt: skip


@pytest.mark.parametrize(("hops", "target"), [(2, INNER[0]), *((1, target) for target in INNER)])
def test_a_redirect_into_a_network_of_our_own_is_refused(
    server, neighbor, offered, home, hops, target
):
    """Straight from the Hub's storage, and by way of it once more."""
    offered(1)
    last = redirect(target.format(port=neighbor.server.server_port))
    server.fault = only("GET /once-more", last)
    if hops == 1:
        server.fault = only(BODY, last)
    else:
        more = only(BODY, redirect(f"{server.storage}/once-more"))
        once = server.fault
        server.fault = lambda handler: more(handler) or once(handler)
    with pytest.raises(InvalidInput, match="an address that is not public") as caught:
        pull(ADDRESS)
    assert caught.value.exit_code == 3 and "\n" not in str(caught.value)
    assert not neighbor.requests
    assert len(server.requests) < 20  # it is not tried again
    nothing_half_written(home)
    server.fault = lambda handler: False
    assert pull(ADDRESS)["version"] == 1


def test_only_the_endpoint_may_be_in_a_network_of_our_own(neighbor):
    from ganzoo.jobs.hub.addresses import only_public

    place = ("127.0.0.1", neighbor.server.server_port)
    socket.create_connection(place).close()
    with only_public("https://huggingface.co"):
        with pytest.raises(InvalidInput, match="Received: 127.0.0.1, port"):
            socket.create_connection(place)
        with only_public(neighbor.endpoint):
            socket.create_connection(place).close()
    with only_public(f"http://127.0.0.1:{place[1] + 1}"), pytest.raises(InvalidInput):
        socket.create_connection(place)
    socket.create_connection(place).close()


def test_a_proxy_of_the_users_may_be_in_it_too(neighbor, monkeypatch):
    from ganzoo.jobs.hub.addresses import only_public

    monkeypatch.setenv("HTTPS_PROXY", neighbor.endpoint)
    with only_public("https://huggingface.co"):
        socket.create_connection(("127.0.0.1", neighbor.server.server_port)).close()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://nowhere.invalid", "ftp://x"])
def test_a_server_that_is_not_there_is_one_error(server, monkeypatch, endpoint):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setattr(client, "PATIENCE", 5.0)
    with pytest.raises(EnvironmentProblem) as caught:
        pull(ADDRESS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["preupload", "PUT", "lfs/objects/batch", "commit/main"])
def test_a_push_that_fails_can_be_done_again(made_run, server, monkeypatch, where):
    monkeypatch.setattr(client, "PATIENCE", 5.0)
    run = made_run()
    server.fault = only(where, lambda h: status(h, 500))
    with pytest.raises(EnvironmentProblem):
        push(run.path, "small", to=ADDRESS)
    assert not [path for path in server.files if path.startswith("small/")]
    server.fault = lambda handler: False
    assert push(run.path, "small", to=ADDRESS)["created"]


# Offline


@pytest.mark.parametrize("variable", ["GANZOO_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_opens_no_socket_and_works_from_what_is_here(
    made_run, server, monkeypatch, variable
):
    run = made_run()
    push(run.path, "small", to=ADDRESS)
    pull(ADDRESS)
    monkeypatch.setenv(variable, "1")
    opened, watching = [], [True]

    def watch(event, arguments):
        if watching and event.startswith("socket."):
            opened.append(event)

    sys.addaudithook(watch)  # for ever: a hook cannot be removed
    assert load.find(ADDRESS).title == load.find("small@1").title == "small-1"
    for verb in (
        lambda: pull(ADDRESS),
        lambda: push(run.path, "small", to=ADDRESS),
        lambda: load.find("hf://me/others"),
    ):
        with pytest.raises(EnvironmentProblem, match="Offline mode is on"):
            verb()
    watching.clear()
    assert not opened


# Tokens

TOKEN = "hf_canaryCANARYcanary"


def test_a_token_reaches_the_hub_and_nobody_else(made_run, server, monkeypatch):
    server.token = TOKEN
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    push(made_run().path, "small", to=ADDRESS)
    pull(ADDRESS)
    for _, path, headers in server.requests:
        sent = headers.get("authorization")
        assert sent == (None if path.startswith("/storage/") else f"Bearer {TOKEN}"), path


@pytest.mark.parametrize("fault", ["401", "403", "404", "500", "HTML everywhere"])
def test_a_token_is_never_shown(made_run, server, monkeypatch, capsys, tmp_path, fault):
    from ganzoo.cli import main

    server.token = TOKEN
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(client, "PATIENCE", 5.0)
    run = made_run()
    server.fault = FAULTS[fault]
    for words in (
        ["pull", ADDRESS], ["push", str(run.path), "small", "--to", ADDRESS], ["sample", ADDRESS],
    ):  # fmt: skip
        for flags in ([], ["--json"], ["--debug"]):
            assert main([*words, *flags]) in (2, 3, 5, 0)
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    left = [p for p in tmp_path.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]
    assert not left


def test_a_token_in_what_the_client_raised_is_not_shown_by_debug(server, monkeypatch, capsys):
    import huggingface_hub

    from ganzoo.cli import main

    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "stored-secret")
    said = f"{TOKEN} stored-secret at https://host/x?X-Amz-Signature=abc"
    server.fault = only(".", lambda h: status(h, 403, X_Error_Message=said))
    assert main(["pull", ADDRESS, "--debug"]) == 5
    told = capsys.readouterr().err
    assert "Traceback" in told and "*** ***" in told
    assert not [secret for secret in (TOKEN, "stored-secret", "Signature=abc") if secret in told]


def test_secrets_in_a_message_are_struck_out(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "very-own-secret")
    text = client.redacted(
        "very-own-secret hf_abcdefgh1234 Bearer abc.def https://me:pw@host/x?X-Amz-Signature=1 end"
    )
    assert text == "*** *** Bearer *** https://host/x end"


def test_without_the_client_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(EnvironmentProblem, match=r"pip install 'keras-ganzoo\[hub\]'"):
        pull(ADDRESS)


def test_the_digest_of_a_version_is_in_the_record_of_a_pull(server, offered):
    theirs = offered(1)
    done = pull(ADDRESS)
    manifest = server.files["small/1/manifest.json"]
    assert done["digest"] == hashlib.sha256(manifest).hexdigest() == theirs.digest
    assert json.loads(manifest)["model"] == "small"
    assert aliases.aliases(remotes.parse_address(ADDRESS).copy / "small") == {}
