"""The published sets of images, from folders and zips, and the zips of StyleGAN's tools."""

import json

import numpy as np
import pytest
from ganzoo_data.afhq import afhq
from ganzoo_data.data_files import open_files
from ganzoo_data.ffhq import ffhq
from ganzoo_data.flowers import flowers
from ganzoo_data.lsun import lsun
from ganzoo_data.stylegan_zip import stylegan_zip

from ganzoo.data.images import decode_image
from ganzoo.errors import InvalidInput, UnknownName, UsageError

# The layouts that people have: a function, its images, and the rows and classes they make.
LAYOUTS = {
    "flowers": (
        flowers,
        ["flower_photos/tulips/1.png", "flower_photos/daisy/1.png", "flower_photos/daisy/2.png"],
        {},
        ([1, 2, 0], [0, 0, 1], ("daisy", "tulips")),
    ),
    "afhq, to train on": (
        afhq,
        ["afhq/train/cat/1.png", "afhq/train/wild/1.png", "afhq/val/cat/9.png"],
        {},
        ([0, 1], [0, 1], ("cat", "wild")),
    ),
    "afhq, the second version's tests": (
        afhq,
        ["train/cat/1.png", "test/cat/1.png", "test/dog/1.png"],
        {"split": "test"},
        ([1, 2], [0, 1], ("cat", "dog")),
    ),
    "afhq, cats": (
        afhq,
        ["train/cat/1.png", "train/dog/2.png", "val/cat/3.png"],
        {"only": "cat", "split": "all"},
        ([0, 2], None, ()),
    ),
    "ffhq, both sizes": (
        ffhq,
        ["thumbnails128x128/00000/00000.png", "images1024x1024/00000/00000.png"],
        {},
        ([1], None, ()),
    ),
    "ffhq, thumbnails": (
        ffhq,
        ["thumbnails128x128/01000/01000.png", "thumbnails128x128/00000/00000.png"],
        {"images": 1},
        ([1], None, ()),
    ),
    "lsun, two categories": (
        lsun,
        ["tower_train/0/1/a.png", "bedroom_train/f/b.png", "bedroom_val/c.png"],
        {},
        ([1, 0], [0, 1], ("bedroom", "tower")),
    ),
    "lsun, what was put aside": (
        lsun,
        ["bedroom_train/a.png", "bedroom_val_lmdb/0/b.png"],
        {"split": "test", "only": "bedroom"},
        ([1], None, ()),
    ),
    "lsun, parts within a category": (
        lsun,
        ["tower/train/a.png", "bedroom/train/b.png", "bedroom/val/c.png", "train/train/d.png"],
        {},
        ([1, 0, 3], [0, 1, 2], ("bedroom", "tower", "train")),
    ),
    "lsun, one category in folders of its own": (
        lsun,
        ["data0/lsun/bedroom/0/0/a.png", "data0/lsun/bedroom/1/0/b.png"],
        {"only": "bedroom"},
        ([0, 1], None, ()),
    ),
}


@pytest.fixture(params=["folder", "zip", "zips in a folder"])
def put(request, tmp_path, fill, pack):
    """Makes files a folder, an archive or an archive for each of their folders."""

    def write(files, name="images"):
        if request.param == "folder":
            return str(fill(tmp_path / name, files))
        if request.param == "zip":
            return str(pack(tmp_path / f"{name}.zip", files))
        (tmp_path / name).mkdir()
        for top in {file.split("/")[0] for file in files}:
            members = {k.removeprefix(f"{top}/"): v for k, v in files.items() if k.startswith(top)}
            pack(tmp_path / name / f"{top}.zip", members)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_its_images_and_classes(layout, put, image):
    load, names, options, (rows, labels, classes) = LAYOUTS[layout]
    files = {name: image(i, size=(8, 8)) for i, name in enumerate(names)}
    dataset = load(data=put(files), size=8, **options)
    expected = [decode_image(files[names[row]], "") for row in rows]
    np.testing.assert_array_equal(dataset.images, expected)
    assert (None if dataset.labels is None else dataset.labels.tolist()) == labels
    assert dataset.classes == classes
    assert dataset.name == load.__name__


def test_the_path_and_the_folder_above_do_not_matter(tmp_path, fill, pack, image):
    files = {f"train/{name}/1.png": image(i) for i, name in enumerate(("cat", "dog"))}
    above = {f"afhq/{name}": data for name, data in files.items()}
    found = [
        afhq(data=str(data), size=8).fingerprint
        for data in (
            fill(tmp_path / "a", files),
            tmp_path / "a" / "train",
            fill(tmp_path / "b", above),
            pack(tmp_path / "c.zip", above),
        )
    ]
    assert len(set(found)) == 1


def test_archives_in_nested_folders_are_read_and_clashes_refused(tmp_path, pack, image):
    (tmp_path / "train").mkdir()
    content = {number: image(number) for number in (1, 2)}
    pack(tmp_path / "train.zip", {"cat/1.png": content[1]})
    pack(tmp_path / "train" / "dog.zip", {"1.png": content[2]})
    files = open_files(tmp_path)
    assert files.names == ("train/cat/1.png", "train/dog/1.png")
    with files.reader() as read:
        assert [read(name) for name in files.names] == [content[1], content[2]]
    for clash in ("train.ZIP", "train/cat.zip"):
        pack(tmp_path / clash, {"cat/1.png": image(), "1.png": image()})
        with pytest.raises(InvalidInput, match="different files.*'train/cat/1.png' in both"):
            open_files(tmp_path)
        (tmp_path / clash).unlink()


def test_a_folder_called_like_its_class_will_do(tmp_path, fill, image):
    fill(tmp_path / "bedroom", {f"{i}/1.png": image(i) for i in range(3)})
    assert len(lsun(data=str(tmp_path / "bedroom"), only="bedroom", size=8)) == 3


def test_the_data_folder_is_looked_into(home, fill, pack, image):
    fill(home / "data" / "afhq", {"train/cat/1.png": image()})
    pack(home / "data" / "ffhq.zip", {"00000.png": image()})
    assert len(afhq(size=8)) == len(ffhq(size=8)) == 1


@pytest.mark.parametrize(
    ("names", "options", "error", "message"),
    [
        (["cat/1.png", "dog/1.png", "cow/1.png"], {}, InvalidInput, "'cow/1.png' beside 'cat'"),
        (["cat/1.png", "dog/1.png", "1.png"], {}, InvalidInput, "'1.png' beside 'cat'"),
        (["dog/1.png"], {"only": "cat"}, InvalidInput, "no folder 'cat'"),
        (["cat/1.png"], {"split": "test"}, InvalidInput, "no images of the split 'test'"),
        (["cat/1.txt"], {}, InvalidInput, "There is no image"),
        (["cat/1.png", "more.zip"], {}, InvalidInput, "not both.*cat/1.png.*more.zip"),
        (["cat/1.png"], {"only": "cats"}, UnknownName, "Did you mean 'cat'"),
        (["cat/1.png"], {"split": "val"}, UnknownName, "Unknown split"),
        (["cat/1.png"], {"size": 0}, UsageError, "size must be"),
        (["cat/1.png"], {"repository": "some/faces"}, UsageError, "either from a path or from"),
    ],
)
def test_what_is_no_such_layout_is_refused(tmp_path, fill, image, names, options, error, message):
    data = fill(tmp_path / "a", {name: image() for name in names})
    with pytest.raises(error, match=message):
        afhq(**{"data": str(data), "size": 8, **options})


# --- the format of StyleGAN's tools -------------------------------------------------------

NAMES = ("00000/img00000000.png", "00000/img00000001.png", "00001/img00001000.png")


@pytest.fixture
def styled(image):
    def files(labels):
        listed = json.dumps({"labels": labels}) if not isinstance(labels, bytes) else labels
        listed = listed if isinstance(listed, bytes) else listed.encode()
        image_files = {name: image(i, size=(8, 8)) for i, name in enumerate(NAMES)}
        return image_files | {"dataset.json": listed}

    return files


def numbered(*labels):
    return [list(entry) for entry in zip(reversed(NAMES), reversed(labels), strict=True)]


@pytest.mark.parametrize("above", ["", "packed/"])
@pytest.mark.parametrize(
    ("labels", "expected", "classes"),
    [
        (numbered(2, 0, 2), [2, 0, 2], ("0", "1", "2")),
        (numbered([0, 1], [1, 1], [0, 0]), [[0, 1], [1, 1], [0, 0]], ("0", "1")),
        (None, None, ()),
    ],
)
def test_labels_are_those_of_the_list(tmp_path, pack, styled, labels, expected, classes, above):
    files = {above + name: data for name, data in styled(labels).items()}
    dataset = stylegan_zip(data=str(pack(tmp_path / "a.zip", files)))
    assert dataset.images.shape == (3, 8, 8, 3)
    np.testing.assert_array_equal(dataset.images[2], decode_image(files[above + NAMES[2]], ""))
    assert (None if dataset.labels is None else dataset.labels.tolist()) == expected
    assert dataset.classes == classes


def test_the_labels_are_part_of_the_identity_and_can_be_passed_over(tmp_path, pack, styled):
    some = str(pack(tmp_path / "a.zip", styled(numbered(1, 0, 1))))
    other = str(pack(tmp_path / "b.zip", styled(numbered(1, 1, 0))))
    options = [{}, {"labels": False}, {"images": 2}, {"size": 4}, {"mode": "gray"}]
    found = [stylegan_zip(data=some, **option) for option in options]
    assert len({dataset.fingerprint for dataset in found}) == len(options)
    assert found[2].labels.tolist() == [1, 0]
    assert found[1].labels is None
    assert found[1].fingerprint == stylegan_zip(data=other, labels=False).fingerprint
    assert found[0].fingerprint != stylegan_zip(data=other).fingerprint


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (b"{", "Not valid JSON"),
        (b"[" * 100_000, "Not valid JSON"),
        (b'{"labels": null, "labels": []}', "a key is given twice"),
        (b"[1]", r'Expected {"labels": ...} in'),
        ({}, "a list of .name, label. or null"),
        ([["a"]], "Expected .*.name, label."),
        ([[1, 2]], "Expected .*.name, label."),
        ([*numbered(0, 1, 2), [NAMES[0], 1]], "labels '00000/img00000000.png' twice"),
        (numbered(0, 1, 2)[:2], "an image without a label, '00000/img00000000.png'"),
        ([*numbered(0, 1, 2), ["../a.png", 1]], "a label without its image, '../a.png'"),
        (numbered(0, 1, -1), "Received: -1"),
        (numbered(0, 1, 10_000), "Received: 10000"),
        (numbered(0, 1, True), "Received: True"),
        (numbered(0, 1, 1.0), "Received: 1.0"),
        (numbered(0, 1, [1]), r"Received: \[1\]"),
        (numbered([0, 2], [1, 1], [0, 0]), r"Received: \[0, 2\]"),
        (numbered([0], [1, 1], [0]), "Received"),
        (numbered([], [], []), r"Received: \[\]"),
        (numbered([[0]], [[1]], [[0]]), "Received"),
        (numbered("a", "b", "c"), "Received: 'a'"),
    ],
)
def test_a_nonsensical_list_is_refused(tmp_path, pack, styled, labels, message):
    with pytest.raises(InvalidInput, match=message):
        stylegan_zip(data=str(pack(tmp_path / "a.zip", styled(labels))))


def test_a_zip_without_a_list_is_refused_unless_labels_are_not_read(tmp_path, pack, image):
    data = str(pack(tmp_path / "a.zip", {NAMES[0]: image()}))
    with pytest.raises(InvalidInput, match=r"Expected dataset\.json.*dataset\.labels=false"):
        stylegan_zip(data=data)
    assert len(stylegan_zip(data=data, labels=False)) == 1


def test_published_sets_are_read_from_such_a_zip(tmp_path, pack, styled):
    labeled = str(pack(tmp_path / "a.zip", styled(numbered(2, 0, 1))))
    without = str(pack(tmp_path / "b.zip", styled(None)))
    assert afhq(data=labeled, size=8).classes == ("cat", "dog", "wild")
    assert afhq(data=labeled, size=8).labels.tolist() == [2, 0, 1]
    assert ffhq(data=without, size=8, images=2).images.shape == (2, 8, 8, 3)
    for option in ({"only": "cat"}, {"split": "test"}):
        with pytest.raises(UsageError, match=r"Images listed in dataset\.json"):
            afhq(data=labeled, **option)
