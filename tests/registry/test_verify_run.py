"""Whatever happens to a file of a run, verification finds it. Nothing here imports Keras."""

import contextlib
import json
import os
import random
import shutil

import numpy as np
import pytest

from ganzoo.catalog import run_manifest
from ganzoo.catalog.recipe.overrides import read_recipe_file
from ganzoo.catalog.registry.cards import Result
from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files import checkpoints, safetensors
from ganzoo.jobs.evaluation.evaluate import record_results
from ganzoo.jobs.info import info
from ganzoo.jobs.models.export import export
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.publishing.verify import verify

pytestmark = pytest.mark.usefixtures("no_framework")

ROUNDS = min(10, int(os.environ.get("GANZOO_TEST_ROUNDS", 1)))  # tests/faults.py takes more
FLIPS, FLIPS_OF_VERBS = 20 * ROUNDS, 4 * ROUNDS  # of single bits in each file
OWN = (
    "card.toml", "checkpoints/step-00000004/MANIFEST.json",
    "checkpoints/step-00000004/state.safetensors", "data.digests", "log.jsonl", "manifest.json",
    "progress.gif", "recipe.toml", "report.html", "samples.wav", "samples/step-00000002.png",
    "samples/step-00000004.png", "weights.safetensors",
)  # fmt: skip


@pytest.fixture
def run(made_run, write_media):
    """A run that has every file which a training leaves."""
    run = made_run()
    run.append_log({"step": 2, "d_loss": 0.5, "seconds": 1.0})
    run.append_log({"step": 4, "d_loss": 0.25, "seconds": 2.0})
    run.report_path.write_text("<html></html>\n")
    (run.path / "data.digests").write_bytes(b"0\n" + bytes(range(40)))
    write_media(run.gif_path, 3)
    write_media(run.media_path(".wav"), 4)
    export(run.path / "checkpoints/step-00000004/state.safetensors", run.weights_path)
    run_manifest.write(run.path, run.manifest() | {"checkpoint": 4})
    return run


def reasons(run):
    return [one["reason"] for one in verify(str(run.path))["problems"]]


def spoilt(content, chance, flips=FLIPS):
    """Names of faults, with what becomes of a file of this content; None if it is gone."""
    yield "halved", content[: len(content) // 2]
    yield "emptied", b""
    yield "zeroed", bytes(len(content))
    yield "gone", None
    for _ in range(flips):
        flipped, bit = bytearray(content), chance.randrange(8 * len(content))
        flipped[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit}", bytes(flipped)


def test_the_files_of_a_run_are_all_looked_at(run):
    found = verify(str(run.path))
    assert found["problems"] == found["not_checked"] == []
    assert found["checkpoints"] == [4] and found["checked"] == len(OWN) - 2
    files = [path for path in run.path.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(run.path).as_posix() for path in files) == sorted(OWN)


@pytest.mark.parametrize("name", OWN)
def test_whatever_happens_to_a_file_is_found(run, name):
    path = run.path / name
    content, chance = path.read_bytes(), random.Random(name)
    for fault, after in spoilt(content, chance):
        path.unlink() if after is None else path.write_bytes(after)
        try:
            assert verify(str(run.path))["problems"], fault
        except InvalidInput:
            pytest.fail(f"{fault}: verification ended")
        path.write_bytes(content)
    assert reasons(run) == []


def outcome(run, place):
    """What the verbs make of a run that need no framework."""
    arrays = safetensors.load(find_source(run.path).content)
    pushed = push(run.path, "small", folder=place / "registry")
    content = export(run.path, place / "out.safetensors", overwrite=True).read_bytes()
    described = info(str(run.path))["run"]
    page = [path.read_bytes() for path in run.sample_images()]
    return pushed["digest"], content, described, page, {n: a.tobytes() for n, a in arrays.items()}


@pytest.mark.parametrize("name", OWN)
def test_no_verb_gives_anything_else_without_a_word(run, name, tmp_path):
    (tmp_path / "before").mkdir()
    before = outcome(run, tmp_path / "before")
    path = run.path / name
    content, chance = path.read_bytes(), random.Random(name)
    for number, (fault, after) in enumerate(spoilt(content, chance, FLIPS_OF_VERBS)):
        path.unlink() if after is None else path.write_bytes(after)
        place = tmp_path / str(number)
        place.mkdir()
        with contextlib.suppress(GanzooError, Warning):
            assert outcome(run, place) == before, fault
        path.write_bytes(content)


def test_a_weights_file_in_a_run_is_checked_by_its_path_too(run):
    for path in (run.weights_path, run.checkpoints / "step-00000004" / "state.safetensors"):
        find_source(path)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        for look in (find_source, verify):
            with pytest.raises(InvalidInput, match=r"\.safetensors.* is not what was saved"):
                look(str(path))


def test_a_recipe_of_a_run_that_was_edited_is_trained_with_a_warning(run):
    before = read_recipe_file(run.recipe_path)
    run.recipe_path.write_text(run.recipe_path.read_text().replace("batch = 16", "batch = 8"))
    with pytest.warns(UserWarning, match="is not the recipe of its run"):
        assert read_recipe_file(run.recipe_path) != before


def test_a_run_of_an_older_version_opens_and_is_said_to_carry_no_digests(made_run):
    run = made_run()
    run.log_path.write_text('{"step": 2}\n{"step": 4}\n')
    found = verify(str(run.path))
    assert found["problems"] == [] and found["checked"] == 0
    assert {one["reason"] for one in found["not_checked"]} == {
        "the run is from before digests were kept"
    }
    assert len(found["not_checked"]) == 5  # card, recipe, log, two samples
    assert find_source(run.path).about["step"] == 4
    assert [entry["step"] for entry in run.log()] == [2, 4]


def test_what_is_no_file_of_the_run_is_named_and_no_problem(run):
    (run.path / "notes.txt").touch()
    (run.checkpoints / ".ganzoo-0123456789abcdef.tmp").touch()
    (run.samples / "step-00000006.png").touch()
    found = verify(str(run.path))
    assert found["problems"] == []
    assert {os.path.basename(one["path"]): one["reason"] for one in found["not_checked"]} == {
        "notes.txt": "it is no file of the run",
        ".ganzoo-0123456789abcdef.tmp": "a process that was killed left it",
        "step-00000006.png": "it has no digest yet: the run goes on, or was killed",
    }


def test_a_checkpoint_that_is_gone_is_missed(run):
    weights = {"state.safetensors": safetensors.dump({"a": np.zeros(2)}, {})}
    best = {"best": {"metric": "frechet", "value": 1.0, "step": 4}}
    checkpoints.save(run.checkpoints, 6, weights, best, keep=2)
    run_manifest.write(run.path, run.manifest() | {"checkpoint": 6})
    assert reasons(run) == []
    shutil.move(run.checkpoints / "step-00000004", run.path / "best")
    assert reasons(run) == ["The checkpoint of step 4 is gone."]
    shutil.move(run.path / "best", run.checkpoints / "step-00000004")
    shutil.rmtree(run.checkpoints / "step-00000006")
    assert reasons(run) == ["The checkpoint of step 6 is gone."]
    with pytest.warns(UserWarning, match="The checkpoint of step 6 is gone. Going back to step 4"):
        assert run.newest_checkpoint().step == 4


def test_results_that_are_recorded_are_the_run_s_own(run):
    table = {"metric": "frechet", "value": 1.5, "protocol": {"features": "digits", "fake": 9}}
    record_results(run.path, [table])
    assert run.card().results == [Result.model_validate(table)]
    assert reasons(run) == []


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_card_whose_recording_was_killed_is_no_damage(run, fails, monkeypatch):
    table = {"metric": "frechet", "value": 1.5, "protocol": {"features": "digits", "fake": 9}}
    real = run_manifest.publish

    def publish(*arguments, **options):
        if fails == "after":
            real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(run_manifest, "publish", publish)
    with pytest.raises(KeyboardInterrupt):
        record_results(run.path, [table])
    found = verify(str(run.path))
    assert found["problems"] == []
    assert [os.path.basename(one["path"]) for one in found["not_checked"]] == ["card.toml"]
    assert len(run.card().results) == (fails == "after")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("files"),
        lambda content: content.pop("digest"),
        lambda content: content["files"].update({"../x": {"size": 0, "sha256": "0" * 64}}),
        lambda content: content.update(schema=3),
        lambda content: content.update(schema=1),
    ],
)
def test_a_manifest_that_was_edited_is_refused(run, change):
    content = json.loads(run.manifest_path.read_text())
    change(content)
    run.manifest_path.write_text(json.dumps(content, indent=2) + "\n")
    with pytest.raises(InvalidInput, match="manifest.json"):
        run.manifest()


def test_a_run_that_goes_on_while_it_is_verified_is_looked_at_again(run, monkeypatch):
    real, calls = run_manifest.read, []

    def read(folder):
        content = real(folder)
        if not calls:  # somebody resumes the run between the manifest and its files
            calls.append(folder)
            kept = run_manifest.forget_after(folder, content | {"state": "running"}, 2)
            (folder / "report.html").write_text("newer")
            run.rewind(2)
            run_manifest.write(folder, kept | {"checkpoint": 4})
        return content

    monkeypatch.setattr(run_manifest, "read", read)
    found = verify(str(run.path))
    assert found["problems"] == [] and len(calls) == 1
    left = {os.path.basename(one["path"]) for one in found["not_checked"]}
    assert left == {"report.html", "progress.gif", "weights.safetensors"}
