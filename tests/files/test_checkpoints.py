"""The newest valid checkpoint wins, and the last valid one is never lost."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files import checkpoints, leftovers
from ganzoo.files import publish as publishing
from ganzoo.files.checkpoints import Checkpoint, newest, save
from ganzoo.files.digests import bytes_digest, canonical_json

NAMES = ("d_optimizer.safetensors", "seeds.json", "state.safetensors")


def files(step):
    """What a run has to save at a step."""
    return {name: f"{name} of step {step}, ".encode() * 20 for name in NAMES}


def saved(folder, *steps, keep=10):
    for step in steps:
        save(folder, step, files(step), {"step": step, "position": [0, step]}, keep=keep)


def steps_in(folder):
    return sorted(int(path.name[5:]) for path in Path(folder).iterdir())


def found(folder):
    """The newest checkpoint's step, and what was reported."""
    reports = []
    checkpoint = newest(folder, report=reports.append)
    if checkpoint:
        assert checkpoint.files == files(checkpoint.step)
        assert checkpoint.about == {"step": checkpoint.step, "position": [0, checkpoint.step]}
    return checkpoint and checkpoint.step, reports


def test_a_checkpoint_is_read_as_it_was_saved(tmp_path):
    path = save(tmp_path / "a" / "b", 1000, files(1000), {"loss": 0.5, "é": [None]}, keep=2)
    assert path == tmp_path / "a" / "b" / "step-00001000"
    assert sorted(os.listdir(path)) == sorted([*NAMES, "MANIFEST.json"])
    checkpoint = newest(tmp_path / "a" / "b", report=pytest.fail)
    assert checkpoint == Checkpoint(
        step=1000, path=path, about={"loss": 0.5, "é": [None]}, files=files(1000)
    )
    assert checkpoint.read(NAMES[0]) == files(1000)[NAMES[0]]
    with pytest.raises(InvalidInput, match=r"no such file: expected one of d_optimizer.*'x'"):
        checkpoint.read("x")


def test_the_manifest_lists_every_file(tmp_path):
    path = save(tmp_path, 7, {"a": b"content"}, {"x": 1}, keep=1)
    content = json.loads((path / "MANIFEST.json").read_text())
    assert content.pop("digest") == bytes_digest(canonical_json(content).encode())
    assert content == {
        "schema": 1,
        "step": 7,
        "files": {"a": {"size": 7, "sha256": bytes_digest(b"content")}},
        "about": {"x": 1},
    }


def test_the_manifest_is_written_last(tmp_path, monkeypatch):
    created = []
    monkeypatch.setattr(
        publishing, "on_step", [lambda step, path: step == "create" and created.append(path.name)]
    )
    saved(tmp_path, 1)
    assert created[1:] == [*NAMES, "MANIFEST.json"]


@pytest.mark.parametrize("make", [False, True])
def test_where_nothing_was_saved_there_is_no_checkpoint(tmp_path, make):
    if make:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "notes.txt").write_text("x")
        (tmp_path / "run" / "step-00000001 (copy)").mkdir()
    assert newest(tmp_path / "run", report=pytest.fail) is None


@pytest.mark.parametrize("step", [0, 1, 99_999_999, 100_000_000, 10**15])
def test_any_step_can_be_saved(tmp_path, step):
    saved(tmp_path, step)
    assert found(tmp_path) == (step, [])


def test_a_step_is_a_whole_number_from_0(tmp_path):
    with pytest.raises(ValueError, match="counted from 0"):
        saved(tmp_path, -1)
    with pytest.raises(TypeError):
        saved(tmp_path, 1.0)


@pytest.mark.parametrize("name", ["../x", "MANIFEST.json", "", "a/b", ".x", "A"])
def test_a_file_name_is_plain(tmp_path, name):
    with pytest.raises(UsageError, match="file name"):
        save(tmp_path, 1, {name: b""}, {}, keep=1)
    assert os.listdir(tmp_path) == []


def test_saving_the_same_state_again_writes_nothing(tmp_path):
    saved(tmp_path, 1, 2)
    before = os.stat(tmp_path / "step-00000002").st_ino
    path = save(tmp_path, 2, files(2), {"other": "seconds"}, keep=10)
    assert path == tmp_path / "step-00000002"
    assert os.stat(path).st_ino == before
    assert found(tmp_path) == (2, [])


def test_saving_another_state_of_a_valid_step_is_refused(tmp_path):
    saved(tmp_path, 1)
    with pytest.raises(UsageError, match="another state"):
        save(tmp_path, 1, files(2), {}, keep=10)
    assert found(tmp_path) == (1, [])


def test_a_broken_checkpoint_of_the_step_is_replaced(tmp_path):
    saved(tmp_path, 1, 2)
    (tmp_path / "step-00000002" / NAMES[0]).write_bytes(b"broken")
    saved(tmp_path, 2)
    assert found(tmp_path) == (2, [])
    assert steps_in(tmp_path) == [1, 2]


# Rotation


@pytest.mark.parametrize(
    ("keep", "left"), [(0, [5]), (1, [5]), (2, [4, 5]), (3, [3, 4, 5]), (9, [1, 2, 3, 4, 5])]
)
def test_the_newest_so_many_are_kept(tmp_path, keep, left):
    saved(tmp_path, 1, 2, 3, 4, 5, keep=keep)
    assert steps_in(tmp_path) == left


@pytest.mark.parametrize("keep", [0, 1, 2, 3])
def test_what_is_to_be_spared_stays_however_old_it_is(tmp_path, keep):
    for step in range(1, 7):
        save(tmp_path, step, files(step), {}, keep=keep, spare=[2] if step >= 2 else [])
    newest_ones = set(range(7 - max(keep, 1), 7))
    assert steps_in(tmp_path) == sorted({2} | newest_ones)
    save(tmp_path, 7, files(7), {}, keep=keep, spare=[6])  # another is the best now
    assert 2 not in steps_in(tmp_path) and 6 in steps_in(tmp_path)


def test_one_that_is_spared_and_broken_is_neither_removed_nor_counted(tmp_path):
    saved(tmp_path, 1, 2, 3)
    (tmp_path / "step-00000003" / NAMES[0]).write_bytes(b"broken")
    save(tmp_path, 4, files(4), {}, keep=2, spare=[3])
    assert steps_in(tmp_path) == [2, 3, 4]


def test_the_checkpoint_of_a_step_is_read_or_reported_as_gone(tmp_path):
    saved(tmp_path, 1, 2)
    assert checkpoints.of_step(tmp_path, 1).files == files(1)
    with pytest.raises(InvalidInput, match="The checkpoint of step 3 .* is broken or gone"):
        checkpoints.of_step(tmp_path, 3)
    (tmp_path / "step-00000001" / NAMES[0]).write_bytes(b"broken")
    with pytest.raises(InvalidInput, match="The checkpoint of step 1 .* is broken or gone"):
        checkpoints.of_step(tmp_path, 1)


def test_as_long_as_all_are_kept_none_is_read(tmp_path, monkeypatch):
    read = []
    really = checkpoints.verify
    monkeypatch.setattr(checkpoints, "verify", lambda path: read.append(path) or really(path))
    saved(tmp_path, 1, 2, 3, keep=3)
    assert read == []
    saved(tmp_path, 4, keep=3)
    assert [path.name for path in read] == [f"step-0000000{step}" for step in (4, 3, 2)]


def test_a_broken_one_is_not_counted_among_those_kept(tmp_path):
    saved(tmp_path, 1, 2, 3)
    (tmp_path / "step-00000003" / "MANIFEST.json").unlink()
    saved(tmp_path, 4, keep=2)
    assert steps_in(tmp_path) == [2, 3, 4]
    assert found(tmp_path) == (4, [])


@pytest.mark.parametrize("keep", [0, 1])
def test_the_last_valid_one_is_never_removed(tmp_path, monkeypatch, keep):
    saved(tmp_path, 1)

    def spoil(step, path):  # as a disk would that keeps nothing of what it confirms
        if step == "publish":
            next(tmp_path.glob(".ganzoo-*/state.safetensors")).write_bytes(b"zeros")

    monkeypatch.setattr(publishing, "on_step", [spoil])
    for step in (2, 3):
        saved(tmp_path, step, keep=keep)
    assert found(tmp_path)[0] == 1


def test_newer_ones_are_not_touched(tmp_path):
    saved(tmp_path, 1, 2, 30, 40)
    saved(tmp_path, 3, keep=1)
    assert steps_in(tmp_path) == [3, 30, 40]


def test_only_checkpoints_are_removed(tmp_path):
    others = ["notes", "step-00000001 (copy)", "step-1", "best", "step-000000001"]
    for name in others:
        (tmp_path / name).mkdir()
    (tmp_path / "step-00000001").write_bytes(b"a file")
    outside = tmp_path.parent / "outside"
    shutil.rmtree(outside, ignore_errors=True)
    outside.mkdir()
    (tmp_path / "step-00000002").symlink_to(outside)
    saved(tmp_path, 3, 4, keep=1)
    left = {"step-00000001", "step-00000002", "step-00000004", *others}
    assert set(os.listdir(tmp_path)) == left
    assert outside.is_dir()


def test_a_checkpoint_stays_whole_when_it_is_removed_after_it_was_read(tmp_path):
    saved(tmp_path, 1)
    checkpoint = newest(tmp_path, report=pytest.fail)
    saved(tmp_path, 2, keep=1)
    assert steps_in(tmp_path) == [2]
    assert checkpoint.read(NAMES[0]) == files(1)[NAMES[0]]


def test_a_reader_looks_again_when_a_writer_rotates_everything_away(tmp_path, monkeypatch):
    saved(tmp_path, 1)
    really = checkpoints.verify

    def overtaken(folder, contents=None):
        if folder.name == "step-00000001" and folder.exists():
            monkeypatch.setattr(checkpoints, "verify", really)
            saved(tmp_path, 2, keep=1)
        return really(folder, contents)

    monkeypatch.setattr(checkpoints, "verify", overtaken)
    assert found(tmp_path) == (2, [])


def test_leftovers_of_dead_writers_are_removed_and_fresh_ones_are_not(tmp_path):
    old, fresh = (leftovers.temporary_path(tmp_path / "x") for _ in range(2))
    for path in (old, fresh):
        path.mkdir()
        (path / "part").write_bytes(b"x")
    os.utime(old, (0, 0))
    saved(tmp_path, 1)
    assert sorted(os.listdir(tmp_path)) == [fresh.name, "step-00000001"]


# What is broken is not used: corpus Q


def bit_flipped(name):
    def flip(folder):
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)

    return flip


def rewritten(change):
    """The manifest changed and given a right digest again, as by another program."""

    def rewrite(folder):
        path = folder / "MANIFEST.json"
        content = json.loads(path.read_text())
        del content["digest"]
        change(content)
        digest = bytes_digest(canonical_json(content).encode())
        path.write_text(canonical_json({**content, "digest": digest}) + "\n")

    return rewrite


def edited(change):
    def edit(folder):
        path = folder / "MANIFEST.json"
        path.write_bytes(change(path.read_bytes()))

    return edit


def linked(folder):
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to("elsewhere")


def replaced_by_a_link(folder):
    (folder / NAMES[0]).rename(folder.parent / "elsewhere")
    (folder / NAMES[0]).symlink_to("../elsewhere")


def replaced_by_a_pipe(folder):
    (folder / NAMES[0]).unlink()
    os.mkfifo(folder / NAMES[0])


BREAKS = {
    "Q1 no manifest": lambda folder: (folder / "MANIFEST.json").unlink(),
    "Q2 manifest cut": edited(lambda text: text[: len(text) // 2]),
    "Q2 manifest empty": edited(lambda text: b""),
    "Q2 manifest of zeros": edited(lambda text: bytes(len(text))),
    "Q2 manifest is a list": edited(lambda text: b"[]\n"),
    "Q2 manifest nests": edited(lambda text: b"[" * 100_000),
    "Q2 manifest has a key twice": edited(lambda t: t.replace(b"{", b'{"step":1,', 1)),
    "Q3 a listed file is missing": lambda folder: (folder / NAMES[1]).unlink(),
    "Q4 an extra file": lambda folder: (folder / "extra").write_bytes(b""),
    "Q4 an extra folder": lambda folder: (folder / "extra").mkdir(),
    **{f"Q5 a bit flipped in {n}": bit_flipped(n) for n in (*NAMES, "MANIFEST.json")},
    "Q5 about altered": edited(lambda text: text.replace(b'"position":[0', b'"position":[1')),
    "Q6 a file of zeros": lambda folder: (folder / NAMES[2]).write_bytes(
        bytes((folder / NAMES[2]).stat().st_size)
    ),
    "Q6 a file cut": lambda folder: os.truncate(folder / NAMES[2], 10),
    "Q6 a file longer": lambda folder: os.truncate(folder / NAMES[2], 10_000),
    "Q7 another step in the manifest": rewritten(lambda content: content.update(step=77)),
    "Q14 a newer schema": rewritten(lambda content: content.update(schema=2)),
    "Q14 an older schema": rewritten(lambda content: content.update(schema=0)),
    "Q14 schema as text": rewritten(lambda content: content.update(schema="1")),
    "Q23 CRLF": edited(lambda text: text.replace(b"\n", b"\r\n")),
    "Q23 another case": lambda folder: (folder / "MANIFEST.json").rename(folder / "manifest.json"),
    "unknown key": rewritten(lambda content: content.update(more=1)),
    "missing key": rewritten(lambda content: content.pop("about")),
    "step as text": rewritten(lambda content: content.update(step="3")),
    "step is true": rewritten(lambda content: content.update(step=True)),
    "files is a list": rewritten(lambda content: content.update(files=[])),
    "a file outside": rewritten(
        lambda content: content["files"].update({"../x": {"size": 0, "sha256": "0" * 64}})
    ),
    "a digest of another kind": rewritten(lambda m: m["files"][NAMES[0]].update(sha256="0" * 63)),
    "a negative size": rewritten(lambda m: m["files"][NAMES[0]].update(size=-1)),
    "a huge size": rewritten(lambda m: m["files"][NAMES[0]].update(size=2**62)),
    "the folder is a link": linked,
    "a file is a link": replaced_by_a_link,
    "a file is a pipe": replaced_by_a_pipe,
    "a file in its place": lambda folder: (shutil.rmtree(folder), folder.write_bytes(b"")),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_checkpoint_is_passed_over_loudly(tmp_path, kind):
    saved(tmp_path, 1, 2, 3)
    BREAKS[kind](tmp_path / "step-00000003")
    step, reports = found(tmp_path)
    assert step == 2
    assert len(reports) == 1
    assert "step 3" in reports[0] and "step 2" in reports[0] and reports[0].isprintable()


def test_the_break_of_every_byte_of_a_manifest_is_noticed(tmp_path):
    saved(tmp_path, 1, 2)
    path = tmp_path / "step-00000002" / "MANIFEST.json"
    good = path.read_bytes()
    for index in range(len(good)):
        path.write_bytes(good[:index] + bytes([good[index] ^ 1]) + good[index + 1 :])
        assert found(tmp_path)[0] == 1


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_several_broken_ones_are_passed_over_one_by_one(tmp_path, broken):
    saved(tmp_path, 1, 2, 3, 4)
    for step in range(4, 4 - broken, -1):
        bit_flipped(NAMES[0])(tmp_path / f"step-{step:08d}")
    step, reports = found(tmp_path)
    assert step == 4 - broken
    assert len(reports) == broken
    for report, lost in zip(reports, range(4, 0, -1), strict=False):
        assert f"step {lost} " in report and f"step {step}." in report


def test_when_all_are_broken_that_is_an_error_and_not_a_fresh_start(tmp_path):
    saved(tmp_path, 1, 2)
    for step in (1, 2):
        (tmp_path / f"step-{step:08d}" / "MANIFEST.json").unlink()
    with pytest.raises(InvalidInput, match=r"All 2 .*step-00000002: No such file.*step-00000001"):
        newest(tmp_path, report=pytest.fail)


def test_a_broken_one_is_left_for_its_owner_to_look_at(tmp_path):
    saved(tmp_path, 1, 2)
    (tmp_path / "step-00000002" / "MANIFEST.json").unlink()
    found(tmp_path)
    assert steps_in(tmp_path) == [1, 2]


@pytest.mark.parametrize("target", ["step-00000009", "../../outside", ".ganzoo-x.tmp", ""])
def test_q8_a_pointer_to_the_latest_has_no_effect(tmp_path, target):
    saved(tmp_path, 1, 2)
    (tmp_path / "LATEST").write_text(target)
    (tmp_path / "latest").symlink_to(target or "LATEST")
    assert found(tmp_path) == (2, [])


def test_q9_temporaries_alone_are_no_checkpoint(tmp_path):
    saved(tmp_path, 1)
    (tmp_path / "step-00000001").rename(tmp_path / ".ganzoo-0123456789abcdef.tmp")
    assert found(tmp_path) == (None, [])


def test_q10_a_copy_under_another_name_does_not_count(tmp_path):
    saved(tmp_path, 1, 2)
    shutil.copytree(tmp_path / "step-00000001", tmp_path / "step-00000003")
    step, reports = found(tmp_path)
    assert step == 2
    assert "it is the checkpoint of step 1" in reports[0]


def test_q20_age_is_the_step_and_not_a_clock(tmp_path):
    saved(tmp_path, 9, 10, 100_000_000)
    for step, time in ((9, 4_102_444_800), (10, 0), (100_000_000, -86_400)):
        path = tmp_path / f"step-{step:08d}"
        for each in (*path.iterdir(), path):
            os.utime(each, (time, time))
    assert found(tmp_path) == (100_000_000, [])
    shutil.rmtree(tmp_path / "step-100000000")
    assert found(tmp_path) == (10, [])


def test_q22_a_folder_without_permission_is_read_but_not_written(unprivileged):
    saved(".", 1)
    unprivileged()
    assert found(".") == (1, [])
    with pytest.raises(EnvironmentProblem, match="owner and permissions"):
        saved(".", 2)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
@pytest.mark.parametrize("step", ["create", "write", "fsync", "publish"])
def test_a_disk_that_refuses_leaves_the_earlier_ones(tmp_path, monkeypatch, number, step):
    def fail(name, path):
        if name == step:
            raise OSError(number, os.strerror(number))

    saved(tmp_path, 1, 2)
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "on_step", [fail])
        with pytest.raises(EnvironmentProblem, match=os.strerror(number)):
            saved(tmp_path, 3, keep=1)
    assert steps_in(tmp_path) == [1, 2]
    assert found(tmp_path) == (2, [])
    saved(tmp_path, 3, keep=1)
    assert steps_in(tmp_path) == [3]


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(EnvironmentProblem, match="Cannot make .*a/run"):
        saved(tmp_path / "a" / "run", 1)
    with pytest.raises(EnvironmentProblem, match="Cannot read"):
        newest(tmp_path / "a", report=pytest.fail)


def test_no_descriptor_stays_open(tmp_path):
    before = sorted(os.listdir("/dev/fd"))
    saved(tmp_path, 1, 2, 3, keep=2)
    bit_flipped(NAMES[0])(tmp_path / "step-00000003")
    found(tmp_path)
    assert sorted(os.listdir("/dev/fd")) == before
