import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.metrics.class_accuracy import class_accuracy


def test_it_is_the_share_of_rows_whose_largest_logit_is_the_label():
    logits = np.array([[3.0, 1], [0, 2], [5, 4], [-1, -2]])
    assert class_accuracy(logits, np.array([0, 1, 1, 0])) == 0.75


def test_a_row_that_is_not_a_number_is_wrong():
    assert class_accuracy(np.array([[np.nan, 1.0], [1, 0]]), np.array([0, 0])) == 0.5


@pytest.mark.parametrize("labels", [[0, 2], [0, -1], [0.0, 1.0], [0], [[0], [1]]])
def test_labels_that_are_no_classes_are_refused(labels):
    with pytest.raises(UsageError, match="Received:"):
        class_accuracy(np.eye(2), np.array(labels))
