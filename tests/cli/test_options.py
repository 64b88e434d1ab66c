"""Options that several verbs share."""

import pytest

from ganzoo.cli.options import at_most_one, whole_numbers
from ganzoo.errors import UsageError


def test_a_list_of_numbers_takes_single_ones_and_ranges():
    assert whole_numbers("--seeds", "1,2,5-9") == [1, 2, 5, 6, 7, 8, 9]
    assert whole_numbers("--seeds", " 3 , 0 ") == [3, 0]
    assert whole_numbers("--seeds", "2147483647") == [2**31 - 1]


def test_an_absent_list_stays_absent():
    assert whole_numbers("--seeds", None) is None


@pytest.mark.parametrize(
    "text",
    ["", "a", "1,", ",1", "-1", "1-", "9-5", "1.5", "1e3", "nan", "2147483648", "0-999999999"]
    + ["1--2", "²", "٣", "1 2", "0-90000,0-90000", "9" * 5000],
)
def test_anything_else_is_refused_with_what_was_received(text):
    with pytest.raises(UsageError, match="--seeds takes whole numbers from 0 to"):
        whole_numbers("--seeds", text)


def test_one_of_several_options_is_fine():
    at_most_one(images=None, steps=3, epochs=None)
    at_most_one(images=None, steps=None)


def test_contradictory_options_are_refused_by_name():
    with pytest.raises(UsageError, match="Received: --dry-run, --images, -n"):
        at_most_one(dry_run=True, images=0, n=1, off=False)
