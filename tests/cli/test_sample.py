"""`sample` and `export`: what they ask of the jobs, and what they refuse before."""

from pathlib import Path

import pytest


@pytest.fixture
def sampling(fake_job):
    return fake_job("models.sample", sample=[Path("a.png"), Path("b.png")])


@pytest.fixture
def exporting(fake_job):
    return fake_job("models.export", export=Path("out.safetensors"))


def test_sample_prints_the_files_that_it_wrote(ganzoo, sampling):
    done = ganzoo("sample", "w.safetensors")
    assert (done.code, done.out) == (0, "a.png\nb.png\n")
    assert ganzoo("sample", "w.safetensors", "--json").json == {"files": ["a.png", "b.png"]}


def test_sample_draws_sixteen_images_of_seed_zero_by_default(ganzoo, sampling):
    ganzoo("sample", "7")
    assert sampling == [
        {
            "job": "sample", "args": ("7",), "n": None, "seed": 0, "seeds": None,
            "interpolate": None, "labels": None, "data": None, "tile": None, "scale": None,
            "latents": None, "truncation": None, "raw": False, "separate": False, "out": None,
            "overwrite": False, "skip_existing": False, "backend": None,
            "allow_plugin_mismatch": False, "allow_nonfinite": False,
        }
    ]  # fmt: skip


def test_sample_passes_its_options_on(ganzoo, sampling):
    words = "-n 4 --seed 7 --labels 0-2,9 --truncation 0.7 --raw --separate --out here"
    words += " --overwrite --backend jax --data photos"
    ganzoo("sample", "7", *words.split())
    ganzoo("sample", "7", "--seeds", "1,2,5-7")
    ganzoo("sample", "7", "--interpolate", "3,9", "-n", "8")
    assert sampling[0]["n"] == 4 and sampling[0]["seed"] == 7
    assert sampling[0]["labels"] == [0, 1, 2, 9]
    assert sampling[0]["truncation"] == 0.7 and sampling[0]["data"] == Path("photos")
    assert sampling[0]["raw"] and sampling[0]["separate"] and sampling[0]["overwrite"]
    assert (sampling[0]["out"], sampling[0]["backend"]) == (Path("here"), "jax")
    assert sampling[1]["seeds"] == [1, 2, 5, 6, 7]
    assert (sampling[2]["interpolate"], sampling[2]["n"]) == ((3, 9), 8)


def test_sample_passes_on_classes_by_their_names_and_a_truncation_of_nothing(ganzoo, sampling):
    ganzoo("sample", "7", "--labels", "Ankle boot, 3,T-shirt/top,5-6", "--truncation", "0")
    assert sampling[0]["labels"] == ["Ankle boot", 3, "T-shirt/top", 5, 6]
    assert sampling[0]["truncation"] == 0


@pytest.mark.parametrize(
    "words",
    [
        "--seed 1 --seeds 2", "--seed 1 --interpolate 2,3", "--seeds 1 --interpolate 2,3",
        "-n 3 --seeds 1,2", "-n 0", "-n -1", "-n 100001", "-n x", "--seed -1", "--seed 2147483648",
        "--seeds 1;2", "--interpolate 1", "--interpolate 1,2,3", "--labels 0,,1", "--labels 9-5",
        "--sed 3", "--truncation 100", "--truncation -1", "--truncation nan",
    ],
)  # fmt: skip
def test_sample_refuses_what_cannot_be_meant(words, ganzoo, sampling):
    done = ganzoo("sample", "7", *words.split())
    assert (done.code, done.out, sampling) == (2, "", [])
    assert done.err.startswith("error: ") and done.err.count("\n") == 1


def test_export_passes_its_options_on_and_prints_the_file(ganzoo, exporting):
    done = ganzoo("export", "7", "out.safetensors", "--all", "--overwrite")
    assert done.out == "out.safetensors\n"
    (call,) = exporting
    assert call == {
        "job": "export", "args": ("7", Path("out.safetensors")), "everything": True, "raw": False,
        "overwrite": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"), [("7 out.safetensors --all --raw", "--raw"), ("7", "OUT")]
)
def test_export_refuses_contradictions_and_needs_a_place(words, said, ganzoo, exporting):
    done = ganzoo("export", *words.split())
    assert (done.code, exporting) == (2, [])
    assert said in done.err
