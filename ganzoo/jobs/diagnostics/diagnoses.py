"""Diagnoses: which evidence names which illness, how it is said, and what to try.

The thresholds were chosen on seeded trainings and shown on others, by `benchmarks/diagnostics.py`;
docs/diagnostics.md has the figures.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.jobs.diagnostics import remedies
from ganzoo.jobs.diagnostics.evidence import Evidence
from ganzoo.jobs.diagnostics.remedies import Remedy, Tables

_INF = math.inf


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """One kind of evidence of an illness.

    Args:
        illness: Name of the illness; several diagnoses may share it.
        bounds: Lowest and highest value of each number of the evidence that names the illness.
        patience: Checks in a row at which it must hold.
        message: The illness and its evidence as a sentence, with the numbers in braces.
        remedy: The setting to try first.
    """

    illness: str
    bounds: Mapping[str, tuple[float, float]]
    patience: int
    message: str
    remedy: Remedy

    def holds(self, evidence: Evidence) -> bool:
        """Return whether all numbers lie within the bounds."""
        return all(low <= evidence[name] <= high for name, (low, high) in self.bounds.items())


DIAGNOSES = (
    Diagnosis(
        illness="discriminator_wins",
        bounds={"accuracy": (0.98, 1.0), "loss_share": (-_INF, 0.1), "epochs": (0, 100)},
        patience=2,
        message=(
            "The discriminator wins: it is right on {d_real_accuracy:.1%} of real and "
            "{d_fake_accuracy:.1%} of generated samples, its loss is {loss_share:.1%} of that at "
            "equilibrium, and the generator learns little."
        ),
        remedy=remedies.slow_discriminator,
    ),
    Diagnosis(
        illness="discriminator_wins",
        bounds={"loss_share": (-_INF, 0.02), "epochs": (0, 100)},
        patience=2,
        message=(
            "The discriminator wins: its loss is {loss_share:.1%} of that at equilibrium, and the "
            "generator learns little."
        ),
        remedy=remedies.slow_discriminator,
    ),
    Diagnosis(
        illness="mode_collapse",
        bounds={"nearest": (0.0, 0.25), "spread": (0.02, _INF), "contrast": (0.5, _INF)},
        patience=2,
        message=(
            "Mode collapse: the distance from a generated sample to the most similar other one is "
            "{nearest:.0%} of that among real samples."
        ),
        remedy=remedies.smooth_discriminator,
    ),
    Diagnosis(
        illness="gray_samples",
        bounds={"contrast": (0.0, 0.5), "contrast_rise": (-_INF, 0.02)},
        patience=2,
        message=(
            "Gray samples: the contrast inside a generated sample is {contrast:.0%} of that inside "
            "a real one."
        ),
        remedy=remedies.balance_rates,
    ),
    Diagnosis(
        illness="gray_samples",
        bounds={"spread": (0.0, 0.02)},
        patience=2,
        message=(
            "Constant samples: the distance between two generated samples is {spread:.1%} of that "
            "between two real ones."
        ),
        remedy=remedies.balance_rates,
    ),
    Diagnosis(
        illness="lagging_average",
        bounds={"ema_gap": (0.1, _INF)},
        patience=2,
        message=(
            "The moving average is behind its network: the energy distance of its samples to the "
            "data is {ema_distance:.2f}, and {distance:.2f} with the newest weights."
        ),
        remedy=remedies.shorten_average,
    ),
    Diagnosis(
        illness="memorization",
        bounds={"accuracy": (0.88, 1.0), "epochs": (100, _INF)},
        patience=2,
        message=(
            "Memorization: the discriminator is right on {d_real_accuracy:.1%} of the real "
            "samples, each of which it has seen {epochs:,.0f} times."
        ),
        remedy=remedies.augment,
    ),
    Diagnosis(
        illness="memorization",
        bounds={"copy": (0.0, 0.5)},
        patience=2,
        message=(
            "Memorization: generated samples are copies. The distance to the most similar real "
            "sample is {copy:.0%} of that from one real sample to another."
        ),
        remedy=remedies.augment,
    ),
    Diagnosis(
        illness="dead_penalty",
        bounds={"penalty_share": (0.0, 1e-4)},
        patience=2,
        message=(
            "A dead penalty: {weak_penalty} contributes {penalty_share:.2g} of the losses, which "
            "changes nothing."
        ),
        remedy=remedies.weigh_penalty,
    ),
    Diagnosis(
        illness="dead_penalty",
        bounds={"penalty_change": (0.0, 1e-3)},
        patience=2,
        message=(
            "A dead penalty: {rigid_penalty} stays at {rigid_value:.4g}, as if the discriminator "
            "had no slope."
        ),
        remedy=remedies.wake_discriminator,
    ),
)


def warning_of(diagnosis: Diagnosis, recipe: Tables, evidence: Evidence) -> dict[str, Any]:
    """Return the event of a diagnosis: step, illness, and the evidence with a setting to try.

    There is none if the recipe has it already.

    Args:
        diagnosis: The diagnosis.
        recipe: Tables of the recipe.
        evidence: The evidence, in which it holds, with the step.
    """
    setting, message = diagnosis.remedy(recipe, evidence), diagnosis.message.format_map(evidence)
    if remedies.changes(setting, recipe):
        message += f" Try {remedies.as_argument(setting)}."
    return {
        "event": "warning",
        "step": evidence["step"],
        "illness": diagnosis.illness,
        "message": message,
    }
