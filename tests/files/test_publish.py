"""Files and folders appear whole or not at all."""

import errno
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from children import run_python

from ganzoo.errors import EnvironmentProblem, UsageError
from ganzoo.files import publish as publishing
from ganzoo.files.publish import make_folder, publish, publish_folder, publish_text, withdraw

NEW, OLD = b"new content", b"old content"


def tree(folder):
    """The content of every file under a folder, by its relative path."""
    folder = Path(folder)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def permissions(path):
    return os.stat(path).st_mode & 0o777


def test_a_file_holds_what_was_given(tmp_path):
    publish(tmp_path / "a", NEW)
    publish_text(tmp_path / "b", "é\n")
    publish(tmp_path / "c", (piece for piece in [b"one", b"", memoryview(b"two"), bytearray(b"3")]))
    publish(tmp_path / "d", b"")
    assert tree(tmp_path) == {"a": NEW, "b": b"\xc3\xa9\n", "c": b"onetwo3", "d": b""}


def test_an_existing_file_is_replaced_only_if_requested(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(OLD)
    with pytest.raises(UsageError, match=r"nothing is overwritten. Received: .*a"):
        publish(path, NEW)
    assert tree(tmp_path) == {"a": OLD}
    publish(path, NEW, overwrite=True)
    assert tree(tmp_path) == {"a": NEW}


def test_a_file_that_appears_at_the_last_moment_is_not_replaced(tmp_path, monkeypatch):
    def appear(step, path):
        if step == "publish":
            path.write_bytes(OLD)

    monkeypatch.setattr(publishing, "on_step", [appear])
    with pytest.raises(UsageError, match="nothing is overwritten"):
        publish(tmp_path / "a", NEW)
    assert tree(tmp_path) == {"a": OLD}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe"])
def test_what_is_not_a_regular_file_is_never_replaced(tmp_path, kind, overwrite):
    path = tmp_path / "a"
    (tmp_path / "real").write_bytes(OLD)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("real" if kind == "link" else "nothing")
    before = os.lstat(path)
    with pytest.raises(UsageError, match="Received"):
        publish(path, NEW, overwrite=overwrite)
    assert os.lstat(path) == before
    assert sorted(os.listdir(tmp_path)) == ["a", "real"]
    assert (tmp_path / "real").read_bytes() == OLD


@pytest.mark.parametrize("path", ["", ".", "/", "a\0b", "\ud8ff"], ids=ascii)
def test_a_path_that_names_no_file_is_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="Received"):
        publish(path, NEW)
    with pytest.raises(UsageError, match="Received"):
        publish_folder(path, lambda folder: None)
    assert os.listdir(tmp_path) == []


def test_a_relative_path_is_written_where_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publish("a", NEW)
    publish_folder("b", lambda folder: publish(folder / "x", NEW))
    assert tree(tmp_path) == {"a": NEW, "b/x": NEW}


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_a_new_file_has_what_the_umask_leaves(tmp_path, umask, mask):
    umask(mask)
    publish(tmp_path / "a", NEW)
    publish_folder(tmp_path / "b", lambda folder: publishing.write_new(folder / "x", NEW))
    assert permissions(tmp_path / "a") == 0o666 & ~mask
    assert permissions(tmp_path / "b") == 0o777 & ~mask
    assert permissions(tmp_path / "b" / "x") == 0o666 & ~mask


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path, umask, mask, mode):
    umask(mask)
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "a").chmod(mode)
    publish(tmp_path / "a", NEW, overwrite=True)
    assert permissions(tmp_path / "a") == mode


def test_what_replaces_a_private_file_is_never_public(tmp_path, monkeypatch, umask):
    umask(0)
    seen = []

    def look(step, path):
        if path.exists() and path.is_file():
            seen.append((step, permissions(path)))

    monkeypatch.setattr(publishing, "on_step", [look])
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "a").chmod(0o600)
    publish(tmp_path / "a", NEW, overwrite=True)
    assert {step for step, _ in seen} >= {"chmod", "write", "fsync", "publish"}
    assert {mode for _, mode in seen} == {0o600}


class Recorder:
    """Every call to the system, in order, with the path that a descriptor belongs to."""

    def __init__(self, monkeypatch):
        self.calls, self.paths = [], {}
        for name in ("open", "write", "fsync", "fchmod", "link", "replace", "rename", "close"):
            monkeypatch.setattr(os, name, self.wrapped(name, getattr(os, name)))

    def wrapped(self, name, really):
        def call(target, *arguments, **options):
            result = really(target, *arguments, **options)
            if name == "open":
                self.paths[result] = Path(target)
                if arguments[0] & os.O_CREAT:
                    assert arguments[0] & os.O_EXCL
                    self.calls.append(("create", self.kind(target)))
            elif name in ("link", "replace", "rename"):
                self.calls.append((name, self.kind(target), self.kind(arguments[0])))
            elif name != "close":
                self.calls.append((name, self.kind(self.paths[target])))
            return result

        return call

    @staticmethod
    def kind(path):
        return "temporary" if Path(path).name.startswith(".ganzoo-") else Path(path).name


def test_a_new_file_is_synced_before_it_is_linked_and_its_folder_after(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    recorder = Recorder(monkeypatch)
    publish(tmp_path / "folder" / "a", [b"one", b"two"])
    assert recorder.calls == [
        ("create", "temporary"), ("write", "temporary"), ("write", "temporary"),
        ("fsync", "temporary"), ("link", "temporary", "a"), ("fsync", "folder"),
    ]  # fmt: skip


def test_a_replaced_file_gets_its_permissions_first_and_is_renamed_last(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(OLD)
    recorder = Recorder(monkeypatch)
    publish(tmp_path / "folder" / "a", NEW, overwrite=True)
    assert recorder.calls == [
        ("create", "temporary"), ("fchmod", "temporary"), ("write", "temporary"),
        ("fsync", "temporary"), ("replace", "temporary", "a"), ("fsync", "folder"),
    ]  # fmt: skip


def test_everything_in_a_folder_is_synced_before_the_folder_is_renamed(tmp_path, monkeypatch):
    def write(folder):
        (folder / "sub").mkdir()
        (folder / "sub" / "x").write_bytes(NEW)
        publishing.write_new(folder / "y", NEW)

    (tmp_path / "parent").mkdir()
    recorder = Recorder(monkeypatch)
    publish_folder(tmp_path / "parent" / "new", write)
    assert recorder.calls == [
        ("create", "y"), ("write", "y"), ("fsync", "y"), ("fsync", "x"), ("fsync", "sub"),
        ("fsync", "y"), ("fsync", "temporary"), ("rename", "temporary", "new"), ("fsync", "parent"),
    ]  # fmt: skip


def test_a_write_that_takes_only_a_part_is_continued(tmp_path, monkeypatch):
    really = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: really(descriptor, data[:3]))
    publish(tmp_path / "a", NEW)
    assert (tmp_path / "a").read_bytes() == NEW


ERRNOS = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EROFS]
STEPS = ["create", "chmod", "write", "fsync", "publish"]


@pytest.mark.parametrize("number", ERRNOS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("step", STEPS)
def test_a_disk_that_refuses_changes_nothing_and_is_named(tmp_path, monkeypatch, number, step):
    def fail(name, path):
        if name == step:
            raise OSError(number, os.strerror(number))

    (tmp_path / "a").write_bytes(OLD)
    monkeypatch.setattr(publishing, "on_step", [fail])
    with pytest.raises(EnvironmentProblem) as caught:
        publish(tmp_path / "a", NEW, overwrite=True)
    assert os.strerror(number) in caught.value.message and "/a'" in caught.value.message
    assert ".tmp" not in str(caught.value) and caught.value.hint
    assert caught.value.exit_code == 5
    assert tree(tmp_path) == {"a": OLD}


@pytest.mark.parametrize("number", ERRNOS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("call", ["open", "write", "fsync", "link", "mkdir", "rename"])
def test_a_system_call_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, number, call):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(EnvironmentProblem, match=f"Cannot write .*{os.strerror(number)}"):
            if call in ("mkdir", "rename"):
                publish_folder(tmp_path / "a", lambda folder: None)
            else:
                publish(tmp_path / "a", NEW)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("step", ["create", "write", "fsync", "publish"])
def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch, step):
    calls = []

    def fail(name, path):
        calls.append(name)
        if name == step and calls.count(name) == (2 if step == "fsync" else 1):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(publishing, "on_step", [fail])
    with pytest.raises(EnvironmentProblem, match=r"Cannot write '.*/new': No space left"):
        publish_folder(tmp_path / "new", lambda folder: publishing.write_new(folder / "x", NEW))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ZeroDivisionError, UsageError])
def test_any_interruption_removes_the_temporary_and_is_passed_on(tmp_path, error):
    def pieces():
        yield b"one"
        raise error("stop")

    def write(folder):
        (folder / "sub").mkdir()
        publish(folder / "sub" / "x", pieces())

    with pytest.raises(error):
        publish(tmp_path / "a", pieces())
    with pytest.raises(error):
        publish_folder(tmp_path / "b", write)
    assert os.listdir(tmp_path) == []


def test_no_descriptor_stays_open(tmp_path, monkeypatch):
    def fail(name, path):
        if name == "publish":
            raise OSError(errno.EIO, "Input/output error")

    before = sorted(os.listdir("/dev/fd"))
    publish(tmp_path / "a", NEW)
    publish_folder(tmp_path / "b", lambda folder: publishing.write_new(folder / "x", NEW))
    monkeypatch.setattr(publishing, "on_step", [fail])
    with pytest.raises(EnvironmentProblem):
        publish(tmp_path / "c", NEW)
    with pytest.raises(EnvironmentProblem):
        publish_folder(tmp_path / "d", lambda folder: None)
    withdraw(tmp_path / "b")
    assert sorted(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_disk_without_hard_links_still_never_overwrites(tmp_path, monkeypatch, number):
    def no_links(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", no_links)
    publish(tmp_path / "a", NEW)
    assert tree(tmp_path) == {"a": NEW}
    with pytest.raises(UsageError, match="nothing is overwritten"):
        publish(tmp_path / "a", OLD)
    monkeypatch.setattr(
        publishing, "on_step", [lambda step, path: step == "publish" and path.write_bytes(OLD)]
    )
    with pytest.raises(UsageError, match="nothing is overwritten"):
        publish(tmp_path / "b", NEW)
    assert tree(tmp_path) == {"a": NEW, "b": OLD}


def test_a_disk_that_cannot_sync_folders_is_accepted_but_one_with_a_fault_is_not(
    tmp_path, monkeypatch
):
    really, number = os.fsync, errno.EINVAL

    def fsync(descriptor):
        if os.path.isdir(f"/dev/fd/{descriptor}"):
            raise OSError(number, os.strerror(number))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    publish(tmp_path / "a", NEW)
    number = errno.EIO
    with pytest.raises(EnvironmentProblem, match="fault"):
        publish(tmp_path / "b", NEW)


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(EnvironmentProblem, match="folder must exist"):
        publish(tmp_path / "none" / "a", NEW)
    with pytest.raises(EnvironmentProblem, match="Cannot write"):
        publish("x" * 300, NEW)


def test_a_folder_without_permission_is_reported(unprivileged):
    unprivileged()
    with pytest.raises(EnvironmentProblem, match="owner and permissions"):
        publish("a", NEW)
    with pytest.raises(EnvironmentProblem, match="owner and permissions"):
        publish_folder("b", lambda folder: None)


def test_a_file_beyond_the_systems_limit_leaves_nothing_behind(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(EnvironmentProblem, match="ulimit -f"):
            publish(tmp_path / "a", bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


FULL_DISK = """
import os, sys
from ganzoo.errors import EnvironmentProblem
from ganzoo.files import checkpoints
from ganzoo.files.publish import publish

os.chdir(sys.argv[1])
checkpoints.save("run", 1, {"state": bytes(300_000)}, {}, keep=2)
for attempt in (
    lambda: publish("a", bytes(2_000_000)),
    lambda: checkpoints.save("run", 2, {"state": bytes(2_000_000)}, {}, keep=1),
):
    try:
        attempt()
    except EnvironmentProblem as problem:
        print("full" if "Free some disk space" in str(problem) else problem)
print(os.listdir("."), os.listdir("run"), checkpoints.newest("run", report=print).step)
"""


def test_a_disk_that_is_really_full_keeps_what_it_had(tmp_path):
    mount = "mount -t tmpfs -o size=1m tmpfs"
    space = ["unshare", "--user", "--mount", "--map-root-user", "sh", "-c"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*space, f"{mount} '{tmp_path}'"], capture_output=True).returncode
    ):
        pytest.skip("this system lets us mount no small disk")
    outer = (
        "import subprocess, sys; sys.exit(subprocess.run("
        f'[*{space!r}, {mount!r} + \' "$1" && exec "$2" -c "$3" "$1"\', \'sh\', '
        "sys.argv[1], sys.executable, sys.argv[2]]).returncode)"
    )
    printed = run_python("-c", outer, tmp_path, FULL_DISK).stdout
    assert printed == "full\nfull\n['run'] ['step-00000001'] 1\n"


def test_a_folder_is_never_put_over_another(tmp_path):
    for name in ("full", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "x").write_bytes(OLD)
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "link").symlink_to("nothing")
    for name in ("full", "empty", "file", "link"):
        with pytest.raises(UsageError, match="nothing is overwritten"):
            publish_folder(tmp_path / name, lambda folder: pytest.fail("written"))
    assert tree(tmp_path) == {"file": OLD, "full/x": OLD}


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_folder_is_not_put_over_one_that_appears_at_the_last_moment(tmp_path, monkeypatch, kind):
    def appear(step, path):
        if step == "publish" and kind == "file":
            path.write_bytes(OLD)
        elif step == "publish":
            path.mkdir()
            (path / "x").write_bytes(OLD)

    monkeypatch.setattr(publishing, "on_step", [appear])
    with pytest.raises(UsageError, match="nothing is overwritten"):
        publish_folder(tmp_path / "new", lambda folder: None)
    assert list(tree(tmp_path).values()) == [OLD]
    assert os.listdir(tmp_path) == ["new"]


def test_make_folder_makes_and_syncs_every_level(tmp_path, monkeypatch):
    recorder = Recorder(monkeypatch)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert recorder.calls == [("fsync", tmp_path.name), ("fsync", "a")]


RACE = """
import sys
from ganzoo.errors import UsageError
from ganzoo.files.publish import publish, publish_folder, write_new

folder, me = sys.argv[1:]
won = []
sys.stdin.readline()  # until all are ready
for index in range(50):
    try:
        publish(f"{folder}/file-{index}", me.encode() * 1000)
        won.append(f"file-{index}")
    except UsageError:
        pass
    try:
        publish_folder(
            f"{folder}/folder-{index}", lambda new: write_new(new / "x", me.encode() * 1000)
        )
        won.append(f"folder-{index}")
    except UsageError:
        pass
print(*won)
"""


def test_of_several_processes_exactly_one_publishes_each_name(tmp_path):
    outer = """
import subprocess, sys, time
children = [
    subprocess.Popen(
        [sys.executable, "-c", sys.argv[2], sys.argv[1], me],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    for me in "abcd"
]
time.sleep(0.3)
for process in children:
    process.stdin.write("go\\n")
    process.stdin.flush()
for me, process in zip("abcd", children):
    print(me, process.communicate()[0].strip())
    assert process.returncode == 0
"""
    owners = {}
    for line in run_python("-c", outer, tmp_path, RACE).stdout.splitlines():
        me, *names = line.split()
        for name in names:
            assert name not in owners
            owners[name] = me
    assert len(owners) == 100
    for path, content in tree(tmp_path).items():
        assert content == owners[path.removesuffix("/x")].encode() * 1000
    assert sorted(os.listdir(tmp_path)) == sorted(owners)
