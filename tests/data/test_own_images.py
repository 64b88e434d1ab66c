import codecs
import json

import numpy as np
import pytest
from ganzoo_data.folder import folder
from ganzoo_data.zip_file import zip_file

from ganzoo.data import prepare as preparing
from ganzoo.data.decoding import image_array
from ganzoo.data.images import Preprocessing, decode_image
from ganzoo.errors import InvalidInput, UsageError


@pytest.fixture
def image_files(image):
    names = ("cats/1.jpg", "cats/2.png", "dogs/1.webp", "dogs/2.png")
    kinds = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}
    return {
        name: image(i, kind=kinds[name.rsplit(".", 1)[1]], size=(20 + i, 16))
        for i, name in enumerate(names)
    }


@pytest.fixture(params=["folder", "zip"])
def load(request, tmp_path, fill, pack):
    """Makes the same files a folder or an archive, and loads that."""

    def from_files(files, **options):
        if request.param == "folder":
            return folder(data=str(fill(tmp_path / "mine", files)), **options)
        return zip_file(data=str(pack(tmp_path / "mine.zip", files)), **options)

    return from_files


def test_class_folders_become_labels(load, image_files):
    dataset = load(image_files, size=16)
    assert dataset.classes == ("cats", "dogs")
    assert dataset.labels.tolist() == [0, 0, 1, 1]
    assert dataset.image_shape == (16, 16, 3)
    for row, name in zip(dataset.images, image_files, strict=True):
        np.testing.assert_array_equal(
            row, decode_image(image_files[name], name, Preprocessing(size=16))
        )


def test_loose_images_have_no_labels(load, image):
    dataset = load({f"{i}.png": image(i) for i in range(3)})
    assert (dataset.labels, dataset.classes) == (None, ())
    assert dataset.image_shape == (10, 12, 3)


def test_gray_is_one_channel(load, image_files):
    assert load(image_files, size=8, mode="gray").image_shape == (8, 8, 1)


def test_a_crop_is_cut_out_first(load, image_files):
    assert load(image_files, crop=[2, 1, 20, 11]).image_shape == (10, 18, 3)


def test_mixed_sizes_are_refused_unless_a_size_is_given(load, image_files):
    with pytest.raises(InvalidInput, match=r"'cats/2\.png' with 21x16 .*--set dataset\.size"):
        load(image_files)


def test_a_folder_and_an_archive_of_the_same_files_are_the_same_data(
    tmp_path, fill, pack, image_files
):
    a = folder(data=str(fill(tmp_path / "mine", image_files)), size=8)
    b = zip_file(data=str(pack(tmp_path / "mine.zip", image_files)), size=8)
    assert a.fingerprint == b.fingerprint
    np.testing.assert_array_equal(a.images, b.images)
    assert (a.name, b.name) == ("folder", "zip")


def test_the_second_start_decodes_nothing(load, image_files, monkeypatch):
    first = load(image_files, size=8)

    def fail(*args):
        raise AssertionError("decoded again")

    monkeypatch.setattr(preparing, "decode_image", fail)
    assert load(image_files, size=8).fingerprint == first.fingerprint


def test_what_is_left_out_is_reported_once(load, image_files, capsys):
    for name in ("LICENSE.txt", "movie.mp4", "Thumbs.db", "cats/desktop.ini", "@eaDir/1.jpg"):
        image_files[name] = b"x"

    assert len(load(image_files, size=8)) == 4
    assert "Left out 2 of 6 files" in capsys.readouterr().err
    load(image_files, size=8)
    assert capsys.readouterr().err == ""


# --- what packers, cameras and other tools leave -----------------------------------------


def test_one_gray_image_among_color_is_made_color_and_reported(load, image, capsys, monkeypatch):
    monkeypatch.setattr(image_array, "_BLOCK", 2)
    files = {f"{i}.png": image(i, mode="L" if i == 3 else "RGB") for i in range(5)}

    dataset = load(files)

    assert dataset.image_shape == (10, 12, 3)
    assert "1 of 5 images are gray and were made color" in capsys.readouterr().err
    for row, name in zip(dataset.images, files, strict=True):
        expected = decode_image(files[name], name, Preprocessing(mode="rgb"))
        np.testing.assert_array_equal(row, expected)


def test_color_that_follows_gray_is_kept(load, image):
    files = {f"{i}.png": image(i, mode="RGB" if i == 4 else "L") for i in range(5)}

    assert load(files).image_shape == (10, 12, 3)


STYLEGAN = ("00000/img00000000.png", "00000/img00000999.png", "00001/img00001000.png")


def listed(labels) -> bytes:
    return json.dumps({"labels": labels}).encode()


@pytest.mark.parametrize("folder", ["", "inner/"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_the_list_of_stylegans_tools_holds_the_labels(load, image, folder, mark, capsys):
    names = ["00000/a.png", "00001/a.png"]
    files = {folder + name: image(i) for i, name in enumerate(names)}
    files[f"{folder}dataset.json"] = mark + listed([[names[0], 5], [names[1], 3]])

    dataset = load(files)

    assert dataset.labels.tolist() == [5, 3]
    assert dataset.classes == ("0", "1", "2", "3", "4", "5")
    assert "not the folders" in capsys.readouterr().err
    files[f"{folder}dataset.json"] = listed([[names[0], 4], [names[1], 3]])
    assert load(files).fingerprint != dataset.fingerprint


def test_labels_that_begin_at_1_keep_their_numbers_as_names(load, image):
    files = {f"{i}.png": image(i) for i in range(3)}
    files["dataset.json"] = listed([["0.png", 1], ["1.png", 3], ["2.png", 2]])

    dataset = load(files)

    assert (dataset.labels.tolist(), dataset.classes) == ([0, 2, 1], ("1", "2", "3"))


@pytest.mark.parametrize("content", [listed(None), None])
def test_folders_of_a_thousand_images_are_no_classes(load, image, content):
    files = {name: image(i) for i, name in enumerate(STYLEGAN)}

    dataset = load(files if content is None else files | {"dataset.json": content})

    assert (dataset.labels, dataset.classes) == (None, ())


@pytest.mark.parametrize(
    "names",
    [
        ("00000/00000_00000.png", "00001/00000_00000.png"),  # of GTSRB, classes
        ("00000/00000.png", "00001/00000.png"),
        ("0/00000.png", "1/01000.png"),
    ],
)
def test_numbered_classes_are_classes(load, image, names):
    assert load({name: image(i) for i, name in enumerate(names)}).labels.tolist() == [0, 1]


LIST_OF_LINES = b'{"file": "a/1.png", "label": 1}\n{"file": "b/2.png", "label": 0}\n'
FOREIGN = (LIST_OF_LINES, b'{"labels": {"a/1.png": 1}}', b'{"title": "cats"}', b'[["a/1.png", 1]]')


@pytest.mark.parametrize("content", FOREIGN)
def test_another_file_called_dataset_json_does_not_stand_in_the_way_of_class_folders(
    load, image, content, capsys
):
    files = {"in/a/1.png": image(1), "in/b/2.png": image(2), "in/dataset.json": content}

    assert load(files).classes == ("a", "b")
    note = "in/dataset.json is no list of labels as StyleGAN's tools write it: the labels are the"
    error = capsys.readouterr().err
    assert note in error and "Left out" not in error


@pytest.mark.parametrize("names", [("1.png", "2.png"), STYLEGAN[1:]])
@pytest.mark.parametrize("content", FOREIGN[:2])
def test_labels_that_cannot_be_read_are_refused_where_no_folder_is_a_class(
    load, image, names, content
):
    files = {name: image(i) for i, name in enumerate(names)} | {"dataset.json": content}

    with pytest.raises(InvalidInput, match=r"dataset\.json .*mine.*--set dataset\.labels=false"):
        load(files)
    assert load(files, labels=False).labels is None
    assert load(files | {"dataset.json": FOREIGN[2]}).labels is None


def test_the_list_that_the_labels_are_from_is_not_left_out(load, image, capsys):
    files = {f"in/{i}.png": image(i) for i in range(2)}
    files["in/dataset.json"] = listed([["0.png", 1], ["1.png", 0]])

    load(files | {"in/notes.txt": b"x"})

    error = capsys.readouterr().err
    assert "are those of in/dataset.json" in error and "files, not named" in error
    assert error.count("dataset.json") == 1


@pytest.mark.parametrize("above", ["", "in/"])
def test_a_list_above_the_splits_labels_the_one_that_is_chosen(load, image, above):
    names = ["test/0.png", "train/0.png", "train/1.png"]
    files = {above + name: image(i) for i, name in enumerate(names)}
    files[f"{above}dataset.json"] = listed([[name, 2 - i] for i, name in enumerate(names)])

    train, test = load(files, split="train"), load(files, split="test")

    assert (train.labels.tolist(), test.labels.tolist()) == ([1, 0], [2])
    assert train.classes == test.classes == ("0", "1", "2")
    files[f"{above}dataset.json"] = listed([["train/0.png", 0]])
    with pytest.raises(InvalidInput, match=r"an image without a label, 'train/1\.png'"):
        load(files, split="train")


def test_a_list_that_misses_an_image_is_refused_with_the_way_without_labels(load, image):
    files = {"1.png": image(1), "2.png": image(2), "dataset.json": listed([["1.png", 0]])}

    with pytest.raises(InvalidInput, match=r"'2\.png'.*--set dataset\.labels=false"):
        load(files)
    assert load(files, labels=False).labels is None


@pytest.mark.parametrize("above", ["", "data/"])
@pytest.mark.parametrize("parts", [("train", "test"), ("Train", "validation"), ("val", "testing")])
def test_splits_are_no_classes_and_one_is_chosen(load, image, parts, above):
    names = [f"{above}{part}/{kind}/{i}.png" for part in parts for kind in "ab" for i in range(2)]
    files = {name: image(i) for i, name in enumerate(names)}

    with pytest.raises(InvalidInput, match=rf"splits.*dataset\.split={sorted(parts)[0]}\."):
        load(files)
    chosen = load(files, split=parts[0])
    assert (chosen.labels.tolist(), chosen.classes) == ([0, 0, 1, 1], ("a", "b"))
    assert (len(load(files, labels=False)), load(files, labels=False).labels) == (8, None)
    alone = {name.removeprefix(above): data for name, data in files.items() if parts[0] in name}
    assert load(alone, split=parts[0]).fingerprint == chosen.fingerprint
    with pytest.raises(UsageError, match="Unknown split"):
        load(files, split="dev")


def test_a_class_may_be_called_like_a_split(load, image):
    files = {f"{name}/1.png": image(i) for i, name in enumerate(("bus", "car", "train"))}

    assert load(files).classes == ("bus", "car", "train")


def test_a_stray_folder_among_photos_is_no_class(load, image, capsys):
    files = {f"IMG_{i}.png": image(i) for i in range(5)} | {"holiday/2019/1.png": image(9)}

    dataset = load(files)

    assert (len(dataset), dataset.labels) == (6, None)
    assert "No classes: 5 of 6 images lie in no folder" in capsys.readouterr().err


def test_a_few_images_beside_classes_are_refused_with_both_ways(load, image):
    files = {f"{kind}/{i}.png": image(i) for kind in "ab" for i in range(3)}
    files["cover.png"] = image(9)

    with pytest.raises(InvalidInput, match=r"1 of 7 images.*labels=false; .*labels=true"):
        load(files)
    assert (len(load(files, labels=False)), load(files, labels=False).labels) == (7, None)
    assert load(files, labels=True).labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_class_alone_is_one_if_there_must_be_classes(load, image):
    files = {f"cats/{i}.png": image(i) for i in range(2)}

    assert load(files).labels is None
    assert (load(files, labels=True).labels.tolist(), load(files, labels=True).classes) == (
        [0, 0],
        ("cats",),
    )
    assert load(files).fingerprint != load(files, labels=True).fingerprint


def test_labels_that_must_be_there_and_are_not_are_refused(load, image):
    with pytest.raises(UsageError, match="There are no labels"):
        load({"1.png": image(1)}, labels=True)


@pytest.mark.parametrize("cut", [0, 10, 200])
def test_a_damaged_image_is_named(load, image_files, cut):
    image_files["dogs/2.png"] = image_files["dogs/2.png"][:cut]
    with pytest.raises(InvalidInput, match=r"'dogs/2\.png' cannot be used"):
        load(image_files, size=8)


def test_no_images_are_refused(load):
    with pytest.raises(InvalidInput, match="There is no image"):
        load({"readme.txt": b"x"})


@pytest.mark.parametrize(
    "options",
    [{"size": 0}, {"mode": "grayish"}, {"crop": [0, 0, 0, 9]}, {"split": 1}, {"labels": "no"}],
)
def test_options_out_of_range_are_refused_before_anything_is_read(load, options):
    with pytest.raises(UsageError, match="Received"):
        load({"broken.png": b""}, **options)


@pytest.mark.parametrize("dataset", [folder, zip_file])
def test_a_path_that_does_not_exist_is_refused(dataset, tmp_path):
    with pytest.raises(UsageError, match="missing"):
        dataset(data=str(tmp_path / "missing"))


def test_nothing_is_written_beside_the_images(tmp_path, fill, image_files, home):
    root = fill(tmp_path / "mine", image_files)
    before = sorted(tmp_path.rglob("*"))
    folder(data=str(root), size=8)
    assert sorted(tmp_path.rglob("*")) == before
    assert list(home.rglob("images.npy"))


def test_damaged_images_are_left_out_if_that_is_wanted(load, image_files, capsys):
    """Promise 66: with their labels, said by name, and never in silence."""
    whole = load(image_files, size=8)
    files = image_files | {"cats/2.png": image_files["cats/2.png"][:-30], "cats/3.png": b"no image"}
    with pytest.raises(InvalidInput, match=r"2 files .*'cats/2\.png'.*'cats/3\.png'"):
        load(files, size=8)
    capsys.readouterr()
    found = load(files, size=8, skip_damaged=True, mirror=True)
    said = capsys.readouterr().err
    assert "left out 2 of 5 files" in said and "'cats/2.png'" in said and "'cats/3.png'" in said
    assert found.labels.tolist() == [0, 0, 1, 1, 1, 1] and found.classes == ("cats", "dogs")
    np.testing.assert_array_equal(found.images[::2], np.asarray(whole.images)[[0, 2, 3]])
    again = load(files, size=8, skip_damaged=True, mirror=True)  # from the cache
    assert again.fingerprint == found.fingerprint
    assert again.labels.tolist() == found.labels.tolist()


def test_where_every_image_is_damaged_none_is_left_out(load):
    with pytest.raises(InvalidInput, match="No file of the data set .* can be decoded"):
        load({"1.png": b"no image", "2.png": b""}, size=8, skip_damaged=True)


def test_damaged_images_are_left_out_or_not(load, image_files):
    with pytest.raises(UsageError, match="skip_damaged must be true or false"):
        load(image_files, size=8, skip_damaged=1)
