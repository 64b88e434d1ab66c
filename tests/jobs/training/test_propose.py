"""Images of one's own are trained by one command without a model's name."""

import numpy as np
import pytest
from PIL import Image

from ganzoo.catalog.runs import Run
from ganzoo.cli import main

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("name", [(), ("dcgan",)])
def test_images_alone_are_trained(name, place, capsys):
    (place / "photos").mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 9, 3), dtype="uint8")
        Image.fromarray(pixels).save(place / "photos" / f"{number}.png")
    size = "dataset.size=8"
    words = ["train", *name, "--data", "photos", "--steps", "1", "--batch", "2", "--set", size]
    assert main(words) == 0
    reasons = [line for line in capsys.readouterr().err.splitlines() if "  " in line][:3]
    assert [line.split()[0] for line in reasons] == ["found", "recipe", "length"]
    assert max(map(len, reasons)) <= 80
    run = Run(place / "runs" / f"00001-{name[0] if name else 'fastgan'}-folder")
    assert run.manifest()["state"] == "finished" and run.manifest()["model"] is None
