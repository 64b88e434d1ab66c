import errno
import json
import os

import numpy as np
import pytest

from ganzoo.data import cache
from ganzoo.data.cache import load_or_build, remembered_digest, write_array
from ganzoo.errors import EnvironmentProblem, InvalidInput
from ganzoo.files import publish

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
KEY = {"name": "test", "size": 2}


class Build:
    """Writes two images and counts how often it was asked to."""

    def __init__(self, *, labels=True):
        self.times = 0
        self.labels = labels

    def __call__(self, folder):
        self.times += 1
        write_array(folder / "images.npy", PIXELS.shape, "uint8", [PIXELS[:1], PIXELS[1:]])
        if self.labels:
            write_array(folder / "labels.npy", (2,), "int32", [np.array([0, 1])])
        return {"fingerprint": "f"}


def entry(folder):
    (entry,) = (path for path in folder.iterdir() if path.name != "known")
    return entry


def test_an_entry_is_built_once(tmp_path):
    build = Build()
    for _ in range(3):
        prepared = load_or_build(KEY, build, folder=tmp_path)
    assert build.times == 1
    np.testing.assert_array_equal(prepared.images, PIXELS)
    assert prepared.labels.tolist() == [0, 1]
    assert prepared.about == {"fingerprint": "f"}


def test_images_are_mapped_and_cannot_be_written_to(tmp_path):
    prepared = load_or_build(KEY, Build(labels=False), folder=tmp_path)
    assert isinstance(prepared.images, np.memmap)
    assert not prepared.images.flags.writeable
    assert prepared.labels is None


def test_another_key_is_another_entry(tmp_path):
    build = Build()
    load_or_build(KEY, build, folder=tmp_path)
    load_or_build(KEY | {"size": 3}, build, folder=tmp_path)
    assert build.times == 2
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "about.json"])
@pytest.mark.parametrize("damage", ["removed", "shorter", "longer", "empty"])
def test_a_damaged_entry_is_built_again(tmp_path, name, damage):
    build = Build()
    load_or_build(KEY, build, folder=tmp_path)
    path = entry(tmp_path) / name
    data = path.read_bytes()
    path.unlink()
    if damage != "removed":
        path.write_bytes({"shorter": data[:-1], "longer": data + b"x", "empty": b""}[damage])
    prepared = load_or_build(KEY, build, folder=tmp_path)
    assert build.times == 2
    np.testing.assert_array_equal(prepared.images, PIXELS)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("about", ["[]", "{}", '{"files": 3}', '{"files": {"images.npy": "x"}}'])
def test_an_entry_with_a_strange_description_is_built_again(tmp_path, about):
    build = Build()
    load_or_build(KEY, build, folder=tmp_path)
    (entry(tmp_path) / "about.json").write_text(about)
    load_or_build(KEY, build, folder=tmp_path)
    assert build.times == 2


def test_a_build_that_fails_leaves_nothing(tmp_path):
    def build(folder):
        write_array(folder / "images.npy", PIXELS.shape, "uint8", [PIXELS])
        raise InvalidInput("the second image is bad")

    with pytest.raises(InvalidInput, match="second image"):
        load_or_build(KEY, build, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_gives_too_few_rows_is_a_fault_of_the_program(tmp_path):
    def build(folder):
        write_array(folder / "images.npy", PIXELS.shape, "uint8", [PIXELS[:1]])

    with pytest.raises(ValueError, match="needs 2 rows. Received: 1"):
        load_or_build(KEY, build, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_entry_of_a_faster_process_is_used(tmp_path):
    def build(folder):
        load_or_build(KEY, Build(), folder=tmp_path)  # another process, meanwhile
        return Build()(folder) | {"fingerprint": "late"}

    prepared = load_or_build(KEY, build, folder=tmp_path)
    assert prepared.about == {"fingerprint": "f"}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("step", ["write", "fsync", "publish"])
def test_a_full_disk_is_an_error_that_leaves_nothing(tmp_path, monkeypatch, number, step):
    def fail(name, path):
        if name == step:
            raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(publish, "on_step", [fail])
    cached_folder = tmp_path / "cache"
    cached_folder.mkdir()
    with pytest.raises(EnvironmentProblem, match="Cannot write"):
        load_or_build(KEY, Build(), folder=cached_folder)
    assert list(cached_folder.iterdir()) == []


def test_arrays_are_read_by_numpy_as_written(tmp_path):
    for dtype in ("uint8", "int32", "float32"):
        array = np.arange(30).reshape(5, 3, 2).astype(dtype)
        path = tmp_path / f"{dtype}.npy"
        write_array(path, array.shape, dtype, [array[:2], array[2:][:, ::-1][:, ::-1]])
        loaded = np.load(path, allow_pickle=False)
        assert loaded.dtype == dtype
        np.testing.assert_array_equal(loaded, array)


# --- the quick identity -------------------------------------------------------------------

STAMP, CONTENT = "1" * 64, "2" * 64


def test_content_is_found_once_for_a_stamp(tmp_path):
    found = []

    def find():
        found.append(1)
        return CONTENT

    for _ in range(3):
        assert remembered_digest(STAMP, find, folder=tmp_path) == CONTENT
    assert len(found) == 1


@pytest.mark.parametrize(
    "memory", ["", "{}", "[]", json.dumps({"content": "../x"}), json.dumps({"content": 3})]
)
def test_a_strange_memory_is_replaced(tmp_path, memory):
    remembered_digest(STAMP, lambda: CONTENT, folder=tmp_path)
    (tmp_path / "known" / f"{STAMP}.json").write_text(memory)
    assert remembered_digest(STAMP, lambda: "3" * 64, folder=tmp_path) == "3" * 64
    assert remembered_digest(STAMP, lambda: CONTENT, folder=tmp_path) == "3" * 64


def test_entries_of_another_layout_are_not_found(tmp_path, monkeypatch):
    build = Build()
    load_or_build(KEY, build, folder=tmp_path)
    monkeypatch.setattr(cache, "_SCHEMA", 2)
    load_or_build(KEY, build, folder=tmp_path)
    assert build.times == 2
