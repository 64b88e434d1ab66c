import numpy as np
import pytest

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.metrics.rows import blocks, checked, drawn, equally_many, generator, order_of


def test_the_order_by_content_is_the_same_for_any_order(random):
    rows = np.maximum(random.normal(size=(200, 6)), 0)
    expected = rows[order_of(rows)]
    moved = random.permutation(rows)
    np.testing.assert_array_equal(moved[order_of(moved)], expected)


def test_different_rows_with_the_same_numbers_are_told_apart(random):
    rows = np.array([random.permutation(8) for _ in range(100)], np.uint8)
    moved = random.permutation(rows)
    np.testing.assert_array_equal(moved[order_of(moved)], rows[order_of(rows)])


def test_draws_depend_on_content_and_seed_only(random):
    rows = random.normal(size=(50, 3))
    some = drawn(rows, 10, generator(4))
    np.testing.assert_array_equal(drawn(rows[::-1], 10, generator(4)), some)
    assert len(np.unique(some, axis=0)) == 10
    assert not np.array_equal(drawn(rows, 10, generator(5)), some)
    assert drawn(rows, 50, generator(4)) is rows


def test_a_seed_gives_these_numbers_for_ever():
    assert generator(0).permutation(6).tolist() == [5, 2, 1, 3, 0, 4]


def test_both_sides_are_cut_to_the_smaller():
    real, fake = equally_many(np.zeros((9, 1)), np.zeros((7, 1)), at_most=8, seed=0)
    assert len(real) == len(fake) == 7
    assert len(equally_many(real, fake, at_most=5, seed=0)[0]) == 5


def test_blocks_are_float64_and_join_to_the_rows():
    rows = np.arange(30, dtype=np.uint8).reshape(10, 3)
    parts = list(blocks(rows, 7))
    assert [len(part) for part in parts] == [2] * 5 and parts[0].dtype == np.float64
    np.testing.assert_array_equal(np.concatenate(parts), rows)


def test_a_memory_map_is_not_read_into_memory(tmp_path):
    rows = np.memmap(tmp_path / "rows", np.float32, "w+", shape=(10, 3))
    assert isinstance(checked(rows, "features"), np.memmap)


@pytest.mark.parametrize(
    "rows", [np.zeros(3), np.zeros((2, 0)), np.zeros((2, 2), complex), [["a"]], [[True]]]
)
def test_what_is_not_rows_of_numbers_is_refused(rows):
    with pytest.raises(UsageError, match=r"The real features must be numbers \(n, d\)"):
        checked(rows, "real features")


def test_too_few_and_not_finite_are_refused():
    with pytest.raises(UsageError, match="at least 3 rows. Received: 2"):
        checked(np.zeros((2, 2)), "features", least=3)
    with pytest.raises(InvalidInput, match="finite"):
        checked(np.array([[np.inf]], np.float16), "features")


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, None])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(UsageError, match="seed must be an integer"):
        generator(seed)
