"""`bench`: how fast this machine trains a model."""

import resource
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed
from ganzoo.errors import UsageError
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.open_dataset import open_or_blank

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_ROUND_SECONDS = 1.0


def bench(
    recipe: Recipe,
    *,
    dataset: Dataset | None = None,
    rounds: int = 5,
    steps: int | None = None,
    backend: str | None = None,
) -> dict[str, Any]:
    """Train for some rounds as `train` does, without logging and saving, and measure.

    Args:
        recipe: The recipe.
        dataset: The data set; by default the recipe's, or zeros of its shape if it is not here.
        rounds: Number of rounds that are measured, after the first steps.
        steps: Steps in a round, rounded up to what is fused; by default about a second of them.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.

    Returns:
        `first_step_seconds`, in which a framework compiles; `step_seconds` and
        `images_per_second` as median, least and most of the rounds; `cpu_seconds` of a step in
        all threads; `peak_memory` of the process in bytes; and `arithmetic`: the products and
        convolutions of a step, how fast they are done, and the `share` of the rate that a large
        matrix product reaches here.

    Raises:
        UsageError: `rounds` or `steps` is less than 1.
        DataMissing: The data set is not here, and its form is not known without it.
    """
    if rounds < 1 or (steps is not None and steps < 1):
        raise UsageError(
            f"rounds and steps must be at least 1. Received: rounds={rounds}, steps={steps}."
        )
    environment.prepare_environment(backend)
    if dataset is None:
        dataset, _ = open_or_blank(recipe)
    begin = time.perf_counter()
    trainer = Trainer(build_gan(recipe, dataset), recipe, dataset)
    build_seconds = time.perf_counter() - begin
    fused = trainer.gan.steps_per_dispatch
    first = trainer.train(fused)["wall"]
    second = trainer.train(fused)["wall"]
    dispatches = -(-steps // fused) if steps else max(1, round(_ROUND_SECONDS / second))
    count = dispatches * fused
    times = [trainer.train(count) for _ in range(rounds)]
    return {
        **_describe(trainer.gan, recipe, dataset),
        "steps": count,
        "rounds": rounds,
        "build_seconds": build_seconds,
        "first_step_seconds": first,
        **_summary(times, count, trainer.per_step),
        "peak_memory": peak_memory(),
        "arithmetic": _arithmetic(trainer.gan, recipe.training.batch, times, count),
    }


class Trainer:
    """A training that goes on for as many steps as one asks."""

    def __init__(self, gan: "GAN", recipe: Recipe, dataset: Dataset):
        self.gan, self.dataset = gan, dataset
        self.options = {
            "batch": recipe.training.batch,
            "n_critic": recipe.gan.critic_updates,
            "seed": recipe.training.seed,
            "steps_per_dispatch": gan.steps_per_dispatch,
            "value_range": gan.value_range,
        }
        self.per_step = recipe.training.batch * recipe.gan.critic_updates
        self.done = 0

    def train(self, steps: int) -> dict[str, float]:
        """Train for some steps; return their seconds, by the clock and of all processors."""
        from ganzoo import backend

        stop = self.done + steps
        feed = Feed(self.dataset, start_step=self.done, stop_step=stop, **self.options)
        begin, used = time.perf_counter(), time.process_time()
        data = backend.feed(feed)
        self.gan.fit(data, steps_per_epoch=len(feed), epochs=1, verbose=0, shuffle=False)
        self.done = stop  # `fit` has read its means: nothing is under way
        return {"wall": time.perf_counter() - begin, "cpu": time.process_time() - used}


def _describe(gan: "GAN", recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    import keras

    from ganzoo import backend

    return {
        "architecture": recipe.architecture.name,
        "image_shape": list(dataset.image_shape),
        "backend": keras.backend.backend(),
        "device": backend.device(),
        "precision": recipe.training.dtype_policy,
        "batch": recipe.training.batch,
        "images_per_step": recipe.training.batch * recipe.gan.critic_updates,
        "steps_per_dispatch": gan.steps_per_dispatch,
        "xla": bool(gan.jit_compile),
    }


def _summary(times: list[dict[str, float]], steps: int, images: int) -> dict[str, Any]:
    seconds = [one["wall"] / steps for one in times]
    return {
        "step_seconds": _spread(seconds),
        "images_per_second": _spread([images / value for value in seconds]),
        "cpu_seconds": statistics.median(one["cpu"] / steps for one in times),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _arithmetic(gan: "GAN", batch: int, times: list[dict[str, float]], steps: int) -> dict:
    from ganzoo.jobs.arithmetic import matrix_rate, step_flops

    flops = step_flops(gan, batch)
    rate = flops * steps / statistics.median(one["wall"] for one in times)
    dtype = gan.generator.layers[-2].compute_dtype  # a last layer may be kept in float32
    limit = matrix_rate(dtype)
    return {
        "flops_per_step": flops,
        "flops_per_second": rate,
        "limit": limit,
        "limit_dtype": dtype,
        "share": rate / limit,
    }


def peak_memory() -> int:
    """Return the most memory that this process ever held, in bytes."""
    try:  # what `getrusage` says of a child begins with the memory of its parent
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
