"""Images that a model drew come back, in a folder whose latents `sample` takes."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import main
from ganzoo.files import safetensors
from ganzoo.jobs.latents.latent_files import read_latents
from ganzoo.jobs.latents.project import project
from ganzoo.jobs.models.load import load

pytestmark = pytest.mark.backend


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("optimized")
def test_images_that_the_model_drew_come_back(place, capsys):
    assert (
        main(["sample", "dcgan-digits", "-n", "12", "--seed", "11", "--separate", "--out", "own"])
        == 0
    )
    capsys.readouterr()
    assert main(["project", "dcgan-digits", "own", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    errors = np.array([one["error"] for one in found["images"]])
    assert len(errors) == 12 and (errors < 0.01).mean() >= 0.9
    assert found["features"] == "digits" and found["space"] == "z"
    folder = place / found["folder"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "errors.csv", "latents.safetensors", "side-by-side.png",
    ]  # fmt: skip
    with open(folder / "errors.csv", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["image", "error"] and len(rows) == 13
    assert np.allclose([float(row[1]) for row in rows[1:]], errors, rtol=1e-2)
    with Image.open(folder / "side-by-side.png") as file:
        assert min(file.size) > 200
    # sample draws them: the same images, and the errors are those of the file
    words = ["--latents", str(folder / "latents.safetensors")]
    assert main(["sample", "dcgan-digits", *words, "--out", "again.npy"]) == 0
    again, own = np.load("again.npy"), np.asarray(load("dcgan-digits").sample(12, seed=11))
    own, again = own / 255.0, again / 255.0
    samples = np.asarray(load("dcgan-digits").sample(256, seed=0)) / 255.0
    shares = np.square(own - again).mean(axis=(1, 2, 3)) / samples.var(axis=0).mean()
    assert np.abs(shares - errors).max() < 2e-3
    for other in (["--seed", "3"], ["-n", "2"], ["--truncation", "1"]):
        assert main(["sample", "dcgan-digits", *words, *other]) == 2


@pytest.mark.filterwarnings("default::UserWarning")
def test_latents_of_another_model_are_refused_and_of_other_weights_noted(place, capsys):
    project("dcgan-digits", _image(place, (8, 8)), steps=1, starts=1, out=place / "found")
    path = place / "found" / "latents.safetensors"
    assert read_latents(path).names == ("image.png",)
    assert main(["sample", "dcgan-fashion-mnist", "--latents", str(path)]) == 2
    about = safetensors.metadata(path)
    about["latents"]["weights_digest"] = "0" * 64
    safetensors.save(path, safetensors.load(path), about, overwrite=True)
    capsys.readouterr()
    assert main(["sample", "dcgan-digits", "--latents", str(path)]) == 0
    assert "made with other weights" in capsys.readouterr().err


@pytest.mark.parametrize("array", [np.full((1, 3), np.nan, "float32"), np.float32(1)])
def test_files_that_hold_no_latents_are_refused(place, array, capsys):
    for kind in ("latents", "directions"):
        safetensors.save(place / "file.safetensors", {"latents": array}, {kind: {}}, overwrite=True)
        assert main(["sample", "dcgan-digits", "--latents", "file.safetensors"]) == 3
        assert "file.safetensors" in capsys.readouterr().err


def test_classes_of_images_are_kept(place):
    gan = load("cdcgan-mnist")
    image = Image.fromarray(np.asarray(gan.sample(1, seed=3, labels=7))[0, ..., 0])
    image.save(place / "seven.png")
    done = project(
        "cdcgan-mnist", place / "seven.png", labels=[7], steps=120, starts=4, out=place / "found"
    )
    saved = read_latents(place / "found" / "latents.safetensors")
    assert saved.labels.tolist() == [7] and done["images"][0]["error"] < 0.05
    assert np.abs(saved.generate_images(gan).astype(int) - np.asarray(image)[..., None]).mean() < 10


def _image(folder, size):
    Image.new("L", size, 100).save(folder / "image.png")
    return folder / "image.png"
