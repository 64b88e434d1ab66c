"""Every metric of the table, without regard to which it is."""

import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.metrics import METRICS, SampleSet, table
from ganzoo.metrics.precision_recall import coverage, density, memberships, precision, recall
from ganzoo.metrics.sample_set import REPRESENTATIONS


def forms(seed, count=120):
    """A side that has everything, and its rows in another order."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    points = np.eye(4)[labels][:, :2] + 0.1 * random.normal(size=(count, 2))
    everything = {
        "features": np.maximum(random.normal(size=(count, 6)), 0) + seed / 5,
        "logits": random.normal(size=(count, 4)) + 2 * np.eye(4)[labels],
        "images": random.integers(0, 256 - 100 * seed, (count, 16, 16, 3)).astype(np.uint8),
        "targets": random.integers(0, 256, (count, 16, 16, 3)).astype(np.uint8),
        "points": points,
        "labels": labels,
        "target_distances": random.uniform(0, 2, count),
        "pair_distances": random.uniform(0, 2, count),
    }
    order = random.permutation(count)
    return SampleSet(**everything), SampleSet(
        **{kind: rows[order] for kind, rows in everything.items()}
    )


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_what_it_is(name):
    metric = METRICS[name]
    assert metric.name == name and name.isidentifier() and name == name.lower()
    assert metric.summary.endswith(".") and "http" in metric.paper
    assert metric.better in ("lower", "higher")
    assert metric.fake and set(metric.real) | set(metric.fake) <= set(REPRESENTATIONS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_does_not_depend_on_the_order_of_the_samples(name):
    metric, (real, other_real), (fake, other_fake) = METRICS[name], forms(0), forms(1)
    one, again = metric.measure(real, fake), metric.measure(other_real, other_fake)
    assert one.value == pytest.approx(again.value, rel=1e-6, abs=1e-12)
    assert one.protocol == again.protocol


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_asks_for_no_more_than_it_says(name):
    metric, (real, _), (fake, _) = METRICS[name], forms(0), forms(1)

    def only(side, kinds):
        return SampleSet(**{kind: getattr(side, kind) for kind in kinds})

    bare = metric.measure(only(real, metric.real), only(fake, metric.fake))
    assert bare.value == metric.measure(real, fake).value
    assert bare.protocol["fake"] == 120 and bare.protocol.get("real", 120) == 120
    assert ("real" in bare.protocol) == bool(metric.real)


@pytest.mark.parametrize("name", METRICS)
def test_the_seed_is_in_the_protocol_if_and_only_if_it_matters(name):
    metric, (real, _), (fake, _) = METRICS[name], forms(0), forms(1, 90)
    values = {metric.measure(real, fake, seed=seed).value for seed in range(4)}
    assert ("seed" in metric.measure(real, fake, seed=3).protocol) == metric.seeded
    assert metric.seeded or len(values) == 1


@pytest.mark.parametrize("name", METRICS)
def test_what_is_missing_is_named(name):
    metric = METRICS[name]
    lacking = metric.missing((), ())
    expected = [f"real {kind}" for kind in metric.real] + [f"fake {kind}" for kind in metric.fake]
    assert lacking == expected
    assert metric.missing(metric.real, metric.fake) == []
    with pytest.raises(UsageError, match=f"{name}.*needs {lacking[0]}.*real nothing"):
        metric.measure(SampleSet(), SampleSet())


def test_the_seed_matters_where_a_metric_says_so():
    (real, _), (fake, _) = forms(0), forms(1, 90)
    for metric in METRICS.values():
        if metric.seeded and metric.name not in ("recall", "memorization"):
            values = {metric.measure(real, fake, seed=seed).value for seed in range(4)}
            assert len(values) > 1, metric.name


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        METRICS["frechet"] = None


def test_metrics_of_manifolds_compute_distances_once(monkeypatch):
    (real, _), (fake, _) = forms(0), forms(1)
    calls, manifolds = [], {f.__name__: f for f in (precision, recall, density, coverage)}
    monkeypatch.setattr(table, "memberships", lambda *a: calls.append(a) or memberships(*a))
    values = [METRICS[name].measure(real, fake).value for name in manifolds]
    assert len(calls) == 1
    rows = real.features, fake.features
    assert values == [function(*rows) for function in manifolds.values()]
