import fcntl
import json
import os
import signal
import subprocess
import sys
from itertools import chain, repeat
from pathlib import Path

import pytest

from ganzoo.catalog import run_folders, run_lock
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run, split_best
from ganzoo.errors import EnvironmentProblem, InvalidInput, Locked, UnknownName, UsageError


@pytest.fixture
def run(tmp_path, tables):
    run = Run.create_at(tmp_path / "run")
    run.recipe_path.write_text(Recipe.from_tables(tables).toml())
    return run


def made(folder: Path, name: str) -> Path:
    run = Run.create(folder, name)
    run.recipe_path.touch()
    return run.path


def test_runs_are_numbered_one_after_the_other(tmp_path):
    assert made(tmp_path / "runs", "dcgan-celeba").name == "00001-dcgan-celeba"
    assert made(tmp_path / "runs", "gan-mnist").name == "00002-gan-mnist"
    assert sorted(os.listdir(tmp_path / "runs")) == ["00001-dcgan-celeba", "00002-gan-mnist"]


def test_a_number_is_not_used_again_below_the_highest(tmp_path):
    (tmp_path / "00041-x").mkdir()
    (tmp_path / "notes").mkdir()
    assert made(tmp_path, "y").name == "00042-y"
    (tmp_path / "100000-z").mkdir()
    assert made(tmp_path, "y").name == "100001-y"


def test_a_number_that_a_dead_process_claimed_is_left(tmp_path):
    (tmp_path / ".00001").mkdir()
    assert made(tmp_path, "x").name == "00002-x"


def test_the_name_of_another_source_loses_the_source(tmp_path):
    assert made(tmp_path, "some-dist:dcgan").name == "00001-dcgan"


@pytest.mark.parametrize("name", ["../x", "", "a/b", "UPPER", ".hidden", "x" * 65])
def test_a_name_that_cannot_be_a_folder_is_refused(tmp_path, name):
    with pytest.raises(UsageError):
        Run.create(tmp_path, name)
    assert os.listdir(tmp_path) == []


RACE = """
import sys
from pathlib import Path
from ganzoo.catalog.runs import Run
for _ in range(25):
    print(Run.create(Path(sys.argv[1]), sys.argv[2]).path.name)
"""


def test_processes_that_race_get_numbers_of_their_own(tmp_path):
    command = [sys.executable, "-c", RACE, str(tmp_path / "runs")]
    racers = [subprocess.Popen([*command, f"model-{i}"], stdout=subprocess.PIPE, text=True)
              for i in range(4)]  # fmt: skip
    names = [name for racer in racers for name in racer.communicate()[0].split()]
    assert len({name[:5] for name in names}) == len(names) == 100
    assert sorted(os.listdir(tmp_path / "runs")) == sorted(names)


def test_a_number_taken_since_the_folder_was_looked_at_is_passed_over(tmp_path, monkeypatch):
    made(tmp_path, "theirs")
    real = run_folders._run_numbers
    looks = chain([lambda folder: []], repeat(real))  # the first was before theirs was there
    monkeypatch.setattr(run_folders, "_run_numbers", lambda folder: next(looks)(folder))
    assert made(tmp_path, "ours").name == "00002-ours"


def test_a_folder_of_ones_choice_must_be_new_or_empty(tmp_path):
    assert Run.create_at(tmp_path / "a" / "b").path == tmp_path / "a" / "b"
    assert Run.create_at(tmp_path / "a" / "b").path.is_dir()
    (tmp_path / "a" / "b" / "file").touch()
    with pytest.raises(UsageError, match="not empty.*ganzoo resume"):
        Run.create_at(tmp_path / "a" / "b")
    with pytest.raises(UsageError, match="is a file"):
        Run.create_at(tmp_path / "a" / "b" / "file")


def test_where_no_folder_can_be_made_is_an_environment_problem():
    with pytest.raises(EnvironmentProblem):
        Run.create_at(Path("/proc/nowhere"))
    with pytest.raises(EnvironmentProblem):
        Run.create(Path("/proc/nowhere"), "x")


def test_a_run_is_opened_by_path_number_or_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = made(Path("runs"), "gan-mnist")
    for run in (path, str(path), 1, "1", "00001", "00001-gan-mnist"):
        assert Run.open(run).path == path
    assert Run.open("1", runs=tmp_path / "runs").path == tmp_path / "runs" / path.name


def test_best_behind_a_run_is_split_off_unless_a_file_is_called_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert split_best("7@best") == ("7", True)
    assert split_best(Path("runs/a@best")) == ("runs/a", True)
    assert split_best("7") == ("7", False)
    assert split_best("7@2") == ("7@2", False)
    assert split_best("@best") == ("@best", False)
    (tmp_path / "a@best").mkdir()
    assert split_best("a@best") == ("a@best", False)


def test_an_unknown_run_names_those_that_exist(tmp_path, monkeypatch):
    path = made(tmp_path, "gan-mnist")
    monkeypatch.chdir(tmp_path)  # where `../x` is nothing
    for run in (2, "2", "nothing", "", "../x", "gan-mnist\0"):
        with pytest.raises(UnknownName, match=f"Unknown run.*{path.name}"):
            Run.open(run, runs=tmp_path)
    with pytest.raises(UnknownName, match="There is no run at all"):
        Run.open(1, runs=tmp_path / "none")


def test_a_folder_that_is_no_run_is_invalid(tmp_path):
    with pytest.raises(InvalidInput, match="has no recipe.toml"):
        Run.open(tmp_path)


def test_everything_of_a_run_lies_in_its_folder(run):
    places = {
        "recipe_path": "recipe.toml", "manifest_path": "manifest.json", "log_path": "log.jsonl",
        "samples": "samples", "checkpoints": "checkpoints", "weights_path": "weights.safetensors",
        "report_path": "report.html", "gif_path": "progress.gif", "card_path": "card.toml",
    }  # fmt: skip
    assert {name: getattr(run, name).relative_to(run.path).name for name in places} == places


def test_the_recipe_is_read_back(run, tables):
    assert run.recipe() == Recipe.from_tables(tables)
    run.recipe_path.write_text("[training]\nbatch = 0\n")
    with pytest.raises(InvalidInput, match="recipe.toml"):
        run.recipe()


def test_the_manifest_is_read_back(run):
    run.manifest_path.write_text(json.dumps({"schema": 1, "seed": 3}))
    assert run.manifest() == {"schema": 1, "seed": 3}


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000, '{"a": "\\ud800"}', "\ufeff{}"],
    ids=lambda content: content[:12],
)
def test_a_manifest_that_is_not_strict_json_is_refused(run, content):
    run.manifest_path.write_text(content)
    with pytest.raises(InvalidInput, match="manifest.json"):
        run.manifest()


def test_a_locked_run_is_locked_for_others_until_it_is_given_back(run):
    with run.lock():
        with pytest.raises(Locked, match=str(os.getpid())) as caught, run.lock():
            pass
        assert caught.value.exit_code == 7
    with run.lock():
        pass


def test_the_lock_of_a_process_that_dies_is_given_back(run):
    source = (
        "import sys, time\nfrom pathlib import Path\nfrom ganzoo.catalog.runs import Run\n"
        "with Run(Path(sys.argv[1])).lock():\n    print('locked', flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", source, str(run.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(Locked, match=str(holder.pid)), run.lock():
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with run.lock():
            pass


def test_a_run_is_running_while_a_process_locks_it_and_interrupted_when_that_was_killed(run):
    run.manifest_path.write_text('{"state": "running"}')
    assert run.state() == "interrupted"  # a copy, without a lock
    with run.lock():
        assert run.state() == "running"
    assert run.state() == "interrupted"
    for state in ("finished", "diverged", None):
        assert run.state({"state": state}) == state


def test_whoever_looks_at_a_run_keeps_nobody_from_it(run, monkeypatch):
    monkeypatch.setattr(run_lock, "_PAUSE", 0)
    answers = iter([False] * 9 + [True])  # somebody asks at this very moment
    monkeypatch.setattr(run_lock, "lock", lambda descriptor: next(answers))
    with run.lock():
        pass


def test_those_who_look_at_once_see_that_nobody_writes_to_a_run(run):
    with run.lock():
        pass
    with (run.path / ".lock").open() as asker:
        fcntl.flock(asker, fcntl.LOCK_SH)
        assert not run_lock.is_locked(run.path)
    with run.lock():
        assert run_lock.is_locked(run.path)


def test_a_run_that_is_gone_cannot_be_locked(tmp_path):
    with pytest.raises(EnvironmentProblem), Run(tmp_path / "gone").lock():
        pass


def test_what_dead_processes_have_left_goes_when_the_next_begins_and_when_it_ends(run):
    def leave():
        for folder in (run.path, run.samples, run.checkpoints):
            (path := folder / ".ganzoo-0123456789abcdef.tmp").write_text("half")
            os.utime(path, (0, 0))

    def left():
        return [path.name for path in run.path.rglob("*.tmp")]

    run.samples.mkdir()
    run.checkpoints.mkdir()
    leave()
    with run.lock():
        assert left() == []
        leave()
        young = run.samples / ".ganzoo-fedcba9876543210.tmp"  # somebody may write it just now
        young.touch()
    assert left() == [young.name]


def test_images_after_a_step_are_dropped_and_nothing_else(run):
    run.rewind(100)  # there are none yet
    run.samples.mkdir()
    for name in ("step-00000000.png", "step-00000100.png", "step-00000101.png", "step-1e9.png"):
        (run.samples / name).touch()
    (run.samples / "step-00000200.txt").touch()
    (run.path / "samples.wav").touch()  # of the step 101
    run.rewind(100)
    assert not (run.path / "samples.wav").exists()
    (run.path / "samples.wav").touch()  # of the step 100
    run.rewind(100)
    assert (run.path / "samples.wav").exists()
    left = ["step-00000000.png", "step-00000100.png", "step-00000200.txt", "step-1e9.png"]
    assert sorted(os.listdir(run.samples)) == left
