import numpy as np
import pytest
from ganzoo_data.mixture import centers, mixture

from ganzoo.errors import UsageError
from ganzoo.metrics.modes import (
    Modes,
    estimate_modes,
    high_quality,
    modes_covered,
    samples_at_modes,
)

CROSS = Modes(np.array([[0.0, 1.0], [0.0, -1.0], [1.0, 0.0], [-1.0, 0.0]]), 0.1)


@pytest.mark.parametrize(("arrangement", "count"), [("ring", 8), ("grid", 25)])
def test_the_modes_of_the_mixture_are_found_from_its_labels(arrangement, count):
    data = mixture(arrangement=arrangement, points=10_000)
    modes = estimate_modes(data.images, data.labels)
    spread = {"ring": 0.008, "grid": 0.01}[arrangement]
    np.testing.assert_allclose(modes.centers, centers(arrangement, count, 0.8), atol=spread / 4)
    assert modes.spread == pytest.approx(spread, rel=0.03)
    assert modes_covered(data.images, modes) == count


def test_fresh_points_have_high_quality_as_often_as_a_gaussian_says():
    data, fresh = mixture(points=20_000), mixture(points=20_000, seed=1)
    modes = estimate_modes(data.images, data.labels)
    assert high_quality(fresh.images, modes) == pytest.approx(1 - np.exp(-4.5), abs=0.004)


def test_a_sample_counts_for_the_nearest_mode_within_three_deviations():
    samples = [[0, 1.29], [0, 0.8], [0, 1.31], [0, 0], [0.75, 0], [1, 0]]
    assert samples_at_modes(np.array(samples), CROSS).tolist() == [2, 0, 2, 0]
    assert modes_covered(np.array(samples), CROSS) == 2
    assert high_quality(np.array(samples), CROSS) == pytest.approx(4 / 6)


def test_a_collapsed_generator_has_one_mode_and_perfect_quality():
    samples = np.tile([[0.0, 1.0]], (100, 1))
    assert modes_covered(samples, CROSS) == 1 and high_quality(samples, CROSS) == 1


def test_a_generator_that_has_spread_everywhere_has_all_modes_and_little_quality(random):
    samples = random.uniform(-3, 3, size=(5000, 2))
    assert modes_covered(samples, CROSS) == 4
    assert high_quality(samples, CROSS) == pytest.approx(4 * np.pi * 0.3**2 / 36, abs=0.01)


def test_labels_need_not_be_0_to_n():
    modes = estimate_modes(np.array([[0.0], [0.2], [5.0], [5.2]]), np.array([7, 7, 3, 3]))
    assert modes.centers.tolist() == [[5.1], [0.1]]
    assert modes.spread == pytest.approx(np.sqrt(4 * 0.01 / 2))


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="labels"):
        estimate_modes(np.zeros((4, 2)), np.zeros(3, int))
    with pytest.raises(UsageError, match="single point"):
        estimate_modes(np.zeros((4, 2)), np.arange(4))
    with pytest.raises(UsageError, match="2 coordinates"):
        samples_at_modes(np.zeros((4, 3)), CROSS)
