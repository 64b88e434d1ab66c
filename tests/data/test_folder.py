import errno
import os
import socket

import pytest

from ganzoo.data.folder import class_labels, open_folder
from ganzoo.errors import InvalidInput, UsageError

FOUR = {"b.png": b"1", "a.png": b"2", "cats/x.jpg": b"3", "cats/deep/y.webp": b"4"}


def test_files_are_sorted_by_their_path(tmp_path, fill):
    files = open_folder(fill(tmp_path, FOUR))
    assert files.names == ("a.png", "b.png", "cats/deep/y.webp", "cats/x.jpg")
    assert files.folders == ("cats", "cats/deep")


def test_files_are_read_by_name(tmp_path, fill):
    with open_folder(fill(tmp_path, FOUR)).reader() as read:
        assert (read("a.png"), read("cats/deep/y.webp")) == (b"2", b"4")


def test_images_are_known_by_their_suffix_in_any_case(tmp_path, fill):
    names = ("a.PNG", "b.JpEg", "c.webp", "d.PNG.exe", "e.gif", "png", "readme.txt")
    files = open_folder(fill(tmp_path, dict.fromkeys(names, b"x")))
    assert files.image_names() == ("a.PNG", "b.JpEg", "c.webp")


def test_hidden_files_and_folders_are_passed_over(tmp_path, fill):
    hidden = {".DS_Store": b"", ".git/a.png": b"", "__MACOSX/._a.png": b"", "cats/.b.png": b""}
    assert open_folder(fill(tmp_path, FOUR | hidden)).names == tuple(sorted(FOUR))


def test_names_that_are_unusual_but_valid_are_read(tmp_path, fill):
    names = ("new\nline.png", "\u202eright to left.png", "naïve 猫.png", " .png")
    files = open_folder(fill(tmp_path, {name: name.encode() for name in names}))
    with files.reader() as read:
        assert {read(name).decode() for name in files.image_names()} == set(names)


def test_the_stamp_changes_with_names_sizes_and_times(tmp_path, fill):
    stamps = [open_folder(fill(tmp_path, FOUR)).stamp, open_folder(tmp_path).stamp]
    assert stamps[0] == stamps[1]
    (tmp_path / "a.png").write_bytes(b"longer")
    stamps.append(open_folder(tmp_path).stamp)
    os.utime(tmp_path / "a.png", ns=(1, 1))
    stamps.append(open_folder(tmp_path).stamp)
    (tmp_path / "a.png").rename(tmp_path / "c.png")
    stamps.append(open_folder(tmp_path).stamp)
    (tmp_path / "c.png").unlink()
    stamps.append(open_folder(tmp_path).stamp)
    assert len(set(stamps[1:])) == 5


def test_a_link_to_a_file_inside_is_that_file(tmp_path, fill):
    fill(tmp_path, FOUR)
    (tmp_path / "link.png").symlink_to("a.png")
    files = open_folder(tmp_path)
    with files.reader() as read:
        assert read("link.png") == b"2"


def test_the_folder_itself_may_be_a_link(tmp_path, fill):
    fill(tmp_path / "data", FOUR)
    (tmp_path / "link").symlink_to("data")
    assert open_folder(tmp_path / "link").names == open_folder(tmp_path / "data").names


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.png", "missing.png", ".", "loop"])
def test_a_link_that_leads_elsewhere_is_refused_by_name(tmp_path, fill, target):
    root = fill(tmp_path / "data", FOUR)
    (tmp_path / "outside.png").write_bytes(b"secret")
    (root / "loop").symlink_to(target)
    with pytest.raises(InvalidInput, match="symbolic link .* Received: 'loop'"):
        open_folder(root)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path, fill):
    os.mkfifo(fill(tmp_path, FOUR) / "pipe.png")
    with pytest.raises(InvalidInput, match=r"no pipe, socket or device\. Received: 'pipe\.png'"):
        open_folder(tmp_path)


def test_a_socket_is_refused(tmp_path, fill, monkeypatch):
    monkeypatch.chdir(fill(tmp_path, FOUR))  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
        with pytest.raises(InvalidInput, match=r"Received: 's\.png'"):
            open_folder(tmp_path)


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"x")
    with pytest.raises(InvalidInput, match=r"must be UTF-8\. Received: b'caf\\xe9\.png'"):
        open_folder(tmp_path)


@pytest.mark.parametrize("name", ["a.png", "new.png"])
def test_a_folder_that_changes_while_it_is_read_is_refused(tmp_path, fill, name):
    files = open_folder(fill(tmp_path, FOUR))
    with pytest.raises(InvalidInput, match="changed while"), files.reader() as read:
        read("b.png")
        fill(tmp_path, {name: b"other"})


def test_a_file_that_may_not_be_read_is_named(tmp_path, fill, monkeypatch):
    files = open_folder(fill(tmp_path, FOUR))

    def refuse(path, *args):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, "open", refuse)  # permissions mean nothing to root
    with (
        files.reader() as read,
        pytest.raises(InvalidInput, match=r"'a\.png' .* Permission denied"),
    ):
        read("a.png")


@pytest.mark.parametrize(
    ("replace", "message"), [(None, r"'a\.png' cannot be read"), (os.mkfifo, "a pipe")]
)
def test_a_file_that_vanishes_or_becomes_a_pipe_is_named(tmp_path, fill, replace, message):
    files = open_folder(fill(tmp_path, FOUR))
    (tmp_path / "a.png").unlink()
    if replace is not None:
        replace(tmp_path / "a.png")
    with pytest.raises(InvalidInput, match=message), files.reader() as read:
        read("a.png")


def test_no_images_at_all_are_refused(tmp_path, fill):
    with pytest.raises(InvalidInput, match="no image in .* Received: 1 other files"):
        open_folder(fill(tmp_path, {"readme.txt": b"x"})).image_names()


def test_a_path_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        open_folder(tmp_path / "missing")


def test_a_file_is_no_folder(tmp_path, fill):
    fill(tmp_path, {"a.zip": b"PK"})
    with pytest.raises(UsageError, match="is a file.*data set 'zip'"):
        open_folder(tmp_path / "a.zip")


# --- classes ------------------------------------------------------------------------------


def labels_of(folder):
    files = open_folder(folder)
    return class_labels(files, files.image_names())


def test_class_folders_become_labels_in_sorted_order(tmp_path, fill):
    names = ("dogs/1.png", "cats/2.png", "cats/1.png", "cats/more/3.png", "emus/1.png")
    labels, names = labels_of(fill(tmp_path, dict.fromkeys(names, b"x")))
    assert names == ("cats", "dogs", "emus")
    assert labels.tolist() == [0, 0, 0, 1, 2]
    assert labels.dtype == "int32"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.png", "b.png"], (None, ())),
        (["all/a.png", "all/b.png"], (None, ())),  # one folder around everything is no class
        (["images/1.png", "notes/readme.txt"], (None, ())),
        (["a/b/cats/1.png", "a/b/dogs/1.png"], ([0, 1], ("cats", "dogs"))),
    ],
)
def test_folders_that_are_no_classes_are_passed_over(tmp_path, fill, names, expected):
    labels, classes = labels_of(fill(tmp_path, dict.fromkeys(names, b"x")))
    assert (labels if labels is None else labels.tolist(), classes) == expected


def test_an_image_beside_the_class_folders_is_refused(tmp_path, fill):
    fill(tmp_path, {"loose.png": b"x", "cats/1.png": b"x", "dogs/1.png": b"x"})
    with pytest.raises(InvalidInput, match=r"'loose\.png' beside the folders 'cats', 'dogs'"):
        labels_of(tmp_path)


@pytest.mark.parametrize("others", [("cats/1.png", "dogs/1.png"), ("cats/1.png",)])
def test_an_empty_class_folder_is_refused_by_name(tmp_path, fill, others):
    fill(tmp_path, dict.fromkeys(others, b"x"))
    (tmp_path / "emus").mkdir()
    with pytest.raises(InvalidInput, match="the folder 'emus' without any"):
        labels_of(tmp_path)
