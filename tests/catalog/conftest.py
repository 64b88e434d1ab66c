"""Fake distributions on a temporary sys.path entry, and a valid recipe and card to spoil."""

import copy
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

RECIPE = {
    "architecture": {"name": "dcgan", "latent_size": 64},
    "dataset": {"name": "digits"},
    "generator_optimizer": {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5},
    "discriminator_optimizer": {"name": "rmsprop", "learning_rate": 1e-3},
    "training": {"steps": 200},
}
CARD = {
    "schema": 1,
    "name": "dcgan-test",
    "summary": "A card to test with",
    "papers": ["https://arxiv.org/abs/1511.06434"],
    "license": {"data": "CC-BY-4.0", "weights": "Apache-2.0"},
    "parameters": {"generator": 10},
    "recipe": RECIPE,
}


@pytest.fixture
def tables() -> dict[str, Any]:
    return copy.deepcopy(RECIPE)


@pytest.fixture
def card_tables() -> dict[str, Any]:
    return copy.deepcopy(CARD)


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """Nothing of the user's is looked at."""
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    for name in ("GANZOO_DATA", "GANZOO_CACHE", "GANZOO_PLUGINS"):
        monkeypatch.delenv(name, raising=False)


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()

    def install(
        self,
        name: str,
        entry_points: str | bytes,
        version: str = "1.0",
        *,
        folder: str | None = None,
        metadata: bool = True,
    ) -> None:
        """A distribution's metadata, as pip would leave it."""
        info = self.folder / f"{folder or name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        if metadata:
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            (info / "METADATA").write_text(text)
        content = entry_points if isinstance(entry_points, bytes) else entry_points.encode()
        (info / "entry_points.txt").write_bytes(content)

    def module(self, name: str, source: str) -> Path:
        """A module's source file; dots make packages."""
        path = self.folder.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        for parent in path.relative_to(self.folder).parents[:-1]:
            (self.folder / parent / "__init__.py").touch()
        path.write_text(dedent(source))
        return path

    def architecture(
        self, name: str, source: str = "def make(image_shape): ...\n", *, owner: str = "stranger"
    ) -> None:
        """A distribution with one architecture `name`, in a module of the owner's."""
        module = f"{owner.replace('-', '_')}_{name.replace('-', '_')}"
        self.install(owner, f"[ganzoo.architectures]\n{name} = {module}:make\n")
        self.module(module, source)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty site folder, first on sys.path; what is imported from it is forgotten."""
    site = Site(tmp_path / "site")
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(site.folder))
    yield site
    for name in set(sys.modules) - before:
        if str(site.folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
