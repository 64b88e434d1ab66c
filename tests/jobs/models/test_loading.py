"""What is loaded is what was trained: with the same plugin, and with numbers for weights."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo.catalog.registry import lookup
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.errors import InvalidInput, PluginError
from ganzoo.files import checkpoints, safetensors
from ganzoo.jobs.evaluation.evaluate import evaluate
from ganzoo.jobs.models import load
from ganzoo.jobs.publishing.import_weights import import_weights
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.training.resume import resume
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def trained(recipe, tmp_path_factory):
    requested = recipe("steps=2", "sample_every=2", "log_every=2")
    return train(requested, run=tmp_path_factory.mktemp("trained") / "run")


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """A copy of a run with a stranger's architecture and data set."""
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    return Run.open(shutil.copytree(trained.path, tmp_path / "run"))


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """The stranger's distribution is of another version now, and its source is another."""
    site = tmp_path / "site"
    shutil.copytree(Path(__file__).parents[2] / "end_to_end" / "site", site)
    (site / "ganzoo_testbed-1.0.dist-info").rename(site / "ganzoo_testbed-1.1.dist-info")
    metadata = site / "ganzoo_testbed-1.1.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    with (site / "ganzoo_testbed.py").open("a") as source:
        source.write("\n# another line\n")
    monkeypatch.syspath_prepend(site)


def said_as_a_user_sees_it(command: list[str]) -> int:
    """The exit code of a command whose warnings are said, and end nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return main(command)


OTHER = r"Expected: ganzoo-testbed 1\.0 \(source \w+\)\. Received: ganzoo-testbed 1\.1 \(source"


def test_what_a_run_was_made_with_is_in_all_that_it_leaves(run):
    pins = run.manifest()["plugins"]
    assert {pin["distribution"] for pin in pins.values()} == {"ganzoo-testbed"}
    assert all(pin["version"] == "1.0" and len(pin["digest"]) == 64 for pin in pins.values())
    assert safetensors.metadata(run.weights_path)["plugins"] == pins
    assert Card.read(run.card_path).tables()["plugins"] == pins
    push(run.path, "mine", license="MIT")
    version = lookup.find_version("mine")
    assert version.manifest["plugins"] == version.card().tables()["plugins"] == pins


def test_another_plugin_is_refused_unless_it_is_allowed(run, changed, tmp_path, capsys):
    source = str(run.path)
    commands = [
        ["sample", source, "--out", "a.png"], ["export", source, "a.keras"],
        ["evaluate", source, "-n", "20", "--metrics", "patch_wasserstein"],
        ["import", str(run.weights_path), "mine", "--license", "MIT"],
    ]  # fmt: skip
    for command in commands:
        assert main(command) == 4, command
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and "ganzoo-testbed 1.0" in said and "1.1" in said
    with pytest.raises(PluginError, match=OTHER):
        ganzoo.load(source)
    for command in commands:
        assert said_as_a_user_sees_it([*command, "--allow-plugin-mismatch"]) == 0, command
        assert "is that of ganzoo-testbed 1.1" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="is that of ganzoo-testbed 1.1"):
        ganzoo.load(source, allow_plugin_mismatch=True)


def test_numbers_of_another_plugin_say_so(run, changed):
    def measured(**options):
        (row,) = evaluate(run.path, metrics=["patch_wasserstein"], n=20, **options)
        return row["protocol"].get("plugin_mismatch", "")

    with pytest.warns(UserWarning, match="instead of"):
        assert "ganzoo-testbed 1.1" in measured(allow_plugin_mismatch=True)


def test_what_is_imported_with_another_plugin_says_so_and_is_used_with_it(run, changed):
    with pytest.raises(PluginError, match=OTHER):
        import_weights(run.weights_path, "mine", license="MIT")
    assert "mine" not in lookup.models()
    with pytest.warns(UserWarning, match="instead of"):
        import_weights(run.weights_path, "mine", license="MIT", allow_plugin_mismatch=True)
    version = lookup.find_version("mine")
    (told,) = version.card().plugin_mismatches
    assert "ganzoo-testbed 1.1" in told and "instead of ganzoo-testbed 1.0" in told
    assert version.manifest["plugins"]["architecture"]["version"] == "1.1"
    assert "instead of ganzoo-testbed 1.0" in version.read("README.md").decode()
    load.load("mine")  # without a word: it is the one that it was compared with


def test_a_run_goes_on_with_another_plugin_only_by_consent_and_says_so_ever_after(run, changed):
    longer = ["training.steps=4"]
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(PluginError, match=OTHER):
        resume(run.path, settings=longer)
    assert {path: path.read_bytes() for path in before} == before
    with pytest.warns(UserWarning, match="instead of"):
        resume(run.path, settings=longer, allow_plugin_mismatch=True)
    told = run.manifest()["plugin_mismatches"]
    assert len(told) == 2 and all(one.startswith("From step 2 on: ") for one in told)
    assert run.manifest()["plugins"]["architecture"]["version"] == "1.1"
    assert Card.read(run.card_path).plugin_mismatches == told
    assert safetensors.metadata(run.weights_path)["plugin_mismatches"] == told
    push(run.path, "mine", license="MIT")
    card = lookup.find_version("mine").card()
    assert card.plugin_mismatches == told
    assert card.plugins["architecture"].version == "1.1"
    resume(run.path, settings=["training.steps=5"])  # it is the run's own now
    assert run.manifest()["plugin_mismatches"] == told


# Numbers

PARTS = {
    "kernel": "generator/project/kernel",
    "batch norm": "generator/norm/moving_variance",
    "average": "ema/project/kernel",
}


@pytest.fixture
def spoilt(run, place):
    """`spoilt(name, value)`: the run's whole state in a file, with the value in one array."""

    def make(name: str, value: float) -> str:
        state = checkpoints.newest(run.checkpoints, report=pytest.fail).read("state.safetensors")
        arrays, about = safetensors.load(state), safetensors.metadata(state)
        arrays[name].flat[0] = value
        safetensors.save(place / "bad.safetensors", arrays, about)
        return "bad.safetensors"

    return make


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("part", PARTS)
def test_what_is_not_finite_is_loaded_only_to_be_looked_at(spoilt, part, value):
    source, raw = spoilt(PARTS[part], value), part != "average"
    with pytest.raises(InvalidInput, match=f"{PARTS[part]} is not finite") as caught:
        ganzoo.load(source, raw=raw)
    assert caught.value.exit_code == 3
    with pytest.warns(UserWarning, match=f"{PARTS[part]} is not finite"):
        gan = ganzoo.load(source, raw=raw, allow_nonfinite=True)
    assert not all(np.isfinite(weight).all() for weight in gan.generator.get_weights())


def test_a_sample_of_what_is_not_finite_is_flagged(spoilt, capsys):
    name = PARTS["batch norm"]  # an infinite variance makes a channel zero: there are images
    command = ["sample", spoilt(name, np.inf), "--raw", "--out", "bad.png"]
    assert main(command) == 3
    assert f"{name} is not finite. To look at them" in capsys.readouterr().err
    assert said_as_a_user_sees_it([*command, "--allow-nonfinite"]) == 0
    assert f"warning: bad.safetensors: {name} is not finite" in capsys.readouterr().err
