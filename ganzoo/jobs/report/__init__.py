"""The report of a run: one HTML page that stands alone and needs no network."""

from ganzoo.jobs.report.page import report, report_of

__all__ = ["report", "report_of"]
