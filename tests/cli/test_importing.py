"""`ganzoo import` translates; what contradicts itself is refused before anything is slow."""

import sys
from pathlib import Path

import pytest

DONE = {"name": "mine@1", "version": 1, "digest": "a" * 64, "path": "there", "created": True}


@pytest.fixture
def importing(fake_job):
    class FileDescription(dict):
        def __init__(self, **given):
            super().__init__(given)

    calls = fake_job("publishing.import_weights", import_weights=DONE)
    sys.modules["ganzoo.jobs.publishing.import_weights"].FileDescription = FileDescription
    return calls


def test_a_file_of_ganzoo_needs_no_more_than_a_name(ganzoo, importing):
    done = ganzoo("import", "w.safetensors", "mine")
    assert done.code == 0 and "mine@1" in done.out
    assert importing == [
        {
            "job": "import_weights", "args": (Path("w.safetensors"), "mine"), "description": None,
            "license": None, "folder": None, "backend": None, "allow_plugin_mismatch": False,
        }
    ]  # fmt: skip
    assert ganzoo("import", "w.safetensors", "mine", "--json").json == DONE


def test_what_the_file_does_not_say_reaches_the_job(ganzoo, importing):
    words = "--recipe gan-mnist-small --image-shape 28X28x1 --classes 3 --data-license CC0-1.0"
    more = "--license MIT --registry here --backend jax"
    assert ganzoo("import", "w.safetensors", "mine", *words.split(), *more.split()).code == 0
    (call,) = importing
    description = call["description"]
    assert description.pop("recipe").dataset.name == "mnist"
    assert description == {
        "image_shape": (28, 28, 1), "classes": ["0", "1", "2"], "data_license": "CC0-1.0",
    }  # fmt: skip
    assert (call["license"], call["folder"], call["backend"]) == ("MIT", Path("here"), "jax")
    words = "--recipe gan-mnist-small --image-shape 2 --classes cat,dog"
    ganzoo("import", "w.safetensors", "mine", *words.split())
    assert importing[1]["description"]["classes"] == ["cat", "dog"]
    assert importing[1]["description"]["image_shape"] == (2,)


def test_a_checkpoint_needs_the_license_of_its_data(ganzoo, importing):
    assert ganzoo("import", "G.pth", "mine", "--data-license", "MIT").code == 0
    description = importing[0]["description"]
    assert description["recipe"] is None and description["data_license"] == "MIT"


def test_the_place_of_the_data_becomes_part_of_the_recipe(ganzoo, importing):
    words = ["--recipe", "gan-mnist-small", "--data", "x.npz"]
    assert ganzoo("import", "w.safetensors", "mine", *words).code == 0
    description = importing[0]["description"]
    assert description["recipe"].dataset.options["data"].endswith("/x.npz")
    assert description["image_shape"] is None and description["classes"] == []


@pytest.mark.parametrize(
    "words",
    [
        "--data x",
        "--classes 10",
        "--recipe gan-mnist-small --classes 10",
        "--recipe gan-mnist-small --image-shape 8x8x1 --data x",
        "--recipe gan-mnist-small --image-shape 8x8",
        "--recipe gan-mnist-small --image-shape 0x8x1",
        "--recipe gan-mnist-small --image-shape 8x8x-1",
        "--recipe gan-mnist-small --image-shape eight",
        "--recipe gan-mnist-small --image-shape 8x8x1 --classes 0",
        "--recipe gan-mnist-small --image-shape 8x8x1 --classes 70000",
        "--recipe nothing-of-the-kind",
    ],
)
def test_what_cannot_be_meant_is_refused(words, ganzoo, importing):
    done = ganzoo("import", "w.safetensors", "mine", *words.split())
    assert (done.code, done.out, importing) == (2, "", [])
    assert done.err.startswith("error: ") and done.err.count("\n") == 1
