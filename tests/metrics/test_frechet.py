import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.metrics.frechet import Moments, frechet_distance


def gaussian(mean, covariance):
    return Moments.known(1000, np.asarray(mean), np.asarray(covariance))


def test_shifted_gaussians_are_apart_by_the_square_of_the_shift():
    identity = np.eye(3)
    assert frechet_distance(
        gaussian([0, 0, 0], identity), gaussian([1, 2, 2], identity)
    ) == pytest.approx(9, rel=1e-12)


def test_commuting_covariances_are_apart_by_the_differences_of_their_deviations():
    a, b = gaussian([0, 0], np.diag([4.0, 9.0])), gaussian([0, 0], np.diag([1.0, 25.0]))
    assert frechet_distance(a, b) == pytest.approx((2 - 1) ** 2 + (3 - 5) ** 2, rel=1e-12)


def test_covariances_that_do_not_commute_have_the_value_of_the_2x2_formula(random):
    # tr sqrt(M) = sqrt(tr M + 2 sqrt(det M)) for 2x2 matrices with eigenvalues from 0
    a, b = (m @ m.T for m in random.normal(size=(2, 2, 2)))
    product = a @ b
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = np.trace(a) + np.trace(b) - 2 * root
    assert not np.allclose(a @ b, b @ a)
    ours = frechet_distance(gaussian([0, 0], a), gaussian([0, 0], b))
    assert ours == pytest.approx(expected, rel=1e-9)


def test_it_agrees_with_a_matrix_square_root(random):
    linalg = pytest.importorskip("scipy.linalg")
    a, b = (m @ m.T for m in random.normal(size=(2, 20, 20)))
    expected = np.trace(a) + np.trace(b) - 2 * np.trace(linalg.sqrtm(a @ b)).real
    ours = frechet_distance(gaussian(np.zeros(20), a), gaussian(np.zeros(20), b))
    assert ours == pytest.approx(expected, rel=1e-8)


def test_covariances_of_lines_at_a_right_angle_have_nothing_in_common():
    a, b = gaussian([0, 0], np.diag([1.0, 0.0])), gaussian([0, 0], np.diag([0.0, 1.0]))
    assert frechet_distance(a, b) == pytest.approx(2, rel=1e-12)


def test_equal_sides_have_distance_0_even_with_fewer_samples_than_features(random):
    moments = Moments.of(random.normal(size=(20, 200)))
    assert 0 <= frechet_distance(moments, moments) < 1e-10 * np.trace(moments.covariance)


def test_it_is_symmetric(random):
    a, b = Moments.of(random.normal(size=(50, 30))), Moments.of(random.random((20, 30)))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 40), min_size=2, max_size=8).filter(lambda s: sum(s) > 2),
    offset=st.sampled_from([0.0, 1e6]),
    seed=st.integers(0, 99),
)
def test_moments_do_not_depend_on_batches_or_order(sizes, offset, seed):
    random = np.random.default_rng(seed)
    rows = random.normal(size=(sum(sizes), 4)) + offset
    moments, shuffled = Moments(), random.permutation(rows)
    for start, size in zip(np.cumsum([0, *sizes]), sizes, strict=False):
        moments.add(shuffled[start : start + size])
    assert moments.count == len(rows)
    np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-12, atol=1e-12)
    expected = np.cov(rows, rowvar=False)
    np.testing.assert_allclose(moments.covariance, expected, rtol=1e-9, atol=1e-9)


def test_known_moments_are_those_of_the_rows(random):
    moments = Moments.of(random.normal(size=(50, 4)))
    again = Moments.known(moments.count, moments.mean, moments.covariance)
    np.testing.assert_allclose(again.covariance, moments.covariance, rtol=1e-14)
    moments.add(np.ones((3, 4)))
    again.add(np.ones((3, 4)))
    np.testing.assert_allclose(again.covariance, moments.covariance, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "parts",
    [
        (1, np.zeros(2), np.eye(2)),
        (9, np.zeros(2), np.eye(3)),
        (9, np.zeros((2, 1)), np.eye(2)),
        (9, np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]])),
    ],
)
def test_known_moments_that_cannot_be_are_refused(parts):
    with pytest.raises(UsageError, match="Received:"):
        Moments.known(*parts)


def test_fewer_than_two_samples_are_refused():
    one = Moments.of(np.zeros((1, 3)))
    assert one.mean.tolist() == [0, 0, 0]
    with pytest.raises(UsageError, match="at least 2 rows. Received: 1"):
        frechet_distance(one, Moments.of(np.zeros((5, 3))))
    with pytest.raises(UsageError, match="at least 1 row. Received: 0"):
        frechet_distance(Moments(), one)


def test_features_of_two_extractors_are_refused():
    a, b = Moments.of(np.eye(3)), Moments.of(np.eye(4))
    with pytest.raises(UsageError, match="Received: 3 and 4"):
        frechet_distance(a, b)
    with pytest.raises(UsageError, match="as those before"):
        a.add(np.zeros((2, 4)))


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(InvalidInput, match="finite"):
        Moments.of(np.array([[1.0, np.nan], [0.0, 1.0]]))
