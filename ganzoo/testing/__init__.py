"""The conformance suite: checks of every plugin on any backend, for its author and the zoo."""

from ganzoo.testing.check_report import CheckFailed, Report, Result
from ganzoo.testing.conformance import check_architecture
from ganzoo.testing.dataset_checks import check_dataset
from ganzoo.testing.logger_checks import check_logger
from ganzoo.testing.parity.backend_parity import check_parity

__all__ = [
    "CheckFailed", "Report", "Result", "check_architecture", "check_dataset", "check_logger",
    "check_parity",
]  # fmt: skip
