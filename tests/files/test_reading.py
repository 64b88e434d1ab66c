import errno
import os
import socket

import pytest

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files import reading
from ganzoo.files.reading import open_regular, read_bytes
from ganzoo.files.text import environment_problem


def test_a_regular_file_is_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    assert read_bytes(path, limit=7) == b"content"


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_fault_of_the_disk_is_tried_again_three_times(tmp_path, monkeypatch, number):
    path, opened, pauses = tmp_path / "a", [], []
    path.write_bytes(b"content")
    real = reading.open_regular

    def fail(path):
        opened.append(path)
        if len(opened) % 5:
            raise environment_problem("read", path, OSError(number, "x")) from OSError(number, "x")
        return real(path)

    monkeypatch.setattr(reading, "open_regular", fail)
    monkeypatch.setattr(reading.time, "sleep", pauses.append)
    with pytest.raises(EnvironmentProblem, match="Cannot read .*a"):
        read_bytes(path)
    assert len(opened) == 4 and len(pauses) == 3 and sum(pauses) <= 2
    assert read_bytes(path) == b"content" and len(opened) == 5
    number = errno.EACCES
    with pytest.raises(EnvironmentProblem):
        read_bytes(path)
    assert len(opened) == 6


def test_a_file_above_the_limit_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    with pytest.raises(InvalidInput, match="too large: expected at most 6 bytes"):
        read_bytes(path, limit=6)


def test_a_huge_limit_reserves_no_memory(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    assert read_bytes(path, limit=2**62) == b"content"


def test_a_missing_file_is_the_callers_mistake(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        open_regular(tmp_path / "none")


@pytest.mark.parametrize("path", ["", "a\0b", "\ud8ff"], ids=ascii)
def test_a_path_that_no_system_knows_is_the_callers_mistake(path):
    with pytest.raises(UsageError, match="Received"):
        open_regular(path)


@pytest.mark.parametrize(
    ("kind", "word"),
    [("folder", "folder"), ("pipe", "pipe"), ("device", "device"), ("socket", "socket")],
)
@pytest.mark.parametrize("follow", [False, True])
def test_only_regular_files_are_opened(tmp_path, monkeypatch, kind, word, follow):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    path = "thing"
    if kind == "folder":
        os.mkdir(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = "/dev/zero"
    else:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
    with pytest.raises(InvalidInput, match=f"not a {word}"):
        open_regular(path, follow_symlinks=follow)


def test_a_pipe_that_takes_the_files_path_at_the_last_moment_is_refused(tmp_path, monkeypatch):
    regular, pipe = tmp_path / "regular", tmp_path / "pipe"
    regular.write_bytes(b"")
    os.mkfifo(pipe)
    looked = os.stat(regular)
    monkeypatch.setattr(os, "stat", lambda *_, **__: looked)
    with pytest.raises(InvalidInput, match="not a pipe"):
        open_regular(pipe)


def test_a_symbolic_link_is_followed_only_if_requested(tmp_path):
    (tmp_path / "real").write_bytes(b"content")
    link = tmp_path / "link"
    link.symlink_to("real")
    with pytest.raises(InvalidInput, match=r"not a symbolic link.*It points to .*real"):
        open_regular(link)


def test_a_link_that_takes_the_files_path_at_the_last_moment_is_refused(tmp_path, monkeypatch):
    (tmp_path / "real").write_bytes(b"content")
    (tmp_path / "link").symlink_to("real")
    looked = os.stat(tmp_path / "real")
    monkeypatch.setattr(os, "stat", lambda *_, **__: looked)
    with pytest.raises(EnvironmentProblem, match="symbolic link"):
        open_regular(tmp_path / "link")


def test_what_the_system_refuses_names_the_path(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a").write_bytes(b"")
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(EnvironmentProblem, match=r"Cannot read .*a.*Permission denied.*owner"):
        open_regular(tmp_path / "a")


def test_a_refused_file_leaves_no_open_descriptor(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        with pytest.raises(InvalidInput):
            open_regular(tmp_path / "pipe")
    assert len(os.listdir("/dev/fd")) == before
