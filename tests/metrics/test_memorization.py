import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.metrics.memorization import memorization


@pytest.mark.parametrize("size", [2, 16])
def test_fresh_data_is_not_taken_for_copies(size, random):
    training, fresh = random.normal(size=(3000, size)), random.normal(size=(2000, size))
    found = memorization(training, fresh)
    assert abs(found.excess) < 4 * found.error
    assert 0.2 < found.expected < 0.9  # a bare share would look like memorization
    assert found.excess == found.share - found.expected


def test_copies_are_found_be_they_exact_or_not(random):
    training = random.normal(size=(500, 8))
    for noise in (0, 0.01):
        found = memorization(training, training[:200] + noise * random.normal(size=(200, 8)))
        assert found.share == 1 and found.excess == 1 - found.expected > 0.2


def test_copies_of_images_that_are_in_the_data_twice_are_found(random):
    training = np.repeat(random.normal(size=(100, 4)), 2, axis=0)
    assert memorization(training, training[:50]).share == 1


def test_a_generator_that_prefers_a_dense_region_is_not_taken_for_one_that_copies(random):
    def draw(count, dense):
        wide = np.where(np.arange(count) < dense * count, 0.01, 1.0)[:, None]
        return random.normal(size=(count, 3)) * wide

    found = memorization(draw(3000, 0.5), draw(2000, 1.0))
    assert abs(found.excess) < 0.1
    assert memorization(draw(3000, 0.5), 10 + draw(500, 0.0)).excess < -0.2  # far away


def test_what_is_expected_is_the_share_of_mutual_neighbors():
    # 0 and 1 are each other's nearest, 3 is near 1, which is nearer to 0
    found = memorization(np.array([[0.0], [1.0], [3.0], [9.0]]), np.array([[0.0]]))
    # left out, 0 lies within 1's reach to 3, and 1 within 0's reach to 3; 3 and 9 do not
    assert found.expected == 2 / 4


def test_order_does_not_matter(random):
    training, samples = random.normal(size=(300, 4)), random.normal(size=(100, 4))
    one = memorization(training, samples, max_left_out=50)
    again = memorization(random.permutation(training), samples[::-1], max_left_out=50)
    assert one == pytest.approx(again, rel=1e-12)


def test_two_training_images_are_refused():
    with pytest.raises(UsageError, match="at least 3"):
        memorization(np.zeros((2, 2)), np.zeros((5, 2)))
