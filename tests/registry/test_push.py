"""From a run to a name that means its weights everywhere. Nothing here imports Keras."""

import json
import os
import shutil
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from ganzoo.catalog.registry import lookup
from ganzoo.catalog.registry.added import add_registry, added_registries, forget_registry
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.versions import open_version
from ganzoo.errors import EnvironmentProblem, InvalidInput, PluginError, UnknownName, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.publish import on_step
from ganzoo.jobs.info import info
from ganzoo.jobs.listing import list_names
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.publishing.manage import list_registries, remove, tag
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.publishing.verify import verify

pytestmark = pytest.mark.usefixtures("no_framework")


def test_a_run_becomes_a_version_with_all_that_is_known_of_it(made_run, home):
    done = push(made_run().path, "small")
    path = home / "registry" / "small" / "1"
    assert done == {
        "name": "small@1", "version": 1, "path": str(path), "created": True,
        "digest": open_version(path.parent, 1).digest,
    }  # fmt: skip
    assert (path / "samples.png").read_bytes().startswith(b"\x89PNG")  # the last grid
    arrays = safetensors.load(path / "generator.safetensors")
    assert list(arrays) == ["generator/dense/kernel"]
    assert np.all(arrays["generator/dense/kernel"] == 2.0)  # of the EMA
    about = safetensors.metadata(path / "generator.safetensors")
    assert (about["weights"], about["step"]) == ("ema", 4)
    card = Card.read(path / "card.toml")
    assert card.name == "small"
    facts = card.provenance.model_dump(exclude_none=True)
    assert facts == {
        "data": "digits", "fingerprint": "f" * 64, "seed": 7, "steps": 4, "images": 64,
        "epochs": 2.0, "hours": 2.0, "hardware": "2 CPUs, Linux x86_64", "backend": "jax",
        "versions": {"ganzoo": "0.1.0", "keras": "3.15.1", "jax": "0.10.2"},
        "command": "ganzoo train small --data DATA",
    }  # fmt: skip
    plugins = open_version(path.parent, 1).manifest["plugins"]
    assert plugins["architecture"]["distribution"] == "keras-ganzoo"
    everything = b"".join(file.read_bytes() for file in path.iterdir())
    assert b"/home/me" not in everything and b"named" not in everything


@pytest.mark.parametrize("name", ["samples.wav", "samples.gif"])
def test_what_is_heard_and_watched_goes_along(made_run, home, write_media, name):
    run = made_run()
    content = write_media(run.path / name)
    push(run.path, "small")
    version = lookup.find_version("small")
    assert version.read(name) == content
    assert f"]({name})" in version.read("README.md").decode()
    assert "](samples.png)" in version.read("README.md").decode()
    assert verify("small")["problems"] == []
    flipped(version.path / name)
    assert [one["path"] for one in verify("small")["problems"]] == [str(version.path)]


def test_of_the_best_weights_nothing_that_later_ones_have_made_goes_along(made_run, write_media):
    run = made_run()
    state = checkpoints.newest(run.checkpoints, report=pytest.fail).read("state.safetensors")
    arrays, about = safetensors.load(state), safetensors.metadata(state)
    best = {"best": {"metric": "frechet", "value": 1.0, "step": 4}}
    for step in (4, 6):
        shutil.rmtree(run.checkpoints / f"step-{step:08d}", ignore_errors=True)
        content = {"state.safetensors": safetensors.dump(arrays, about | {"step": step})}
        checkpoints.save(run.checkpoints, step, content, best, keep=9)
    early = write_media(run.path / "samples.wav", 4)
    push(f"{run.path}@best", "small")
    assert lookup.find_version("small").read("samples.wav") == early
    write_media(run.samples / "step-00000006.png", 6)
    late = write_media(run.path / "samples.wav", 6)
    push(f"{run.path}@best", "small")
    assert "samples.wav" not in lookup.find_version("small").sizes
    push(run.path, "small")
    assert lookup.find_version("small").read("samples.wav") == late


def test_pushing_twice_is_pushing_once(made_run):
    run = made_run()
    assert push(run.path, "small")["created"]
    again = push(run.path, "small")
    assert (again["version"], again["created"]) == (1, False)
    other = push(made_run("other", value=3.0).path, "small")
    assert (other["version"], other["created"]) == (2, True)


def test_with_everything_the_whole_state_goes_along(made_run, home):
    push(made_run().path, "small", everything=True)
    state = safetensors.load(home / "registry" / "small" / "1" / "everything.safetensors")
    assert {name.partition("/")[0] for name in state} == {"generator", "ema", "discriminator"}
    found = find_source("small", raw=True)
    assert np.all(safetensors.load(found.content)["generator/dense/kernel"] == 1.0)


def test_a_registry_may_be_any_folder(made_run, tmp_path):
    done = push(made_run().path, "small", folder=tmp_path / "zoo")
    assert Path(done["path"]) == tmp_path / "zoo" / "small" / "1"
    assert find_source(done["path"]).about["version"] == 1


@pytest.mark.parametrize("name", ["samples/step-00000004.png", "samples.wav", "samples.gif"])
def test_what_is_torn_is_not_published(made_run, write_media, name):
    run = made_run()
    content = write_media(run.path / name)
    (run.path / name).write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(InvalidInput, match="torn"):
        push(run.path, "small", strict=True)
    with pytest.warns(UserWarning, match="torn and not published"):
        push(run.path, "small")
    version = lookup.find_version("small")
    newest_whole = "step-00000002.png" if name.endswith(".png") else "step-00000004.png"
    assert version.read("samples.png") == (run.samples / newest_whole).read_bytes()
    assert {"samples.wav", "samples.gif"}.isdisjoint(version.sizes)


def test_an_older_checkpoint_is_published_with_a_warning_or_refused(made_run):
    run = made_run()
    checkpoints.save(run.checkpoints, 6, {"state.safetensors": b"other"}, {}, keep=9)
    (run.checkpoints / "step-00000006" / "state.safetensors").write_bytes(b"torn")
    with pytest.raises(InvalidInput, match="step 6 is broken.*Without --strict"):
        push(run.path, "small", strict=True)
    with pytest.warns(UserWarning, match="Going back to step 4"):
        assert push(run.path, "small")["version"] == 1


def test_a_summary_is_given_or_that_of_the_card(made_run):
    run = made_run()
    push(run.path, "small", summary="Flowers of my garden")
    version = lookup.find_version("small")
    assert version.card().summary == "Flowers of my garden"
    assert "Flowers of my garden" in version.read("README.md").decode()


def test_a_license_is_an_spdx_expression(made_run):
    run = made_run()
    with pytest.raises(UsageError, match="Received: 'mine'. Near: MIT; or LicenseRef-NAME"):
        push(run.path, "small", license="mine")
    push(run.path, "small", license="cc-by-4.0 and mit", everything=True)
    version = lookup.find_version("small")
    assert version.card().license.weights == "CC-BY-4.0 AND MIT"
    for file in ("generator.safetensors", "everything.safetensors"):
        found = safetensors.metadata(version.read(file))["license"]["weights"]
        assert found == "CC-BY-4.0 AND MIT"


def test_a_license_is_required(made_run, home):
    run = made_run(license="not chosen yet")
    with pytest.raises(UsageError, match="--license Apache-2.0"):
        push(run.path, "small")
    assert not (home / "registry").exists()
    push(run.path, "small", license="MIT")
    version = lookup.find_version("small")
    assert version.card().license.weights == "MIT"
    assert safetensors.metadata(version.read("generator.safetensors"))["license"]["weights"] == (
        "MIT"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_published(made_run, home, value):
    with pytest.raises(InvalidInput, match="dense/kernel is not finite"):
        push(made_run(value=value).path, "small")
    assert not (home / "registry").exists()


def test_a_run_without_a_checkpoint_gives_its_weights_file(made_run):
    run = made_run()
    about = find_source(str(run.path)).about
    array = np.full((4, 8), 9, "float32")
    safetensors.save(
        run.weights_path, {"generator/dense/kernel": array}, about | {"weights": "ema"}
    )
    shutil.rmtree(run.checkpoints)
    push(run.path, "small")
    found = safetensors.load(lookup.find_version("small").read("generator.safetensors"))
    assert np.all(found["generator/dense/kernel"] == 9)


def test_a_version_is_published_elsewhere_as_it_is(made_run, tmp_path):
    first = push(made_run().path, "small")
    there = push("small@1", "small", folder=tmp_path / "zoo")
    assert there["digest"] == first["digest"] and there["created"]
    with pytest.raises(UsageError, match="keeps the name in its card"):
        push("small@1", "other", folder=tmp_path / "zoo")


# Names everywhere


def test_a_name_means_the_newest_a_number_or_an_alias(made_run):
    for value in (1.0, 2.0, 3.0):
        push(made_run(f"run{value}", value=value).path, "small")
    tag("small@2", "best")

    def value_of(name):
        return float(safetensors.load(find_source(name).content)["generator/dense/kernel"][0, 0])

    assert [value_of(n) for n in ("small", "small@latest", "small@1", "small@best")] == [4, 4, 2, 3]
    assert value_of("user:small@1") == 2
    assert value_of("user:small") == 4
    source = find_source("small@best")
    assert source.title == "small-2"
    assert source.about["digest"] == lookup.find_version("small@2").digest


def test_a_run_or_file_that_is_there_counts_before_a_model(made_run):
    push(made_run("small", value=5.0).path, "small")
    found = find_source("small")
    assert found.title is None and "checkpoints" not in str(found.where)
    os.rename("small", "elsewhere")
    assert find_source("small").title == "small-1"


def test_a_model_without_weights_is_told_in_one_line(made_run):
    with pytest.raises(UsageError, match="no weights.*Train it: ganzoo train dcgan-celeba"):
        find_source("dcgan-celeba")
    push(made_run().path, "dcgan-celeba")
    with pytest.raises(UsageError, match="There are some of 'user:dcgan-celeba'"):
        find_source("dcgan-celeba")
    assert find_source("user:dcgan-celeba").title == "dcgan-celeba-1"


HOSTILE = [
    "", ".", "..", "../small", "/etc/passwd", "a/b", "small\0", "small@", "small@../1", "@", "@1",
    "small@1@2", "small@99", "small@best", "user:", ":small", "user:../small", "x" * 5000, "é",
    "small@-1", "small@0", "small@1.5", "small@1e3", "nobody:small", "hf:/a/b", "-rf", "--", "~",
    "small ", " small", "small.", "SMALL", "small\n", "\u202esmall", "$(id)", "%2e%2e", "a\\b",
    "C:\\x", "small@\0", "🦄",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_name_reaches_out_of_the_registry(made_run, tmp_path, home, name):
    push(made_run().path, "small")
    before = sorted(str(p) for p in tmp_path.rglob("*"))
    verbs = [
        lambda: find_source(name), lambda: tag(name, "best"), lambda: remove(name),
        lambda: tag("small@1", name), lambda: push("run", name), lambda: verify(name),
    ]  # fmt: skip
    for verb in verbs:
        with pytest.raises((UsageError, InvalidInput, PluginError)):
            verb()
    assert sorted(str(p) for p in tmp_path.rglob("*")) == before


def test_what_is_broken_is_said_and_never_used(made_run, home):
    push(made_run().path, "small")
    path = home / "registry" / "small" / "1" / "generator.safetensors"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1")
    for _ in range(2):
        with pytest.raises(InvalidInput, match="small@1 is not what was published"):
            find_source("small")
    assert push(made_run("again", value=2.0).path, "small")["version"] == 2
    assert find_source("small").title == "small-2"
    again = push(home.parent / "work" / "run", "small")  # as the error advises
    assert (again["version"], again["created"]) == (3, True)
    assert find_source("small").title == "small-3"


def test_a_file_that_others_left_in_a_version_damages_nothing(made_run, home):
    run = made_run()
    push(run.path, "small")
    path = home / "registry" / "small" / "1"
    path.chmod(0o755)
    (path / ".DS_Store").touch()
    assert any(".DS_Store" in one["reason"] for one in verify("small")["problems"])
    assert find_source("small").title == "small-1"
    assert not push(run.path, "small")["created"]
    with pytest.raises(InvalidInput, match="files that were not published: '?.DS_Store"):
        lookup.find_version("small").read_all()
    assert path.is_dir()


def test_what_cannot_be_opened_just_now_is_not_damaged(made_run, home, monkeypatch):
    push(made_run().path, "small")
    version = lookup.find_version("small")

    def refuse(*args, **kwargs):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr("ganzoo.files.manifests.os.open", refuse)
        with pytest.raises(EnvironmentProblem):
            version.read("card.toml")
    assert version.read("card.toml")
    assert (home / "registry" / "small" / "1").is_dir()


def test_a_version_of_another_ganzoo_is_not_damaged(made_run, home):
    push(made_run().path, "small")
    manifest = home / "registry" / "small" / "1" / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace('"schema": 1', '"schema": 2'))
    for _ in range(2):
        with pytest.raises(InvalidInput, match="Another version of ganzoo"):
            find_source("small")
    assert manifest.exists()


def test_results_of_another_step_are_not_published(made_run, home):
    run = made_run()
    card = Card.read(run.card_path)
    push(run.path, "probe")
    step = lookup.find_version("probe").card().provenance.steps
    tables = [
        {"metric": "frechet", "value": 1.0, "protocol": {"step": at, "fake": 10}}
        for at in (step, step + 1)
    ]
    changed = Card.from_tables(card.tables() | {"results": tables})
    run.card_path.write_text(changed.toml(), encoding="utf-8")
    push(run.path, "small")
    kept = lookup.find_version("small").card().results
    assert [one.protocol.step for one in kept] == [step]


@pytest.mark.parametrize(
    "option",
    [{"float16": True}, {"everything": True}, {"license": "MIT"}, {"summary": "x"}],
)
def test_a_published_version_is_not_made_another(made_run, home, option, tmp_path):
    push(made_run().path, "small")
    with pytest.raises(UsageError, match="published elsewhere as it is"):
        push("small@1", "small", folder=tmp_path / "other", **option)


# Plugins


def test_an_architecture_of_nobody_is_named_and_nothing_is_imported(made_run, home, create):
    tables = {
        **Card.read(made_run().card_path).tables(),
        "name": "alien",
    }
    tables["recipe"]["architecture"] = {"name": "os"}
    about = find_source("run").about
    about["recipe"]["architecture"] = {"name": "os"}
    about["plugins"] = {"architecture": {"distribution": "alien-gans", "version": "3"}}
    array = np.zeros(3, "float32")
    files = {
        "card.toml": Card.from_tables(tables).toml().encode(),
        "generator.safetensors": safetensors.dump({"generator/a": array}, about),
    }
    create(home / "registry", "alien", files)
    source = find_source("alien")
    before = set(sys.modules)
    with pytest.raises(PluginError, match="'os', which is not installed.*alien-gans 3") as caught:
        load.load_source(source)
    assert caught.value.exit_code == 4
    assert not set(sys.modules) - before


def test_an_architecture_of_another_distribution_is_refused(made_run, home, content):
    run = made_run()
    manifest = run.manifest()
    manifest["plugins"]["architecture"]["distribution"] = "other-gans"
    run.manifest_path.write_text(json.dumps(manifest))
    push(run.path, "small")
    with pytest.raises(PluginError, match=r"Expected: other-gans 0\.1\.0 .*Received: keras-ganzoo"):
        load.load_source(find_source("small"))


# What can be done with versions


def test_a_version_that_has_a_name_is_not_removed(made_run):
    push(made_run().path, "small")
    push(made_run("other", value=2.0).path, "small")
    tag("small@1", "best")
    with pytest.raises(UsageError, match="small@1 is called best"):
        remove("small@1")
    assert remove("small@best") == {"removed": "small@best", "kind": "alias"}
    assert remove("small@1") == {"removed": "small@1", "kind": "version"}
    with pytest.raises(UsageError, match="Version 1 of 'small' does not exist. Known: 2"):
        find_source("small@1")
    assert find_source("small").title == "small-2"


@pytest.mark.parametrize("spoil", [lambda p: p.write_text("x"), lambda p: p.mkdir()])
def test_a_damaged_alias_is_in_no_version_s_way(made_run, home, spoil):
    push(made_run().path, "small")
    push(made_run("other", value=2.0).path, "small")
    tag("small@2", "best")
    spoil(home / "registry" / "small" / "aliases" / "bad")
    with pytest.raises(UsageError, match="small@2 is called best"):
        remove("small@2")
    assert [one["aliases"] for one in info("small")["model"]["versions"]] == [["best"], []]
    assert remove("small@1") == {"removed": "small@1", "kind": "version"}
    assert any(one["path"].endswith("bad") for one in verify("small")["problems"])


@pytest.mark.parametrize("name", ["small", "small@latest"])
def test_only_a_number_says_which_version_is_removed(made_run, name):
    push(made_run().path, "small")
    with pytest.raises(UsageError, match="by its number"):
        remove(name)


def test_the_zoos_own_versions_are_not_the_users_to_change():
    for change in (lambda: remove("dcgan-digits@1"), lambda: tag("dcgan-digits@1", "best")):
        with pytest.raises(UsageError, match="not yours to change"):
            change()


# Looking through


def test_a_healthy_model_has_no_findings(made_run, home):
    push(made_run().path, "small", everything=True)
    tag("small@1", "best")
    found = verify("small")
    assert (found["kind"], found["problems"]) == ("model", [])
    assert verify("user:small@1")["kind"] == "version"
    assert verify(str(home / "registry"))["models"] == {"small": found["versions"]}
    assert verify(str(made_run("other").path))["problems"] == []


def flipped(path):
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


WRONG = {
    "bit flipped in the weights": lambda f: flipped(f / "1" / "generator.safetensors"),
    "bit flipped in the card": lambda f: flipped(f / "1" / "card.toml"),
    "bit flipped in the page": lambda f: flipped(f / "1" / "README.md"),
    "bit flipped in the manifest": lambda f: flipped(f / "1" / "manifest.json"),
    "a file gone": lambda f: (f / "1" / "samples.png").unlink(),
    "a file too many": lambda f: (f / "1" / "x").touch(),
    "no manifest": lambda f: (f / "1" / "manifest.json").unlink(),
    "an alias of nothing": lambda f: (f / "aliases" / "best").write_text("9\n"),
    "an alias that is none": lambda f: (f / "aliases" / "best").write_text("x"),
    "a bad card": lambda f: (f / "card.toml").write_text("schema = 9"),
    "a stranger": lambda f: (f / "notes.txt").touch(),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_everything_that_is_wrong_is_found(made_run, home, wrong):
    push(made_run().path, "small")
    push(made_run("other", value=2.0).path, "small")
    tag("small@2", "best")
    folder = home / "registry" / "small"
    (folder / "1").chmod(0o755)
    WRONG[wrong](folder)
    problems = verify(str(folder))["problems"]
    assert problems
    assert any(
        str(folder) in problem["path"] and not problem["path"].endswith("/2")
        for problem in problems
    )
    assert verify(str(folder))["versions"].get("2")  # the other one is whole


def test_nothing_is_wrong_with_what_ganzoo_did(made_run, home):
    """Whatever is published, named, moved, renamed and removed: no false alarm."""
    for value in (1.0, 2.0, 3.0):
        push(made_run(f"run{value}", value=value).path, "small")
        tag("small", "best")
    push("run1.0", "small")
    remove("small@1")
    remove("small@best")
    assert verify("small")["problems"] == []


def test_a_weights_file_is_described_tensor_by_tensor(made_run):
    push(made_run().path, "small")
    file = f"{lookup.find_version('small').path}/generator.safetensors"
    found = verify(file)
    assert found["tensors"]["generator/dense/kernel"]["shape"] == [4, 8]
    assert found["not_finite"] is None and len(found["sha256"]) == len(found["content"]) == 64
    with pytest.raises(UnknownName):
        verify("nothing")


# Lists


def test_weights_are_listed_with_size_and_license(made_run):
    assert "small" not in {one["name"] for one in list_names(weights=True)["models"]}
    push(made_run().path, "small")
    push(made_run("other", value=2.0).path, "small")
    (found,) = list_names(["small*"], weights=True)["models"]
    assert (found["version"], found["versions"], found["license"]) == (2, [2, 1], "Apache-2.0")
    assert found["bytes"] > 100 and found["summary"] == "A card to test with"


def test_info_shows_versions_aliases_and_results(made_run, home):
    run = made_run()
    card = Card.read(run.card_path).tables()
    protocol = {"features": "digits", "fake": 100}
    card["results"] = [{"metric": "frechet", "value": 3.0, "protocol": protocol}]
    run.card_path.write_text(Card.from_tables(card).toml())
    push(run.path, "small")
    tag("small@1", "best")
    found = info("small")["model"]
    (version,) = found["versions"]
    assert version["aliases"] == ["best"]
    assert version["results"] == card["results"]
    assert version["provenance"]["steps"] == 4
    assert found["recipe"]["architecture"]["name"] == "mlp"
    flipped(home / "registry" / "small" / "1" / "card.toml")
    (home / "registry" / "small" / "card.toml").write_text(
        Card.from_tables(card | {"name": "small"}).toml()
    )
    (version,) = info("small")["model"]["versions"]
    assert "is not what was published" in version["broken"]


def test_registries_are_added_listed_and_forgotten(made_run, tmp_path):
    push(made_run().path, "small", folder=tmp_path / "team")
    with pytest.raises(UnknownName):
        find_source("small")
    assert add_registry(str(tmp_path / "team")) == "team"
    assert add_registry(str(tmp_path / "team")) == "team"
    assert find_source("small").title == "small-1"
    assert find_source("team:small@1").title == "small-1"
    assert [one["name"] for one in list_registries()][:3] == ["keras-ganzoo", "user", "team"]
    with pytest.raises(UsageError, match="not yours to change"):
        remove("small@1")
    push(made_run("other", value=2.0).path, "small")
    assert lookup.find_entry("small").source == "user"  # the user's own first
    forget_registry("team")
    with pytest.raises(UnknownName):
        find_source("team:small")
    assert (tmp_path / "team" / "small" / "1").is_dir()


def test_two_who_add_registries_at_once_lose_none(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    other = threading.Thread(target=add_registry, args=(str(tmp_path / "two"),))

    def interfere(step, path):
        if step == "publish" and other.ident is None:
            other.start()
            other.join(timeout=0.5)

    on_step.append(interfere)
    try:
        add_registry(str(tmp_path / "one"))
    finally:
        on_step.remove(interfere)
    other.join()
    assert list(added_registries()) == ["one", "two"]


def test_a_registry_in_the_home_of_nobody_is_refused():
    with pytest.raises(UsageError, match="a user who has none.*~nosuchuser"):
        add_registry("~nosuchuser/team")


def test_two_added_registries_with_one_model_clash(made_run, tmp_path):
    for name in ("one", "two"):
        push(made_run(name).path, "small", folder=tmp_path / name)
        add_registry(str(tmp_path / name))
    with pytest.raises(PluginError, match="'one:small' or 'two:small'"):
        find_source("small")
    assert find_source("two:small").title == "small-1"


def test_an_added_folder_that_is_gone_hides_nothing(tmp_path):
    (tmp_path / "team").mkdir()
    add_registry(str(tmp_path / "team"))
    (tmp_path / "team").rmdir()
    found = lookup.scan_registries()
    assert "dcgan-digits" in found.entries
    assert [p.distribution for p in found.problems] == ["team"]
