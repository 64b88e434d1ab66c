"""What reaches stdout and stderr."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from ganzoo.cli.support import printing
from ganzoo.errors import EnvironmentProblem

HOSTILE = [
    "\x1b[31mred\x1b[0m", "\x1b]8;;http://example.org\x07link\x1b]8;;\x07", "\x1b]0;title\x07",
    "\x9b2J", "over\rwritten", "back\x08\x08space", "\u202egnp.exe", "a\u2066b\u2069",
    "zero\u200bwidth", "\ufeffmark", "line\u2028separator", "null\x00", "lone \udce9 surrogate",
    "bell\x07",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_terminal_obeys_is_printed(text, capsys):
    printing.print_data(text)
    printing.print_note(text)
    printing.print_data(printing.format_columns([(text, "b")]))
    fields = {"key": text, "list": [text], text: {"inner": text}}
    printing.print_data(printing.format_fields(fields))
    printing.print_json({"key": text})
    written = "".join(capsys.readouterr())
    assert all(char.isprintable() or char == "\n" for char in written)
    assert not any(char in written for char in "\u202e\u2066\u200b\ufeff\u2028")


def test_an_error_is_one_line_and_not_endless():
    text = printing.single_line("first\nsecond\r\n" + "x" * 10_000 + "end")
    assert "\n" not in text and text.startswith("first second xxx")
    assert text.endswith("xxxend") and len(text) < 1100


def test_columns_are_aligned_and_the_last_is_not_padded():
    text = printing.format_columns([("a", "long name", "x"), ("bcd", "b", "yy")])
    assert text == "  a    long name  x\n  bcd  b          yy"
    assert printing.format_columns([]) == ""


def test_fields_leave_out_what_is_empty_and_indent_what_is_inside():
    content = {"name": "x", "none": None, "empty": [], "shape": (8, 8), "in": {"n": 1234}}
    assert printing.format_fields(content) == "name   x\nshape  8 x 8\nin\n  n  1,234"


def test_json_has_no_value_that_json_does_not_know(capsys):
    content = {
        "nan": float("nan"), "inf": np.float32("inf"), "half": np.float32(0.5), "int": np.int64(3),
        "path": Path("a/b"), "tuple": (1, True, None),
    }  # fmt: skip
    printing.print_json(content)
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {
        "nan": None, "inf": None, "half": 0.5, "int": 3, "path": "a/b", "tuple": [1, True, None],
    }  # fmt: skip


def test_a_closed_stdout_is_a_problem_of_the_environment(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(EnvironmentProblem, match="closed"):
        printing.print_data("text")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_stdout_is_a_problem_of_the_environment(monkeypatch):
    with pytest.raises(OSError), open("/dev/full", "w") as full:  # closing fails as well
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(EnvironmentProblem, match="No space left"):
            printing.print_data("text")


def test_a_closed_stderr_loses_the_line_and_nothing_else(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    printing.print_note("text")


def test_many_files_of_one_folder_are_counted(capsys, tmp_path):
    files = [tmp_path / f"{number}.png" for number in range(1000)]
    printing.print_files(files, as_json=False)
    assert capsys.readouterr().out == f"{tmp_path}  1,000 files\n"
    printing.print_files(files[:2], as_json=False)
    assert capsys.readouterr().out == f"{files[0]}\n{files[1]}\n"


@pytest.mark.parametrize(
    ("number", "text"), [(5, "5"), (165_632, "166 k"), (1_000, "1.00 k"), (28_312_345, "28.3 M")]
)
def test_a_number_of_parameters_is_shortened(number, text):
    assert printing.shorten_number(number) == text
