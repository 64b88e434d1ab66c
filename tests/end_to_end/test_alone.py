"""Python code where one backend is installed and none was chosen, each in a process of its own."""

import os
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BACKENDS = ("jax", "torch", "tensorflow")

# The other frameworks are not found, as if they were not installed.
HIDE = """
import os, sys
hidden, sys.argv[1:] = sys.argv[1].split(","), []

class Blind:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        other = name.partition(".")[0] not in hidden
        return self.finder.find_spec(name, path, target) if other else None

sys.meta_path[:] = [Blind(finder) for finder in sys.meta_path]
"""
STRANGER = """
import keras
from keras import layers

def network():
    return keras.Sequential([layers.Dense(1)])
"""
EITHER_ORDER = """
import ganzoo_my_gan.my_gan  # a package made from the template, before ganzoo is imported
import ganzoo, stranger
stranger.network()(stranger.keras.ops.ones((1, 1)))
"""


@pytest.fixture(params=BACKENDS)
def run_alone(request, command, tmp_path):
    """Runs code where one backend is installed; returns what it prints."""
    hidden = {*BACKENDS, "jaxlib"} - {request.param, f"{request.param}lib"}
    ending = "\nimport keras; print('backend', keras.backend.backend())\n"

    def run(code: str) -> str:
        (tmp_path / "page.py").write_text(HIDE + code + ending)
        path = [str(tmp_path), command.environment()["PYTHONPATH"]]
        done = command.python(
            "import runpy, sys; sys.argv[0] = 'page.py'; runpy.run_path('page.py')",
            ",".join(sorted(hidden)),
            KERAS_BACKEND="", KERAS_HOME=str(tmp_path / "keras"), PYTHONPATH=os.pathsep.join(path),
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] == f"backend {request.param}"
        return done.stdout

    return run


def test_the_python_block_of_the_readme_runs(run_alone):
    (block,) = re.findall(r"^```python\n(.*?)^```$", README.read_text(), flags=re.M | re.S)
    run_alone(block)


def test_a_plugin_that_imports_keras_itself_may_come_first(run_alone, tmp_path):
    template = Path(__file__).parents[2] / "ganzoo" / "testing" / "template"
    (tmp_path / "stranger.py").write_text(STRANGER)
    run_alone(f"sys.path.append({str(template)!r})\n{EITHER_ORDER}")
