import numpy as np
import pytest

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.metrics.inception_score import inception_score, log_probabilities


def test_sure_of_every_class_alike_scores_the_number_of_classes():
    with np.errstate(divide="ignore"):
        logs = np.log(np.repeat(np.eye(4), 5, axis=0))  # probabilities 0 and 1
    assert inception_score(logs, splits=1).mean == pytest.approx(4, rel=1e-12)


def test_always_the_same_class_scores_1():
    assert inception_score(np.tile([9.0, 0, 0], (20, 1))).mean == pytest.approx(1, rel=1e-12)


def test_two_kinds_of_samples_have_the_value_of_the_divergence():
    p = np.array([[0.9, 0.1], [0.3, 0.7]])
    marginal = p.mean(axis=0)
    expected = np.exp(np.mean((p * np.log(p / marginal)).sum(axis=1)))
    assert inception_score(np.log(p), splits=1).mean == pytest.approx(expected, rel=1e-12)


def test_neither_order_nor_a_constant_added_to_logits_matters(random):
    logits = random.normal(size=(100, 5)) * 2
    moved = random.permutation(logits) + random.integers(-50, 50, size=(100, 1))
    assert inception_score(logits) == pytest.approx(inception_score(moved), rel=1e-9)
    assert inception_score(logits, seed=1).mean != inception_score(logits).mean


def test_samples_that_come_sorted_by_class_are_mixed_before_they_are_split():
    logits = 30 * np.repeat(np.eye(2), 500, axis=0)
    assert inception_score(logits).mean > 1.9  # unmixed, every split would score 1


def test_probabilities_sum_to_1_and_do_not_overflow():
    logs = log_probabilities(np.array([[1e4, 0.0], [-np.inf, 3.0]]))
    np.testing.assert_allclose(np.exp(logs), [[1, 0], [0, 1]], atol=1e-300)


@pytest.mark.parametrize("row", [[np.nan, 1], [np.inf, 1], [-np.inf, -np.inf]])
def test_rows_without_probabilities_are_refused(row):
    with pytest.raises(InvalidInput, match="largest number that is finite"):
        inception_score(np.array([row, [0.0, 1.0]]), splits=1)


def test_fewer_samples_than_splits_are_refused():
    with pytest.raises(UsageError, match="Received: 9 samples and 10 splits"):
        inception_score(np.zeros((9, 3)))
    with pytest.raises(UsageError, match="classes"):
        inception_score(np.zeros(9))
