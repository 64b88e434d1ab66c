import io
import os
import stat
import struct
import tarfile
import warnings
import zipfile

import pytest

from ganzoo.data import archive
from ganzoo.data.archive import open_zip
from ganzoo.data.folder import class_labels, open_folder
from ganzoo.errors import InvalidInput, UsageError

FOUR = {"b.png": b"1", "a.png": b"2" * 500, "cats/x.jpg": b"3", "cats/deep/y.webp": b"4"}


def member(name, *, mode=stat.S_IFREG | 0o644, data=b"x"):
    """One member with exactly this name and Unix mode."""
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    info.external_attr = mode << 16
    return info, data


def with_members(path, *members):
    with zipfile.ZipFile(path, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there twice
        file.writestr("good.png", b"x")
        for info, data in members:
            file.writestr(info, data)
    return path


def read_all(path):
    files = open_zip(path)
    with files.reader() as read:
        return {name: read(name) for name in files.names}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_sorted_and_read_by_name(tmp_path, pack, method):
    path = pack(tmp_path / "a.zip", FOUR, method)
    assert open_zip(path).names == ("a.png", "b.png", "cats/deep/y.webp", "cats/x.jpg")
    assert read_all(path) == FOUR


def test_nothing_is_extracted(tmp_path, pack):
    read_all(pack(tmp_path / "a.zip", FOUR))
    assert os.listdir(tmp_path) == ["a.zip"]


def test_an_archive_and_a_folder_have_the_same_names_and_classes(tmp_path, fill, pack):
    image_names = {"flowers/rose/1.png": b"1", "flowers/tulip/1.png": b"2"}
    zipped = open_zip(pack(tmp_path / "a.zip", image_names))
    folder = open_folder(fill(tmp_path / "a", image_names))
    assert zipped.image_names() == folder.image_names()
    labels, names = class_labels(zipped, zipped.image_names())
    assert (labels.tolist(), names) == ([0, 1], ("rose", "tulip"))


def test_what_a_mac_adds_is_passed_over(tmp_path, pack):
    extra = {"__MACOSX/._a.png": b"", ".DS_Store": b"", "cats/._x.jpg": b""}
    assert open_zip(pack(tmp_path / "a.zip", FOUR | extra)).image_names() == tuple(sorted(FOUR))


def test_an_empty_class_folder_is_seen(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("cats/1.png", b"x")
        file.writestr("dogs/1.png", b"x")
        file.mkdir("emus")
    files = open_zip(path)
    with pytest.raises(InvalidInput, match="the folder 'emus' without any"):
        class_labels(files, files.image_names())


HOSTILE = {
    "A1 climbs out": [member("../evil.png")],
    "A1 climbs out later": [member("cats/../../evil.png")],
    "A2 absolute": [member("/etc/evil.png")],
    "A3 drive": [member("C:/evil.png")],
    "A3 backslashes": [member("..\\evil.png")],
    "A4 link": [member("evil.png", mode=stat.S_IFLNK | 0o777, data=b"/etc/passwd")],
    "A8 pipe": [member("evil.png", mode=stat.S_IFIFO | 0o644)],
    "A8 device": [member("evil.png", mode=stat.S_IFCHR | 0o644)],
    "A10 twice": [member("evil.png"), member("evil.png")],
    "a dot": [member("./evil.png")],
    "an empty part": [member("cats//evil.png")],
    "a NUL": [member("evil.png\0.txt")],
    "a folder with content": [member("evil/", mode=stat.S_IFDIR | 0o755)],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_one_hostile_member_refuses_the_archive_by_name(tmp_path, members):
    path = with_members(tmp_path / "a.zip", *members)
    with pytest.raises(InvalidInput, match=r"a\.zip' is refused\. Received: the member '.*evil"):
        open_zip(path)


def changed(path, at, change):
    """A byte of the archive's directory, so far behind its beginning, as a function changes it."""
    data = bytearray(path.read_bytes())
    position = data.index(b"PK\x01\x02") + at
    data[position] = change(data[position])
    path.write_bytes(data)


def of_a_million_members(path):
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 10**6, 10**6, 0, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    path.write_bytes(end64 + locator + end)


def tarred(path):
    with tarfile.open(path, "w") as file:
        file.addfile(tarfile.TarInfo("a.png"), io.BytesIO())


SIZE = 2 << 20
# The content of an archive, how it is compressed, what is done to it, and the refusal.
REFUSED = {
    "A15 encrypted": ({"a.png": b"x"}, 0, lambda p: changed(p, 8, lambda b: b | 1), "is encrypted"),
    "bzip2": ({"a.png": b"x"}, zipfile.ZIP_BZIP2, None, "neither 'stored' nor 'deflated'"),
    "lzma": ({"a.png": b"x"}, zipfile.ZIP_LZMA, None, "neither 'stored' nor 'deflated'"),
    "A12 bomb": ({"a.png": bytes(SIZE)}, zipfile.ZIP_DEFLATED, None, "as in a zip bomb"),
    "too large": ({"a.png": bytes(1001)}, 0, None, "unpacks to 1,001 bytes; the limit is 1,000"),
    "A14 too many members": (
        {str(i): b"" for i in range(5)}, 0, None, "a directory of 5 members"),
    "A14 many members stated": ({}, 0, of_a_million_members, "a directory of 1,000,000 members"),
    "A16 cut off": (FOUR, 0, lambda p: p.write_bytes(p.read_bytes()[:-30]), "cut off"),
    "without its beginning": (
        FOUR, 0, lambda p: p.write_bytes(p.read_bytes()[40:]), "begins before the archive does"),
    "A17 another name in the local header": (
        {"good.png": b"x"}, 0,
        lambda p: p.write_bytes(p.read_bytes().replace(b"good.png", b"evil.png", 1)),
        r"member 'good\.png' of the archive .* is damaged"),
    "A18 another size": (
        {"a.png": b"x" * 100}, zipfile.ZIP_DEFLATED, lambda p: changed(p, 24, lambda b: 50),
        r"'a\.png'"),
    "a changed bit": (
        {"a.png": b"pixels"}, 0,
        lambda p: p.write_bytes(p.read_bytes().replace(b"pixels", b"pixelt")), "Bad CRC-32"),
    "nothing": ({}, 0, lambda p: p.write_bytes(b""), "Expected a zip archive"),
    "two letters": ({}, 0, lambda p: p.write_bytes(b"PK"), "Expected a zip archive"),
    "HTML": ({}, 0, lambda p: p.write_bytes(b"<!doctype html>" * 50), "Expected a zip archive"),
    "A20 tar": ({}, 0, tarred, "Expected a zip archive"),
    "pipe": ({}, 0, lambda p: (p.unlink(), os.mkfifo(p)), "a pipe"),
}  # fmt: skip

WHEN_READ = ("A17 another name in the local header", "A18 another size", "a changed bit")


@pytest.mark.parametrize("case", REFUSED)
def test_an_archive_that_is_damaged_or_hostile_is_refused(tmp_path, pack, monkeypatch, case):
    content, method, spoil, message = REFUSED[case]
    monkeypatch.setattr(archive, "MAX_MEMBERS", 4)
    if case == "too large":
        monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 1000)
    path = pack(tmp_path / "a.zip", content, method)
    if spoil is not None:
        spoil(path)
    with pytest.raises(InvalidInput, match=message):
        (read_all if case in WHEN_READ else open_zip)(path)


def test_an_archive_in_the_archive_is_only_another_file(tmp_path, pack):  # A13
    inner = pack(tmp_path / "inner.zip", FOUR).read_bytes()
    files = open_zip(pack(tmp_path / "a.zip", {"inner.zip": inner, "a.png": b"x"}))
    assert files.image_names() == ("a.png",)


def test_a_zip64_archive_is_read(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file, file.open("a.png", "w", force_zip64=True) as entry:
        entry.write(b"data")
    assert read_all(path) == {"a.png": b"data"}


def test_an_archive_that_changes_meanwhile_is_refused(tmp_path, pack):
    files = open_zip(pack(tmp_path / "a.zip", FOUR))
    pack(tmp_path / "a.zip", FOUR | {"c.png": b"5"})
    with pytest.raises(InvalidInput, match="changed while"), files.reader():
        pass


def test_an_archive_that_changes_while_it_is_read_is_refused(tmp_path, pack):
    files = open_zip(pack(tmp_path / "a.zip", FOUR))
    with pytest.raises(InvalidInput, match="changed while"), files.reader() as read:
        read("a.png")
        pack(tmp_path / "b.zip", {"a.png": b"other"}).rename(tmp_path / "a.zip")


def test_a_path_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        open_zip(tmp_path / "missing.zip")
