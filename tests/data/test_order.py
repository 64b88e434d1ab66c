import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.data.order import ORDER_STREAM, permutation, rows_of_step, threefry
from ganzoo.errors import UsageError

# Random123 1.14, tests/kat_vectors, "threefry2x32 20": counter, key, result.
KNOWN_ANSWERS = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]

# permutation(10, seed, epoch) for (0, 0), (0, 1) and (1, 0)
GOLDEN = (
    [9, 8, 5, 2, 1, 3, 6, 7, 4, 0],
    [8, 3, 7, 2, 9, 6, 5, 0, 4, 1],
    [1, 5, 3, 9, 4, 0, 8, 6, 2, 7],
)


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_threefry_gives_the_published_answers(counter, key, result):
    x, y = threefry(*key, *counter)
    assert (int(x), int(y)) == result


def test_threefry_of_an_array_is_that_of_its_elements():
    counters, keys, results = (
        np.array(words, dtype=np.uint32) for words in zip(*KNOWN_ANSWERS, strict=True)
    )
    x, y = threefry(*keys.T, *counters.T)
    assert x.dtype == y.dtype == np.uint32
    np.testing.assert_array_equal(np.stack([x, y], axis=1), results)


def plain_threefry(key, counter):
    """Threefry-2x32-20 in Python's integers, word by word."""
    keys = (*key, 0x1BD11BDA ^ key[0] ^ key[1])
    x, y = ((word + k) % 2**32 for word, k in zip(counter, key, strict=True))
    for round_number in range(20):
        bits = (13, 15, 26, 6, 17, 29, 16, 24)[round_number % 8]
        x = (x + y) % 2**32
        y = ((y << bits | y >> (32 - bits)) % 2**32) ^ x
        if round_number % 4 == 3:
            group = round_number // 4 + 1
            x = (x + keys[group % 3]) % 2**32
            y = (y + keys[(group + 1) % 3] + group) % 2**32
    return x, y


@given(n=st.integers(1, 60), seed=st.integers(0, 2**32 - 1), epoch=st.integers(0, 2**32 - 1))
def test_an_order_sorts_the_words_of_its_epoch(n, seed, epoch):
    words = [plain_threefry((seed, ORDER_STREAM), (epoch, row)) for row in range(n)]
    expected = sorted(range(n), key=lambda row: words[row])
    assert permutation(n, seed, epoch).tolist() == expected


def test_orders_of_the_first_epochs_stay_what_they_are():
    # a published run must give the same batches in ten years
    assert permutation(10, 0, 0).tolist() == GOLDEN[0]
    assert permutation(10, 0, 1).tolist() == GOLDEN[1]
    assert permutation(10, 1, 0).tolist() == GOLDEN[2]


def test_every_row_of_an_epoch_comes_once_up_to_the_remainder():
    rows = np.concatenate([rows_of_step(step, n=23, per_step=5, seed=3) for step in range(4)])
    assert rows.shape == (20,)
    assert len(set(rows.tolist())) == 20


def test_the_next_epoch_begins_when_less_than_a_step_is_left():
    assert rows_of_step(4, n=23, per_step=5, seed=3).tolist() == permutation(23, 3, 1)[:5].tolist()


@pytest.mark.parametrize("n_steps", range(13))  # three epochs of four steps, and one more
def test_steps_after_any_position_do_not_depend_on_those_before(n_steps):
    whole = [rows_of_step(step, n=23, per_step=5, seed=7).tolist() for step in range(13)]
    rows_of_step(999, n=23, per_step=5, seed=7)  # another epoch is asked for in between
    rest = [rows_of_step(step, n=23, per_step=5, seed=7).tolist() for step in range(n_steps, 13)]
    assert rest == whole[n_steps:]


def test_seeds_give_different_orders():
    orders = {tuple(permutation(50, seed, 0)) for seed in range(20)}
    assert len(orders) == 20


def test_the_rows_of_a_step_cannot_be_changed_by_who_reads_them():
    rows = rows_of_step(0, n=10, per_step=5, seed=0)
    with pytest.raises(ValueError, match="read-only"):
        rows[0] = 3


def test_a_data_set_smaller_than_a_step_is_refused_with_both_numbers():
    with pytest.raises(UsageError, match=r"needs 64 images .* Received: 23 images.*at most 23"):
        rows_of_step(0, n=23, per_step=64, seed=0)


@pytest.mark.parametrize(
    ("n", "seed", "epoch"), [(0, 0, 0), (5, -1, 0), (5, 2**32, 0), (5, 0, -1), (5, 0, 2**32)]
)
def test_numbers_out_of_range_are_refused(n, seed, epoch):
    with pytest.raises(UsageError, match="Received"):
        permutation(n, seed, epoch)
