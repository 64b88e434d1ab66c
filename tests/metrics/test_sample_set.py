import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.metrics import SampleSet
from ganzoo.metrics.frechet import Moments


def test_a_side_knows_what_can_be_asked_of_it():
    assert SampleSet().available == set() and len(SampleSet()) == 0
    side = SampleSet(logits=np.zeros((3, 2)), labels=np.zeros(3, int))
    assert side.available == {"logits", "labels"} and len(side) == 3


def test_moments_come_from_the_features_once(random):
    side = SampleSet(features=random.normal(size=(9, 2)))
    assert side.available == {"features", "moments"}
    assert side.moments.count == 9 and side.moments is side.moments


def test_moments_that_are_given_are_not_computed():
    moments = Moments.of(np.eye(3))
    side = SampleSet(moments=moments)
    assert side.moments is moments and len(side) == 3 and side.available == {"moments"}
    assert SampleSet(features=np.zeros((5, 3)), moments=moments).moments is moments


def test_points_are_their_own_features():
    points = np.zeros((4, 2), np.float32)
    assert SampleSet(points=points).features is points
    assert SampleSet(points=points).available == {"points", "features", "moments"}
    other = np.zeros((4, 7))
    assert SampleSet(points=points, features=other).features is other


def test_forms_of_different_length_are_refused():
    with pytest.raises(UsageError, match="Received: 3 features, 2 labels"):
        SampleSet(features=np.zeros((3, 2)), labels=np.zeros(2, int))


def test_what_several_metrics_need_is_computed_once_for_a_pair_and_a_seed():
    real, fake, calls = SampleSet(), SampleSet(), []

    def compute(*pair_and_seed):
        calls.append(pair_and_seed)
        return len(calls)

    assert [fake.shared(real, 0, compute), fake.shared(real, 0, compute)] == [1, 1]
    assert fake.shared(real, 1, compute) == 2 and fake.shared(SampleSet(), 0, compute) == 3
    assert calls[:2] == [(real, fake, 0), (real, fake, 1)]
