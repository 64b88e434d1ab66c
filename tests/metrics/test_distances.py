import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.errors import UsageError
from ganzoo.metrics import distances
from ganzoo.metrics.distances import nearest_other_rows, nearest_rows


def direct(a, b):
    return np.sqrt(np.square(np.float64(a)[:, None] - np.float64(b)[None]).sum(axis=2))


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 30), m=st.integers(1, 30), count=st.integers(1, 5),
    offset=st.sampled_from([0, 1e3]), seed=st.integers(0, 99),
)  # fmt: skip
def test_the_nearest_rows_are_those_of_all_distances_sorted(n, m, count, offset, seed):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(n, 3)) + offset, random.normal(size=(m, 3)) + offset
    count = min(count, m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "_ROWS", 4)
        found = nearest_rows(a, b, count)
    expected = direct(a, b)
    np.testing.assert_array_equal(found.indices, np.argsort(expected, axis=1)[:, :count])
    np.testing.assert_allclose(found.distances, np.sort(expected, axis=1)[:, :count], rtol=1e-6)


def test_equal_rows_are_at_distance_0(random):
    rows = random.normal(size=(50, 64)).astype(np.float32) + 100
    found = nearest_rows(rows, rows)
    assert found.indices[:, 0].tolist() == list(range(50))
    assert (found.distances == 0).all()


def test_of_equally_near_rows_the_first_is_taken(monkeypatch):
    monkeypatch.setattr(distances, "_ROWS", 2)
    rows = np.array([[5.0], [1.0], [-1.0], [1.0], [-1.0]])
    assert nearest_rows(np.zeros((1, 1)), rows, 3).indices.tolist() == [[1, 2, 3]]


def test_a_row_is_not_its_own_neighbor_but_its_copy_is():
    found = nearest_other_rows(np.array([[0.0], [3.0], [3.0], [7.0]]), 2)
    assert found.indices.tolist() == [[1, 2], [2, 0], [1, 0], [1, 2]]
    assert found.distances.tolist() == [[3, 3], [0, 3], [0, 3], [4, 4]]


def test_bytes_of_images_do_not_wrap_around():
    found = nearest_rows(np.array([[0]], np.uint8), np.array([[255], [200]], np.uint8))
    assert found.indices[0, 0] == 1 and found.distances[0, 0] == 200


def test_blocks_bound_the_memory(random):
    rows = random.normal(size=(5000, 4)).astype(np.float32)
    sizes = {block.nbytes for _, _, block in distances._Products(rows, rows).blocks()}
    assert max(sizes) <= 1 << 24


@pytest.mark.parametrize("kind", ["spread", "far from 0", "all but equal", "large", "tiny"])
def test_float32_decides_nothing_that_float64_would_not(kind, random, monkeypatch):
    rows = random.normal(size=(300, 40)).astype(np.float32)
    rows = {
        "spread": rows, "far from 0": rows + 1000, "all but equal": 1 + rows / 10_000,
        "large": rows * 1e18, "tiny": rows * 1e-18,
    }[kind]  # fmt: skip
    exact = np.sort(direct(rows, rows), axis=1)[:, 1:5]
    np.testing.assert_allclose(nearest_other_rows(rows, 4).distances, exact, rtol=1e-9)
    monkeypatch.setattr(distances, "_ROWS", 70)
    np.testing.assert_allclose(nearest_other_rows(rows, 4).distances, exact, rtol=1e-9)


def test_pairs_within_a_limit_are_those_of_all_distances(random, monkeypatch):
    left = random.normal(size=(80, 12)).astype(np.float32)
    right = np.concatenate([left[:20], random.normal(size=(50, 12)).astype(np.float32)])
    squared = np.square(direct(left, right))
    # limits that are the distance of some pair, so that rounding would decide
    left_limits = squared[:, [3, 30]] * (1 + 1e-9)
    right_limits = squared[[5]].T * (1 + 1e-9)
    for few in (distances._FEW, 0):  # pair by pair, and in whole blocks
        monkeypatch.setattr(distances, "_FEW", few)
        monkeypatch.setattr(distances, "_ROWS", 33)
        found = [np.zeros(squared.shape, bool) for _ in range(3)]
        for pairs in distances.near_pairs(left, right, left_limits, right_limits):
            i, j = pairs.left, pairs.right
            found[0][i, j] = pairs.squared <= left_limits[i, 0]
            found[1][i, j] = pairs.squared <= left_limits[i, 1]
            found[2][i, j] = pairs.squared <= right_limits[j, 0]
        np.testing.assert_array_equal(found[0], squared <= left_limits[:, :1])
        np.testing.assert_array_equal(found[1], squared <= left_limits[:, 1:])
        np.testing.assert_array_equal(found[2], squared <= right_limits.T)


def test_more_neighbors_than_rows_are_refused():
    with pytest.raises(UsageError, match="Received: 3 rows, 3 neighbors besides itself"):
        nearest_other_rows(np.zeros((3, 1)), 3)
