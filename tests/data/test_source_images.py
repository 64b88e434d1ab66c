"""Images to translate: decoded as the data sets decode them, whatever their size."""

import numpy as np
import pytest
from PIL import Image

from ganzoo.data.images import Preprocessing, decode_image
from ganzoo.data.source_images import read_source_images
from ganzoo.errors import InvalidInput, UsageError


def test_a_square_is_what_the_data_sets_make_of_the_same_file(tmp_path, fill, image):
    files = {"b.png": image(1, size=(13, 9)), "a.jpg": image(2, size=(9, 30), kind="JPEG")}
    fill(tmp_path, files | {"notes.txt": b"no image"})
    for channels, mode in ((3, "rgb"), (1, "gray")):
        found = read_source_images(tmp_path, (8, 8, channels), 16)
        preprocessing = Preprocessing(size=8, mode=mode)
        expected = [decode_image(files[name], name, preprocessing) for name in ("a.jpg", "b.png")]
        np.testing.assert_array_equal(found, expected)


def test_of_another_shape_the_largest_centerd_part_is_taken(tmp_path):
    columns = np.repeat(np.arange(0, 200, 10, dtype=np.uint8)[None], 10, axis=0)  # 20 x 10
    Image.fromarray(columns).save(tmp_path / "wide.png")
    (tall,) = read_source_images(tmp_path, (10, 4, 1), 1)
    (same,) = read_source_images(tmp_path, (10, 20, 1), 1)
    assert tall[0, :, 0].tolist() == [80, 90, 100, 110]
    assert (same[..., 0] == columns).all()


def test_a_folder_an_archive_and_one_file_are_read(tmp_path, fill, pack, image):
    files = {f"{i}.png": image(i) for i in range(3)}
    folder = fill(tmp_path / "folder", files)
    archive = pack(tmp_path / "archive.zip", files)
    whole = read_source_images(folder, (4, 4, 3), 16)
    assert whole.shape == (3, 4, 4, 3)
    np.testing.assert_array_equal(read_source_images(archive, (4, 4, 3), 16), whole)
    np.testing.assert_array_equal(read_source_images(folder / "1.png", (4, 4, 3), 16), whole[1:2])
    np.testing.assert_array_equal(read_source_images(folder, (4, 4, 3), 2), whole[:2])


def test_scans_count_beside_photographs(tmp_path, fill, image, capsys):
    fill(tmp_path, {"a.png": image(1), "b.tif": image(2, kind="TIFF"), "notes.txt": b""})
    assert read_source_images(tmp_path, (4, 4, 3), 16).shape == (2, 4, 4, 3)
    assert "Left out 1 of 3 files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "shape", "error"),
    [
        ("gone", (4, 4, 3), UsageError),
        ("empty", (4, 4, 3), InvalidInput),
        ("broken.png", (4, 4, 3), InvalidInput),
        ("fine.png", (4, 4, 4), UsageError),
    ],
)
def test_what_cannot_be_read_is_reported(tmp_path, fill, image, name, shape, error):
    fill(tmp_path, {"empty/notes.txt": b"", "broken.png": b"\x89PNG", "fine.png": image()})
    with pytest.raises(error, match="Received|cannot be used"):
        read_source_images(tmp_path / name, shape, 4)
