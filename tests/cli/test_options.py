"""Options that several verbs share."""

import pytest

from ganzoo.cli.support.options import parse_classes, parse_integers, require_mutually_exclusive
from ganzoo.errors import UsageError


def test_a_list_of_numbers_takes_single_ones_and_ranges():
    assert parse_integers("--seeds", "1,2,5-9") == [1, 2, 5, 6, 7, 8, 9]
    assert parse_integers("--seeds", " 3 , 0 ") == [3, 0]
    assert parse_integers("--seeds", "2147483647") == [2**31 - 1]


def test_an_absent_list_stays_absent():
    assert parse_integers("--seeds", None) is None


@pytest.mark.parametrize(
    "text",
    ["", "a", "1,", ",1", "-1", "1-", "9-5", "1.5", "1e3", "nan", "2147483648", "0-999999999"]
    + ["1--2", "²", "٣", "1 2", "0-90000,0-90000", "9" * 5000],
)
def test_anything_else_is_refused_with_what_was_received(text):
    with pytest.raises(UsageError, match="--seeds takes whole numbers from 0 to"):
        parse_integers("--seeds", text)


def test_a_list_of_classes_takes_numbers_ranges_and_names():
    assert parse_classes("--labels", "0-2, 9") == [0, 1, 2, 9]
    assert parse_classes("--labels", "cat,T-shirt/top , Ankle boot,1") == [
        "cat", "T-shirt/top", "Ankle boot", 1]  # fmt: skip
    assert parse_classes("--labels", None) is None


@pytest.mark.parametrize("text", ["", "cat,", ",1", "1,,2", " "])
def test_a_class_without_a_name_is_refused(text):
    with pytest.raises(UsageError, match="--labels takes classes, by number or by name"):
        parse_classes("--labels", text)


@pytest.mark.parametrize("text", ["-1", "9-5", "1--2", "cat,2147483648", "0-90000,0-90000"])
def test_numbers_of_classes_that_cannot_be_are_refused(text):
    with pytest.raises(UsageError, match="--labels takes whole numbers from 0 to"):
        parse_classes("--labels", text)


def test_one_of_several_options_is_fine():
    require_mutually_exclusive(images=None, steps=3, epochs=None)
    require_mutually_exclusive(images=None, steps=None)


def test_contradictory_options_are_refused_by_name():
    with pytest.raises(UsageError, match="Received: --dry-run, --images, -n"):
        require_mutually_exclusive(dry_run=True, images=0, n=1, off=False)
