"""Report and animation of a run while it is trained, within a share of its time."""

import time
from collections.abc import Callable

from ganzoo import rendering
from ganzoo.catalog.runs import Run
from ganzoo.files.publish import publish_text
from ganzoo.jobs.report import report_of_run

_SHARE = 0.01  # of the time of a training, for each of the two


class LiveReport:
    """Writes `report.html` and `progress.gif` while a run goes on, each as a whole.

    Each is written if it fits into a hundredth of the time so far, by what it has cost, so that
    large images and long logs make it rarer and the training no slower.

    Args:
        run: The run.
        clock: Function that returns a time in seconds.
    """

    def __init__(self, run: Run, *, clock: Callable[[], float] = time.perf_counter):
        self._run, self._clock = run, clock
        self._spent = {self._write_gif: 0.0, self._write_report: 0.0}
        self._cost = dict(self._spent)  # of the last time

    def update(self, seconds: float) -> None:
        """Write what is due.

        Args:
            seconds: Seconds of training since this was made.
        """
        for write, cost in self._cost.items():
            if cost and self._spent[write] + cost > _SHARE * seconds:
                continue
            begun = self._clock()
            write()
            self._cost[write] = self._clock() - begun
            self._spent[write] += self._cost[write]

    def _write_gif(self) -> None:
        rendering.progress_gif(self._run.sample_images(), self._run.gif_path)

    def _write_report(self) -> None:
        page = report_of_run(self._run, manifest=self._run.manifest())
        publish_text(self._run.report_path, page, overwrite=True)
