"""A survey counts and measures images by their headers alone."""

import zipfile

import pytest
from PIL import Image

from ganzoo.catalog.recipe.recipe import Part
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.jobs.training.survey import survey_images


def part(data, name="folder", **options) -> Part:
    return Part.model_validate({"name": name, "data": str(data), **options})


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
    found = survey_images(part(photos))
    assert (found.images, found.size, found.gray) == (5, 50, False)


def test_an_archive_is_surveyed_too(photos, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.write(photos / "more" / "gray.jpg", "gray.jpg")
    found = survey_images(part(tmp_path / "photos.zip", "zip"))
    assert (found.images, found.size, found.gray) == (1, 60, True)


@pytest.mark.parametrize(
    ("options", "images", "size"),
    [({"split": "more"}, 1, 60), ({"labels": True}, 1, 60), ({"size": 8, "labels": False}, 5, 50)],
)
def test_only_the_images_that_the_options_choose_are_surveyed(photos, options, images, size):
    found = survey_images(part(photos, **options))
    assert (found.images, found.size) == (images, size)


def test_a_data_set_without_files_is_refused():
    with pytest.raises(UsageError, match="files of images"):
        survey_images(Part(name="mixture"))


def test_nothing_to_look_at_is_refused(tmp_path):
    with pytest.raises(UsageError):
        survey_images(part(tmp_path / "nowhere"))
    with pytest.raises(InvalidInput, match="no image"):
        survey_images(part(tmp_path))
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(InvalidInput, match="can be read"):
        survey_images(part(tmp_path))
