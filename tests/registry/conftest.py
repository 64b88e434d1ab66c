"""A run made by hand, so that publishing needs no framework, and a home of the test's own."""

import copy
import io
import json
import sys
import time
import wave
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.versions import Version, publish_version
from ganzoo.catalog.runs import Run
from ganzoo.files import checkpoints, safetensors
from ganzoo.jobs.hub.bundle import build_bundle

RECIPE = {
    "architecture": {"name": "mlp", "latent_size": 4},
    "dataset": {"name": "digits"},
    "generator_optimizer": {"name": "adam"},
    "discriminator_optimizer": {"name": "adam"},
    "training": {"batch": 16, "steps": 4},
}
CARD = {
    "schema": 1,
    "name": "small",
    "summary": "A card to test with",
    "license": {"data": "CC-BY-4.0", "weights": "Apache-2.0"},
    "recipe": RECIPE,
}
DATA = {
    "name": "digits", "fingerprint": "f" * 64, "count": 32, "image_shape": [8, 8, 1],
    "license": "CC-BY-4.0", "source": "/home/me/x",
}  # fmt: skip
PLUGIN = {"name": "mlp", "distribution": "keras-ganzoo", "version": "0.1.0", "digest": "0" * 64}


@pytest.fixture
def write_media():
    """`write_media(path, 7)`: a whole sound or animation, as the path's ending says."""

    def write(path, value: int = 0) -> bytes:
        if path.suffix == ".wav":
            with wave.open(str(path), "wb") as sound:
                sound.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
                sound.writeframes(bytes([value]) * 64)
        else:
            Image.new("L", (8, 8), value).save(path)
        return path.read_bytes()

    return write


def png(size: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (size, size)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Nothing of the user's is read or written; no network by accident."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("GANZOO_HOME", str(home))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("GANZOO_DATA", "GANZOO_CACHE", "GANZOO_PLUGINS", "GANZOO_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return home


@pytest.fixture
def no_framework():
    """What a test does imports no Keras."""
    before = "keras" in sys.modules
    yield
    assert ("keras" in sys.modules) == before


@pytest.fixture
def card_tables() -> dict[str, Any]:
    return copy.deepcopy(CARD)


@pytest.fixture
def content():
    """`content("small", value=3)`: the least that a version is made of."""

    def make(model: str = "small", value: int = 0, **changes: Any) -> dict[str, bytes]:
        card = Card.from_tables(CARD | {"name": model} | changes)
        array = np.full(100, value, "float32")
        return {
            "card.toml": card.toml().encode(),
            "generator.safetensors": safetensors.dump({"generator/a": array}, {"value": value}),
        }

    return make


@pytest.fixture
def create():
    """`create(folder, "small", files)` publishes a version in a registry."""

    def publish(registry, model: str, files: dict[str, bytes], **changes: Any) -> Version:
        bundle = build_bundle(model, files, **changes)
        return publish_version(registry, bundle.model, bundle.files, bundle.manifest)

    return publish


@pytest.fixture
def made_run(tmp_path):
    """`made_run("name", value=1)`: a finished run's folder that no training has made."""

    def make(
        name: str = "run", *, value: float = 1.0, license: str = "Apache-2.0", steps: int = 4
    ) -> Run:
        run = Run.create_at(tmp_path / "work" / name)
        recipe = Recipe.from_tables(RECIPE | {"training": {"batch": 16, "steps": steps}})
        tables = copy.deepcopy(CARD) | {"name": "mlp-digits"}
        tables["license"]["weights"] = license
        run.card_path.write_text(Card.from_tables(tables).toml())
        about = {
            "schema": 1, "model": None, "recipe": recipe.tables(), "image_shape": [8, 8, 1],
            "classes": [], "license": {"data": "CC-BY-4.0", "weights": license},
            "data": {"name": "digits", "fingerprint": "f" * 64},
            "plugins": {"architecture": PLUGIN}, "ganzoo": "0.1.0", "step": 4,
        }  # fmt: skip
        arrays = {
            f"{part}/dense/kernel": np.full((4, 8), value + i, "float32")
            for i, part in enumerate(("generator", "ema", "discriminator"))
        }
        checkpoints.save(
            run.checkpoints, 4, {"state.safetensors": safetensors.dump(arrays, about)}, {}, keep=2
        )
        run.samples.mkdir()
        (run.samples / "step-00000002.png").write_bytes(png(4))
        (run.samples / "step-00000004.png").write_bytes(png())
        manifest = {
            "schema": 1, "ganzoo": "0.1.0", "model": None, "backend": "jax", "seed": 7,
            "versions": {"keras": "3.15.1", "jax": "0.10.2", "torch": "2.13"}, "cpus": 2,
            "platform": "Linux-6.1-named-x86_64-with-glibc2.36", "state": "finished",
            "argv": ["ganzoo", "train", "small", "--data", "/home/me/x", "--run", "/home/me/r"],
            "data": DATA, "seconds": 7200.0,
            "plugins": {"architecture": PLUGIN},
        }  # fmt: skip
        run.manifest_path.write_text(json.dumps(manifest))
        run.recipe_path.write_text(recipe.toml())
        return run

    return make


@pytest.fixture
def server(serve_hub, monkeypatch):
    """A repository of models; nobody waits long for the client's own repetitions."""
    really = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: really(min(seconds, 0.01)))
    return serve_hub("me/gans")


@pytest.fixture
def offered(server, content, create, tmp_path):
    """`offered(value=0)`: a version in the repository, not by way of our own upload."""

    def add(
        value: int = 0,
        *,
        model: str = "small",
        branch: str = "main",
        number: int = 0,
        files: dict[str, bytes] | None = None,
    ) -> Version:
        folder = tmp_path / f"theirs{number}"
        theirs = create(folder, model, content(model, value) if files is None else files)
        number = number or theirs.number
        manifest = (theirs.path / "manifest.json").read_bytes()
        everything = theirs.read_all() | {"manifest.json": manifest}
        server.commit({f"{model}/{number}/{n}": data for n, data in everything.items()}, branch)
        return theirs

    return add
