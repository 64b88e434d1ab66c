"""Images of repositories on the Hub: the real client against a small server on loopback."""

import json

import pytest
from ganzoo_data.afhq import afhq
from ganzoo_data.hub import hub

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files import hub_client

COMMIT = "0123456789abcdef0123456789abcdef01234567"  # the server's, see conftest.py
OTHER = "f" * 40


@pytest.fixture
def faces(image):
    """Class folders of images, as they lie in a repository."""
    names = ("cats/1.png", "cats/2.png", "dogs/1.png")
    return {name: image(i, size=(8, 8)) for i, name in enumerate(names)}


@pytest.fixture
def server(serve, faces):
    more = {"README.md": b"about", ".gitattributes": b"*.png lfs", "notes/data.csv": b"1,2"}
    found = serve(faces | more)
    found.small = {"README.md", "dogs/1.png"}  # small files are known by git's SHA-1 only
    return found


def copies(home):
    return home / "data" / "hub" / "some--faces"


def test_image_files_with_class_folders_become_a_data_set(server, faces, home):
    dataset = hub(id="some/faces", revision=COMMIT)
    assert dataset.images.shape == (3, 8, 8, 3)
    assert (dataset.labels.tolist(), dataset.classes) == ([0, 0, 1], ("cats", "dogs"))
    assert dataset.license == "cc-by-4.0"
    assert dataset.source == f"https://huggingface.co/datasets/some/faces/tree/{COMMIT}"
    kept = copies(home) / COMMIT
    stored = {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()}
    assert stored == set(faces)  # only what is needed came


def test_the_license_is_shown_before_an_image_is_requested(server, capsys):
    shown = []
    server.on_request = lambda: shown.append(capsys.readouterr().err)
    hub(id="some/faces", revision=COMMIT)
    first = next(i for i, (_, path, _) in enumerate(server.requests) if "/resolve/" in path)
    assert "License, as the repository states it: cc-by-4.0." in "".join(shown[: first + 1])


def test_the_second_start_asks_nobody(server):
    first = hub(id="some/faces")
    server.requests.clear()
    second = hub(id="some/faces", size=4)
    assert server.requests == []
    assert (second.license, second.source) == (first.license, first.source)
    assert second.fingerprint != first.fingerprint


def test_a_branch_is_resolved_to_its_commit_once_and_that_is_reported(server, capsys):
    server.branches["main"] = COMMIT
    first = hub(id="some/faces", revision="main")
    assert f"--set dataset.revision={COMMIT}" in capsys.readouterr().err
    server.branches["main"] = OTHER
    again = hub(id="some/faces", revision="main")
    assert again.source == first.source
    assert COMMIT in again.source


@pytest.mark.parametrize("archives", [["faces.zip"], ["cats.zip", "dogs.zip"]])
def test_zips_are_read_as_they_are(serve, faces, pack, tmp_path, archives):
    loose = {name.split("/")[1]: data for name, data in faces.items() if "cats" in name}
    dog = {"1.png": faces["dogs/1.png"]}
    contents = [faces] if len(archives) == 1 else [loose, dog]
    zipped = {
        name: pack(tmp_path / name, content).read_bytes()
        for name, content in zip(archives, contents, strict=True)
    }
    serve(zipped | {"README.md": b"x"})
    dataset = hub(id="some/faces", revision=COMMIT)
    assert (dataset.labels.tolist(), dataset.classes) == ([0, 0, 1], ("cats", "dogs"))


def test_a_zip_of_stylegans_has_the_labels_of_its_list(serve, image, pack, tmp_path):
    names = ("00000/img00000000.png", "00001/img00001000.png")
    members = {name: image(i, size=(8, 8)) for i, name in enumerate(names)}
    members["dataset.json"] = json.dumps({"labels": [[names[1], 0], [names[0], 1]]}).encode()
    serve({"a.zip": pack(tmp_path / "a.zip", members).read_bytes()})
    assert hub(id="some/faces", revision=COMMIT).labels.tolist() == [1, 0]


def test_a_pattern_chooses_the_files(server, faces, pack, tmp_path, home):
    server.files["extra.zip"] = pack(
        tmp_path / "extra.zip", {"1.png": faces["dogs/1.png"]}
    ).read_bytes()
    with pytest.raises(InvalidInput, match="not both.*extra.zip.*dataset.only=PATTERN"):
        hub(id="some/faces", revision=COMMIT)
    assert not (copies(home) / COMMIT).exists()  # found out before anything came
    assert len(hub(id="some/faces", revision=COMMIT, only="cats/*")) == 2
    assert len(hub(id="some/faces", revision=COMMIT, only="extra.zip")) == 1
    assert len(hub(id="some/faces", revision=COMMIT, only="*/1.png")) == 2  # not what lies there
    with pytest.raises(UsageError, match="fits the pattern.*only='cows/.'.*It holds 6 files"):
        hub(id="some/faces", revision=COMMIT, only="cows/*")


@pytest.mark.parametrize("name", ["cats/1.png", "dogs/1.png"])
def test_another_content_than_the_commits_is_refused_and_removed(server, faces, home, name):
    server.on_request = lambda: (
        server.files.update({name: faces[name][::-1]}) if len(server.requests) > 1 else None
    )
    with pytest.raises(EnvironmentProblem, match="not hold the expected file.*expected"):
        hub(id="some/faces", revision=COMMIT)
    assert not [path for path in (copies(home) / COMMIT).rglob("1.png") if name in str(path)]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png", "cats/../../evil.png", "/evil.png", "a\\b.png", "a//b.png", "a\n.png",
        "a\x9b.png", "a\ud800.png",
    ],
)  # fmt: skip
def test_a_name_that_leads_out_refuses_the_repository(server, home, image, name):
    server.files[name] = image()
    with pytest.raises(InvalidInput, match="is refused. Expected: plain relative paths"):
        hub(id="some/faces", revision=COMMIT)
    assert [path for path in home.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("stated", [-1, "7", None, 1 << 60])
def test_a_list_with_absurd_sizes_is_refused(server, stated):
    server.claims["cats/1.png"] = stated
    with pytest.raises(EnvironmentProblem, match="list of some/faces cannot be used"):
        hub(id="some/faces", revision=COMMIT)


def test_too_many_files_are_refused(server, monkeypatch):
    monkeypatch.setattr(hub_client, "MAX_FILES", 3)
    with pytest.raises(InvalidInput, match="more than 3 files"):
        hub(id="some/faces", revision=COMMIT)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"data/train-00000.parquet": b"PAR1"}, "train-00000.parquet' is damaged or cut off"),
        ({"README.md": b"x"}, "Received: 1 files: 'README.md'.*another repository"),
        ({}, "Received: 0 files: nothing"),
    ],
)
def test_a_repository_without_images_is_refused(serve, files, message):
    serve(files)
    with pytest.raises(InvalidInput, match=message):
        hub(id="some/faces", revision=COMMIT)


def test_a_server_that_answers_for_another_commit_is_refused(server):
    server.branches[COMMIT] = OTHER
    with pytest.raises(EnvironmentProblem, match="answers for another commit"):
        hub(id="some/faces", revision=COMMIT)


@pytest.mark.parametrize("sha", ["", "main", "0" * 39, "../" + "0" * 37, None, 7])
def test_a_branch_without_a_commit_is_refused(server, sha, home):
    server.branches["main"] = sha
    with pytest.raises(EnvironmentProblem, match="names no commit"):
        hub(id="some/faces")
    assert list(home.rglob("*.json")) == []


def test_what_was_remembered_and_is_damaged_is_requested_again(server, home):
    hub(id="some/faces")
    for path in copies(home).glob("*.json"):
        path.write_text('{"files": [["../x.png", 1, null, null]], "main": "x"}')
    assert len(hub(id="some/faces")) == 3


@pytest.mark.parametrize(
    "option",
    [
        {"id": "faces"}, {"id": "some/faces/more"}, {"id": "some/.."}, {"id": "a--b/c"},
        {"id": "../faces"}, {"revision": "a b"}, {"revision": "../main"}, {"revision": ""},
        {"size": 0},
    ],
)  # fmt: skip
def test_options_that_are_malformed_are_refused_before_any_request(server, option):
    with pytest.raises(UsageError, match="Received"):
        hub(**{"id": "some/faces", **option})
    assert server.requests == []


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_of_the_server_is_one_line_with_the_ways(server, status):
    server.status = status
    with pytest.raises(EnvironmentProblem) as caught:
        hub(id="some/faces")
    assert "\n" not in str(caught.value)
    for way in ("HF_TOKEN", "HF_ENDPOINT", "'folder' and 'zip'"):
        assert way in str(caught.value)


@pytest.mark.parametrize(
    ("card", "license"),
    [
        (None, "none stated"),
        ({}, "none stated"),
        ({"license": ["mit", "cc0-1.0"]}, "mit cc0-1.0"),
        ({"license": "other", "license_name": "my\nown"}, "other my own"),
        ({"license": "x" * 500}, "x" * 120),
        ({"license": "\x1b[31mmit\ud800"}, "\\u001b[31mmit\\ud800"),
    ],
)
def test_the_license_is_one_short_line(server, card, license):
    server.card = card
    assert hub(id="some/faces", revision=COMMIT).license == license


def test_a_published_set_on_the_hub_shows_its_own_license_first(server, faces, capsys):
    server.files = {
        name.replace("cats", "train/cat").replace("dogs", "train/dog"): data
        for name, data in faces.items()
    }
    shown = []
    server.on_request = lambda: shown.append(capsys.readouterr().err)
    dataset = afhq(repository="some/faces", revision=COMMIT, size=8)
    assert (dataset.name, dataset.classes) == ("afhq", ("cat", "dog"))
    assert dataset.license.startswith("CC-BY-NC-4.0")
    first = next(i for i, (_, path, _) in enumerate(server.requests) if "/resolve/" in path)
    assert "AFHQ is under CC BY-NC 4.0" in "".join(shown[: first + 1])


def test_a_copy_on_the_hub_is_the_same_data_as_a_folder(server, faces, tmp_path, fill):
    server.files = {f"afhq/train/{name}": data for name, data in faces.items()}
    here = fill(tmp_path / "a", {f"train/{name}": data for name, data in faces.items()})
    there = afhq(repository="some/faces", revision=COMMIT, size=8)
    assert there.fingerprint == afhq(data=str(here), size=8).fingerprint


def test_a_disk_without_space_is_found_before_the_transfer(server, monkeypatch):
    monkeypatch.setattr(
        "ganzoo.files.home.shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})
    )
    with pytest.raises(EnvironmentProblem, match="not enough space"):
        hub(id="some/faces", revision=COMMIT)
    assert not any("/resolve/" in path for _, path, _ in server.requests)


def test_no_token_is_written(server, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    server.status = 403
    with pytest.raises(EnvironmentProblem) as caught:
        hub(id="some/faces")
    assert "canary" not in str(caught.value) + capsys.readouterr().err
