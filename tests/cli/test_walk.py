"""`walk`: what it asks of the job, and what it refuses before."""

from pathlib import Path

import pytest


@pytest.fixture
def walking(fake_job):
    return fake_job("latents.walk", walk=Path("walk.gif"))


def test_a_walk_passes_its_options_on_and_prints_its_file(ganzoo, walking):
    done = ganzoo("walk", "7")
    assert (done.code, done.out) == (0, "walk.gif\n")
    words = "--seeds 3,1,4-5 --seconds 2.5 --fps 10 --labels 0,cat --size 64 --out a.webp --raw"
    assert ganzoo("walk", "7", *words.split(), "--json").json == {"files": ["walk.gif"]}
    assert walking[0]["seeds"] == [0, 1, 2, 3] and walking[0]["labels"] is None
    asked = {key: walking[1][key] for key in ("seeds", "seconds", "fps", "labels", "size", "out")}
    assert asked == {
        "seeds": [3, 1, 4, 5], "seconds": 2.5, "fps": 10.0, "labels": [0, "cat"], "size": 64,
        "out": Path("a.webp"),
    }  # fmt: skip
    assert walking[1]["raw"] and not walking[0]["raw"]


@pytest.mark.parametrize("words", ["--seeds a", "--fps 51", "--seconds 0", "--size 0"])
def test_a_walk_refuses_what_is_no_walk(ganzoo, walking, words):
    assert ganzoo("walk", "7", *words.split()).code == 2
    assert walking == []
