"""Metrics: pure NumPy in float64, independent of batches and order. See `docs/metrics.md`."""

from ganzoo.metrics.metric import Measured, Metric
from ganzoo.metrics.result import Result
from ganzoo.metrics.side import Side
from ganzoo.metrics.table import METRICS

__all__ = ["METRICS", "Measured", "Metric", "Result", "Side"]
