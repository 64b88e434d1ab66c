"""A logger to MLflow."""

import time
from pathlib import Path
from typing import Any, final

from ganzoo_loggers.packages import import_package
from ganzoo_loggers.run_content import flat_config
from ganzoo_loggers.service import ServiceLogger

_STATUSES = {"finished": "FINISHED", "interrupted": "KILLED"}


@final
class MlflowRun(ServiceLogger):
    """A run of MLflow.

    Args:
        experiment: Name of the experiment.
        uri: Where MLflow keeps its runs, such as `sqlite:///mlflow.db`; by default
            MLFLOW_TRACKING_URI, else MLflow's own default.
    """

    def __init__(self, *, experiment: str = "ganzoo", uri: str | None = None):
        super().__init__("mlflow")
        self._mlflow = import_package("mlflow", extra="mlflow")
        self._experiment, self._uri = experiment, uri

    def open(self, folder: Path, config: dict[str, Any], run_id: str | None) -> str:
        """Begin a run, or go on with the one of that id."""
        self._client = self._mlflow.MlflowClient(tracking_uri=self._uri)
        if run_id is not None:
            self._client.update_run(run_id, status="RUNNING")
            self._id = run_id
            return run_id
        known = self._client.get_experiment_by_name(self._experiment)
        number = known.experiment_id if known else self._client.create_experiment(self._experiment)
        self._id = self._client.create_run(number, run_name=folder.name).info.run_id
        for key, value in flat_config(config).items():
            self._client.log_param(self._id, key, value)
        return self._id

    def log_numbers(self, step: int, values: dict[str, float]) -> None:
        """Log the numbers of a step."""
        now = round(time.time() * 1000)
        metric = self._mlflow.entities.Metric
        self._client.log_batch(
            self._id, metrics=[metric(name, value, now, step) for name, value in values.items()]
        )

    def log_sample(self, step: int, image: Path, media: Path | None) -> None:
        """Keep an image, and a sound or video if there is one, among the artifacts."""
        self._client.log_artifact(self._id, str(image), "samples")
        if media:
            self._client.log_artifact(self._id, str(media), "samples")

    def log_warning(self, message: str) -> None:
        """Set a tag of the newest warning."""
        self._client.set_tag(self._id, "warning", message)

    def close(self, state: str) -> None:
        """End the run."""
        self._client.set_terminated(self._id, _STATUSES.get(state, "FAILED"))
