"""Small GANs that hold every kind of state, and runs of them."""

import os
import shutil
from pathlib import Path

import pytest

from ganzoo.catalog import run_manifest
from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.files import checkpoints, safetensors

SITE = Path(__file__).parent.parent / "end_to_end" / "site"


@pytest.fixture(scope="module", autouse=True)
def site():
    """The plugins of `tests/end_to_end/site`, also where a module trains once for its tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SITE)
        yield


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder of the test's own to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def recipe():
    """`recipe("steps=3", ...)`: a conditional GAN with every kind of state."""
    return lambda *settings: apply_settings(Recipe.read(SITE / "recipe.toml"), settings)


@pytest.fixture(scope="session")
def plain():
    """`plain("steps=3", ...)`: the smallest unconditional GAN, on embedded digits."""
    tables = {
        "architecture": {"name": "mlp", "latent_size": 4, "generator_units": [8],
                         "discriminator_units": [8]},
        "dataset": {"name": "digits", "images": 64},
        "generator_optimizer": {"name": "adam"},
        "discriminator_optimizer": {"name": "adam"},
        "training": {"batch": 16, "steps": 4, "log_every": 2, "steps_per_dispatch": 1,
                     "xla": os.environ.get("KERAS_BACKEND") == "jax"},
    }  # fmt: skip
    return lambda *settings: apply_settings(Recipe.from_tables(tables), settings)


@pytest.fixture(scope="session")
def arrays():
    """`arrays(run, step=None)`: every array of a run's checkpoint."""

    def read(run: Run, step: int | None = None):
        newest = checkpoints.newest(run.checkpoints, report=pytest.fail)
        path = newest.path if step is None else run.checkpoints / f"step-{step:08d}"
        return safetensors.load(path / "state.safetensors")

    return read


@pytest.fixture
def rewound(tmp_path):
    """`rewound(run, step)`: a copy of a run as a crash right after that step leaves it."""

    def copy(run: Run, step: int) -> Run:
        path = tmp_path / f"rewound-{step}"
        shutil.copytree(run.path, path)
        for later in [*path.glob("checkpoints/step-*"), *path.glob("samples/step-*.png")]:
            if int(later.stem.removeprefix("step-")) > step:
                later.unlink() if later.is_file() else shutil.rmtree(later)
        for name in ("weights.safetensors", "progress.gif", "report.html"):
            os.unlink(path / name)
        manifest = run_manifest.read(path)
        files = [name for name in manifest["files"] if (path / name).exists()]
        manifest["files"] = {name: manifest["files"][name] for name in files}
        run_manifest.write(path, manifest | {"state": "running", "checkpoint": step})
        return Run.open(path)

    return copy
