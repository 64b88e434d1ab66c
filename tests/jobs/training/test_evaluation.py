"""Evaluation during training: it moves nothing, and the best checkpoint is never lost."""

import json
import signal

import numpy as np
import pytest
from comparison import differing

from ganzoo.catalog import run_log, run_manifest
from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.errors import Interrupted, InvalidInput, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.jobs.evaluation.evaluate import evaluate
from ganzoo.jobs.models import load
from ganzoo.jobs.models.export import export
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.training import evaluation
from ganzoo.jobs.training.evaluation import PeriodicEvaluation
from ganzoo.jobs.training.resume import resume
from ganzoo.jobs.training.train import train
from ganzoo.metrics import MetricResult

pytestmark = pytest.mark.backend

EVALUATED = (
    "steps=8", "evaluate_every=2", "evaluate_samples=40", "checkpoint_every=1",
    "keep_checkpoints=1", "sample_every=100",
)  # fmt: skip
UNTIMED = ("step", "images", "d_loss", "g_loss", "frechet", "precision", "recall")


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """One cache of real features for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("GANZOO_CACHE", raising=False)
        yield


@pytest.fixture
def scripted(monkeypatch):
    """`scripted({2: 5.0, ...})`: the distance at each step, whatever the images are."""

    def script(values):
        queue = iter(values)

        def made(*args, **kwargs):
            numbers = {"frechet": next(queue), "precision": 0.5, "recall": 0.25}
            return [MetricResult(metric=m, value=v, protocol={}) for m, v in numbers.items()]

        monkeypatch.setattr(evaluation, "evaluate_gan", made)

    return script


def log_of(run, keys=UNTIMED):
    return [{k: e[k] for k in keys if k in e} for e in run.log()]


def best_in(run):
    return checkpoints.newest(run.checkpoints, report=pytest.fail).about.get("best")


def steps_in(run):
    return sorted(int(path.name[5:]) for path in run.checkpoints.iterdir())


def test_an_evaluated_run_logs_its_numbers_and_is_otherwise_the_same_to_the_last_bit(
    recipe, place, arrays
):
    """The GAN with every kind of state; 3 is no multiple of any other cadence."""
    settings = ("dataset.name=digits", "dataset.images=40", "steps=8", "log_every=4")
    plain = train(recipe(*settings), run=place / "plain")
    said = []
    asked = recipe(*settings, "evaluate_every=3", "evaluate_samples=30")
    evaluated = train(asked, run=place / "evaluated", events=said.append)

    assert not differing(arrays(plain), arrays(evaluated))
    logged = {entry["step"]: entry for entry in evaluated.log()}
    assert list(logged) == [3, 4, 6, 8]
    assert [step for step, entry in logged.items() if "frechet" in entry] == [3, 6, 8]
    losses = ("step", "images", "d_loss", "g_loss", "d_real_accuracy", "d_fake_accuracy", "r1")
    assert log_of(plain, losses) == [e for e in log_of(evaluated, losses) if e["step"] in (4, 8)]
    events = [event for event in said if event["event"] == "evaluation"]
    assert [event["step"] for event in events] == [3, 6, 8]
    assert all(event["frechet"] == logged[event["step"]]["frechet"] for event in events)
    assert json.loads(json.dumps(said)) == said


def test_fused_steps_are_not_cut_for_an_evaluation(plain, place, arrays):
    """Steps 3 and 6 lie inside a dispatch: what is due there is evaluated at its end."""
    fused = ("steps=8", "steps_per_dispatch=4", "log_every=4", "sample_every=8")
    alone = train(plain(*fused), run=place / "alone")
    asked = plain(*fused, "evaluate_every=3", "evaluate_samples=30")
    evaluated = train(asked, run=place / "evaluated")
    assert [entry["step"] for entry in evaluated.log() if "frechet" in entry] == [4, 8]
    assert not differing(arrays(alone), arrays(evaluated))


def test_the_numbers_are_those_of_evaluate_with_the_same_protocol(plain, place):
    run = train(plain("evaluate_every=3", "evaluate_samples=50"), run=place / "run")
    found = evaluate(run.path, metrics=["frechet", "precision", "recall"], n=50)
    last = run.log()[-1]
    assert last["step"] == 4  # not due, but the last
    for table in found:
        assert last[table["metric"]] == pytest.approx(table["value"], rel=1e-4)
    assert found[0]["protocol"] == run.manifest()["evaluation"] | {"step": 4}
    page = run.report_path.read_text()
    assert "Fréchet distance" in page and "Precision and recall" in page
    assert "Measured with: features digits" in page and "fake 50" in page


def test_the_best_checkpoint_is_kept_and_found_by_name(plain, place, arrays, scripted, monkeypatch):
    """Best at step 4; then only the newest and that one stay."""
    scripted([9.0, 3.0, 5.0, 3.0])  # the second 3.0 is no better
    said = []
    run = train(plain(*EVALUATED), runs=place / "runs", events=said.append)

    assert steps_in(run) == [4, 8]
    assert best_in(run) == {"metric": "frechet", "value": 3.0, "step": 4}
    assert [e["best"] for e in said if e["event"] == "evaluation"] == [True, True, False, False]
    average = {n: a for n, a in arrays(run, 4).items() if n.startswith("ema/")}
    for name in ("1@best", f"{run.path}@best", f"{run.path.name}@best"):
        found = find_source(name)
        assert found.about["step"] == 4, name
    assert found.title == f"{run.path.name}-best"
    assert find_source(run.path).about["step"] == 8
    best, newest = load.load("1@best"), load.load("1")
    assert (best.sample(3, seed=1) != newest.sample(3, seed=1)).any()
    exported = safetensors.load(export("1@best", place / "best.safetensors"))
    for name, array in average.items():
        assert (exported[name.replace("ema/", "generator/")] == array).all()
    pushed = push("1@best", "toy", license="MIT", folder=place / "registry")
    version = safetensors.metadata(place / "registry" / "toy" / "1" / "generator.safetensors")
    assert pushed["version"] == 1 and version["step"] == 4


def test_without_an_evaluation_there_is_no_best(plain, place):
    run = train(plain("steps=1"), run=place / "run")
    with pytest.raises(UsageError, match="no best checkpoint.*--evaluate-every"):
        find_source(f"{run.path}@best")
    assert "evaluation" not in run.manifest()
    assert "frechet" not in run.log()[-1]


def test_a_run_that_died_in_its_last_checkpoint_keeps_no_more_than_another(
    plain, place, scripted, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(folder, step, **kept):
        if step == 8:
            raise Killed
        rotate(folder, step, **kept)

    scripted([4.0, 7.0, 6.0, 3.0])
    rotate = checkpoints.rotate
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoints, "rotate", die)
        train(plain(*EVALUATED), run=place / "run")
    assert steps_in(Run(place / "run")) == [2, 7, 8]
    assert steps_in(resume(place / "run")) == [8]


@pytest.mark.parametrize("step", [3, 4, 7])
def test_an_evaluated_run_that_died_ends_with_the_same_log_and_the_same_best(
    step, whole, rewound, arrays
):
    died = rewound(whole, step)
    if step != 3:  # a crash may leave a line that no checkpoint has
        run_log.truncate_log(died.log_path, step)
        run_manifest.write(died.path, died.manifest())
    resume(died.path)
    assert log_of(died) == log_of(whole)
    assert best_in(died) == best_in(whole)
    assert not differing(arrays(whole), arrays(died))


@pytest.fixture(scope="module")
def whole(plain, tmp_path_factory):
    """An evaluated run that was never stopped, with a checkpoint after each step."""
    settings = (*EVALUATED, "keep_checkpoints=100")
    return train(plain(*settings), run=tmp_path_factory.mktemp("whole") / "run")


def test_a_resumed_run_knows_the_best_so_far_and_keeps_it(plain, place, scripted):
    scripted([4.0, 7.0, 6.0, 8.0, 3.0, 9.0])
    run = train(plain(*EVALUATED, "steps=4"), run=place / "run")
    assert steps_in(run) == [2, 4]
    resume(run.path, settings=["steps=8"])
    assert steps_in(run) == [2, 8] and best_in(run)["step"] == 2
    resume(run.path, settings=["steps=10", "evaluate_every=0"])  # no evaluation, and still kept
    assert steps_in(run) == [2, 10] and best_in(run)["step"] == 2
    resume(run.path, settings=["steps=14", "evaluate_every=2"])
    assert steps_in(run) == [12, 14] and best_in(run)["step"] == 12


def test_a_run_can_be_evaluated_from_the_middle_on_but_not_by_another_protocol(plain, place):
    run = train(plain("steps=2"), run=place / "run")
    resume(run.path, settings=["steps=4", "evaluate_every=1", "evaluate_samples=30"])
    assert [e["step"] for e in run.log() if "frechet" in e] == [3, 4]
    before = run.log_path.read_bytes()
    with pytest.raises(UsageError, match="Expected: fake 30. Received: fake 40.*evaluate-every 0"):
        resume(run.path, settings=["steps=6", "evaluate_samples=40"])
    assert run.log_path.read_bytes() == before


def test_a_best_checkpoint_that_is_broken_is_not_replaced_in_silence(plain, place, scripted):
    scripted([9.0, 3.0, 5.0, 4.0])
    run = train(plain(*EVALUATED), run=place / "run")
    (run.checkpoints / "step-00000004" / "MANIFEST.json").unlink()
    with pytest.raises(InvalidInput, match="step 4 .* is broken or gone"):
        find_source(f"{run.path}@best")
    assert find_source(run.path).about["step"] == 8


def test_points_are_evaluated_as_they_are(plain, place):
    points = plain("evaluate_every=2", "evaluate_samples=30", "dataset.name=mixture",
                   "dataset.points=100")  # fmt: skip
    run = train(points, run=place / "run")
    assert all(np.isfinite(entry["frechet"]) for entry in run.log())
    assert "features" not in run.manifest()["evaluation"]
    with pytest.raises(UsageError, match="Points have no features"):
        train(apply_settings(points, ["evaluate_features=digits"]), run=place / "other")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--features", "inception"], ["not here", "convert_inception", "--features NAME"]),
        (["--features", "cifar10"], ["32x32", "8 x 8"]),
        (["--features", "digitz"], ["Did you mean 'digits'"]),
        (["--set", "dataset.images=9", "--set", "training.batch=4"], ["at least 10 real images"]),
        (["--set", "evaluate_every=3"], ["--evaluate-every and --set evaluate_every=..."]),
    ],
)
def test_what_cannot_be_evaluated_is_said_before_anything_is_made(
    options, words, plain, place, capsys
):
    (place / "recipe.toml").write_text(plain().toml())
    code = main(["train", "recipe.toml", "--evaluate-every", "2", "--run", "run", *options])
    said = capsys.readouterr().err
    assert code == 2 and said.startswith("error: ") and said.count("\n") == 1, said
    assert all(word in said for word in words), said
    assert not (place / "run").exists()


def test_a_signal_while_real_images_are_looked_at_leaves_nothing(plain, place):
    heard = []

    def press(event):
        heard.append(event["what"])
        signal.raise_signal(signal.SIGINT)

    asked = plain("evaluate_every=2", "dataset.images=77")  # not in the cache yet
    with pytest.raises(Interrupted, match="nothing was changed"):
        train(asked, run=place / "run", events=press)
    assert heard == ["digits: features digits"]
    assert not (place / "run").exists()


def test_images_that_are_not_finite_are_logged_so_and_are_never_the_best(plain, place, monkeypatch):
    def broken(*args, **kwargs):
        raise InvalidInput("A number is not finite.")

    monkeypatch.setattr(evaluation, "evaluate_gan", broken)
    run = train(plain("evaluate_every=2"), run=place / "run")
    assert [entry["frechet"] for entry in run.log()] == [None, None]
    assert best_in(run) is None and run.manifest()["state"] == "finished"


def test_an_edge_from_a_multiple_on_is_due_once_and_the_last_step_always():
    evaluation = PeriodicEvaluation.__new__(PeriodicEvaluation)
    evaluation.every = 10
    edges = [0, 8, 16, 24, 32, 40, 48, 56]
    due = [b for a, b in zip(edges, edges[1:], strict=False) if evaluation.is_due(a, b, 100)]
    assert due == [16, 24, 32, 40, 56]
    assert evaluation.is_due(96, 99, 99) and not evaluation.is_due(99, 99, 99)
    evaluation.every = 0
    assert not evaluation.is_due(0, 99, 99)
