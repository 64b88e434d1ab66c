"""Evaluation while a game is being trained: what it is worth now, and where it was best."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import reporting
from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.jobs.evaluation.evaluate import evaluate_gan
from ganzoo.jobs.evaluation.features import descriptor_protocol, real_samples
from ganzoo.jobs.evaluation.measure import select_extractor
from ganzoo.metrics import METRICS

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

BEST = "frechet"  # by which one checkpoint is the best
SCORES = (BEST, "precision", "recall")  # seconds for thousands of images; others take minutes
_SEED = 0  # that of `ganzoo evaluate`, so that the numbers are the same
_FEWEST = 10  # real images: precision and recall need neighbors


class Judge:
    """Judges the averaged generator at the recipe's cadence; knows the best step so far.

    Nothing of it moves the game: its images are drawn from a seed of their own, and the edges
    between dispatches are where they would be without it.

    Args:
        recipe: What is trained.
        gan: The game.
        dataset: The real images or points.
        best: What the checkpoint that a run goes on from says of the best; see `best.recorded`.

    Raises:
        UsageError: The features cannot be had here, or do not fit the images.
    """

    def __init__(
        self, recipe: Recipe, gan: "GAN", dataset: Dataset, *, best: Mapping | None = None
    ):
        training = recipe.training
        self.every, self.samples = training.evaluate_every, training.evaluate_samples
        self.best = dict(best) if best else None
        self.protocol: dict[str, Any] | None = None
        if not self.every:
            return
        if len(dataset) < _FEWEST:
            raise UsageError(
                f"Evaluation needs at least {_FEWEST} real images. Received: {len(dataset)}.",
                hint="Train without: --evaluate-every 0.",
            )
        self._extractor = _extractor(training.evaluate_features, recipe.dataset.name, dataset)
        shape = dataset.image_shape
        seen = self._extractor.protocol(shape) if self._extractor else descriptor_protocol(shape)
        self.protocol = {
            **seen,
            "data": dataset.name,
            "fingerprint": dataset.fingerprint,
            "split": "train",
            "weights": "raw" if gan.ema is None else "ema",
            "real": len(dataset),
            "fake": self.samples,
            "seed": _SEED,
        }
        kinds = {kind for name in SCORES for kind in METRICS[name].real}
        real_samples(dataset, kinds, self._extractor)  # now, and from the cache later on

    def is_due(self, before: int, step: int, last: int) -> bool:
        """Whether to judge at an edge: the first from a multiple of the cadence on, or the last.

        Args:
            before: The step at the edge before.
            step: The step at this edge.
            last: The last step of the training.
        """
        if not self.every or step == before:
            return False
        return step // self.every > before // self.every or step == last

    def is_best(self, step: int) -> bool:
        """Whether no step so far was better than this one."""
        return self.best is not None and self.best["step"] == step

    def scores(self, gan: "GAN", dataset: Dataset, step: int) -> dict[str, float | None]:
        """Each metric's value; None for all where the images are not finite.

        Args:
            gan: The game, whose variables are up to date.
            dataset: The real images or points.
            step: The step that the values are of.
        """
        try:
            with reporting(None):
                results = evaluate_gan(
                    gan, dataset, self._extractor, SCORES, n=self.samples, seed=_SEED
                )
        except InvalidInput:
            return dict.fromkeys(SCORES)
        found = {result.metric: result.value for result in results}
        if self.best is None or found[BEST] < self.best["value"]:
            self.best = {"metric": BEST, "value": found[BEST], "step": step}
        return found

    def check_same(self, before: Mapping | None, log: Sequence[Mapping]) -> None:
        """Refuse to go on with numbers that do not compare with those of the log.

        Args:
            before: The protocol so far, if there is one.
            log: The entries so far.

        Raises:
            UsageError: The protocol is another one now.
        """
        if self.protocol is None or not any(BEST in entry for entry in log):
            return
        before = before or {}
        differing = sorted(
            key
            for key in before.keys() | self.protocol.keys()
            if before.get(key) != self.protocol.get(key)
        )
        if differing:
            was, now = (
                ", ".join(f"{key} {one.get(key)}" for key in differing)
                for one in (before, self.protocol)
            )
            raise UsageError(
                f"The run was evaluated by another protocol, and its numbers would not compare. "
                f"Expected: {was}. Received: {now}.",
                hint="Go on with that one, or without: --evaluate-every 0.",
            )


def _extractor(name: str | None, dataset_name: str, dataset: Dataset):
    try:
        return select_extractor(name, dataset_name, dataset, SCORES)
    except EnvironmentProblem as problem:
        way = problem.hint or "Install them."
        raise UsageError(
            f"Evaluation during training needs features that are not here. {problem.message}",
            hint=f"{way} Or take others: --features NAME (ganzoo plugins lists them); or train "
            "without: --evaluate-every 0.",
        ) from problem
