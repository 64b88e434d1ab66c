"""The command, called in this process, in a home of its own."""

import json
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from ganzoo.cli import main

SET_BY_THE_COMMAND = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "GRPC_VERBOSITY")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Nothing of the user's is read or written."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("GANZOO_HOME", str(home))
    monkeypatch.setenv("KERAS_HOME", str(home))
    for name in ("GANZOO_DATA", "GANZOO_CACHE", "GANZOO_PLUGINS", *SET_BY_THE_COMMAND):
        monkeypatch.setenv(name, "")  # so that it is put back, whatever the command does to it
        monkeypatch.delenv(name)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return home


@pytest.fixture
def ganzoo(capsys):
    """`ganzoo("list", "--json")` runs the command and returns its code, stdout and stderr."""

    def run(*argv: object) -> Done:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture
def fake_job(monkeypatch):
    """`calls = fake_job("training.train", train=result)` replaces a job that would import Keras.

    Each call of the job is recorded as a dictionary; a result that is an exception is raised,
    and one that is a function is called with the same arguments.
    """

    def install(module: str, *, calls: list | None = None, **results: Any) -> list[dict[str, Any]]:
        calls = [] if calls is None else calls
        fake = ModuleType(f"ganzoo.jobs.{module}")
        for name, result in results.items():
            setattr(fake, name, _job(name, result, calls))
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
        return calls

    return install


def _job(name: str, result: Any, calls: list[dict[str, Any]]):
    def job(*args: Any, **kwargs: Any) -> Any:
        calls.append({"job": name, "args": args, **kwargs})
        if isinstance(result, BaseException):
            raise result
        return result(*args, **kwargs) if callable(result) else result

    return job


CARD = """
schema = 1
name = "{name}"
summary = {summary}
description = "Made for a test."
papers = ["https://arxiv.org/abs/1511.06434"]
deviations = ["Nothing is as in the paper."]

[license]
data = "CC-BY-4.0"
weights = "Apache-2.0"

[parameters]
generator = 414209

[recipe.architecture]
name = "mlp"

[recipe.dataset]
name = "{dataset}"

[recipe.generator_optimizer]
name = "adam"
learning_rate = 2e-4

[recipe.discriminator_optimizer]
name = "adam"
learning_rate = 2e-4

[recipe.training]
batch = 32
epochs = 3
"""


@pytest.fixture
def card(home):
    """`card("name", summary=...)` puts a card into the user's registry."""

    def write(name: str, *, summary: str = "A model of the test.", dataset: str = "digits"):
        path = home / "registry" / name / "card.toml"
        path.parent.mkdir(parents=True)
        text = CARD.format(name=name, summary=json.dumps(summary), dataset=dataset)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def rivals(distribution):
    """Two distributions that bring a data set `cats` each."""
    for letter in "ab":
        distribution(f"rival-{letter}", f"[ganzoo.datasets]\ncats = {letter}:cats\n")


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """`distribution("name", entry_points, module=source)` installs a package for the test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def install(name: str, entry_points: str, **modules: str):
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
        for module, source in modules.items():
            (site / f"{module}.py").write_text(source)

    return install
