"""Labels that are asked for: classes by index and name, attributes, numbers."""

from types import SimpleNamespace

import numpy as np
import pytest

from ganzoo.errors import UnknownName, UsageError
from ganzoo.jobs.sample_labels import sample_labels

NAMES = ["age", "hair color"]
RANGE = [[10.0, -1.0], [30.0, 1.0]]


def asked(labels=None, n=4, *, one=False, **about):
    about = {"classes": NAMES, "generator_labels": [2], "label_range": RANGE} | about
    found = SimpleNamespace(classes=about["classes"], label_range=about["label_range"], about=about)
    return sample_labels(labels, found, n, one=one)


def attributes(*arguments, **options):
    return asked(*arguments, label_range=None, **options)


def test_of_numbers_each_goes_from_its_least_to_its_greatest_while_others_are_in_the_middle():
    np.testing.assert_array_equal(
        asked(n=6), [[10, 0], [20, 0], [30, 0], [20, -1], [20, 0], [20, 1]]
    )
    np.testing.assert_array_equal(asked(n=1), [[10, 0]])
    np.testing.assert_array_equal(asked(n=2, one=True), [[20, 0]] * 2)
    assert asked().dtype == "float32"


def test_of_attributes_each_is_there_alone_in_turn():
    np.testing.assert_array_equal(attributes(n=3), [[1, 0], [0, 1], [1, 0]])
    np.testing.assert_array_equal(attributes(n=2, one=True), [[1, 0]] * 2)
    np.testing.assert_array_equal(attributes(["hair color", 0]), [[0, 1], [1, 0]] * 2)


def test_a_row_is_asked_for_by_the_names_of_its_numbers():
    rows = asked(["age=12.5 hair color=-0.5", "hair color=1", "age"], n=3)
    np.testing.assert_array_equal(rows, [[12.5, -0.5], [20, 1], [30, 0]])
    np.testing.assert_array_equal(attributes(["age=1 hair color=1"], n=2), [[1, 1]] * 2)


def test_of_classes_such_rows_are_soft_labels():
    of_classes = {"generator_labels": [], "label_range": None}
    rows = asked(["age=0.25 hair color=0.75", 1], n=3, **of_classes)
    np.testing.assert_array_equal(rows, [[0.25, 0.75], [0, 1], [0.25, 0.75]])
    assert asked(["hair color"], n=1, **of_classes).tolist() == [1]
    np.testing.assert_array_equal(asked(["0=0.25 1=0.75"], n=1, **of_classes), rows[:1])
    thirds = asked(["a=0.333 b=0.333 c=0.333"], n=1, **of_classes | {"classes": ["a", "b", "c"]})
    assert abs(thirds - 1 / 3).max() < 1e-7
    for wrong in ("age=5 hair color=-4", "age=0.5", "age=0.3 age=0.7 hair color=0.7", "2=1"):
        with pytest.raises(UsageError, match="sum of the weights is 1|must be in"):
            asked([wrong], **of_classes)


@pytest.mark.parametrize(
    ("label", "error", "said"),
    [
        ("age=old", UsageError, "such as age=0.5. Received: 'age=old'"),
        ("age=nan", UsageError, "Received: 'age=nan'"),
        ("agee=1", UnknownName, "'agee'. Did you mean 'age'"),
        ("color", UnknownName, "'color'"),
        (30, UsageError, r"\[0, 2\). Received: \[30\]"),
    ],
)
def test_what_is_no_row_is_refused(label, error, said):
    with pytest.raises(error, match=said):
        asked([label])


def test_classes_are_indices_and_names():
    classes = {"generator_labels": [], "label_range": None}
    np.testing.assert_array_equal(asked(**classes), [0, 1, 0, 1])
    np.testing.assert_array_equal(asked(["hair color", 0], **classes), [1, 0, 1, 0])
    assert asked(n=3, one=True, **classes).tolist() == [0, 0, 0]
    assert asked(**classes).dtype == "int32"
    assert asked(generator_labels=None) is None and asked(classes=[]) is None
    with pytest.raises(UsageError, match="takes no labels"):
        asked([0], generator_labels=None)
