"""The least that an option can be, as its name and its default tell."""

import pytest

from ganzoo.catalog.plugins.ranges import below, is_width, least
from ganzoo.catalog.plugins.signature import MISSING, Parameter


@pytest.mark.parametrize(
    "name",
    ["width", "generator_width", "widths", "hidden_units", "latent_size", "style_size", "dim"],
)
def test_a_name_that_says_how_wide_something_is_is_a_width(name):
    assert is_width(name)


@pytest.mark.parametrize("name", ["size", "group_size", "blocks", "latent", "widthwise"])
def test_any_other_name_is_none(name):
    assert not is_width(name)


@pytest.mark.parametrize(
    ("name", "default", "annotation", "bound"),
    [
        ("blocks", 3, "int", 0),
        ("blocks", 0, "", 0),
        ("axis", -1, "int", None),
        ("kinds", [1, 2], "list[int]", 0),
        ("axes", (1, -1), "tuple[int, int]", None),
        ("width", 64, "int", 1),
        ("width", 0, "int", 0),
        ("dim", -1, "int", None),
        ("units", [256, 512], "list[int]", 1),
        ("units", [0, 512], "list[int]", 0),
        ("units", [], "list[int]", None),
        ("width", MISSING, "int", 1),
        ("widths", MISSING, "Sequence[int]", 1),
        ("width", None, "int | None", 1),
        ("width", MISSING, "", None),
        ("width", MISSING, "float", None),
        ("width", 0.5, "float", None),
        ("blocks", MISSING, "int", None),
        ("blocks", None, "int | None", None),
        ("attention", True, "bool", None),
        ("width", "wide", "str | int", None),
    ],
)
def test_a_bound_follows_from_the_name_and_the_default(name, default, annotation, bound):
    parameter = Parameter(name=name, required=False, default=default, annotation=annotation)
    found = least(parameter)
    assert (found, type(found)) == (bound, type(bound))


def test_a_number_or_one_of_a_list_lies_below():
    assert below(-1, 0) and below([3, 0], 1)
    assert not below(0, 0) and not below([3, 1], 1) and not below([], 1)
    assert not any(below(value, 9) for value in (1.5, True, "x", None, [1.5]))
