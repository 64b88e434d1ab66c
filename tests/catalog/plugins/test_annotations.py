import pytest

from ganzoo.catalog.plugins.annotations import describe_annotation, fits_annotation, literal_choices


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("int", [1, -3], [1.0, True, "1", [1]]),
        ("float", [1, 0.5], [True, "1"]),
        ("str", ["a"], [1, ["a"]]),
        ("bool", [True], [1, "true"]),
        ("list", [[], [1, "a"]], [1, {}]),
        ("list[int]", [[], [1]], [["a"], [1.0], 1]),
        ("Sequence[float]", [[1, 0.5]], [["a"]]),
        ("collections.abc.Sequence[float]", [[1, 0.5]], [["a"]]),
        ("tuple[int, ...]", [[1], []], ["a", 1]),
        ("dict[str, int]", [{}], [[]]),
        ("int | None", [1], ["a"]),
        ("Optional[int]", [1], ["a"]),
        ("typing.Union[int, str]", [1, "a"], [0.5]),
        ("'int | str'", [1, "a"], [0.5]),
        ("Literal['a', 'b']", ["a"], ["c", 1]),
        ("typing.Literal[1]", [1], [True, 1.0, 2]),
        ("list[int | str]", [[1, "a"]], [[0.5]]),
        ("Size", [1, "a", [2]], []),
        ("", [1, "a"], []),
        ("'not an ( annotation'", [1], []),
        ("Annotated[int, 3]", [1, "a"], []),
    ],
)
def test_an_annotation_takes_its_values_and_no_others(annotation, good, bad):
    assert [value for value in good if not fits_annotation(annotation, value)] == []
    assert [value for value in bad if fits_annotation(annotation, value)] == []


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        ("int | None", "a whole number"), ("Size", "Size"),
        ("float | list[int]", "a number or a list, each item a whole number"),
        ("Literal['a', 'b'] | int", "'a' or 'b' or a whole number"),
    ],
)  # fmt: skip
def test_an_annotation_is_said_in_words(annotation, words):
    assert describe_annotation(annotation) == words


def test_only_a_literal_of_texts_has_choices():
    assert literal_choices("Literal['a', 'b']") == ["a", "b"]
    for annotation in ("Literal[1]", "int", "Literal['a'] | int"):
        assert literal_choices(annotation) == []
