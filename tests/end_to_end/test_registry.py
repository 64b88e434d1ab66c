"""From a training to a name that generates the same samples, on one backend."""

import os
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.backend

SITE = Path(__file__).parent / "site"

# One process for all: a framework is imported once.
WORK = """
import contextlib, io, json, sys
import ganzoo
from ganzoo.cli import main

def run(*argv, code=0):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main([*argv, "--json"]) == code, argv
    return json.loads(out.getvalue().splitlines()[-1] if argv[0] == "train" else out.getvalue())

train = ("train", "recipe.toml", "--steps", "2", "--run", "run", "--backend", sys.argv[1])
run(*train)
assert "--license" in run("push", "run", "tiny", code=2)["error"]
assert run("push", "run", "tiny", "--license", "MIT", "--all")["name"] == "tiny@1"
run("tag", "tiny@1", "best")
one, other = (ganzoo.load(n).sample(4, seed=7, labels=[0, 1, 0, 1]) for n in ("run", "tiny@best"))
assert (one == other).all() and one.std() > 0
assert run("sample", "tiny", "--raw")["files"] == ["tiny-1-samples.png"]
assert run("verify", "tiny")["problems"] == []
from ganzoo.cli.support.recipe_arguments import resolve_recipe
resolved = resolve_recipe("tiny", options={})  # the recipe of the version's card
assert (resolved.model, resolved.recipe.training.steps) == ("tiny", 2)
"""


def test_a_pushed_model_generates_by_its_name_what_its_run_generates(command):
    shutil.copy(SITE / "recipe.toml", command.folder)
    backend = os.environ.get("KERAS_BACKEND", "jax")
    command.python(WORK, backend, GANZOO_HOME=str(command.folder / "home"))
