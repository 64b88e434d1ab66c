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


def edited(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
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


def test_an_encrypted_member_is_refused(tmp_path, pack):  # A15
    path = pack(tmp_path / "a.zip", {"a.png": b"x"})
    central = path.read_bytes().index(b"PK\x01\x02")
    data = bytearray(path.read_bytes())
    data[central + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match="it is encrypted"):
        open_zip(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(tmp_path, pack, method):
    with pytest.raises(InvalidInput, match="neither 'stored' nor 'deflated'"):
        open_zip(pack(tmp_path / "a.zip", {"a.png": b"x" * 100}, method))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, pack):  # A12
    path = pack(tmp_path / "a.zip", {"a.png": bytes(2 << 20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(InvalidInput, match="as in a zip bomb"):
        open_zip(path)


def test_a_member_too_large_for_an_image_is_refused(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(InvalidInput, match="unpacks to 1,001 bytes; the limit is 1,000"):
        open_zip(pack(tmp_path / "a.zip", {"a.png": bytes(1001)}))


def test_an_archive_in_the_archive_is_only_another_file(tmp_path, pack):  # A13
    inner = pack(tmp_path / "inner.zip", FOUR).read_bytes()
    files = open_zip(pack(tmp_path / "a.zip", {"inner.zip": inner, "a.png": b"x"}))
    assert files.image_names() == ("a.png",)


def test_too_many_members_are_refused(tmp_path, pack, monkeypatch):  # A14
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(InvalidInput, match="a directory of 4 members"):
        open_zip(pack(tmp_path / "a.zip", FOUR))


def test_a_directory_that_states_a_million_members_is_refused_before_it_is_read(tmp_path):  # A14
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 10**6, 10**6, 0, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(end64 + locator + end)
    with pytest.raises(InvalidInput, match="a directory of 1,000,000 members"):
        open_zip(path)


def test_a_zip64_archive_is_read(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file, file.open("a.png", "w", force_zip64=True) as entry:
        entry.write(b"data")
    assert read_all(path) == {"a.png": b"data"}


def test_a_cut_off_directory_is_refused(tmp_path, pack):  # A16
    path = pack(tmp_path / "a.zip", FOUR)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InvalidInput, match="cut off"):
        open_zip(path)


def test_an_archive_that_lost_its_beginning_is_refused(tmp_path, pack):
    path = pack(tmp_path / "a.zip", FOUR)
    path.write_bytes(path.read_bytes()[40:])
    with pytest.raises(InvalidInput, match="begins before the archive does"):
        open_zip(path)


def test_another_name_in_the_local_header_is_refused(tmp_path, pack):  # A17
    path = pack(tmp_path / "a.zip", {"good.png": b"x"})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"good.png", b"evil.png", 1))  # the first is the local one
    with pytest.raises(InvalidInput, match=r"member 'good\.png' of the archive .* is damaged"):
        read_all(path)


def test_a_size_that_is_not_the_stated_one_is_refused(tmp_path, pack):  # A18
    path = pack(tmp_path / "a.zip", {"a.png": b"x" * 100}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 24] = 50
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=r"'a\.png'"):
        read_all(path)


def test_a_changed_bit_is_found(tmp_path, pack):
    path = edited(pack(tmp_path / "a.zip", {"a.png": b"the pixels"}), b"the pixels", b"the pixelt")
    with pytest.raises(InvalidInput, match="Bad CRC-32"):
        read_all(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"<!doctype html>" * 50])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(InvalidInput, match="Expected a zip archive"):
        open_zip(tmp_path / "a.zip")


def test_a_tar_under_the_name_of_a_zip_is_refused(tmp_path):  # A20
    with tarfile.open(tmp_path / "a.zip", "w") as file:
        file.addfile(tarfile.TarInfo("a.png"), io.BytesIO())
    with pytest.raises(InvalidInput, match="Expected a zip archive"):
        open_zip(tmp_path / "a.zip")


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


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.zip")
    with pytest.raises(InvalidInput, match="a pipe"):
        open_zip(tmp_path / "a.zip")
