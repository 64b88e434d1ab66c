"""Temporaries of the dead are removed, those of the living are not."""

import errno
import os
import subprocess
import sys
import time

import pytest

from ganzoo.files import publish
from ganzoo.files.leftovers import lock, reclaim, temporary_path

HOUR = 3600


def leave(folder, *, age, directory=False):
    """A temporary that its writer left behind so many seconds ago."""
    path = temporary_path(folder / "a")
    if directory:
        path.mkdir()
        (path / "x").write_bytes(b"part")
    else:
        path.write_bytes(b"part")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


@pytest.mark.parametrize("directory", [False, True])
def test_an_old_temporary_of_a_dead_writer_is_removed(tmp_path, directory):
    path = leave(tmp_path, age=2 * HOUR, directory=directory)
    assert reclaim(tmp_path) == [path]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("directory", [False, True])
@pytest.mark.parametrize("age", [0, HOUR - 60, -HOUR])
def test_a_young_temporary_stays(tmp_path, directory, age):
    leave(tmp_path, age=age, directory=directory)
    assert reclaim(tmp_path) == []
    assert len(os.listdir(tmp_path)) == 1


@pytest.mark.parametrize("directory", [False, True])
def test_a_living_writers_temporary_stays_and_goes_when_it_is_killed(tmp_path, directory):
    path = leave(tmp_path, age=2 * HOUR, directory=directory)
    code = (
        "import os, sys; from ganzoo.files.leftovers import lock; "
        "print(lock(os.open(sys.argv[1], os.O_RDONLY)), flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", code, path],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout.readline() == b"True\n"
        assert reclaim(tmp_path) == []
        writer.kill()
    assert reclaim(tmp_path) == [path]


def test_a_temporary_is_locked_for_as_long_as_it_is_written(tmp_path, monkeypatch):
    removed = []

    def grow_old(step, path):
        if path != tmp_path and step in ("write", "fsync", "publish"):
            for each in tmp_path.iterdir():
                os.utime(each, (0, 0))
            removed.extend(reclaim(tmp_path))

    monkeypatch.setattr(publish, "on_step", [grow_old])
    publish.publish(tmp_path / "a", b"content")
    publish.publish_folder(tmp_path / "b", lambda folder: publish.write_new(folder / "x", b"x"))
    assert removed == []
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_where_nothing_can_be_locked_nothing_is_removed(tmp_path, monkeypatch):
    def no_locks(*_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.lock_descriptor", no_locks)
    leave(tmp_path, age=2 * HOUR)
    assert reclaim(tmp_path) == []


def test_nothing_else_is_touched(tmp_path):
    for name in (".ganzoo-x.tmp", ".ganzoo-0123456789abcdef.tmp.bak", "a.tmp", ".hidden"):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (0, 0))
    precious = tmp_path / "precious"
    precious.write_bytes(b"x")
    link = tmp_path / ".ganzoo-0123456789abcdef.tmp"
    link.symlink_to("precious")
    os.utime(link, (0, 0), follow_symlinks=False)
    before = sorted(os.listdir(tmp_path))
    assert reclaim(tmp_path) == []
    assert sorted(os.listdir(tmp_path)) == before


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path):
    assert reclaim(tmp_path / "none") == []


def test_one_descriptor_at_a_time_holds_the_lock(tmp_path):
    descriptors = [os.open(tmp_path, os.O_RDONLY) for _ in range(2)]
    assert lock(descriptors[0]) is True
    assert lock(descriptors[1]) is False
    os.close(descriptors[0])
    assert lock(descriptors[1]) is True
    os.close(descriptors[1])
