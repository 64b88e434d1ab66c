"""A hostile file names an architecture with enormous options: refused before they cost anything."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo.errors import InvalidInput
from ganzoo.files import safetensors
from ganzoo.jobs.models import limits
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    made = []

    def get(recipe):
        if not made:
            made.append(train(recipe("steps=2"), run=tmp_path_factory.mktemp("trained") / "run"))
        return made[0].weights_path

    return get


@pytest.fixture
def file(trained, plain, place):
    """`file(name, **changes)`: a weights file of an mlp whose metadata asks for more."""

    def make(name: str = "hostile", *, architecture: dict, **changes) -> Path:
        path = trained(plain)
        about = safetensors.metadata(path) | changes
        about["recipe"]["architecture"] |= architecture
        safetensors.save(place / f"{name}.safetensors", safetensors.load(path), about)
        return place / f"{name}.safetensors"

    return make


HOSTILE = {
    "a number beyond all": ({"latent_size": 2**50}, {}),
    "a number beyond all, inside": ({"generator_units": [8, 10**12]}, {}),
    "a negative one": ({"latent_size": -(2**50)}, {}),
    "a wide generator": ({"generator_units": [65536, 65536]}, {}),
    "a wide discriminator": ({"discriminator_units": [65536, 65536]}, {}),
    "both a little too wide": ({"generator_units": [4096] * 3, "latent_size": 4096}, {}),
    "a deep generator": ({"generator_units": [1] * 50_000}, {}),
    "a large image": ({}, {"image_shape": [4096, 4096, 1]}),
    "an enormous image": ({}, {"image_shape": [2**24, 2**24, 3]}),
    "many classes": ({}, {"classes": [""] * 100_000}),
    "another architecture, wide": (
        {
            "name": "dcgan",
            "discriminator_base_channels": 65536,
            "_leave": ["generator_units", "discriminator_units"],
        },
        {"image_shape": [64, 64, 1]},
    ),
}


def asked(architecture: dict) -> dict:
    return {key: value for key, value in architecture.items() if key != "_leave"}


@pytest.fixture
def hostile(file):
    """The files of `HOSTILE`, by name."""

    def make(name: str) -> Path:
        architecture, changes = HOSTILE[name]
        path = file(name.replace(" ", "-"), architecture=asked(architecture), **changes)
        if "_leave" in architecture:
            about, arrays = safetensors.metadata(path), safetensors.load(path)
            for key in architecture["_leave"]:
                del about["recipe"]["architecture"][key]
            safetensors.save(path, arrays, about, overwrite=True)
        return path

    return make


MEASURED = """
import json, resource, sys, time
import ganzoo
from ganzoo.errors import InvalidInput

fine, *hostile = sys.argv[1:]
ganzoo.load(fine)  # the framework is here now
found = {}
for path in hostile:
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    try:
        ganzoo.load(path)
        said = "loaded"
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    found[path] = [said, grown / 1024, time.perf_counter() - begun]
print(json.dumps(found))
"""


def test_no_hostile_file_costs_more_than_it_weighs(hostile, trained, plain):
    paths = {name: str(hostile(name)) for name in HOSTILE}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(trained(plain)), *paths.values()],
        env=None, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name, path in paths.items():
        said, megabytes, _ = found[path]
        assert said.startswith("InvalidInput: "), (name, said)
        if name == "a negative one":
            assert "`architecture.latent_size`" in said and "must be at least 1" in said
        else:
            assert "that its weights cannot be of" in said or "too large images" in said, (
                name, said)  # fmt: skip
        assert megabytes < 200, (name, megabytes)


@pytest.mark.parametrize("number", [2**50, -(2**50)])
def test_a_number_of_any_sign_is_refused_where_no_default_says_more(number, file):
    header = safetensors.read_header(file(architecture={}))
    with pytest.raises(InvalidInput, match=f"that its weights cannot be of.*'axis' {number}"):
        limits.check_options("it", header, {"axis": number})


def test_a_hostile_file_ends_in_exit_code_3(hostile, capsys):
    from ganzoo.cli import main

    assert main(["sample", str(hostile("a wide generator"))]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "cannot be of" in said


def test_what_fits_is_loaded_and_layers_are_made_as_before(file, trained, plain):
    from keras import layers

    before = layers.Layer.add_weight
    assert ganzoo.load(file(architecture={})).sample(1, seed=0).shape == (1, 8, 8, 1)
    with pytest.raises(InvalidInput):
        ganzoo.load(file("wide", architecture={"generator_units": [65536, 65536]}))
    assert layers.Layer.add_weight is before
    with pytest.raises(InvalidInput, match="does not fit this architecture"):
        ganzoo.load(file("other", architecture={"generator_units": [9]}))


def test_other_threads_make_what_they_want(trained, plain):
    import threading

    from keras import layers

    header = safetensors.read_header(trained(plain))
    made = []

    def build() -> None:
        made.append(layers.Dense(5000).build((None, 5000)))

    with limits.limited("a file", header):
        other = threading.Thread(target=build)
        other.start()
        other.join()
        with pytest.raises(InvalidInput, match=r"weight of shape \(5000, 5000\)"):
            build()
    assert len(made) == 1


def test_the_bound_grows_with_the_file():
    tensors = {"a": np.zeros((3000, 3000), "float32")}
    header = safetensors.read_header(safetensors.dump(tensors))
    from keras import layers

    with limits.limited("a file", header):  # beside it an equally large discriminator
        layers.Dense(3000, use_bias=False).build((None, 3000))
        layers.Dense(6000, use_bias=False).build((None, 3000))
