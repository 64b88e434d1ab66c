import numpy as np
import pytest

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.metrics.rows import (
    check_rows,
    content_order,
    equal_subsets,
    random_state,
    random_subset,
    row_blocks,
)


def test_the_order_by_content_is_the_same_for_any_order(random):
    rows = np.maximum(random.normal(size=(200, 6)), 0)
    expected = rows[content_order(rows)]
    moved = random.permutation(rows)
    np.testing.assert_array_equal(moved[content_order(moved)], expected)


def test_different_rows_with_the_same_numbers_are_told_apart(random):
    rows = np.array([random.permutation(8) for _ in range(100)], np.uint8)
    moved = random.permutation(rows)
    np.testing.assert_array_equal(moved[content_order(moved)], rows[content_order(rows)])


def test_draws_depend_on_content_and_seed_only(random):
    rows = random.normal(size=(50, 3))
    some = random_subset(rows, 10, random_state(4))
    np.testing.assert_array_equal(random_subset(rows[::-1], 10, random_state(4)), some)
    assert len(np.unique(some, axis=0)) == 10
    assert not np.array_equal(random_subset(rows, 10, random_state(5)), some)
    assert random_subset(rows, 50, random_state(4)) is rows


def test_a_seed_gives_these_numbers_for_ever():
    assert random_state(0).permutation(6).tolist() == [5, 2, 1, 3, 0, 4]


def test_both_sides_are_cut_to_the_smaller():
    real, fake = equal_subsets(np.zeros((9, 1)), np.zeros((7, 1)), max_rows=8, seed=0)
    assert len(real) == len(fake) == 7
    assert len(equal_subsets(real, fake, max_rows=5, seed=0)[0]) == 5


def test_blocks_are_float64_and_join_to_the_rows():
    rows = np.arange(30, dtype=np.uint8).reshape(10, 3)
    parts = list(row_blocks(rows, 7))
    assert [len(part) for part in parts] == [2] * 5 and parts[0].dtype == np.float64
    np.testing.assert_array_equal(np.concatenate(parts), rows)


def test_a_memory_map_is_not_read_into_memory(tmp_path):
    rows = np.memmap(tmp_path / "rows", np.float32, "w+", shape=(10, 3))
    assert isinstance(check_rows(rows, "features"), np.memmap)


@pytest.mark.parametrize(
    "rows", [np.zeros(3), np.zeros((2, 0)), np.zeros((2, 2), complex), [["a"]], [[True]]]
)
def test_what_is_not_rows_of_numbers_is_refused(rows):
    with pytest.raises(UsageError, match=r"The real features must be numbers \(n, d\)"):
        check_rows(rows, "real features")


def test_too_few_and_not_finite_are_refused():
    with pytest.raises(UsageError, match="at least 3 rows. Received: 2"):
        check_rows(np.zeros((2, 2)), "features", min_rows=3)
    with pytest.raises(InvalidInput, match="finite"):
        check_rows(np.array([[np.inf]], np.float16), "features")


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, None])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(UsageError, match="seed must be an integer"):
        random_state(seed)
