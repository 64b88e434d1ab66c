"""`project`: what it asks of the job, and what it prints."""

from pathlib import Path

FOUND = {
    "folder": "found",
    "space": "z",
    "features": None,
    "images": [{"name": "a", "error": error} for error in (0.5, 0.25, 0.125)],
}  # fmt: skip


def test_project_passes_its_options_on_and_prints_its_folder(ganzoo, fake_job):
    asked = fake_job("latents.project", project=FOUND)
    done = ganzoo("project", "7", "scans")
    assert done.out == "found\n" and "error of 3 images: median 0.25" in done.err
    words = "-n 3 --space w+ --steps 9 --starts 2 --seed 4 --labels 0,cat --feature-weight 0"
    assert ganzoo("project", "7", "a.png", *words.split(), "--out", "b", "--json").json == FOUND
    assert (asked[0]["n"], asked[0]["space"], asked[0]["starts"]) == (64, None, 16)
    expected = {"n": 3, "space": "w+", "steps": 9, "starts": 2, "seed": 4, "labels": [0, "cat"]}
    assert expected.items() <= asked[1].items()
    assert asked[1]["feature_weight"] == 0 and asked[1]["out"] == Path("b")
    for wrong in (["--steps", "0"], ["--feature-weight", "nan"], ["-n", "0"]):
        assert ganzoo("project", "7", "a.png", *wrong).code == 2
