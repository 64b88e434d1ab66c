"""`train` and `resume`: what they ask of the jobs, and what they refuse before."""

import json
import warnings
from pathlib import Path

import pytest

from ganzoo.backend import select
from ganzoo.catalog.runs import Run
from ganzoo.errors import Diverged, EnvironmentProblem, Interrupted, InvalidInput, Locked

START = {"event": "start", "run": "runs/00001-toy", "model": "toy", "steps": 4, "dataset": "digits"}
STEP = {"event": "progress", "step": 4, "steps": 4, "d_loss": 0.5, "images_per_second": 99.0}
END = {"event": "end", "run": "runs/00001-toy", "step": 4}


def trained(*args, events, **kwargs):
    for event in (START, STEP, END):
        events(event)
    return Run(Path("runs/00001-toy"))


@pytest.fixture(autouse=True)
def backends(monkeypatch):
    """All backends are installed, as far as the command knows."""
    monkeypatch.setattr(select, "_is_installed", lambda name: True)


@pytest.fixture
def jobs(fake_job):
    calls = fake_job("training.train", train=trained)
    return fake_job("training.resume", calls=calls, resume=trained)


@pytest.fixture
def toy(card):
    return card("toy")


def test_train_hands_the_models_recipe_to_the_job(ganzoo, jobs, toy):
    done = ganzoo("train", "toy")
    assert done.code == 0
    (call,) = jobs
    assert call["args"][0].training.batch == 32
    assert call["model"] == "toy" and call["runs"] == Path("runs")
    assert call["run"] is None and call["backend"] is None
    assert call["argv"] == ["ganzoo", "train", "toy"]


def test_train_says_on_stdout_where_the_results_are_and_the_rest_on_stderr(ganzoo, jobs, toy):
    done = ganzoo("train", "toy")
    files = {"report": "report.html", "samples": "samples", "weights": "weights.safetensors"}
    rows = [[name, f"runs/00001-toy/{file}"] for name, file in files.items()]
    assert [line.split() for line in done.out.splitlines()] == [["run", "runs/00001-toy"], *rows]
    assert "step 4/4" in done.err and "d_loss 0.500" in done.err


def test_train_as_json_prints_one_event_per_line_and_nothing_else(ganzoo, jobs, toy):
    done = ganzoo("train", "toy", "--json")
    assert [json.loads(line) for line in done.out.splitlines()] == [START, STEP, END]
    assert done.err == ""


def test_options_and_settings_change_the_recipe(ganzoo, jobs, toy):
    words = "train toy --batch 16 --seed 7 --steps 9 --precision mixed_bfloat16 --backend torch"
    done = ganzoo(*words.split(), "--set", "log_every=3", "--set", "gan.loss=hinge")
    assert done.code == 0
    recipe = jobs[0]["args"][0]
    assert (recipe.training.batch, recipe.training.seed, recipe.training.log_every) == (16, 7, 3)
    assert (recipe.training.steps, recipe.training.epochs) == (9, None)
    assert recipe.training.precision == "mixed_bfloat16"
    assert recipe.gan.loss == "hinge"
    assert jobs[0]["backend"] == "torch"


def test_how_often_a_training_is_evaluated_and_with_which_features_is_passed_on(ganzoo, jobs, toy):
    assert ganzoo("train", "toy", "--evaluate-every", "9", "--features", "mnist").code == 0
    training = jobs[0]["args"][0].training
    assert (training.evaluate_every, training.evaluate_features) == (9, "mnist")
    assert ganzoo("resume", "1", "--evaluate-every", "9", "--features", "mnist").code == 0
    settings = ["training.evaluate_every=9", 'training.evaluate_features="mnist"']
    assert jobs[1]["settings"] == settings


def test_a_folder_of_its_own_and_a_place_for_numbered_runs_are_passed_on(ganzoo, jobs, toy):
    ganzoo("train", "toy", "--run", "mine")
    ganzoo("train", "toy", "--runs", "elsewhere")
    assert jobs[0]["run"] == Path("mine")
    assert (jobs[1]["run"], jobs[1]["runs"]) == (None, Path("elsewhere"))


def test_a_recipe_file_is_trained_without_a_model(ganzoo, jobs, toy, card):
    ganzoo("train", "toy", "--set", "batch=8")
    Path("mine.toml").write_text(jobs[0]["args"][0].toml())
    assert ganzoo("train", "mine.toml").code == 0
    assert jobs[1]["model"] is None
    assert jobs[1]["args"][0] == jobs[0]["args"][0]


def test_data_on_the_command_line_is_meant_from_here(ganzoo, jobs, card):
    card("images", dataset="folder")
    ganzoo("train", "images", "--data", "my photos")
    ganzoo("train", "images", "--set", "dataset.data=photos")
    here = Path.cwd()
    assert jobs[0]["args"][0].dataset.options["data"] == str(here / "my photos")
    assert jobs[1]["args"][0].dataset.options["data"] == str(here / "photos")


def test_data_in_a_recipe_file_is_meant_from_the_file(ganzoo, jobs, card):
    card("images", dataset="folder")
    ganzoo("train", "images", "--set", "dataset.data=photos")
    recipe = jobs[0]["args"][0].toml().replace(str(Path.cwd() / "photos"), "../photos")
    folder = Path("recipes")
    folder.mkdir()
    (folder / "mine.toml").write_text(recipe)
    ganzoo("train", "recipes/mine.toml")
    assert jobs[1]["args"][0].dataset.options["data"] == str(Path.cwd() / "photos")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--steps 3 --epochs 2", "Received: --steps, --epochs"),
        ("--images 3 --steps 3 --epochs 2", "Received: --images, --steps, --epochs"),
        ("--run a --runs b", "Received: --run, --runs"),
        ("--batch 3 --set batch=4", "--batch and --set batch=... both set training.batch"),
        ("--seed 3 --set training.seed=4", "both set training.seed"),
        ("--batch 0", "`training.batch` in the settings must be at least 1. Received: 0"),
        ("--batch 2147483648", "training.batch"),
        ("--steps -5", "training.steps"),
        ("--steps abc", "--steps"),
        ("--steps nan", "--steps"),
        ("--steps 1e3", "--steps"),
        ("--seed -1", "training.seed"),
        ("--evaluate-every -1", "--evaluate-every"),
        ("--features mnistt --evaluate-every 5", "Did you mean 'mnist'"),
        ("--evaluate-every 5 --set evaluate_every=6", "both set training.evaluate_every"),
        ("--features mnist --set evaluate_features=mnist", "--features and --set evaluate_f"),
        ("--set evaluate_samples=1", "`training.evaluate_samples` in the settings must be at"),
        ("--seed 18446744073709551616", "training.seed"),
        ("--precision float8", "training.precision"),
        ("--set generator_optimizer.learning_rate=nan", "learning_rate"),
        ("--set batsh=3", "Did you mean 'batch'"),
        ("--set batch", "key=value"),
        ("--set gan.loss=hing", "Did you mean 'hinge'"),
        ("--set architecture.name=mpl", "Unknown architecture. Received: 'mpl'"),
        ("--set dataset.name=digit", "Did you mean 'digits'"),
        ("--set dataset.size=64", "size"),
        ("--stpes 3", "Did you mean '--steps'"),
        ("--dry-runs", "Did you mean '--dry-run'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_starts(words, message, ganzoo, jobs, toy):
    done = ganzoo("train", "toy", *words.split())
    assert (done.code, done.out, jobs) == (2, "", [])
    assert message in done.err
    assert done.err.startswith("error: ") and done.err.count("\n") == 1


def test_a_backend_that_is_not_there_is_refused_before_anything_starts(
    ganzoo, jobs, toy, monkeypatch
):
    monkeypatch.setattr(select, "_is_installed", lambda name: name == "jax")
    assert ganzoo("train", "toy", "--backend", "jxa").code == 2
    done = ganzoo("train", "toy", "--backend", "torch")
    assert (done.code, jobs) == (5, [])
    assert 'pip install "keras-ganzoo[torch]"' in done.err


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "toy.", "toy ", "ty", "x" * 10_000, "\U0001f600", "no.toml", "a\nb"]
)
def test_a_name_that_is_no_model_is_refused_in_one_line(name, ganzoo, jobs, toy):
    done = ganzoo("train", name)
    assert (done.code, done.out, jobs) == (2, "", [])
    assert done.err.count("\n") == 1 and len(done.err) < 1200


def test_a_recipe_file_that_is_broken_is_refused_with_its_name(ganzoo, jobs):
    Path("mine.toml").write_text("[training]\nbatch = 3\nbatch = 4\n")
    done = ganzoo("train", "mine.toml")
    assert (done.code, jobs) == (2, [])
    assert "mine.toml" in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("bad image"), 3),
        (EnvironmentProblem("disk full"), 5),
        (Diverged("nan"), 6),
        (Locked("in use"), 7),
        (Interrupted("saved", signal_number=2, hint="ganzoo resume runs/00001-toy"), 130),
        (Interrupted("saved", signal_number=15), 143),
        (MemoryError(), 5),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"), 5),
        (ImportError("failed to map segment", name="scipy.sparse"), 5),
        (OSError(28, "No space left on device"), 5),
        (OSError(24, "Too many open files", "a/b"), 5),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_of_a_job_is_one_line_and_its_code(error, code, ganzoo, fake_job, toy):
    fake_job("training.train", train=error)
    done = ganzoo("train", "toy")
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ") == (code not in (130, 143))
    assert done.err.count("\n") == 1


def test_an_error_with_json_is_an_object_on_stdout_as_well(ganzoo, fake_job, toy):
    fake_job("training.train", train=Diverged("d_loss is nan at step 7."))
    done = ganzoo("train", "toy", "--json")
    assert done.json == {"error": "d_loss is nan at step 7.", "exit_code": 6}
    assert done.err == "error: d_loss is nan at step 7.\n"


def test_a_usage_error_with_json_is_an_object_too(ganzoo):
    done = ganzoo("train", "--json")
    assert done.json["exit_code"] == done.code == 2


def test_an_unexpected_error_asks_for_a_report_in_one_line(ganzoo, fake_job, toy):
    fake_job("training.train", train=ZeroDivisionError("by\nzero."))
    done = ganzoo("train", "toy")
    assert done.code == 1 and done.err.count("\n") == 1
    assert "ZeroDivisionError: by zero. Please" in done.err and "--debug" in done.err


@pytest.mark.parametrize("words", [("--debug", "train", "toy"), ("train", "toy", "--debug")])
def test_debug_shows_the_traceback_wherever_it_stands(words, ganzoo, fake_job, toy):
    fake_job("training.train", train=Diverged("nan"))
    done = ganzoo(*words)
    assert done.code == 6
    assert "Traceback (most recent call last)" in done.err
    assert done.err.splitlines()[-1] == "error: nan"


def test_warnings_of_a_job_are_one_line_each(ganzoo, fake_job, toy):
    def warn(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("careful\nnow", stacklevel=1)
        return Run(Path("runs/00001-toy"))

    fake_job("training.train", train=warn)
    assert ganzoo("train", "toy").err == "warning: careful now\n"


def test_a_dry_run_prints_the_plan_and_does_not_train(ganzoo, fake_job, jobs, toy):
    layer = {"name": "up_8", "kind": "Conv2D", "shape": ["batch", 8, 8, 1], "parameters": 4321}
    plan = {
        "steps": 1234, "image_shape": [8, 8, 1], "parameters": {"generator": 5},
        "memory": {"state": 3 * 2**20}, "layers": {"generator": [layer], "discriminator": []},
    }  # fmt: skip
    plans = fake_job("training.plan", plan=plan)
    fake_job("memory", measure_memory={"process": 5 * 2**20})
    done = ganzoo("train", "toy", "--dry-run", "--backend", "jax")
    assert done.code == 0 and jobs == []
    assert plans[0]["backend"] == "jax"
    rows = [line.split() for line in done.out.splitlines()]
    for row in (
        "steps 1,234",
        "image_shape 8 x 8 x 1",
        "generator 5",
        "state 3.0 MiB",
        "process 5.0 MiB",
    ):
        assert row.split() in rows
    assert ["up_8", "Conv2D", "batch", "x", "8", "x", "8", "x", "1", "4,321"] in rows
    assert ganzoo("train", "toy", "--dry-run", "--json").json["memory"]["process"] == 5 * 2**20


@pytest.mark.parametrize("name", ["cyclegan-facades", "cyclegan-flowers-small"])
@pytest.mark.parametrize("option", [(), ("--dry-run",)])
def test_images_of_ones_own_are_asked_for_by_the_option_that_gives_them(name, option, ganzoo):
    done = ganzoo("train", name, *option)
    assert (done.code, done.out) == (2, "")
    assert "unpaired needs --data PATH" in done.err and done.err.count("\n") == 1
    assert not Path("runs").exists()


def test_a_dry_run_on_data_of_an_unknown_form_that_are_not_here_ends_in_one_line(ganzoo, card):
    card("animals", dataset="afhq")
    done = ganzoo("train", "animals", "--dry-run")
    assert (done.code, done.out) == (5, "")
    assert "AFHQ is not here" in done.err and "--data PATH" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("name", ["1", "00001-toy", "runs/00001-toy"])
def test_resume_hands_the_run_and_what_may_change_to_the_job(name, ganzoo, jobs):
    words = ("resume", name, "--set", "training.steps=99", "--data", "photos")
    assert ganzoo(*words).code == 0
    assert jobs[0]["args"] == (name,)
    assert jobs[0]["settings"] == ["training.steps=99", 'dataset.data="photos"']
    assert jobs[0]["argv"] == ["ganzoo", *words]


@pytest.mark.parametrize(("name", "code"), [("7", 2), ("nothing", 2), (".", 3), ("", 2)])
def test_resume_of_what_is_no_run_is_refused(name, code, ganzoo):
    done = ganzoo("resume", name)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ") and done.err.count("\n") == 1


def test_resume_takes_no_backend_since_the_run_has_one(ganzoo, jobs):
    assert ganzoo("resume", "1", "--backend", "jax").code == 2
    assert jobs == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["train"], "Expected a model, a recipe, or --data"),
        (["train", "dcgan"], "ganzoo train dcgan --data FOLDER"),
        (["train", "mixture", "--data", "x"], "'mixture' is a data set"),
        (["train", "dcgan", "--data", "nowhere"], "does not exist"),
        (["train", "--data", "nowhere"], "does not exist"),
    ],
)
def test_what_names_no_recipe_ends_with_the_way_to_one(argv, said, ganzoo, jobs):
    done = ganzoo(*argv)
    assert (done.code, done.out, jobs) == (2, "", [])
    assert said in done.err and done.err.count("\n") == 1
