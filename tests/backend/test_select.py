"""The choice of a backend, before and without importing Keras."""

import json
import os
import sys
from types import SimpleNamespace

import pytest
from children import run_python

from ganzoo.backend import select
from ganzoo.errors import EnvironmentProblem, UnknownName, UsageError


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No variable, no keras.json, Keras not imported, and all three backends installed."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    install(monkeypatch, "jax", "torch", "tensorflow")


def install(monkeypatch, *names):
    monkeypatch.setattr(select, "_is_installed", lambda name: name in names)


def write_keras_json(tmp_path, text):
    (tmp_path / "keras.json").write_text(text)


def test_the_first_installed_backend_is_chosen_when_nothing_is_said(monkeypatch):
    install(monkeypatch, "tensorflow", "torch")
    assert select.decide() == select.Choice(backend="torch", reason="first one installed")


def test_keras_json_comes_before_what_is_installed(tmp_path):
    write_keras_json(tmp_path, '{"backend": "torch"}')
    assert select.decide().backend == "torch"


def test_the_variable_comes_before_keras_json(tmp_path, monkeypatch):
    write_keras_json(tmp_path, '{"backend": "torch"}')
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert select.decide() == select.Choice(backend="tensorflow", reason="KERAS_BACKEND")


def test_a_name_comes_before_the_variable(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert select.decide("jax").backend == "jax"


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert select.decide().backend == "jax"


def test_choosing_sets_the_variable_and_deciding_does_not(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "")
    select.decide("torch")
    assert os.environ["KERAS_BACKEND"] == ""
    assert select.choose("torch") == "torch"
    assert os.environ["KERAS_BACKEND"] == "torch"


@pytest.mark.parametrize("name", ["jaxx", "openvino", "", "JAX"])
def test_a_name_that_is_no_backend_is_a_usage_error(name):
    with pytest.raises(UnknownName) as caught:
        select.choose(name)
    assert caught.value.exit_code == 2


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(UnknownName, match="Did you mean 'tensorflow'"):
        select.choose("tensorflo")


@pytest.mark.parametrize("name", ["openvino", "numpy", "jaxx"])
def test_a_variable_that_names_no_backend_is_a_problem_of_the_environment(name, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", name)
    with pytest.raises(EnvironmentProblem, match=f"KERAS_BACKEND.*jax, torch.*{name}"):
        select.choose()
    assert os.environ["KERAS_BACKEND"] == name


@pytest.mark.parametrize("by", ["name", "variable"])
def test_a_backend_that_is_not_installed_comes_with_the_line_that_installs_it(by, monkeypatch):
    install(monkeypatch, "jax")
    if by == "variable":
        monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(EnvironmentProblem) as caught:
        select.choose("torch" if by == "name" else None)
    assert caught.value.exit_code == 5
    assert 'pip install "keras-ganzoo[torch]"' in str(caught.value)
    assert "Installed: jax." in str(caught.value)


def test_no_backend_at_all_is_said_with_a_line_that_installs_one(monkeypatch):
    install(monkeypatch)
    with pytest.raises(EnvironmentProblem, match="No backend.*keras-ganzoo"):
        select.choose()


@pytest.mark.parametrize("name", ["tensorflow", "openvino"])
def test_a_backend_of_keras_json_that_is_not_usable_is_passed_over_aloud(
    name, tmp_path, monkeypatch
):
    install(monkeypatch, "torch")
    write_keras_json(tmp_path, json.dumps({"backend": name}))
    with pytest.warns(UserWarning, match=f"names the backend '{name}'.*using torch"):
        assert select.decide().backend == "torch"


BY_KERAS = """{
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last"
}"""


@pytest.mark.parametrize("here", [("jax", "tensorflow"), ("torch",)])
def test_what_keras_writes_by_itself_decides_nothing_and_is_passed_over_in_silence(
    here, tmp_path, monkeypatch
):
    install(monkeypatch, *here)
    write_keras_json(tmp_path, BY_KERAS)
    assert select.decide() == select.Choice(backend=here[0], reason="first one installed")


@pytest.mark.parametrize(
    "text",
    [
        '{"backend": "tensorflow"}',
        BY_KERAS.replace("float32", "float16"),
        BY_KERAS.replace("tensorflow", "torch"),
    ],
)
def test_what_differs_from_it_is_somebodys_choice(text, tmp_path):
    write_keras_json(tmp_path, text)
    choice = select.decide()
    assert choice.backend == json.loads(text)["backend"]
    assert choice.reason == str(tmp_path / "keras.json")


def test_the_first_command_does_not_decide_for_the_second(tmp_path):
    code = (
        "import sys; from ganzoo.backend import select\n"
        "print(select.decide()); select.choose()\n"
        "if sys.argv[1] == 'first': import keras"
    )
    outputs = [run_python("-c", code, place).stdout for place in ("first", "second")]
    assert (tmp_path / "keras.json").exists()  # Keras wrote it
    assert "first one installed" in outputs[0] and outputs[0] == outputs[1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"backend": 3}', "\x00", "{}"])
def test_a_broken_keras_json_counts_as_an_empty_one(text, tmp_path):
    write_keras_json(tmp_path, text)
    assert select.decide().backend == "jax"


def test_keras_json_lies_in_the_home_folder_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert select.keras_json() == tmp_path / ".keras" / "keras.json"
    monkeypatch.setenv("KERAS_HOME", "~nosuchuser")  # Keras takes it as it is, too
    assert str(select.keras_json()) == "~nosuchuser/keras.json"


def test_an_imported_keras_settles_it(monkeypatch):
    config = SimpleNamespace(backend=lambda: "torch")
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(config=config))
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert select.decide().backend == "torch"
    assert select.decide("torch").backend == "torch"
    with pytest.raises(UsageError, match="already imported with the torch backend"):
        select.decide("jax")


def test_a_folder_without_code_is_not_an_installed_backend(monkeypatch, tmp_path):
    monkeypatch.undo()
    (tmp_path / "torch").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert "torch" not in select.installed()


def test_choosing_imports_no_framework():
    code = (
        "import sys; from ganzoo.backend import select\n"
        "select.installed()\n"
        "print({'keras', 'jax', 'jaxlib', 'torch', 'tensorflow'} & set(sys.modules))"
    )
    assert run_python("-c", code).stdout == "set()\n"


def test_importing_ganzoo_changes_nothing_until_somebody_imports_keras():
    code = (
        "import importlib.util, os, sys, ganzoo\n"
        "print('KERAS_BACKEND' in os.environ, 'keras' in sys.modules)\n"
        "importlib.util.find_spec('keras')\n"  # what `import keras` begins with
        "print(os.environ['KERAS_BACKEND'])\n"
    )
    assert run_python("-c", code).stdout.split() == ["False", "False", select.installed()[0]]


def test_a_backend_chosen_after_importing_ganzoo_counts():
    code = (
        "import importlib.util, os, ganzoo\n"
        "os.environ['KERAS_BACKEND'] = 'torch'\n"
        "importlib.util.find_spec('keras')\n"
        "print(os.environ['KERAS_BACKEND'])\n"
    )
    assert run_python("-c", code).stdout.strip() == "torch"


def test_importing_keras_asks_every_finder_and_fails_as_an_import_where_there_is_no_backend():
    code = (
        "import importlib.abc, importlib.util, os, sys\n"
        "asked = []\n"
        "class Other(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        asked.append(name)\n"
        "sys.meta_path.insert(0, Other())\n"
        "import ganzoo\n"
        "from ganzoo.backend import select\n"
        "select.BACKENDS = ()\n"
        "importlib.util.find_spec('keras')\n"
        "print('keras' in asked, 'KERAS_BACKEND' in os.environ)\n"
    )
    assert run_python("-c", code).stdout.split() == ["True", "False"]
