"""`nearest`: what it asks of the job."""

from pathlib import Path


def test_nearest_passes_its_options_on_and_prints_its_file(ganzoo, fake_job):
    found = {"file": "a.png", "features": "digits", "nearest": []}
    asked = fake_job("evaluation.nearest", nearest=found)
    assert ganzoo("nearest", "7").out == "a.png\n"
    words = "-n 3 --seed 4 --neighbors 2 --features photo --truncation 0.5 --out b.png --overwrite"
    assert ganzoo("nearest", "7", *words.split(), "--json").json == found
    assert (asked[0]["n"], asked[0]["seed"], asked[0]["neighbors"]) == (8, 0, 5)
    wanted = {"n": 3, "seed": 4, "neighbors": 2, "features": "photo", "out": Path("b.png")}
    assert wanted.items() <= asked[1].items() and asked[1]["overwrite"]
    assert ganzoo("nearest", "7", "-n", "0").code == 2
