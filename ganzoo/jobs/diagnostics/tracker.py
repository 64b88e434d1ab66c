"""Tracker of illnesses: each is reported once, and again only after the training has recovered."""

from collections import deque
from collections.abc import Iterable, Sequence

from ganzoo.jobs.diagnostics.diagnoses import DIAGNOSES, Diagnosis
from ganzoo.jobs.diagnostics.evidence import Evidence

_CHECKS = 3  # over which a young generator's contrast rises


class Tracker:
    """Illnesses of one training, over its checks.

    Args:
        reported: Illnesses that were reported before, by a run that is resumed.
        diagnoses: The diagnoses to make.
    """

    def __init__(
        self, reported: Iterable[str] = (), diagnoses: Sequence[Diagnosis] = DIAGNOSES
    ) -> None:
        self._diagnoses = diagnoses
        self._reported = set(reported)
        self._contrasts: deque[float] = deque(maxlen=_CHECKS)
        self._streaks = [0] * len(diagnoses)  # checks in a row: below 0 those without the illness

    def update(self, evidence: Evidence) -> list[Diagnosis]:
        """Take in the evidence of a check and return what is to be reported now.

        Args:
            evidence: Numbers by name. A diagnosis that needs others is left as it was.
        """
        evidence = evidence | self._rise_of_contrast(evidence)
        for index, diagnosis in enumerate(self._diagnoses):
            if diagnosis.bounds.keys() <= evidence.keys():
                sign = 1 if diagnosis.holds(evidence) else -1
                self._streaks[index] = sign * max(1, sign * self._streaks[index] + 1)
        found = []
        for diagnosis, streak in zip(self._diagnoses, self._streaks, strict=True):
            if streak >= diagnosis.patience and diagnosis.illness not in self._reported:
                self._reported.add(diagnosis.illness)
                found.append(diagnosis)
        self._reported -= {d.illness for d in self._diagnoses if self._has_recovered(d.illness)}
        return found

    def _rise_of_contrast(self, evidence: Evidence) -> Evidence:
        """`contrast_rise`: how much the contrast has risen over the last checks of samples."""
        if "contrast" not in evidence:
            return {}
        self._contrasts.append(evidence["contrast"])
        if len(self._contrasts) < _CHECKS:
            return {}
        return {"contrast_rise": self._contrasts[-1] - self._contrasts[0]}

    def _has_recovered(self, illness: str) -> bool:
        pairs = zip(self._diagnoses, self._streaks, strict=True)
        checked = [(d.patience, streak) for d, streak in pairs if d.illness == illness and streak]
        return bool(checked) and all(streak <= -patience for patience, streak in checked)
