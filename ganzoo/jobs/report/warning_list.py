"""Warnings of a run in its report: each illness, its evidence and the setting to try."""

from collections.abc import Mapping, Sequence

from ganzoo.jobs.report.formatting import escape_html, format_count


def warning_list(warnings: Sequence[Mapping]) -> str:
    """Return the warnings as a section of HTML; nothing if there are none.

    Args:
        warnings: Entries with step, illness and message.
    """
    if not warnings:
        return ""
    items = "".join(
        f"<li><b>{escape_html(_title(warning))}</b>"
        f" <span>step {format_count(warning.get('step'))}</span>"
        f"<p>{escape_html(warning.get('message', ''))}</p></li>"
        for warning in warnings
    )
    return (
        '<section class="warnings" aria-label="Warnings"><h2>Warnings</h2>'
        f'<ul class="card">{items}</ul></section>'
    )


def _title(warning: Mapping) -> str:
    return str(warning.get("illness", "warning")).replace("_", " ").capitalize()
