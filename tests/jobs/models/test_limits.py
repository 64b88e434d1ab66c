"""Limits on what a weights file may ask for."""

from pathlib import Path

import pytest

import ganzoo
from ganzoo.cli import main
from ganzoo.errors import InvalidInput
from ganzoo.files import safetensors
from ganzoo.jobs.models import limits
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def trained(plain, tmp_path_factory):
    return train(plain("steps=2"), run=tmp_path_factory.mktemp("trained") / "run").weights_path


@pytest.fixture
def file(trained, place):
    """`file(name, **changes)`: a weights file of an mlp whose metadata asks for more."""

    def make(name: str = "hostile", *, architecture: dict, **changes) -> Path:
        about = safetensors.metadata(trained) | changes
        about["recipe"]["architecture"] |= architecture
        safetensors.save(place / f"{name}.safetensors", safetensors.load(trained), about)
        return place / f"{name}.safetensors"

    return make


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        ({"latent_size": 2**50}, {}),
        ({"latent_size": -(2**50)}, {}),
        ({"generator_units": [8, 10**12]}, {}),
        ({}, {"image_shape": [2**24, 2**24, 3]}),
        ({}, {"classes": [""] * 100_000}),
    ],
)
def test_sizes_that_no_machine_holds_are_refused_before_anything_is_built(
    file, architecture, changes, monkeypatch
):
    monkeypatch.setattr("ganzoo.jobs.models.load.build_networks", pytest.fail)
    with pytest.raises(InvalidInput, match="that its weights cannot be of|too large images"):
        ganzoo.load(file(architecture=architecture, **changes))


@pytest.mark.parametrize("number", [2**50, -(2**50)])
def test_a_number_of_any_sign_is_refused_where_no_default_says_more(number, file):
    header = safetensors.read_header(file(architecture={}))
    with pytest.raises(InvalidInput, match=f"that its weights cannot be of.*'axis' {number}"):
        limits.check_option_limits("it", header, {"axis": number})


def test_a_hostile_file_ends_in_exit_code_3(file, capsys):
    assert main(["sample", str(file(architecture={"latent_size": 2**50}))]) == 3
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "cannot be of" in message


def test_weights_of_another_size_do_not_fit(file):
    assert ganzoo.load(file(architecture={})).sample(1, seed=0).shape == (1, 8, 8, 1)
    with pytest.raises(InvalidInput, match="does not fit this architecture"):
        ganzoo.load(file("other", architecture={"generator_units": [9]}))
