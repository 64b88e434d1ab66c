import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.metrics import distances
from ganzoo.metrics.precision_recall import coverage, density, precision, recall

LINE = np.arange(10.0)[:, None]  # each ball with k = 1 reaches to the next number


def test_precision_and_recall_of_points_on_a_line():
    fake = np.array([[0.5], [9.9], [10.0], [10.5], [100.0]])
    assert precision(LINE, fake, neighbors=1) == 3 / 5  # balls are closed: 10.0 is inside
    # the balls of the fake samples: 9.4, 0.1, 0.1, 0.5 and 89.5 wide
    assert recall(LINE, fake, neighbors=1) == 1.0
    assert recall(LINE, fake[1:4], neighbors=1) == 0.0


def test_density_counts_the_balls_and_coverage_those_that_are_hit():
    fake = np.array([[0.5], [2.0], [50.0]])
    # 0.5 is in the balls of 0 and 1; 2.0 in those of 1, 2 and 3
    assert density(LINE, fake, neighbors=1) == pytest.approx(5 / 3)
    assert coverage(LINE, fake, neighbors=1) == pytest.approx(4 / 10)


def test_precision_and_recall_change_places_with_the_sides(random):
    real, fake = random.normal(size=(80, 4)), random.normal(size=(60, 4)) * 1.5
    assert precision(real, fake) == recall(fake, real)
    assert 0 < precision(real, fake) < 1


def test_fresh_data_has_the_values_that_theory_gives(random):
    real, fake = random.random((2, 2000, 2))
    assert density(real, fake) == pytest.approx(1, abs=0.06)
    # Naeem et al. 2020, lemma 2, for equally many: 1 - product of (n - i) / (2 n - i)
    n, k = 2000, 5
    expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    assert coverage(real, fake) == pytest.approx(expected, abs=0.02)


def test_equal_sides_are_in_reach_of_each_other(random):
    rows = random.normal(size=(50, 8))
    assert precision(rows, rows) == recall(rows, rows) == coverage(rows, rows) == 1
    assert density(rows, rows) == pytest.approx((5 + 1) / 5)  # its neighbors, and itself


def test_neither_order_nor_blocks_matter(random, monkeypatch):
    real = random.normal(size=(90, 3))
    fake = np.concatenate([random.normal(size=(50, 3)) * 1.3, real[:20]])  # with ties
    functions = (precision, recall, density, coverage)
    one = [function(real, fake) for function in functions]
    monkeypatch.setattr(distances, "_ROWS", 13)
    random.shuffle(real)
    random.shuffle(fake)
    assert [function(real, fake) for function in functions] == one


def test_one_real_outlier_moves_precision_and_hardly_density():
    fake = np.linspace(20, 80, 50)[:, None]
    outlier = np.concatenate([LINE, [[100.0]]])  # its ball reaches to 9
    assert precision(LINE, fake, neighbors=1) == 0
    assert precision(outlier, fake, neighbors=1) == 1
    assert coverage(outlier, fake, neighbors=1) == 1 / 11


def test_too_few_samples_are_refused():
    with pytest.raises(UsageError, match="3 rows, 3 neighbors"):
        precision(LINE[:3], LINE)
    with pytest.raises(UsageError, match="rows of the same length"):
        coverage(np.zeros((9, 2)), np.zeros((9, 3)))
