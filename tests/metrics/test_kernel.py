import itertools

import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.metrics import kernel
from ganzoo.metrics.kernel import kernel_distance, squared_mmd


def by_hand(real, fake):
    """The U-statistic, term by term."""

    def k(x, y):
        return (float(x @ y) / len(x) + 1) ** 3

    def within(rows):
        return np.mean([k(x, y) for x, y in itertools.permutations(rows, 2)])

    return within(real) + within(fake) - 2 * np.mean([k(x, y) for x in real for y in fake])


def test_it_is_the_sum_over_pairs_of_different_samples(random):
    real, fake = random.normal(size=(7, 3)), random.normal(size=(5, 3)) + 1
    assert squared_mmd(real, fake) == pytest.approx(by_hand(real, fake), rel=1e-10)


def test_blocks_do_not_change_it(random, monkeypatch):
    real, fake = random.normal(size=(50, 6)), random.normal(size=(40, 6)) + 1
    whole = squared_mmd(real, fake)
    monkeypatch.setattr(kernel, "_ROWS", 7)
    assert squared_mmd(real, fake) == pytest.approx(whole, rel=1e-12)


def test_point_masses_have_the_value_of_the_kernel():
    # k(0,0) + k(1,1) - 2 k(0,1) with k(x,y) = (xy + 1)^3
    assert squared_mmd(np.zeros((4, 1)), np.ones((3, 1))) == pytest.approx(1 + 8 - 2)


def test_it_is_without_bias(random):
    values = [squared_mmd(*random.normal(size=(2, 10, 2))) for _ in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0  # a biased estimate is never below 0


def test_subsets_are_around_the_whole(random):
    real, fake = random.normal(size=(400, 4)), random.normal(size=(300, 4)) + 0.5
    found = kernel_distance(real, fake, subsets=200, subset_size=100)
    assert found.subsets == 200 and found.subset_size == 100
    assert abs(found.mean - squared_mmd(real, fake)) < 4 * found.error


def test_neither_order_nor_type_matters_but_the_seed_does(random):
    real = random.normal(size=(60, 4)).astype(np.float32)
    fake = random.normal(size=(50, 4)).astype(np.float32)
    options = {"subsets": 5, "subset_size": 20}
    one = kernel_distance(real, fake, **options)
    again = kernel_distance(real[::-1], random.permutation(fake).astype(np.float64), **options)
    assert one == pytest.approx(again, rel=1e-9)
    assert kernel_distance(real, fake, seed=1, **options).mean != pytest.approx(one.mean, rel=1e-3)


def test_products_in_float32_are_right_to_a_millionth_of_the_kernel(random):
    real, fake = np.maximum(random.normal(size=(2, 400, 256)), 0).astype(np.float32)
    exact = squared_mmd(real.astype(np.float64), fake.astype(np.float64))
    # the kernel is above 1, and its means are what is subtracted
    assert squared_mmd(real, fake) == pytest.approx(exact, abs=1e-6)


def test_with_few_samples_subsets_are_smaller(random):
    found = kernel_distance(random.normal(size=(30, 2)), random.normal(size=(20, 2)))
    assert (found.subsets, found.subset_size) == (100, 20) and found.error > 0


def test_if_every_subset_were_all_samples_there_is_one(random):
    real, fake = random.normal(size=(2, 30, 2))
    found = kernel_distance(real, fake)
    assert found == (squared_mmd(real, fake), None, 1, 30)


@pytest.mark.parametrize("options", [{"subsets": 0}, {"subset_size": 1}, {"seed": -1}])
def test_settings_out_of_range_are_refused(options, random):
    with pytest.raises(UsageError, match="Received:"):
        kernel_distance(np.eye(3), np.eye(3)[:2], **options)


def test_one_sample_is_refused():
    with pytest.raises(UsageError, match="at least 2"):
        squared_mmd(np.zeros((1, 2)), np.zeros((5, 2)))
