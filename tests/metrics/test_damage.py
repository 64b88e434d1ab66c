"""Metrics say that damaged samples are worse, and the page shows what they say."""

import re

import make_metrics
import pytest

from ganzoo.metrics import METRICS

# What each metric must see, step by step. docs/metrics.md says what the others are blind to.
SHARP = {"frechet", "kernel", "precision", "coverage", "sliced_wasserstein"}
OF_IMAGES = {"patch_wasserstein", "inception_score", "class_accuracy"}
SEES = {
    "Blur": SHARP | OF_IMAGES | {"recall"},
    "Noise": SHARP | OF_IMAGES | {"density"},
    "Dropped classes": {"frechet", "coverage", "sliced_wasserstein", "recall", "inception_score"},
    "Copies of training images": {"memorization"},
    "Wider modes": SHARP - {"kernel"} | {"density", "high_quality"},
    "Dropped modes": SHARP - {"precision"} | {"recall", "modes_covered"},
}
# These tell every step from none, but not always 4 dropped classes of 10 from 6.
NOTICES = {"Dropped classes": {"kernel", "patch_wasserstein"}}


@pytest.fixture(scope="module")
def tables():
    return [make_metrics.figures(seed) for seed in make_metrics.SEEDS]


@pytest.mark.parametrize("damage", SEES)
def test_damage_is_seen_step_by_step_with_every_seed(damage, tables):
    rows = [(name, table[damage][name]) for table in tables for name in SEES[damage]]
    assert len(rows) == 5 * len(SEES[damage])
    assert [row for row in rows if not make_metrics.in_order(*row)] == []


@pytest.mark.parametrize("damage", NOTICES)
def test_damage_is_noticed_at_every_step_with_every_seed(damage, tables):
    for table in tables:
        for name in NOTICES[damage]:
            assert METRICS[name].better == "lower"
            none, *steps = table[damage][name]
            assert min(steps) > none, name


def test_every_metric_sees_a_damage():
    translated = {"targets", "target_distances", "pair_distances"}
    paired = {name for name, metric in METRICS.items() if translated & {*metric.fake}}
    assert set.union(*SEES.values()) | paired == set(METRICS)  # these have tests of their own
    assert list(SEES) == list(make_metrics.DAMAGES)


def test_order_is_that_of_every_step():
    assert make_metrics.in_order("frechet", [0, 1, 1, 2])
    assert not make_metrics.in_order("frechet", [0, 2, 1, 3])
    assert make_metrics.in_order("recall", [1, 0, 0, 0])
    assert not make_metrics.in_order("recall", [1, 1, 1, 1])


def test_the_worst_damage_is_far_outside_of_what_real_against_real_gives(tables):
    for table in tables:
        for damage in ("Blur", "Noise"):
            for name in SHARP:
                none, *_, last = table[damage][name]
                lower = METRICS[name].better == "lower"
                assert last > 3 * none if lower else last < none / 3, (damage, name)


def test_dropped_modes_are_counted_exactly(tables):
    for table in tables:
        assert table["Dropped modes"]["modes_covered"] == [8, 6, 4, 2]


def test_the_page_shows_these_figures(tables):
    page = make_metrics.PAGE.read_text(encoding="utf-8")
    shown = page.partition(make_metrics.BEGIN)[2].partition(make_metrics.END)[0]
    number = r"-?\d[\d.]*(?:e-?\d+)?(?= \|)"  # the last digit shown may differ between machines
    written = make_metrics.section(tables)
    assert re.sub(number, "#", shown).strip() == re.sub(number, "#", written).strip(), (
        "Run `python docs/make_metrics.py`."
    )
    ours, theirs = ([float(n) for n in re.findall(number, text)] for text in (written, shown))
    assert len(ours) > 100
    assert ours == pytest.approx(theirs, rel=0.02, abs=1e-6)


def test_changed_figures_change_the_page():
    page = f"A\n{make_metrics.BEGIN}\nold\n{make_metrics.END}\nB\n"
    assert make_metrics.filled(page, "new") == page.replace("old", "new")
