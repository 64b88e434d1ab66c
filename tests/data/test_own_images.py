import numpy as np
import pytest
from ganzoo_data.folder import folder
from ganzoo_data.zip_file import zip_file

from ganzoo.data import prepare as preparing
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


def test_what_is_left_out_is_reported(load, image_files, capsys):
    dataset = load(image_files | {"LICENSE.txt": b"mine", "movie.mp4": b"x"}, size=8)
    assert len(dataset) == 4
    assert "left out 2 of 6 files" in capsys.readouterr().err


@pytest.mark.parametrize("cut", [0, 10, 200])
def test_a_damaged_image_is_named(load, image_files, cut):
    image_files["dogs/2.png"] = image_files["dogs/2.png"][:cut]
    with pytest.raises(InvalidInput, match=r"'dogs/2\.png' cannot be used"):
        load(image_files, size=8)


def test_no_images_are_refused(load):
    with pytest.raises(InvalidInput, match="There is no image"):
        load({"readme.txt": b"x"})


@pytest.mark.parametrize(
    "options", [{"size": 0}, {"size": "64"}, {"mode": "grayish"}, {"crop": [0, 0, 0, 9]}]
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
