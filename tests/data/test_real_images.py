"""Photographs, where a developer has them: GANZOO_TEST_DATA names a folder with flowers224.zip."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.celeba import celeba
from ganzoo_data.zip_file import zip_file

REAL = os.environ.get("GANZOO_TEST_DATA")
pytestmark = pytest.mark.skipif(not REAL, reason="GANZOO_TEST_DATA names no folder")


@pytest.fixture
def flowers():
    return Path(REAL) / "flowers224.zip"


def test_an_archive_of_photographs_is_read_with_its_classes(flowers):
    dataset = zip_file(data=str(flowers), size=64)
    assert dataset.images.shape == (1100, 64, 64, 3)
    assert dataset.classes == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert np.bincount(dataset.labels).tolist() == [220] * 5


def test_photographs_in_celebas_layout_are_read_from_a_folder_and_an_archive(
    flowers, tmp_path, fill, pack
):
    with zipfile.ZipFile(flowers) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[:200]
        faces = {
            f"img_align_celeba/{i + 1:06d}.jpg": archive.read(name) for i, name in enumerate(names)
        }
    folder = celeba(data=str(fill(tmp_path / "a", faces)), size=64, images=150)
    zipped = celeba(data=str(pack(tmp_path / "a.zip", faces)), size=64, images=150)
    assert folder.images.shape == (150, 64, 64, 3)
    assert folder.fingerprint == zipped.fingerprint
    np.testing.assert_array_equal(folder.images, zipped.images)
