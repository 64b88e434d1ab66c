"""HTML report of a run: one self-contained page that needs no network."""

from ganzoo.jobs.report.page import render_report, report_of_run

__all__ = ["render_report", "report_of_run"]
