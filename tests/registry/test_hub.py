"""Push and pull with the Hub's real client against a server on loopback."""

import errno
import hashlib
import os
import re
import socket
import struct
import sys
import tracemalloc
from types import SimpleNamespace

import pytest
from huggingface_hub import constants

from ganzoo.catalog.registry import added, aliases, lookup, remotes
from ganzoo.catalog.registry.versions import open_version, version_numbers
from ganzoo.cli import main
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput, UnknownName, UsageError
from ganzoo.files import hub_client
from ganzoo.files.manifests import listing
from ganzoo.files.strict_json import canonical_json
from ganzoo.jobs.hub.pull import find_or_pull
from ganzoo.jobs.models.export import export
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.publishing.manage import pull, remove, tag
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.publishing.verify import verify

ADDRESS = "hf://me/gans"
# what the client itself is told by the library under it when it uploads
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def snapshot(address=ADDRESS):
    remote = remotes.parse_address(address)
    return remote.snapshot(remote.pulled_commit())


def nothing_unverified():
    """Whatever a name finds is whole."""
    for entry in lookup.models().values():
        if entry.registry.remote is not None:
            for number in version_numbers(entry.folder):
                version = open_version(entry.folder, number)
                assert not version.is_complete or version.read_all()


def test_what_was_pushed_to_the_hub_is_exported_from_there(server, made_run, tmp_path):
    push(made_run().path, "small", to=ADDRESS)
    written = export(ADDRESS, tmp_path / "out.safetensors").read_bytes()
    assert written == find_source(ADDRESS).content


# Pull


def test_a_pulled_version_is_that_of_the_repository(server, offered, home):
    theirs = offered(1)
    done = pull(ADDRESS)
    path = home / "hub" / "models--me--gans" / "snapshots" / server.branches["main"] / "small" / "1"
    assert done == {
        "name": f"{ADDRESS}/small@1", "version": 1, "digest": theirs.digest, "path": str(path),
    }  # fmt: skip
    assert open_version(path.parent, 1).read_all() == theirs.read_all()
    assert verify(ADDRESS)["problems"] == verify("small")["problems"] == []


def test_what_was_pulled_has_a_name_everywhere(server, offered):
    offered(1)
    pull(ADDRESS)
    for name in ("small", "small@1", f"{ADDRESS}:small", f"{ADDRESS}:small@1"):
        assert lookup.find_version(name).number == 1
    for name in (f"{ADDRESS}/small@1", f"{ADDRESS}:small@1"):
        assert find_or_pull(name).number == 1


def test_the_newest_is_not_an_older_one_because_that_is_here(server, offered):
    offered(1)
    offered(2)
    pull(f"{ADDRESS}/small@1")
    assert lookup.find_version("small@1").number == 1
    with pytest.raises(UsageError, match="small@2 of hf://me/gans was not pulled.*ganzoo pull hf:"):
        lookup.find_version("small")
    assert verify("small")["problems"] == []
    assert find_or_pull(ADDRESS).number == 2
    assert lookup.find_version("small").number == 2


def test_what_was_pulled_is_not_changed_here(server, offered):
    offered(1)
    pull(ADDRESS)
    for change in (lambda: tag("small@1", "best"), lambda: remove("small@1")):
        with pytest.raises(UsageError, match="belongs to the registry 'hf://me/gans'"):
            change()


def test_an_address_is_pulled_on_first_use_and_never_asked_again(made_run, server):
    push(made_run().path, "small", to=ADDRESS)
    server.requests.clear()
    found = find_source(ADDRESS)
    assert found.title == "small-1" and found.about["version"] == 1
    asked = len(server.requests)
    assert asked > 3
    find_source(ADDRESS), find_source(f"{ADDRESS}/small"), find_source(f"{ADDRESS}/small@1")
    assert len(server.requests) == asked


def test_a_revision_is_resolved_once_and_its_commit_recorded(server, offered):
    offered(1)
    pull(ADDRESS)
    commit = server.branches["main"]
    assert remotes.parse_address(ADDRESS).pulled_commit() == commit
    fetched = server.asked("/resolve/")
    assert fetched and all(f"/resolve/{commit}/" in path for path in fetched)
    asked = len(server.requests)
    assert find_or_pull(f"{ADDRESS}@{commit}/small").number == 1
    assert len(server.requests) == asked


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
    assert lookup.find_version("small@best").number == 1  # what is here does not move by itself
    capsys.readouterr()
    assert pull(f"{ADDRESS}/small@best")["version"] == 2
    reported = capsys.readouterr().err
    assert "has moved from" in reported
    assert "small@best was version 1 and is 2 now" in reported
    assert lookup.find_version("small@best").number == 2


def test_a_pull_of_one_model_keeps_the_others(server, offered, monkeypatch, capsys):
    other = offered(1, model="other")
    server.commit({"other/aliases/best": b"1\n"})
    pull(f"{ADDRESS}/other")
    gone = offered(1, model="gone")
    before = server.branches["main"]
    pull(f"{ADDRESS}/gone")
    server.commit({path: None for path in server.files if path.startswith("gone/")})
    offered(2, model="other")
    offered(2)
    pull(f"{ADDRESS}/small")
    lost = f"{ADDRESS} no longer holds gone@1: use {ADDRESS}@{before}/gone@1."
    assert lost in capsys.readouterr().err
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    assert find_or_pull(f"{ADDRESS}@{before}/gone@1").digest == gone.digest
    for name in ("other", "other@best", "other@1"):
        assert lookup.find_version(name).read_all() == other.read_all()
        assert find_or_pull(f"{ADDRESS}/{name}").digest == other.digest


def test_an_alias_of_another_model_that_moves_is_reported_and_not_pulled(server, offered, capsys):
    offered(1, model="other")
    server.commit({"other/aliases/best": b"1\n"})
    pull(f"{ADDRESS}/other")
    offered(2, model="other")
    offered(1)
    server.commit({"other/aliases/best": b"2\n"})
    pull(f"{ADDRESS}/small")
    assert "other@best was version 1 and is 2 now" in capsys.readouterr().err
    with pytest.raises(UsageError, match="other@2 of hf://me/gans was not pulled"):
        lookup.find_version("other@best")
    assert lookup.find_version("other@1").read_all()
    assert verify(ADDRESS)["problems"] == []


def test_a_branch_is_a_revision_too(server, offered):
    offered(1)
    theirs = offered(2, branch="next")
    assert pull(f"{ADDRESS}@next/small")["digest"] == theirs.digest
    assert pull(f"{ADDRESS}/small")["version"] == 1


def test_a_version_that_has_changed_is_refused(server, offered):
    first = offered(1)
    pull(ADDRESS)
    offered(9, number=1)
    with pytest.raises(InvalidInput, match="not what it was when it was pulled before"):
        pull(ADDRESS)
    assert lookup.find_version("small").digest == first.digest


def test_a_damaged_copy_is_mended_by_pulling_again(server, offered):
    theirs = offered(1)
    pull(ADDRESS)
    for file in ("generator.safetensors", "manifest.json"):
        path = (snapshot() / "small" / "1" / file).resolve()
        path.chmod(0o644)
        path.write_bytes(bytes(path.stat().st_size))
        with pytest.raises(InvalidInput, match="not what was published.*Pull it again"):
            lookup.find_version("small").read_all()
        pull(ADDRESS)
        assert lookup.find_version("small").read_all() == theirs.read_all()


def test_damage_beside_what_is_pulled_is_mended_too(server, offered):
    theirs = offered(1)
    server.commit({"small/aliases/best": b"1\n"})
    pull(ADDRESS)
    offered(2)
    for damaged in ("aliases/best", "1/manifest.json"):
        path = (snapshot() / "small" / damaged).resolve()
        path.chmod(0o644)
        path.write_bytes(b"damaged")
    assert pull(ADDRESS)["version"] == 2
    assert lookup.find_version("small@best").read_all() == theirs.read_all()


def test_a_commit_is_another_registry_than_its_branch(server, offered):
    offered(1)
    first = offered(2)
    commit = server.branches["main"]
    other = offered(9, number=2)
    assert pull(f"{ADDRESS}/small@2")["digest"] == other.digest
    assert find_or_pull(f"{ADDRESS}@{commit}/small@2").digest == first.digest


def test_what_was_pulled_before_is_here_after_another_pull(server, offered, monkeypatch):
    first = offered(1)
    pull(ADDRESS)
    offered(2)
    server.requests.clear()
    pull(ADDRESS)
    weights = hashlib.sha256(first.read("generator.safetensors")).hexdigest()
    assert not server.asked(weights)  # nothing is transferred twice
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    assert find_or_pull(f"{ADDRESS}/small@1").digest == first.digest
    assert find_or_pull(f"{ADDRESS}/small").number == 2


def test_only_the_chosen_models_files_are_asked_for(server, offered):
    offered(1)
    offered(1, model="other")
    server.commit({"small/aliases/best": b"1\n", "other/aliases/best": b"1\n"})
    pull(f"{ADDRESS}/small")
    assert not server.asked("other/")
    assert find_or_pull(f"{ADDRESS}/other@best").number == 1
    asked = len(server.requests)
    for model in ("other", "small"):
        assert find_or_pull(f"{ADDRESS}/{model}@best").number == 1
    assert len(server.requests) == asked


def test_odd_aliases_in_a_repository_are_passed_over(server, offered):
    offered(1)
    odd = {"latest": b"7\n", "3": b"1\n", "bad": b"x", "best": b"1\n", "long": b"1" * 100}
    server.commit({f"small/aliases/{name}": data for name, data in odd.items()})
    assert pull(ADDRESS)["version"] == 1
    assert aliases.readable_aliases(snapshot() / "small") == {"best": 1}
    assert pull(f"{ADDRESS}/small@best")["version"] == 1
    with pytest.raises(InvalidInput, match="holds a version's number"):
        pull(f"{ADDRESS}/small@bad")


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
    with pytest.raises(UsageError, match="Version 7 of 'small' does not exist. Known: 1"):
        pull(f"{ADDRESS}/small@7")
    with pytest.raises(UnknownName, match="Unknown alias or version"):
        pull(f"{ADDRESS}/small@worst")


def test_an_empty_repository_is_told(server):
    with pytest.raises(UsageError, match="0 models"):
        pull(ADDRESS)


def test_models_of_added_registries_are_pulled_by_name(made_run, server, offered):
    offered(1)
    assert added.add_registry(ADDRESS, "team") == "team"
    for name in ("small", "team:small"):
        with pytest.raises(UnknownName):
            lookup.find_version(name)
    assert not server.requests  # looking opens no connection
    assert pull("team:small@1")["version"] == 1
    offered(2)
    assert pull("small")["version"] == 2
    assert lookup.find_entry("small").source == "team"
    assert lookup.find_version("team:small@1").number == 1
    push(made_run().path, "own")
    for name in ("nothing", "user:small", "nobody:small"):
        with pytest.raises(UnknownName):
            pull(name)
    with pytest.raises(UsageError, match="'own' does not come from the Hub"):
        pull("own")


HOSTILE_PATHS = [
    "../../etc/passwd/1/manifest.json", "/abs/1/manifest.json", "Small/1/manifest.json",
    "small/01/manifest.json", "small/-1/manifest.json", "small\\1\\manifest.json",
    ".git/1/manifest.json", "small/0/manifest.json", "small/aliases/../../x", "small/aliases/UP",
    "small/1/manifest.json/x", "\u202e/1/manifest.json",
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
        ("manifest.json", lambda data: data.replace(b'"small"', b'"other"')),
        ("generator.safetensors", lambda data: data[:-1]),
        ("generator.safetensors", lambda data: data + b"x"),
        ("generator.safetensors", lambda data: bytes(len(data))),
        ("generator.safetensors", lambda data: b"<html>404</html>"),
        ("card.toml", lambda data: data.replace(b"test", b"best")),
        ("README.md", lambda data: b""), ("card.toml", lambda data: None),
    ],
)  # fmt: skip
def test_wrong_content_is_refused_and_never_used(server, offered, file, change):
    offered(1)
    server.commit({f"small/1/{file}": change(server.files[f"small/1/{file}"])})
    for _ in range(2):
        with pytest.raises(GanzooError) as caught:
            pull(ADDRESS)
        assert caught.value.exit_code in (3, 5)
        with pytest.raises(UnknownName):
            lookup.find_version("small")
    nothing_unverified()


def test_a_version_without_its_own_card_is_refused(server, content):
    """The manifest fits the files, but the card is another model's."""
    files = content("other") | {"README.md": b"x"}
    manifest = {
        "schema": 1, "model": "small", "parent": None, "plugins": {}, "files": listing(files),
    }  # fmt: skip
    files["manifest.json"] = (canonical_json(manifest, indent=2) + "\n").encode()
    server.commit({f"small/1/{name}": data for name, data in files.items()})
    with pytest.raises(InvalidInput, match="must be 'small'"):
        pull(ADDRESS)
    nothing_unverified()


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
    assert not [path for path in server.asked("/resolve/") if path.endswith(file)]


def test_a_disk_without_space_is_found_before_anything_comes(server, offered, monkeypatch):
    """There is space for each file, but not for all of them."""
    free = sum(offered(1).sizes.values()) - 1
    monkeypatch.setattr(
        "ganzoo.files.home.shutil.disk_usage", lambda path: SimpleNamespace(free=free)
    )
    with pytest.raises(EnvironmentProblem, match="not enough space"):
        pull(ADDRESS)
    assert not server.asked("/storage/")


def test_a_disk_that_is_full_during_a_transfer_is_named_at_once(server, offered, monkeypatch):
    import huggingface_hub

    calls = []

    def fill_disk(*args, **options):
        calls.append(args)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    offered(1)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fill_disk)
    with pytest.raises(EnvironmentProblem, match=r"failed: No space.*\. Free some disk space\."):
        pull(ADDRESS)
    assert len(calls) == 1


def test_a_pull_holds_no_large_file_in_memory(server, content, offered, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 2**16)  # of which the client holds a few
    size = 16 * 2**20
    for number, filler in ((1, b"a"), (2, b"b")):
        files = content(value=number) | {"everything.safetensors": filler * size}
        offered(number=number, files=files)
    pull(f"{ADDRESS}/small@1")  # what the client itself imports is there afterwards
    tracemalloc.start()
    try:
        pull(f"{ADDRESS}/small@2")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size / 4
    assert len(lookup.find_version("small").read("everything.safetensors")) == size


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "hf://", "hf://me", "hf://me/", "hf:///gans", "hf://me/gans@", "hf://me/../x", "hf://a/b/C",
        "hf://me/gans/small@", "hf://me/ga ns", "hf://me/gans@a/b/c", "hf://me--x/gans", "hf://../x",
        "hf://me/gans?x=1", "hf://user:pass@me/gans", "hf://me/gans/../../x", "hf://é/b", "hf://me/b\n",
    ],
)  # fmt: skip
def test_a_bad_address_is_refused_without_a_request(server, address):
    for verb in (pull, find_source):
        with pytest.raises(UsageError, match="Not an address on the Hub"):
            verb(address)
    assert not server.requests


# Faults of the network


def only(part: str, answer, times: int = 10**9):
    """A fault for requests whose path holds `part`, so many times."""
    left = [times]

    def fault(handler):
        if re.search(part, f"{handler.command} {handler.path}") and left[0] > 0:
            left[0] -= 1
            return answer(handler)
        return False

    return fault


def reset(handler):
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


def status(code, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(code, b"", named) or True


def cut(*, after=0.5, claim=1.0, data=b"x" * 4000):
    """A body of which only a part comes, or more than is claimed."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(int(len(data) * claim)))
        handler.end_headers()
        handler.wfile.write(data[: int(len(data) * after)])
        handler.close_connection = True
        return True

    return answer


def redirect(target):
    return status(302, Location=target)


BODY = "GET /storage"
FAULTS = {
    "reset in the body": (BODY, reset),
    "short body": (BODY, cut()),
    "short body, then well": (BODY, cut(), 1),
    "wrong length": (BODY, cut(after=1.0, claim=0.5)),
    "416": (BODY, status(416)),
    "429 with Retry-After": (BODY, status(429, Retry_After="1")),
    "429 twice, then well": ("GET", status(429, Retry_After="1"), 2),
    "500": ("GET", status(500)),
    "500 twice, then well": (BODY, status(500), 2),
    "500 at the first question": ("revision", status(500), 2),
    "503 for metadata": ("HEAD", status(503)),
    "401": (".", status(401)),
    "403": ("resolve", status(403)),
    "404": ("resolve", status(404)),
    "HTML everywhere": (".", html),
    "HTML for the file": (BODY, html),
    "redirect to file": (BODY, redirect("file:///etc/passwd")),
    "redirect to a name that is none": (BODY, redirect("http://nowhere.invalid/x")),
    "redirect in a circle": (BODY, redirect("/storage/" + "0" * 64)),
}
WELL = {"short body, then well", "429 twice, then well", "500 twice, then well"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_network_ends_in_a_whole_version_or_in_one_error(server, offered, fault):
    theirs = offered(1)
    server.fault = only(*FAULTS[fault])
    try:
        pull(ADDRESS)
        assert lookup.find_version("small").read_all() == theirs.read_all()
    except GanzooError as error:
        assert fault not in WELL, error
        assert error.exit_code in (3, 5)
        assert "\n" not in str(error)
        with pytest.raises(UnknownName):
            lookup.find_version("small")
    assert len(server.requests) < 150  # however often it is tried
    nothing_unverified()
    server.fault = lambda handler: False
    pull(ADDRESS)
    assert lookup.find_version("small").read_all() == theirs.read_all()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://nowhere.invalid", "ftp://x"])
def test_a_server_that_is_not_there_is_one_error(server, monkeypatch, endpoint):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(EnvironmentProblem) as caught:
        pull(ADDRESS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["preupload", "PUT", "lfs/objects/batch", "commit/main"])
def test_a_push_that_fails_can_be_done_again(made_run, server, where):
    run = made_run()
    server.fault = only(where, status(500))
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
    assert find_source(ADDRESS).title == find_source("small@1").title == "small-1"
    for verb in (
        lambda: pull(ADDRESS),
        lambda: push(run.path, "small", to=ADDRESS),
        lambda: find_source("hf://me/others"),
    ):
        with pytest.raises(EnvironmentProblem, match="offline mode is on"):
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
    server.token = TOKEN
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    run = made_run()
    server.fault = only(*FAULTS[fault])
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

    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "stored-secret")
    said = f"{TOKEN} stored-secret at https://host/x?X-Amz-Signature=abc"
    server.fault = only(".", status(403, X_Error_Message=said))
    assert main(["pull", ADDRESS, "--debug"]) == 5
    told = capsys.readouterr().err
    assert "Traceback" in told and "*** ***" in told
    assert not [secret for secret in (TOKEN, "stored-secret", "Signature=abc") if secret in told]


def test_secrets_in_a_message_are_struck_out(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "very-own-secret")
    text = hub_client.redact(
        "very-own-secret hf_abcdefgh1234 Bearer abc.def https://me:pw@host/x?X-Amz-Signature=1 end"
    )
    assert text == "*** *** Bearer *** https://host/x end"


def test_without_the_client_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(EnvironmentProblem, match=r"pip install 'keras-ganzoo\[hub\]'"):
        pull(ADDRESS)
