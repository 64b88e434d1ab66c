import numpy as np
import pytest
from ganzoo_data.mixture import centers, mixture

from ganzoo.errors import UnknownName, UsageError


@pytest.mark.parametrize(("arrangement", "modes"), [("ring", 8), ("grid", 25)])
def test_every_mode_has_its_center_spread_and_share(arrangement, modes):
    dataset = mixture(arrangement=arrangement, points=50_000)
    spread = 0.8 * {"ring": 0.01, "grid": 0.0125}[arrangement]
    assert dataset.images.shape == (50_000, 2)
    assert dataset.images.dtype == np.float32
    for mode, center in enumerate(centers(arrangement, modes, 0.8)):
        points = dataset.images[dataset.labels == mode]
        assert abs(len(points) - 50_000 / modes) < 1
        np.testing.assert_allclose(points.mean(0), center, atol=5 * spread / len(points) ** 0.5)
        np.testing.assert_allclose(points.std(0), spread, rtol=0.1)


def test_coordinates_are_independent_and_normal():
    z = mixture(arrangement="ring", modes=1, points=100_000, extent=1, spread=1.0).images - [1, 0]
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.02
    np.testing.assert_allclose((z**3).mean(0), 0, atol=0.05)
    np.testing.assert_allclose((z**4).mean(0), 3, atol=0.15)


def test_the_ring_and_the_grid_are_the_papers_scaled():
    ring, grid = centers("ring", 8, 1.0), centers("grid", 25, 4.0)
    np.testing.assert_allclose(np.hypot(*ring.T), 1)
    np.testing.assert_allclose(ring[2], [0, 1], atol=1e-12)
    assert sorted({x for x, _ in grid.tolist()}) == [-4, -2, 0, 2, 4]
    assert len({tuple(row) for row in grid.tolist()}) == 25


def test_points_are_a_function_of_the_seed():
    same = mixture(points=100, seed=3), mixture(points=100, seed=3)
    other = mixture(points=100, seed=4)
    np.testing.assert_array_equal(same[0].images, same[1].images)
    assert same[0].fingerprint == same[1].fingerprint != other.fingerprint
    assert not np.array_equal(same[0].images, other.images)


def test_the_first_points_stay_what_they_are():
    # a published run must meet the same points in ten years
    first = [[0.79868555, 0.00098352821], [0.55507755, 0.56448132], [-0.0077884994, 0.80080414]]
    np.testing.assert_allclose(mixture(points=8).images[:3], first, rtol=1e-6)


def test_an_unknown_arrangement_is_refused_with_a_suggestion():
    with pytest.raises(UnknownName, match="Did you mean 'grid'"):
        mixture(arrangement="gird")


@pytest.mark.parametrize(
    "options",
    [
        {"arrangement": "grid", "modes": 24}, {"arrangement": "grid", "modes": 1}, {"modes": 0},
        {"modes": 8.0}, {"points": 7}, {"points": True}, {"extent": 0}, {"extent": float("nan")},
        {"spread": -1.0}, {"spread": float("inf")}, {"seed": -1},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match="Received"):
        mixture(**options)
