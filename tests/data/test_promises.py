"""What is promised of a data set, by every one that is installed: on small data in its layout."""

import io
import json
import wave
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.testing import check_dataset
from ganzoo.testing.dataset_checks import DATASET_CHECKS

INSTALLED = sorted(discover("dataset").plugins)


@pytest.fixture
def made(tmp_path, monkeypatch, image, fill, pack, serve):
    """The builders, and a folder that is not the current one."""
    work, folder = tmp_path / "work", tmp_path / "folder"
    work.mkdir()
    folder.mkdir()
    monkeypatch.chdir(work)
    return SimpleNamespace(folder=folder, image=image, fill=fill, pack=pack, serve=serve)


def arrays(*shape: int, classes: int = 10) -> Callable:
    """An archive of arrays with Keras' names, an image for each class."""

    def make(made):
        pixels = np.random.default_rng(0).integers(0, 256, (classes, *shape), np.uint8)
        np.savez(made.folder / "a.npz", x_train=pixels, y_train=np.arange(classes))
        return {"data": str(made.folder / "a.npz")}

    return make


def image_files(*names: str, pixels=(8, 8), zipped: bool = False, **options) -> Callable:
    """Images of these names in a folder or a zip."""

    def make(made):
        return put(made, make_images(made, names, pixels), zipped=zipped, **options)

    return make


def make_images(made, names, pixels=(8, 8)) -> dict[str, bytes]:
    kinds = {".jpg": "JPEG", ".png": "PNG"}
    return {
        name: made.image(i, size=pixels, kind=kinds[Path(name).suffix])
        for i, name in enumerate(names)
    }


def put(made, files: dict[str, bytes], *, zipped: bool = False, **options) -> dict:
    if zipped:
        return {"data": str(made.pack(made.folder / "a.zip", files)), **options}
    return {"data": str(made.fill(made.folder, files)), **options}


def faces(made):
    files = make_images(made, [f"img_align_celeba/00000{i}.jpg" for i in (1, 2)], (178, 218))
    listed = b"2\nSmiling Young \n000001.jpg  1 -1\n000002.jpg -1 -1\n"
    return put(made, files | {"list_attr_celeba.txt": listed}, size=8, attribute="Smiling")


def stylegans(made):
    names = ("00000/img00000000.png", "00000/img00000001.png")
    listed = json.dumps({"labels": [[name, i] for i, name in enumerate(names)]}).encode()
    return put(made, make_images(made, names) | {"dataset.json": listed}, zipped=True)


def repository(made):
    made.serve(make_images(made, ("cats/1.png", "cats/2.png", "dogs/1.png")))
    return {"id": "some/faces"}


def recordings(made):
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.arange(20, dtype="<i2").tobytes())
    names = [f"recordings/{digit}_jackson_5.wav" for digit in range(10)]
    return put(made, dict.fromkeys(names, sound.getvalue()), samples=16)


# For every data set that is installed a function that makes small data for it and gives the
# options that lead there.
DATA: dict[str, Callable] = {
    "digits": lambda made: {},
    "mixture": lambda made: {"points": 100},
    "mnist": arrays(28, 28),
    "fashion-mnist": arrays(28, 28),
    "cifar10": arrays(32, 32, 3),
    "cifar100": arrays(32, 32, 3, classes=100),
    "moving-mnist": lambda made: {"source": "digits", "size": 16, "frames": 2, "count": 9},
    "folder": image_files("cats/1.png", "dogs/1.jpg"),
    "zip": image_files("cats/1.png", "dogs/1.png", zipped=True),
    "stylegan-zip": stylegans,
    "hub": repository,
    "celeba": faces,
    "flowers": image_files("flower_photos/daisy/1.jpg", "flower_photos/roses/1.jpg", size=8),
    "afhq": image_files("afhq/train/cat/1.png", "afhq/train/dog/1.png", "afhq/val/cat/2.png"),
    "ffhq": image_files("images1024x1024/00000/00000.png", "images1024x1024/00000/00001.png"),
    "lsun": image_files("bedroom_train/0/1.png", "tower_train/0/2.png", zipped=True),
    "facades": image_files("train/1.jpg", "train/2.jpg", "test/1.jpg", pixels=(16, 8)),
    "unpaired": image_files("trainA/1.jpg", "trainA/2.jpg", "trainB/1.jpg"),
    "enlarge": image_files("1.jpg", "more/2.png", pixels=(24, 20), size=16, scale=2, crops=2),
    "spoken-digits": recordings,
}


@pytest.mark.parametrize("name", INSTALLED)
def test_every_data_set_that_is_installed_keeps_its_promises(name, made):
    assert name in DATA, f"Say how to make small data for the data set {name!r} in DATA."
    report = check_dataset(name, DATA[name](made))
    assert {result.check: result.status for result in report.results} == dict.fromkeys(
        DATASET_CHECKS, "passed"
    )
