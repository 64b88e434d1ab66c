"""Images of one's own are trained by one command without a model's name."""

import numpy as np
import pytest
from PIL import Image

from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


def write_photos(folder, count=6):
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 9, 3), dtype="uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")


@pytest.mark.parametrize("setting", ["dataset.split=train", "split=train"])
def test_the_reasons_are_those_of_the_training(setting, place, capsys, monkeypatch):
    monkeypatch.setattr("ganzoo.jobs.memory.measure_memory", lambda *arguments: {"process": 1})
    write_photos(place / "photos" / "train", 10)
    write_photos(place / "photos" / "test", 8)
    words = ["train", "--data", "photos", "--set", setting, "--steps", "10", "--batch", "2"]
    assert main([*words, "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "found   10 images" in said
    assert "length  10 steps of 2 images, each image 2 times" in said
    assert main([*words, "--set", "gan.n_critic=6"]) == 2  # more images in a step than there are
    said = capsys.readouterr().err
    assert "A step needs 12 images" in said and "recipe  " not in said


@pytest.mark.parametrize("name", [(), ("dcgan",)])
def test_images_alone_are_trained(name, place, capsys):
    write_photos(place / "photos")
    size = "dataset.size=8"
    words = ["train", *name, "--data", "photos", "--steps", "1", "--batch", "2", "--set", size]
    assert main(words) == 0
    reasons = [line for line in capsys.readouterr().err.splitlines() if "  " in line][:3]
    assert [line.split()[0] for line in reasons] == ["found", "recipe", "length"]
    assert max(map(len, reasons)) <= 80
    run = Run(place / "runs" / f"00001-{name[0] if name else 'fastgan'}-folder")
    assert run.manifest()["state"] == "finished" and run.manifest()["model"] is None


def test_scans_of_16_bits_are_trained_as_they_are(place, capsys):
    (place / "scans").mkdir()
    for number in range(6):
        scan = np.random.default_rng(number).integers(0, 4096, (9, 8, 5), dtype="uint16")
        np.save(place / "scans" / f"{number}.npy", scan)
    words = ["train", "--data", "scans", "--steps", "1", "--batch", "2", "--set", "dataset.size=8"]
    assert main(words) == 0
    assert "found   6 images as they are" in capsys.readouterr().err
    (run,) = (place / "runs").iterdir()
    plan = Run(run).recipe().dataset.options
    assert "mode" not in plan
    assert Run(run).manifest()["data"]["levels"]["high"] <= 4095


def test_with_a_start_its_recipe_is_proposed_and_its_weights_fit(place, plain, capsys):
    train(plain("steps=1"), run=place / "digits")
    write_photos(place / "photos")
    words = ["train", "--data", "photos", "--from", "digits", "--steps", "1", "--batch", "2"]
    assert main([*words, "--run", "run"]) == 0
    said = capsys.readouterr().err
    assert "recipe  digits at 8x8: the recipe of the weights to start from" in said
    run = Run(place / "run")
    options = run.recipe().dataset.options
    assert (options["size"], options["mode"]) == (8, "gray")
    assert run.manifest()["start"]["taken"] > 0 == run.manifest()["start"]["new"]
