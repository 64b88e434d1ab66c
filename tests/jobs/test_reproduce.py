"""Reproducing: the same comes out again, and what is not the same is told."""

import json
import shutil

import pytest

from ganzoo.catalog.registry.cards import Card, Result
from ganzoo.catalog.registry.versions import open_version, publish_version
from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.errors import UnknownName, UsageError
from ganzoo.jobs.evaluation.evaluate import evaluate, record_results
from ganzoo.jobs.hub.bundle import build_bundle
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.reproduce import compare_result, published_results, reproduce
from ganzoo.jobs.training.train import train

METRICS = ["frechet", "kernel", "patch_wasserstein"]


@pytest.fixture(scope="module")
def published(plain, tmp_path_factory):
    """A home with the model `small` in it, trained and evaluated once for the module."""
    folder = tmp_path_factory.mktemp("published")
    run = train(plain("steps=6"), run=folder / "run")
    for seeds in ([0], [0, 1]):
        record_results(run.path, evaluate(run.path, metrics=METRICS, n=60, seeds=seeds))
    record_results(run.path, evaluate(run.path, metrics=["frechet"], n=40))
    push(run.path, "small", license="MIT", folder=folder / "home" / "registry")
    return folder / "home"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def small(published, home):
    """The folder of the model `small`, in a home of the test's own."""
    shutil.copytree(published, home, dirs_exist_ok=True)
    return home / "registry" / "small"


@pytest.fixture
def claimed(small):
    """`claimed(change)`: a second version, whose results are what `change` makes of them."""

    def make(change):
        files = open_version(small, 1).read_all()
        tables = Card.read(small / "1" / "card.toml").tables()
        tables["results"] = change(tables["results"])
        files = {name: files[name] for name in ("generator.safetensors",)}
        files["card.toml"] = Card.from_tables(tables).toml().encode()
        bundle = build_bundle("small", files)
        publish_version(small.parent, "small", bundle.files, bundle.manifest)

    return make


# What needs no framework


def result(value=2.0, **changes):
    protocol = {"features": "digits", "fake": 10, "seed": 0, "step": 4}
    tables = {"metric": "frechet", "value": value, "protocol": protocol | changes.pop("of", {})}
    return Result.model_validate(tables | changes)


def measured(value, **changes):
    protocol = {"features": "digits", "fake": 10, "seed": 5, "step": 9, "real": 64}
    return {"metric": "frechet", "value": value, "protocol": protocol | changes}


@pytest.mark.parametrize(
    ("result_of_card", "value", "tolerance", "fine"),
    [
        (result(), 2.19, 0.2, True),
        (result(), 2.21, 0.2, False),
        (result(), 1.79, 0.2, False),
        (result(-2.0), -2.19, 0.2, True),
        (result(spread=0.1), 2.29, 0.3, True),
        (result(error=0.1), 2.29, 0.3, True),
        (result(spread=0.1, error=9.0), 2.31, 0.3, False),
        (result(spread=0.001), 2.19, 0.2, True),
        (result(0.0), 0.0, 0.0, True),
        (result(0.0), 0.01, 0.0, False),
    ],
)
def test_a_number_may_differ_by_three_spreads_or_a_share_of_itself(
    result_of_card, value, tolerance, fine
):
    found = compare_result(result_of_card, measured(value), 0.1)
    assert found["tolerance"] == pytest.approx(tolerance)
    assert found["difference"] == value - result_of_card.value
    assert found["reproduced"] is fine


@pytest.mark.parametrize(
    ("result_of_card", "said"),
    [
        (result(of={"fake": 11}), "fake = 11, here it is 10"),
        (result(of={"digest": "a" * 64}), f"digest = {'a' * 12}, here it is None"),
        (result(of={"subsets": 3}), "subsets = 3, here it is None"),
    ],
)
def test_numbers_of_different_protocols_are_not_compared(result_of_card, said):
    found = compare_result(result_of_card, measured(2.0), 0.1)
    assert found["reproduced"] is None and said in found["reason"]
    assert "measured" not in found


def test_a_card_without_results_is_refused_before_anything_is_slow(home):
    with pytest.raises(UsageError, match=r"has no results.*ganzoo train gan-mnist-small"):
        published_results("gan-mnist-small")
    with pytest.raises(UnknownName):
        published_results("nothing-of-the-kind")


# What trains


@pytest.mark.backend
def test_the_same_training_gives_the_same_numbers(small, tmp_path):
    found = reproduce(published_results("small@1"), run=tmp_path / "again")
    assert found["reproduced"] and found["backend"]["here"] == found["backend"]["card"]
    rows = found["results"]
    assert sorted({row["metric"] for row in rows}) == sorted(METRICS)
    assert len(rows) == len(Card.read(small / "1" / "card.toml").results) >= 4
    assert all(abs(row["difference"]) <= 1e-3 * abs(row["value"]) for row in rows)
    run = Run.open(found["run"])
    assert run.manifest()["model"] == "small" and run.recipe().training.steps == 6
    again = Card.read(run.card_path).results  # the new run's card holds what was measured
    assert {(one.metric, one.protocol.fake) for one in again} == {
        (one.metric, one.protocol.fake) for one in published_results("small").card.results
    }


@pytest.mark.backend
def test_another_number_is_not_reproduced(claimed, tmp_path, capsys):
    def change(results):
        frechet = next(one for one in results if one["metric"] == "frechet")
        other = {"metric": "newer", "value": 1.0, "protocol": {"fake": 60}}
        wrong = frechet | {"protocol": frechet["protocol"] | {"fingerprint": "0" * 64}}
        return [frechet | {"value": 2 * frechet["value"]}, other, wrong]

    claimed(change)
    assert main(["reproduce", "small", "--run", str(tmp_path / "again")]) == 3
    out, err = capsys.readouterr()
    assert "NOT reproduced" in out and "small is not reproduced" in err
    assert "there is no metric 'newer' here" in out
    assert "data of fingerprint 000000000000" in out


@pytest.mark.backend
def test_what_cannot_be_compared_at_all_is_not_trained(claimed, tmp_path):
    protocol = {"features": "digits", "fake": 60, "digest": "0" * 64}
    claimed(lambda results: [{"metric": "frechet", "value": 1.0, "protocol": protocol}])
    with pytest.raises(UsageError, match="None of the results.*features of digest 000000000000"):
        reproduce(published_results("small"), run=tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.backend
def test_json_is_one_document_on_stdout(claimed, tmp_path, capsys):
    claimed(lambda results: [one for one in results if one["metric"] == "patch_wasserstein"][:1])
    assert main(["reproduce", "small", "--run", str(tmp_path / "again"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reproduced"] is True and found["results"][0]["metric"] == "patch_wasserstein"
