"""`ganzoo plugin new` and `check`: a package written, built, installed and checked."""

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from children import run_python

from ganzoo.errors import UsageError
from ganzoo.testing.plugin_template import new_package, template_files


def run(*arguments, folder: Path, code: int = 0, site: Path | None = None):
    # torch compiles nothing
    env = {"KERAS_BACKEND": "torch", "GANZOO_HOME": folder / "home", "PYTHONDONTWRITEBYTECODE": 1}
    if site:
        env["PYTHONPATH"] = os.pathsep.join(map(str, [site, *filter(None, sys.path)]))
    return run_python(*arguments, cwd=folder, code=code, env=env)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """A new package of another name than the template's."""
    folder = tmp_path_factory.mktemp("new")
    done = run("-m", "ganzoo.cli", "plugin", "new", "first-paper", "--json", folder=folder)
    files = [Path(file) for file in json.loads(done.stdout)["files"]]
    assert all((folder / file).is_file() for file in files)
    return folder / "ganzoo-first-paper"


@pytest.fixture(scope="module")
def site(written, tmp_path_factory) -> Path:
    """Its wheel, unpacked, which is what installing it does."""
    folder = tmp_path_factory.mktemp("site")
    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    run(*build, written, folder=folder)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_nothing_of_the_template_is_left_in_it(written):
    texts = [path.read_text(encoding="utf-8") for path in written.rglob("*") if path.is_file()]
    assert len(texts) == len(template_files()) == 6
    assert not [text for text in texts if "my-gan" in text or "my_gan" in text]
    assert (written / "ganzoo_first_paper" / "first_paper.py").is_file()


def test_installed_it_passes_its_own_tests(written, site, tmp_path):
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", written)
    old = "ignore:__array__ implementation:DeprecationWarning"  # Keras' own, on torch
    done = run("-W", "error", "-W", old, "-m", "pytest", *options, written / "tests",
               folder=tmp_path, site=site)  # fmt: skip
    assert "3 passed" in done.stdout


def test_its_report_is_json_and_its_model_trains(site, tmp_path):
    command = ("-m", "ganzoo.cli", "plugin", "check", "first-paper", "--json")
    (report,) = json.loads(run(*command, folder=tmp_path, site=site).stdout)["reports"]
    assert report["passed"]
    assert {one["check"] for one in report["checks"]} >= {"builds", "state", "penalties", "fit"}
    run("-m", "ganzoo.cli", "train", "first-paper-digits", "--steps", "2",
        folder=tmp_path, site=site)  # fmt: skip
    assert list(tmp_path.glob("runs/*/weights.safetensors"))


def test_a_plugin_that_fails_a_check_exits_with_4(tmp_path):
    site = Path(__file__).parent / "site"
    command = ("-m", "ganzoo.cli", "plugin", "check", "wrong-range", "--shape", "4x4x1")
    done = run(*command, folder=tmp_path, site=site, code=4)
    assert "error: wrong-range fails output." in done.stderr
    assert "value_range" in done.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dcgan", "taken by keras-ganzoo"),
        ("classic", "ganzoo_classic is installed"),
        ("3gan", "a letter first"),
        ("class", "no keyword of Python"),
        ("../away", "Not a valid name"),
        ("My-GAN", "Not a valid name"),
        ("my.gan", "letters, digits and dashes"),
        ("my_gan", "letters, digits and dashes"),
        ("a" * 60, "at most 50"),
    ],
)
def test_invalid_names_are_refused_and_nothing_is_written(name, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        new_package(name, tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="nothing is overwritten"):
        new_package("first-paper", tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
