"""Text that cannot harm and numbers that can be read."""

import pytest

from ganzoo.files.text import format_duration
from ganzoo.jobs.report import formatting


@pytest.mark.parametrize(
    "hostile, inert",
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\" onload='x'", "&quot; onload=&#x27;x&#x27;"),
        ("gnp\u202etxt", "gnp\\u202etxt"),
        ("\x1b[31mred\x00", "\\u001b[31mred\\u0000"),
        ("\ud800", "\\ud800"),
        ("Ω é 数\t\n", "Ω é 数\t\n"),
    ],
)
def test_text_is_inert_and_shows_what_hides(hostile, inert):
    assert formatting.escape_html(hostile) == inert
    formatting.escape_html(hostile).encode("utf-8")


@pytest.mark.parametrize(
    "value, written",
    [
        (0.693147, "0.6931"), (1234.5678, "1,235"), (-20.4, "-20.40"), (0, "0"),
        (6.17e-5, "6.17e-05"), (1e12, "1.00e+12"), (float("nan"), "not finite"),
        (float("-inf"), "not finite"),
    ],
)  # fmt: skip
def test_a_number_has_four_significant_digits(value, written):
    assert formatting.format_number(value) == written


@pytest.mark.parametrize(
    "seconds, written",
    [
        (8.42, "8.4 s"), (59.7, "1 min 00 s"), (83, "1 min 23 s"), (7500, "2 h 05 min"),
        (273_600, "3 d 4 h"), (-1, "unknown"), (float("nan"), "unknown"),
    ],
)  # fmt: skip
def test_a_duration_has_its_two_largest_units(seconds, written):
    assert format_duration(seconds) == written


@pytest.mark.parametrize(
    "iso, written",
    [
        ("2025-11-22T02:01:44+00:00", "22 Nov 2025, 02:01 UTC"),
        ("2025-01-02T23:59:00+05:30", "2 Jan 2025, 23:59 UTC+0530"),
        ("2025-01-02T23:59:00", "2 Jan 2025, 23:59"),
        ("<yesterday>", "&lt;yesterday&gt;"),
    ],
)
def test_a_moment_is_readable_and_anything_else_is_shown_as_it_is(iso, written):
    assert formatting.format_time(iso) == written


@pytest.mark.parametrize(
    "value, written", [(1797, "1,797"), (10**40, "more than 10^30"), (True, "True"), ("<", "&lt;")]
)
def test_a_count_has_separators(value, written):
    assert formatting.format_count(value) == written


@pytest.mark.parametrize("octets, written", [(640, "640 bytes"), (1500, "2 kB"), (3.4e6, "3.4 MB")])
def test_a_size_has_a_unit(octets, written):
    assert formatting.format_bytes(octets) == written


def test_toml_is_marked_up_line_by_line_and_stays_inert():
    marked = formatting.highlight_toml(
        '[gan]\nloss = "<b>"\nn_critic = 5\npenalties = [\n    { x = 1 },\n]\n'
    )
    lines = marked.split("\n")
    loss = '<span class="key">loss</span> = <span class="string">&quot;&lt;b&gt;&quot;</span>'
    assert lines[:2] == ['<span class="table">[gan]</span>', loss]
    assert lines[2] == '<span class="key">n_critic</span> = <span class="value">5</span>'
    assert lines[5] == "]"


def test_nested_tables_are_flattened_in_their_order():
    nested = {"b": {"x": 1, "y": [1, "two"]}, "a": None, "on": True, "none": []}
    assert list(formatting.flatten(nested)) == [
        ("b.x", "1"), ("b.y", "1, two"), ("a", "none"), ("on", "true"), ("none", "none"),
    ]  # fmt: skip
