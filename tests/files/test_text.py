"""Values and text in messages are short and printable."""

from datetime import date
from pathlib import Path

import pytest

from ganzoo.files.text import escape, format_exception, format_value, location, quote, shorten


@pytest.mark.parametrize(
    "value, text",
    [
        ("a\nb", r"'a\nb'"),
        (Path("a b"), "'a b'"),
        ("x" * 300, repr("x" * 200) + "... (300 characters)"),
        ([1] * 300, "[" + "1, " * 66 + "1" + "..."),
    ],
)
def test_a_quoted_value_is_escaped_and_cut(value, text):
    assert quote(value) == text


@pytest.mark.parametrize(
    "value, text",
    [
        (True, "true"),
        (2**200, "a whole number of 201 bits"),
        ({"a": 1}, "a table"),
        (date(2026, 1, 2), "2026-01-02"),
        ("text", "'text'"),
    ],
)
def test_a_value_is_written_as_in_toml(value, text):
    assert format_value(value) == text


def test_what_a_terminal_would_obey_is_escaped():
    assert escape("a\x1b[1mb\u202ec\tä\n") == "a\\u001b[1mb\\u202ec\tä\n"


def test_a_long_text_is_shortened_to_its_limit():
    assert shorten("x" * 80) == "x" * 80
    assert shorten("x" * 81) == "x" * 77 + "..."


def test_the_location_in_a_document_names_each_key():
    assert location(("a", "b c", 2), "x.toml") == "`a.'b c'[2]` in x.toml"
    assert location((), "x.toml") == "x.toml"


def test_an_exception_is_one_printable_line():
    class Hostile(Exception):
        def __str__(self):
            raise RuntimeError

    assert format_exception(ValueError("a\n \x1b b.")) == "ValueError: a ? b"
    assert format_exception(Hostile()) == "Hostile"
