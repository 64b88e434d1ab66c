"""Tables of text for terminals, Markdown, LaTeX and spreadsheets."""

import csv
import io
from collections.abc import Callable, Sequence

from ganzoo.cli.support.printing import format_columns
from ganzoo.errors import UsageError

Rows = Sequence[Sequence[str]]

_LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
})  # fmt: skip


def check_style(style: str) -> None:
    """Raise `UsageError` unless a style is a key of `STYLES`."""
    if style not in STYLES:
        raise UsageError(f"--format must be one of {', '.join(STYLES)}. Received: {style!r}.")


def format_table(rows: Rows, style: str) -> str:
    """Format rows, of which the first is the heading and the first column names the rows.

    Args:
        rows: Cells, the same number in each row.
        style: A key of `STYLES`.
    """
    return STYLES[style](rows)


def _format_markdown(rows: Rows) -> str:
    def line(cells: Sequence[str]) -> str:
        escaped = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
        return f"| {' | '.join(escaped)} |"

    rule = f"|---{'|---:' * (len(rows[0]) - 1)}|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


def _format_latex(rows: Rows) -> str:
    head, *body = (" & ".join(cell.translate(_LATEX) for cell in row) + r" \\" for row in rows)
    columns = "l" + "r" * (len(rows[0]) - 1)
    return "\n".join([
        rf"\begin{{tabular}}{{{columns}}}", r"\hline", head, r"\hline", *body, r"\hline",
        r"\end{tabular}",
    ])  # fmt: skip


def _format_csv(rows: Rows) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


STYLES: dict[str, Callable[[Rows], str]] = {
    "text": lambda rows: format_columns(rows, indent=""),
    "markdown": _format_markdown,
    "latex": _format_latex,
    "csv": _format_csv,
}
