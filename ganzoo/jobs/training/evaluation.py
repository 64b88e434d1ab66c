"""Periodic evaluation of a GAN while it is trained, and the best step so far."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import RANKING
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import reporting
from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.jobs.evaluation.evaluate import evaluate_gan
from ganzoo.jobs.evaluation.features import descriptor_protocol, real_samples
from ganzoo.jobs.evaluation.measure import select_extractor
from ganzoo.metrics import METRICS

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

SCORES = (RANKING, "precision", "recall")  # seconds for thousands of images; others take minutes
_SEED = 0  # that of `ganzoo evaluate`, so that the numbers are the same
_MIN_REAL = 10  # real images: precision and recall need neighbors


class PeriodicEvaluation:
    """Evaluation of the averaged generator at the recipe's cadence, and the best step so far.

    Nothing of it changes the training: its images are drawn from a seed of their own, and the
    dispatches are cut where they would be without it.

    Args:
        recipe: The recipe that is trained.
        gan: The GAN.
        dataset: The real images or points.
        best: What the checkpoint that a run goes on from records of the best; see
            `ganzoo.catalog.runs.recorded_best`.

    Raises:
        UsageError: The features are not available here, or do not fit the images.
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
        if len(dataset) < _MIN_REAL:
            raise UsageError(
                f"Evaluation needs at least {_MIN_REAL} real images. Received: {len(dataset)}.",
                hint="Train without: --evaluate-every 0.",
            )
        self._extractor = _find_extractor(training.evaluate_features, recipe.dataset.name, dataset)
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

    def manifest(self) -> dict[str, Any]:
        """Return the entry of a manifest; empty without evaluation."""
        return {} if self.protocol is None else {"evaluation": self.protocol}

    def is_due(self, before: int, step: int, last: int) -> bool:
        """Return whether to evaluate: after the first dispatch past a multiple of the cadence, and
        after the last.

        Args:
            before: The step before the dispatch.
            step: The step after it.
            last: The last step of the training.
        """
        if not self.every or step == before:
            return False
        return step // self.every > before // self.every or step == last

    def is_best(self, step: int) -> bool:
        """Return whether no step so far was better than this one."""
        return self.best is not None and self.best["step"] == step

    def evaluate(self, gan: "GAN", dataset: Dataset, step: int) -> dict[str, float | None]:
        """Return each metric's value; None for all where the images are not finite.

        Args:
            gan: The GAN, whose variables are up to date.
            dataset: The real images or points.
            step: The step of the GAN.
        """
        try:
            with reporting(None):
                results = evaluate_gan(
                    gan, dataset, self._extractor, SCORES, n=self.samples, seed=_SEED
                )
        except InvalidInput:
            return dict.fromkeys(SCORES)
        found: dict[str, float | None] = {result.metric: result.value for result in results}
        if self.best is None or found[RANKING] < self.best["value"]:
            self.best = {"metric": RANKING, "value": found[RANKING], "step": step}
        return found

    def check_protocol(self, before: Mapping | None, log: Sequence[Mapping]) -> None:
        """Refuse to go on with numbers that do not compare with those of the log.

        Args:
            before: The protocol so far, if there is one.
            log: The entries so far.

        Raises:
            UsageError: The protocol is another one now.
        """
        if self.protocol is None or not any(RANKING in entry for entry in log):
            return
        before = before or {}
        differing = sorted(
            key
            for key in before.keys() | self.protocol.keys()
            if before.get(key) != self.protocol.get(key)
        )
        if differing:
            expected, received = (
                ", ".join(f"{key} {one.get(key)}" for key in differing)
                for one in (before, self.protocol)
            )
            raise UsageError(
                f"The run was evaluated by another protocol, and its numbers would not compare. "
                f"Expected: {expected}. Received: {received}.",
                hint="Go on with that one, or without: --evaluate-every 0.",
            )


def _find_extractor(name: str | None, dataset_name: str, dataset: Dataset):
    try:
        return select_extractor(name, dataset_name, dataset, SCORES)
    except EnvironmentProblem as problem:
        way = problem.hint or "Install them."
        raise UsageError(
            f"Evaluation during training needs features that are not here. {problem.message}",
            hint=f"{way} Or take others: --features NAME (ganzoo plugins lists them); or train "
            "without: --evaluate-every 0.",
        ) from problem
