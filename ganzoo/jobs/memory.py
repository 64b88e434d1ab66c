"""The memory that a training takes: measured, by a process that makes two steps of it.

What a compiler takes, and how it lays out a step, follows from no sum over layers.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import EnvironmentProblem
from ganzoo.files.text import quote
from ganzoo.jobs.bench import peak_memory
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.open_dataset import open_or_blank
from ganzoo.jobs.training.train import train


def measure_memory(recipe: Recipe, backend: str | None = None) -> dict[str, int]:
    """Return the most memory that a training takes, in bytes.

    On JAX it is measured twice: a program that was compiled once is kept, and the training that
    follows does not compile it again.

    Args:
        recipe: The recipe; its evaluations are left out. Data that are not here are zeros, which
            take none.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.

    Returns:
        `process`, and on an accelerator `device`.

    Raises:
        EnvironmentProblem: There is not as much, or the steps fail.
    """
    chosen = environment.prepare_environment(backend)
    path = os.pathsep.join(filter(None, map(os.path.abspath, sys.path)))
    recipe = apply_settings(recipe, ["training.steps=2", "training.evaluate_every=0"])
    found: dict[str, int] = {}
    for _ in range(2 if chosen == "jax" else 1):
        with tempfile.TemporaryDirectory(prefix="ganzoo-memory-") as folder:
            Path(folder, "recipe.toml").write_text(recipe.toml(), encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "-m", __name__, folder, chosen],
                env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True,
            )  # fmt: skip
        if done.returncode:
            raise _problem(done)
        found = json.loads(done.stdout.splitlines()[-1])
    return found


def _problem(done: subprocess.CompletedProcess) -> EnvironmentProblem:
    lines = done.stderr.strip().splitlines() or ["nothing"]
    if done.returncode == -9 or any(word in lines[-1] for word in _SHORT_OF_MEMORY):
        return EnvironmentProblem(
            "A step of this training takes more memory than there is.",
            hint="Try --set training.gradient_accumulation_steps=4, or a smaller --batch.",
        )
    return EnvironmentProblem(
        f"The steps that measure the memory ended with code {done.returncode}. "
        f"They say: {quote(lines[-1])}",
        hint="`ganzoo bench` trains as they do, and says more.",
    )


_SHORT_OF_MEMORY = ("MemoryError", "OutOfMemory", "ResourceExhausted", "RESOURCE_EXHAUSTED")


def _train(folder: Path, backend: str) -> dict[str, int]:
    """Train in a folder that holds a recipe: two steps, a sample image and a checkpoint."""
    recipe = Recipe.read(folder / "recipe.toml")
    environment.prepare_environment(backend)
    dataset, _ = open_or_blank(recipe)
    train(recipe, run=folder / "run", backend=backend, dataset=dataset)
    from ganzoo.backend import peak_device_memory

    device = peak_device_memory()
    return {"process": peak_memory(), **({} if device is None else {"device": device})}


if __name__ == "__main__":
    print(json.dumps(_train(Path(sys.argv[1]), sys.argv[2])))
