"""`doctor`: the report, and its exit code."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ganzoo.backend import select
from ganzoo.jobs import doctor
from ganzoo.jobs.models import environment
from ganzoo.jobs.tested_versions import TESTED, untested_versions


@pytest.fixture(autouse=True)
def backends(monkeypatch):
    monkeypatch.setattr(select, "_is_installed", lambda name: name == "torch")


def test_a_healthy_machine_has_no_problem(ganzoo):
    done = ganzoo("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    report = done.json
    assert report["problems"] == []
    assert report["packages"]["keras"].startswith("3.")
    backends = {"installed": ["torch"], "chosen": "torch", "because of": "first one installed"}
    assert report["backends"] == backends
    assert report["plugins"]["dataset"] >= 8


def test_products_of_matrices_are_measured_when_asked_for(ganzoo, monkeypatch):
    rates = {"backend": "torch", "bfloat16_gain": 2.5}
    monkeypatch.setattr("ganzoo.jobs.arithmetic.matrix_rates", lambda backend: rates)
    assert "matrix_product" not in ganzoo("doctor", "--json").json
    assert ganzoo("doctor", "--measure", "--json").json["matrix_product"] == rates
    assert "bfloat16_gain" in ganzoo("doctor", "--measure").out


def test_extras_are_present_or_named_with_their_install_line(ganzoo, monkeypatch):
    monkeypatch.setattr(doctor, "package_version", lambda name: None if "onnx" in name else "1")
    extras = ganzoo("doctor", "--json").json["extras"]
    assert {"jax", "torch", "tensorflow", "hub", "onnx"} <= set(extras) and "dev" not in extras
    missing = {name: text for name, text in extras.items() if text != "present"}
    assert missing == {"onnx": 'missing; install it with: pip install "keras-ganzoo[onnx]"'}


@pytest.mark.parametrize(
    ("package", "version", "problem"),
    [("keras", "3.9.2", "too old"), ("keras", "3.99.0", "newer"), ("pillow", "10.4", "too old"),
     ("safetensors", "0.4.5", "too old"), ("torch", "2.99.1+cu128", "newer"),
     ("numpy", "mine", "no version")],
)  # fmt: skip
def test_versions_that_are_not_tested_are_warned_of_and_strictly_refused(
    package, version, problem, ganzoo, monkeypatch
):
    """Promise 20."""
    known = doctor.package_version
    monkeypatch.setattr(
        doctor, "package_version", lambda name: version if name == package else known(name)
    )
    said = f"{package} {version} is {problem}: ganzoo is tested with"
    report = ganzoo("doctor", "--json").json
    assert report["problems"] == [] and any(said in text for text in report["warnings"])
    refused = ganzoo("doctor", "--strict")
    assert refused.code == 5 and said in refused.err


def test_the_versions_of_the_tests_are_tested():
    """Promise 20: the oldest ones that may be installed, and those that run this test."""
    project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())[
        "project"
    ]
    bounds = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    lowest = dict(line.split(">=") for line in reversed(bounds) if ">=" in line)
    assert {name: lowest[name] for name in TESTED} == {n: first for n, (first, _) in TESTED.items()}
    below = dict(b.split("<") for b in project["optional-dependencies"]["dev"] if "<" in b)
    assert below.keys() == TESTED.keys() - {"keras", "jax", "torch", "tensorflow"}
    for name, bound in below.items():
        *major, last = map(int, TESTED[name][1].split("."))
        assert bound == ".".join(map(str, [*major, last + 1]))
    assert untested_versions() == []


def test_the_report_for_people_names_folders_with_their_free_space(ganzoo, home):
    out = ganzoo("doctor").out
    assert f"{home} (" in out and "GiB free)" in out
    assert "chosen      torch" in out


@pytest.mark.parametrize("name", [*environment.VARIABLES, "GANZOO_CACHE"])
def test_variables_that_change_results_are_listed(name, ganzoo, monkeypatch):
    monkeypatch.setenv(name, "/some/thing")
    assert ganzoo("doctor", "--json").json["variables"][name] == "/some/thing"


def test_no_backend_is_a_problem_and_exits_with_5(ganzoo, monkeypatch):
    monkeypatch.setattr(select, "_is_installed", lambda name: False)
    done = ganzoo("doctor")
    assert done.code == 5
    assert "error: No backend is installed." in done.err and done.err.count("\n") == 1
    assert "packages" in done.out
    done = ganzoo("doctor", "--json")
    assert done.code == 5 and "No backend" in done.json["problems"][0]


def test_a_home_that_cannot_be_made_is_a_problem(ganzoo, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "file" / "home"))
    done = ganzoo("doctor")
    assert done.code == 5
    assert "The home folder" in done.err and "cannot be made or written to" in done.err


def test_a_broken_plugin_and_a_broken_card_are_warnings(ganzoo, distribution, card):
    distribution("bad", "[ganzoo.architectures]\nodd = not a target\n")
    card("broken").write_text("schema = 1\n")
    done = ganzoo("doctor", "--json")
    assert done.code == 0
    assert any(text.startswith("bad odd: ") for text in done.json["warnings"])
    assert any(text.startswith("user broken: ") for text in done.json["warnings"])


def test_two_plugins_with_one_name_are_a_warning_that_names_both(ganzoo, rivals):
    (warning,) = ganzoo("doctor", "--json").json["warnings"]
    assert warning == "The dataset 'cats' is claimed by rival-a:cats and rival-b:cats."


def test_a_backend_that_keras_json_names_and_is_not_here_is_a_warning(ganzoo, home):
    (home / "keras.json").write_text('{"backend": "jax"}')
    (warning,) = ganzoo("doctor", "--json").json["warnings"]
    assert "names the backend 'jax'" in warning


def test_runs_that_are_written_to_and_what_a_crash_left_are_shown(ganzoo):
    for number in ("00001", "00002"):
        run = Path("runs") / f"{number}-toy"
        (run / "checkpoints").mkdir(parents=True)
        (run / "recipe.toml").write_text("")
        (run / ".lock").write_text("")
    (run / "checkpoints" / ".ganzoo-0123456789abcdef.tmp").mkdir()
    code = (
        "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX);"
        " print('locked', flush=True); input()"
    )
    argv = [sys.executable, "-c", code, str(run / ".lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "locked\n"
        report = ganzoo("doctor", "--json").json
        child.communicate("\n")
    assert report["runs"] == {"count": 2, "locked": ["runs/00002-toy"]}
    assert any("1 unfinished file" in text for text in report["warnings"])
    assert ganzoo("doctor", "--json").json["runs"]["locked"] == []


def test_the_report_is_valid_json_without_anything_else(ganzoo):
    assert set(json.loads(ganzoo("doctor", "--json").out)) == {
        "ganzoo",
        "python",
        "platform",
        "processors",
        "accelerators",
        "bfloat16",
        "packages",
        "extras",
        "backends",
        "folders",
        "plugins",
        "runs",
        "variables",
        "problems",
        "warnings",
    }
