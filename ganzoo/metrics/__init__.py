"""Metrics in NumPy and float64, independent of batches and order. See `docs/metrics.md`."""

from ganzoo.metrics.metric import Measurement, Metric, MetricResult
from ganzoo.metrics.sample_set import SampleSet
from ganzoo.metrics.table import METRICS

__all__ = ["METRICS", "Measurement", "Metric", "MetricResult", "SampleSet"]
