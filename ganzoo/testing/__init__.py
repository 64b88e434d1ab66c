"""The kit: what every plugin promises, checked on any backend, for its author and for the zoo."""

from ganzoo.testing.architectures import check_architecture
from ganzoo.testing.datasets import check_dataset
from ganzoo.testing.parity import check_parity
from ganzoo.testing.report import CheckFailed, Report, Result

__all__ = ["CheckFailed", "Report", "Result", "check_architecture", "check_dataset", "check_parity"]
