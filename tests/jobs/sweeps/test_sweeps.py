"""Sweeps without any training: plans, what is taken by whom, and tables."""

import contextlib
import json
from pathlib import Path

import pytest

from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.lookup import find_model
from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.errors import GanzooError, Interrupted, InvalidInput, UsageError
from ganzoo.files.publish import make_folder
from ganzoo.jobs.sweeps import search, workers
from ganzoo.jobs.sweeps.outcome import outcome, record_outcome
from ganzoo.jobs.sweeps.sweep import Sweep, open_sweep, plan_sweep
from ganzoo.jobs.sweeps.values import Range, parse_over

PROTOCOL = {"data": "mixture", "real": 100, "fake": 100, "weights": "raw", "seed": 0}


def planned(*over: str, seeds=(0, 1), trials=None) -> Sweep:
    recipe = find_model("gan-mixture").recipe
    return plan_sweep(
        Sweep(
            folder=Path("runs"), model="gan-mixture", recipe=recipe, over=list(over),
            seeds=list(seeds), backend="jax", trials=trials,
        )
    )  # fmt: skip


def leave_run(sweep, path, values, seed, events=None, *, state="finished", scores=()):
    """What a training leaves, as far as a sweep reads it; by default one score, from the values."""
    batch = float(values.get("batch", 1))
    make_folder(path)
    run = Run(path)
    run.recipe_path.write_text(sweep.run_recipe(values, seed).toml())
    run.card_path.write_text(find_model("gan-mixture").model_copy(update={"results": []}).toml())
    manifest = {"state": state, "model": "gan-mixture", "evaluation": PROTOCOL}
    run.manifest_path.write_text(json.dumps(manifest))
    for step, score in enumerate(scores or [batch + seed], start=1):
        run.append_log({"step": step, "seconds": 1.0, "frechet": score})
        if events:
            events({"event": "evaluation", "step": step, "frechet": score})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("batch=32, 64", ("batch", ("32", "64"))),
        ("architecture.units=[8, 8],[16]", ("architecture.units", ("[8, 8]", "[16]"))),
        ("a=1..8", ("a", Range(low=1, high=8))),
        ("a=0.5..1", ("a", Range(low=0.5, high=1.0))),
        ("a = log:1e-4..1e-2", ("a", Range(low=1e-4, high=1e-2, log=True))),
    ],
)
def test_values_are_a_list_or_a_range(text, expected):
    assert parse_over(text) == expected
    one = parse_over(text)[1]
    assert not isinstance(one, Range) or type(one.low) is type(one.high)


@pytest.mark.parametrize("text", ["batch", "batch=", "a=1,,2", "a=1,1", "a=2..1", "a=log:0..1"])
def test_other_values_are_refused(text):
    with pytest.raises(UsageError, match="Received"):
        parse_over(text)


def test_the_same_plan_is_the_same_folder_with_a_run_for_each_combination_and_seed():
    sweep = planned("gan.loss=hinge,non_saturating", "batch=8,16", seeds=[3, 5])
    assert planned("gan.loss=hinge,non_saturating", "batch=8,16", seeds=[3, 5]) == sweep
    assert open_sweep(sweep.folder) == sweep
    assert sweep.folder.parent == Path("runs/sweeps")
    combinations = list(sweep.grid())
    assert combinations[1:3] == [
        {"gan.loss": "hinge", "batch": "16"}, {"gan.loss": "non_saturating", "batch": "8"},
    ]  # fmt: skip
    names = [path.name[:5] for i in range(4) for path, _ in sweep.runs(i)]
    assert names == [f"{number:05d}" for number in range(1, 9)]
    path, seed = sweep.runs(2)[1]
    recipe = sweep.run_recipe(combinations[2], seed)
    training = recipe.training
    assert (recipe.gan.loss, training.batch, training.seed) == ("non_saturating", 8, 5)
    assert training.evaluate_every  # at the end at least
    assert planned("batch=8,16", trials=3).folder == planned("batch=8,16", trials=9).folder


@pytest.mark.parametrize(
    ("over", "plan"),
    [
        ([], {}), (["batch=1,2", "batch=3"], {}), (["seed=1,2"], {}), (["batch=1..9"], {}),
        (["batch=1,0"], {}), (["nothing=1,2"], {}), (["batch=1"], {"seeds": [1, 1]}),
        (["batch=0..9"], {"trials": 3}),
    ],
)  # fmt: skip
def test_what_no_run_can_train_is_refused_before_there_is_a_folder(over, plan):
    with pytest.raises(UsageError):
        planned(*over, **plan)
    assert not Path("runs").exists()


def test_a_broken_plan_is_refused():
    sweep = planned("batch=8,16")
    (sweep.folder / "sweep.json").write_text('{"over": ["batch=8"]}')
    with pytest.raises(InvalidInput):
        open_sweep(sweep.folder)
    with pytest.raises(UsageError, match="sweep.json"):
        open_sweep(Path("runs"))


def test_a_worker_leaves_alone_what_is_done_or_taken_and_tries_a_failed_run_once(monkeypatch):
    sweep, trained = planned("batch=1,2", seeds=[0, 1]), []
    runs = {path: (values, seed) for i, values in enumerate(sweep.grid())
            for path, seed in sweep.runs(i)}  # fmt: skip
    done, failed, taken, new = runs
    leave_run(sweep, done, *runs[done], state="diverged")
    leave_run(sweep, failed, *runs[failed], state="failed")
    monkeypatch.setattr(workers, "train_run", lambda sweep, path, *_: trained.append(path))
    with sweep.lock(taken.name):
        workers.train_grid(sweep, events=print)
    assert trained == [failed, new]


def test_what_is_wrong_with_one_run_ends_no_sweep_but_a_signal_does(monkeypatch):
    sweep, events = planned("batch=1"), []
    (path, seed), _ = sweep.runs(0)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(workers, "train", fail)
    error = GanzooError("No memory.")
    path.mkdir()  # killed before there was a checkpoint
    assert not workers.train_run(sweep, path, {"batch": "1"}, seed, events.append)
    assert "No memory" in events[0]["message"] and not path.exists()
    assert main(["sweep", "--resume", str(sweep.folder)]) == 5
    error = Interrupted("Stopped.", signal_number=15)
    with pytest.raises(Interrupted):
        workers.train_run(sweep, path, {"batch": "1"}, seed, events.append)


def test_the_table_has_mean_and_spread_best_first_and_what_lacks_a_result_last(capsys):
    sweep = planned("batch=4,2,1", seeds=[0, 2])
    for i, values in enumerate(sweep.grid()):
        for path, seed in sweep.runs(i):
            state = "diverged" if (values["batch"], seed) == ("1", 2) else "finished"
            leave_run(sweep, path, values, seed, state=state)
    rows = outcome(sweep)["combinations"]
    assert [row["values"]["batch"] for row in rows] == ["2", "4", "1"]
    assert [row["mean"] for row in rows] == [3, 5, None] and rows[0]["spread"] == 2**0.5
    assert rows[2]["state"] == "1 finished, 1 diverged"

    capsys.readouterr()
    assert main(["sweep", "--resume", str(sweep.folder), "--format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| batch | frechet | ± | state | runs |"
    assert lines[2] == "| 2 | 3 | 1.414 | 2 finished | 3-4 |"
    assert main(["sweep", "--resume", str(sweep.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["combinations"][1]["runs"][0]["value"] == 4
    assert main(["sweep", "gan-mixture", "--resume", str(sweep.folder)]) == 2

    for path in record_outcome(outcome(sweep)):
        (result,) = Card.read(path).results
        assert (result.value, result.spread) == (3, 2**0.5)
        assert result.protocol.model_extra["training_seeds"] == "0, 2"


def test_optuna_has_as_many_combinations_as_planned_and_a_killed_one_is_taken_over(monkeypatch):
    pytest.importorskip("optuna")
    sweep = planned("batch=1..64", seeds=[0, 1], trials=4)
    monkeypatch.setattr(search, "train_run", leave_run)
    study = search.open_study(sweep)
    study.ask()  # by a worker that was killed before it began
    held = study.ask().number
    with contextlib.ExitStack() as stack:
        stack.enter_context(sweep.lock(f"combination-{held}"))  # by one that lives
        search.train_search(sweep, events=lambda event: None)
        assert len(outcome(sweep)["combinations"]) == 3
    search.train_search(sweep, events=lambda event: None)
    rows = outcome(sweep)["combinations"]
    assert len(rows) == 4 and all(row["state"] == "2 finished" for row in rows)
    for row in rows:
        batch = int(row["values"]["batch"])
        assert row["mean"] == batch + 0.5
        assert Run(Path(row["runs"][1]["run"])).recipe().training.batch == batch
    assert [row["mean"] for row in rows] == sorted(row["mean"] for row in rows)


def test_a_combination_worse_than_the_median_is_given_up_after_its_first_evaluations(monkeypatch):
    pytest.importorskip("optuna")
    sweep = planned("batch=1..64", seeds=[0, 1], trials=7)
    signals = []
    monkeypatch.setattr(search.signal, "raise_signal", signals.append)

    def train(sweep, path, values, seed, events):
        last = path.name.startswith("00013")  # of the seventh combination, with the first seed
        state = "interrupted" if last else "finished"
        leave_run(sweep, path, values, seed, events, state=state, scores=[900 if last else 5, 4])
        if last:
            raise Interrupted("Stopped.", signal_number=15)

    monkeypatch.setattr(search, "train_run", train)
    search.train_search(sweep, events=lambda event: None)
    rows = outcome(sweep)["combinations"]
    assert len(signals) == 1 and rows[-1]["state"] == "pruned"
    assert [run["state"] for run in rows[-1]["runs"]] == ["interrupted", "not begun"]
