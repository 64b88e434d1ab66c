"""A survey counts and measures images by their headers alone."""

import zipfile

import pytest
from PIL import Image

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.jobs.training.survey import survey_images


@pytest.fixture
def photos(tmp_path):
    """Five images in two folders, and files that are none."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number, size in enumerate([(10, 30), (20, 40), (50, 50)]):
        Image.new("RGB", size).save(folder / f"{number}.png")
    Image.new("L", (90, 60)).save(folder / "more" / "gray.jpg")
    (folder / "broken.png").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("x")
    return folder


def test_images_are_counted_and_measured(photos):
    found = survey_images(photos)
    assert (found.images, found.size, found.gray, found.dataset) == (5, 50, False, "folder")


def test_an_archive_is_surveyed_too(photos, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.write(photos / "more" / "gray.jpg", "gray.jpg")
    found = survey_images(tmp_path / "photos.zip")
    assert (found.images, found.size, found.gray, found.dataset) == (1, 60, True, "zip")


def test_nothing_to_look_at_is_refused(tmp_path):
    with pytest.raises(UsageError):
        survey_images(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match="no image"):
        survey_images(tmp_path)
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(InvalidInput, match="can be read"):
        survey_images(tmp_path)
