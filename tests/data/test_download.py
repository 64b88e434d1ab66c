"""The real client of the Hub against a small server on loopback that answers as the Hub does."""

import hashlib
import os
import subprocess
import sys
import time

import huggingface_hub
import pytest
from ganzoo_data import celeba as module
from ganzoo_data.celeba import LICENSE, celeba

from ganzoo.data.availability import DataMissing
from ganzoo.data.download import HubFile, download_files
from ganzoo.data.progress import reporting
from ganzoo.errors import EnvironmentProblem

CONTENT = {"faces.zip": bytes(range(256)) * 4000, "list.txt": b"one\ntwo\n"}


def described(files):
    return [
        HubFile(name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in files.items()
    ]


@pytest.fixture
def hub(serve):
    return serve(CONTENT)


@pytest.fixture
def get(tmp_path):
    """Downloads `CONTENT` into a folder."""

    def run(files=CONTENT, folder=tmp_path / "faces"):
        download_files(
            described(files),
            repository="some/faces",
            revision="main",
            folder=folder,
            title="Faces",
            license="For research only.",
            ways="Ways to get it: ask.",
        )
        return folder

    return run


def test_files_arrive_whole_and_alone(hub, get):
    folder = get()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT


def test_two_processes_that_want_the_same_files_download_them_once(hub, get, tmp_path):
    hub.on_request = lambda: time.sleep(0.2)  # so that the second one comes in between
    script = (
        "import sys; from pathlib import Path\n"
        "from ganzoo.data.download import HubFile, download_files\n"
        "import huggingface_hub; sys.stdin.readline()\n"
        f"download_files({described(CONTENT)!r}, repository='some/faces', revision='main',"
        f" folder=Path({str(tmp_path / 'faces')!r}), title='Faces', license='', ways='')\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-c", script]
    both = [subprocess.Popen(command, env=environment, text=True, **pipes) for _ in range(2)]
    for one in both:
        one.stdin.write("go\n")
        one.stdin.flush()
    written = [one.communicate(timeout=120)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], written
    assert "Another process downloads Faces; waiting for it." in "".join(written)
    assert {path.name: path.read_bytes() for path in get().iterdir()} == CONTENT
    sent = [path for verb, path, _ in hub.requests if verb == "GET" and "faces.zip" in path]
    assert len(sent) == len(set(sent))


def test_the_license_is_written_before_the_first_request(hub, get, capsys):
    hub.on_request = lambda: written.append(capsys.readouterr().err)
    written = []
    get()
    assert "For research only." in written[0]


def test_what_is_there_is_not_requested_again(hub, get):
    get()
    before = len(hub.requests)
    get()
    assert len(hub.requests) == before


def test_progress_counts_the_bytes(hub, get):
    events = []
    with reporting(events.append):
        get()
    whats = {event["what"]: event for event in events}  # the last of each
    assert set(whats) == {"downloading faces.zip", "downloading list.txt"}
    for name, data in CONTENT.items():
        event = whats[f"downloading {name}"]
        assert (event["done"], event["total"], event["unit"]) == (len(data), len(data), "bytes")


def test_a_transfer_that_breaks_off_is_resumed(hub, get, monkeypatch):
    # the client keeps what came in whole chunks, of 10 MB otherwise
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    hub.cuts = 1
    assert (get() / "faces.zip").read_bytes() == CONTENT["faces.zip"]
    assert hub.header("range", CONTENT["faces.zip"]) == {None, "bytes=500000-"}


def test_another_content_of_the_same_size_is_refused_and_removed(hub, get, tmp_path):
    hub.files["faces.zip"] = CONTENT["faces.zip"][::-1]
    with pytest.raises(EnvironmentProblem, match="not hold the expected file.*SHA-256"):
        get()
    assert not list(tmp_path.rglob("faces.zip"))


def test_a_page_instead_of_the_file_is_refused(hub, get, tmp_path):
    hub.claims["faces.zip"] = len(CONTENT["faces.zip"])
    hub.files["faces.zip"] = b"<!doctype html><title>Sign in</title>"
    with pytest.raises(EnvironmentProblem, match="Faces"):
        get()
    assert not (tmp_path / "faces" / "faces.zip").exists()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_of_the_server_is_one_line_with_the_ways(hub, get, status):
    hub.status = status
    with pytest.raises(EnvironmentProblem) as caught:
        get()
    assert "Faces is not here and could not be downloaded" in str(caught.value)
    assert str(caught.value).endswith("Ways to get it: ask.")
    assert "\n" not in str(caught.value)


def test_a_repository_that_does_not_exist_is_one_line_with_the_ways(hub, get):
    hub.files = {}
    with pytest.raises(EnvironmentProblem, match="Ways to get it"):
        get()


@pytest.fixture
def no_server(monkeypatch):
    pauses = []
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", pauses.append)
    yield
    assert sum(pauses) < 30  # the client's attempts are not multiplied by ours


def test_a_server_that_is_not_there_is_one_line_with_the_ways(get, no_server):
    with pytest.raises(EnvironmentProblem, match="could not be downloaded.*Ways to get it"):
        get()


@pytest.mark.parametrize("variable", ["GANZOO_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_mode_stops_a_download_but_not_the_use_of_what_is_here(
    hub, get, monkeypatch, tmp_path, variable
):
    get()
    before = len(hub.requests)
    monkeypatch.setenv(variable, "1")
    get()
    with pytest.raises(
        DataMissing, match="Faces is not here, and offline mode is on.*Unset GANZOO"
    ):
        get(folder=tmp_path / "other")
    assert len(hub.requests) == before


def test_a_token_is_not_sent_to_another_host_nor_written(hub, get, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    hub.files["faces.zip"] = CONTENT["faces.zip"][::-1]
    with pytest.raises(EnvironmentProblem) as caught:
        get()
    assert hub.header("authorization", hub.files["faces.zip"]) == {None}
    assert "canary" not in str(caught.value) + capsys.readouterr().err


def test_a_disk_without_space_is_found_before_the_transfer(hub, get, monkeypatch):
    monkeypatch.setattr(
        "ganzoo.files.home.shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000})
    )
    with pytest.raises(EnvironmentProblem, match=r"not enough space.*1 MB\. Received: 0 MB free"):
        get()
    assert hub.requests == []


# --- CelebA, from nothing to a data set ----------------------------------------------------


@pytest.fixture
def official(image, pack, tmp_path, hub, monkeypatch):
    """CelebA on the Hub, with three faces."""
    faces = {
        f"img_align_celeba/{i:06d}.jpg": image(i, size=(178, 218), kind="JPEG") for i in (1, 2, 3)
    }
    rows = b"3\nSmiling Young \n000001.jpg -1  1\n000002.jpg  1  1\n000003.jpg -1 -1\n"
    archive = pack(tmp_path / "packed.zip", faces).read_bytes()
    hub.files = {"img_align_celeba.zip": archive, "list_attr_celeba.txt": rows}
    monkeypatch.setattr(module, "FILES", tuple(described(hub.files)))
    return faces


def test_celeba_is_downloaded_after_its_license_is_shown(official, hub, home, capsys):
    dataset = celeba(size=16, attribute="Smiling", repository="some/faces")
    assert dataset.images.shape == (3, 16, 16, 3)
    assert dataset.labels.tolist() == [0, 1, 0]
    assert LICENSE in capsys.readouterr().err
    assert sorted(path.name for path in (home / "data" / "celeba").iterdir()) == sorted(hub.files)


def test_celeba_is_downloaded_once(official, hub, capsys):
    first = celeba(size=16, repository="some/faces")
    hub.requests.clear()
    capsys.readouterr()
    second = celeba(size=16, repository="some/faces", attribute="Young")
    assert hub.requests == []
    assert LICENSE not in capsys.readouterr().err
    assert (first.images == second.images).all()


def test_a_download_of_celeba_that_was_interrupted_goes_on(official, hub, home, fill):
    left = {".download/img_align_celeba.zip": b"cut", "list_attr_celeba.txt": b"cut"}
    fill(home / "data" / "celeba", left)
    assert len(celeba(size=8, repository="some/faces", attribute="Young")) == 3


def test_celeba_without_a_network_names_the_ways_in_one_line(home, no_server):
    with pytest.raises(EnvironmentProblem) as caught:
        celeba()
    message = str(caught.value)
    assert "\n" not in message
    for way in ("https://mmlab.ie.cuhk.edu.hk", str(home / "data" / "celeba"), "--data PATH"):
        assert way in message


def test_the_official_files_are_identified_by_size_and_digest():
    from ganzoo_data.celeba import FILES

    # as torchvision publishes them
    assert [(file.name, file.size, file.sha256[:8]) for file in FILES] == [
        ("list_attr_celeba.txt", 26_721_026, "f0e5da28"),
        ("img_align_celeba.zip", 1_443_490_838, "46fb8944"),
    ]


def test_nothing_is_left_in_the_users_own_folders(official, tmp_path):
    """In a process of its own: the client looks at its environment when it is imported."""
    script = (
        "from ganzoo_data import celeba as module\n"
        "from ganzoo.data.download import HubFile\n"
        f"module.FILES = ({', '.join(map(repr, module.FILES))},)\n"
        "print(len(module.celeba(size=8, repository='some/faces')))\n"
    )
    user = tmp_path / "user"
    user.mkdir()
    environment = {**os.environ, "HOME": str(user), "PYTHONPATH": os.pathsep.join(sys.path)}
    for name in ("HF_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    assert list(user.rglob("*")) == []
