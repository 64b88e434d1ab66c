"""A manifest lists what is there and will not change, whatever kills the process in between."""

import pytest

from ganzoo.catalog import run_manifest
from ganzoo.catalog.runs import Run
from ganzoo.errors import InvalidInput
from ganzoo.files import publish as publishing


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path)
    run.samples.mkdir()
    for name in ("card.toml", "recipe.toml", "samples/step-2.png", "samples/step-4.png"):
        (run.path / name).write_text(name)
    run.append_log({"step": 2})
    run.append_log({"step": 4})
    return run


def test_what_changes_while_a_run_goes_on_is_listed_at_its_end(run):
    for name in ("report.html", "weights.safetensors", "samples.wav", "progress.gif", "notes"):
        (run.path / name).touch()
    running = run_manifest.write(run.path, {"state": "running", "seed": 3})
    fixed = ["card.toml", "recipe.toml", "samples/step-2.png", "samples/step-4.png"]
    assert list(running["files"]) == fixed
    ended = run_manifest.write(run.path, running | {"state": "finished"})
    assert sorted({*ended["files"]} - {*fixed}) == [
        "progress.gif", "report.html", "samples.wav", "weights.safetensors",
    ]  # fmt: skip
    assert run.manifest() == ended and ended["seed"] == 3
    assert list(run_manifest.write(run.path, ended | {"state": "running"})["files"]) == fixed


def test_what_is_listed_stays_as_it_was_listed(run):
    content = run_manifest.write(run.path, {"state": "running"})
    (run.samples / "step-2.png").write_text("another")
    (run.samples / "step-4.png").unlink()
    assert run_manifest.write(run.path, content)["files"] == content["files"]
    assert set(run_manifest.damaged_files(run.path, content["files"])) == {
        "samples/step-2.png", "samples/step-4.png",
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="step-2.png is not what was saved"):
        run_manifest.check_file(run.path, "samples/step-2.png")
    run_manifest.check_file(run.path, "another")
    problems = []
    assert run.sample_images(problems.append) == [] and len(problems) == 2


def test_a_run_that_goes_on_from_a_step_forgets_what_changes(run):
    content = run_manifest.write(run.path, {"state": "interrupted", "checkpoint": 4})
    kept = run_manifest.forget_after(run.path, content, 2)
    assert list(kept["files"]) == ["samples/step-2.png"]
    assert not {"log", "checkpoint"} & kept.keys() and run.manifest() == kept
    old = {"state": "interrupted"}
    assert run_manifest.forget_after(run.path, old, 2) == old and run.manifest() == kept


def test_at_every_step_of_going_on_all_that_is_listed_is_so(run):
    """What a kill before any step leaves: a file without a digest, never one that is wrong."""
    run_manifest.write(run.path, {"state": "finished", "checkpoint": 4})
    (run.path / "report.html").write_text("first")
    content = run_manifest.write(run.path, run.manifest())
    seen = []

    def look(name, path):
        listed = run.manifest()["files"]
        assert run_manifest.damaged_files(run.path, listed) == {}
        run.log()
        seen.append(name)

    publishing.on_step.append(look)
    try:
        content = run_manifest.forget_after(run.path, content | {"state": "running"}, 2)
        run.rewind(2)
        publishing.publish(run.recipe_path, b"longer", overwrite=True)
        content = run_manifest.write(run.path, content | {"checkpoint": 2})
        run.append_log({"step": 3})
        publishing.publish(run.samples / "step-4.png", b"new", overwrite=True)
        content = run_manifest.write(run.path, content | {"checkpoint": 4})
        publishing.publish(run.report_path, b"second", overwrite=True)
        run_manifest.write(run.path, content | {"state": "finished"})
        run_manifest.replace_file(run.path, "card.toml", b"with results")
    finally:
        publishing.on_step.remove(look)
    assert len(seen) > 40
    assert run_manifest.damaged_files(run.path, run.manifest()["files"]) == {}


def test_a_log_that_lost_lines_is_noticed_at_once(run):
    run_manifest.write(run.path, {"state": "finished"})
    content = run.log_path.read_bytes()
    run.log_path.write_bytes(content[: content.index(b"\n") + 1])
    with pytest.raises(InvalidInput, match="log.jsonl' is not what was written"):
        run.log()
    run.log_path.unlink()
    with pytest.raises(InvalidInput, match="Received: 0"):
        run.warnings()
    run_manifest.write(run.path, {"state": "running"})
    run.append_log({"step": 6})
    assert [entry["step"] for entry in run.log()] == [6]


def test_a_run_of_an_older_version_is_listed_when_it_goes_on(run):
    run.manifest_path.write_text('{"schema": 1, "state": "interrupted"}')
    assert run.manifest() == {"schema": 1, "state": "interrupted"}
    run_manifest.replace_file(run.path, "card.toml", b"newer")
    assert run.manifest() == {"schema": 1, "state": "interrupted"}  # still without digests
    assert len(run_manifest.write(run.path, run.manifest())["files"]) == 4
