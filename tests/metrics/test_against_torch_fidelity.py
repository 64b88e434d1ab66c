"""Values equal those of torch-fidelity on the same features: 1e-3 is asked, most are 1e-9."""

import numpy as np
import pytest

from ganzoo.metrics import METRICS, SampleSet
from ganzoo.metrics.frechet import Moments, frechet_distance
from ganzoo.metrics.inception_score import inception_score, log_probabilities
from ganzoo.metrics.kernel import kernel_distance
from ganzoo.metrics.precision_recall import precision, recall
from ganzoo.metrics.rows import content_order


@pytest.fixture
def sides(random):
    """Features as networks give them: not negative, correlated, many zeros; float64."""
    mix = random.normal(size=(24, 24)) / 4
    real = np.maximum(random.normal(size=(700, 24)) @ mix, 0)
    fake = np.maximum(random.normal(size=(500, 24)) @ (mix * 1.2) + 0.1, 0)
    return real, fake


def sorted_by_content(rows):
    """Our lots do not depend on the order of the rows, so we give both the order we use."""
    return rows[content_order(rows)]


def test_the_frechet_distance(oracle, sides):
    import torch

    fid = oracle("metric_fid")
    statistics = [fid.fid_features_to_statistics(torch.from_numpy(side)) for side in sides]
    theirs = fid.fid_statistics_to_metric(*statistics, verbose=False)[fid.KEY_METRIC_FID]
    assert frechet_distance(*map(Moments.of, sides)) == pytest.approx(theirs, rel=1e-9)


def test_the_frechet_distance_with_fewer_samples_than_features(oracle, random):
    import torch

    fid = oracle("metric_fid")
    sides = random.normal(size=(40, 64)), random.normal(size=(30, 64)) + 0.3
    statistics = [fid.fid_features_to_statistics(torch.from_numpy(side)) for side in sides]
    theirs = fid.fid_statistics_to_metric(*statistics, verbose=False)[fid.KEY_METRIC_FID]
    assert frechet_distance(*map(Moments.of, sides)) == pytest.approx(theirs, rel=1e-5)


def test_the_kernel_distance_subset_by_subset(oracle, sides):
    import torch

    kid = oracle("metric_kid")
    sides = [sorted_by_content(side) for side in sides]
    theirs = kid.kid_features_to_metric(
        *map(torch.from_numpy, sides),
        kid_subsets=20, kid_subset_size=100, rng_seed=3, verbose=False,
    )  # fmt: skip
    ours = kernel_distance(*sides, subsets=20, subset_size=100, seed=3)
    assert ours.mean == pytest.approx(theirs[kid.KEY_METRIC_KID_MEAN], rel=1e-9)
    assert ours.error * np.sqrt(20) == pytest.approx(theirs[kid.KEY_METRIC_KID_STD], rel=1e-9)


def test_the_inception_score_split_by_split(oracle, random):
    import torch

    isc = oracle("metric_isc")
    logits = random.normal(size=(503, 10)) * 3  # ten splits that are not quite equal
    logits = logits[content_order(np.exp(log_probabilities(logits)))]
    theirs = isc.isc_features_to_metric(torch.from_numpy(logits), splits=10, rng_seed=5)
    ours = inception_score(logits, splits=10, seed=5)
    assert ours.mean == pytest.approx(theirs[isc.KEY_METRIC_ISC_MEAN], rel=1e-9)
    assert ours.error * np.sqrt(10) == pytest.approx(theirs[isc.KEY_METRIC_ISC_STD], rel=1e-9)


def test_precision_and_recall(oracle, sides):
    import torch

    prc = oracle("metric_prc")
    real, fake = sides
    theirs = prc.prc_features_to_metric(
        torch.from_numpy(fake), torch.from_numpy(real), prc_neighborhood=3, verbose=False
    )
    assert 0 < theirs[prc.KEY_METRIC_PRECISION] < 1
    assert precision(real, fake) == pytest.approx(theirs[prc.KEY_METRIC_PRECISION], abs=1e-7)
    assert recall(real, fake) == pytest.approx(theirs[prc.KEY_METRIC_RECALL], abs=1e-7)


def test_the_table_measures_what_torch_fidelity_does(oracle, sides):
    import torch

    fid, kid, prc = (oracle(f"metric_{name}") for name in ("fid", "kid", "prc"))
    real, fake = (sorted_by_content(side[:500]) for side in sides)
    both = torch.from_numpy(real), torch.from_numpy(fake)
    ours = {
        name: METRICS[name].measure(SampleSet(features=real), SampleSet(features=fake)).value
        for name in ("frechet", "kernel", "precision", "recall")
    }
    statistics = map(fid.fid_features_to_statistics, both)
    theirs = fid.fid_statistics_to_metric(*statistics, verbose=False)
    theirs |= kid.kid_features_to_metric(*both, kid_subsets=1, kid_subset_size=500, verbose=False)
    theirs |= prc.prc_features_to_metric(*both[::-1], verbose=False)
    keys = (fid.KEY_METRIC_FID, kid.KEY_METRIC_KID_MEAN)
    keys += (prc.KEY_METRIC_PRECISION, prc.KEY_METRIC_RECALL)
    assert list(ours.values()) == pytest.approx([theirs[key] for key in keys], rel=1e-6)
