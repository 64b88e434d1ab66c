"""What a training leaves behind, and how it ends when it cannot go on."""

import errno
import json
import re
import signal
import socket
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from comparison import differing
from lazy_keras import keras
from PIL import Image

from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.lookup import find_model
from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.errors import Diverged, EnvironmentProblem, Interrupted, UsageError
from ganzoo.files import checkpoints, publish, safetensors
from ganzoo.jobs.models.build import build_gan, build_networks
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.publishing.verify import verify
from ganzoo.jobs.training.loop import restore_state
from ganzoo.jobs.training.plan import plan
from ganzoo.jobs.training.resume import resume
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend

KEPT = Path(__file__).parents[2] / "golden" / "run-of-0.2"


def test_a_run_folder_holds_everything_that_can_be_asked_of_a_run(plain, place):
    said = []
    recipe = plain("steps=5", "sample_every=2", "checkpoint_every=2", "keep_checkpoints=1")
    run = train(recipe, runs=place / "runs", argv=["ganzoo", "train"], events=said.append)

    assert run.path.name == "00001-mlp-digits"
    assert Recipe.read(run.recipe_path) == recipe
    manifest = json.loads(run.manifest_path.read_text())
    assert (manifest["state"], manifest["step"], manifest["seed"]) == ("finished", 5, 0)
    assert manifest["backend"] == keras.backend.backend()
    assert manifest["recipe_digest"] == recipe.digest()
    assert manifest["versions"]["keras"] == keras.__version__
    assert manifest["data"]["count"] == 64 and len(manifest["data"]["fingerprint"]) == 64
    assert manifest["plugins"]["architecture"]["distribution"] == "keras-ganzoo"
    assert [entry["step"] for entry in run.log()] == [2, 4, 5]
    assert [entry["images"] for entry in run.log()] == [32, 64, 80]
    images = sorted(path.name for path in run.samples.iterdir())
    assert images == [f"step-{step:08d}.png" for step in (0, 2, 4, 5)]
    with Image.open(run.gif_path) as gif:
        assert gif.n_frames == 4
    assert [path.name for path in run.checkpoints.iterdir()] == ["step-00000005"]
    card = Card.read(run.card_path)
    assert (card.name, card.license.data, card.recipe) == ("mlp-digits", "CC-BY-4.0", recipe)
    about = safetensors.metadata(run.weights_path)
    assert (about["step"], about["image_shape"], about["weights"]) == (5, [8, 8, 1], "ema")
    assert Recipe.from_tables(about["recipe"]) == recipe
    page = run.report_path.read_text()
    assert "data:image/png;base64," in page and "finished" in page
    assert not re.search(
        r"""(?:src|href)=["'](?!data:|#|https?://)|@import|url\(\s*["']?http""", page
    )
    assert not re.search(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"']?http", page)

    digests = [event for event in said if event["event"] == "prepare"]
    assert digests[-1]["done"] == 64 and said[: len(digests)] == digests
    said = said[len(digests) :]
    kinds = [event["event"] for event in said]
    assert (kinds[0], kinds[-1]) == ("start", "end")
    assert set(kinds) == {"start", "log", "sample", "progress", "checkpoint", "end"}
    assert [e["step"] for e in said if e["event"] == "checkpoint"] == [2, 4, 5]
    assert (said[0]["steps"], said[0]["images"]) == (5, 80)
    assert json.loads(json.dumps(said)) == said


def test_a_runs_recipe_can_be_trained_again_and_gives_the_same_file(plain, place):
    first = train(plain("training.epochs=1"), run=place / "first")
    again = train(Recipe.read(first.recipe_path), run=place / "again")
    other = train(plain("training.epochs=1", "seed=1"), run=place / "other")
    assert first.weights_path.read_bytes() == again.weights_path.read_bytes()
    assert first.weights_path.read_bytes() != other.weights_path.read_bytes()
    assert first.manifest()["step"] == 4


def test_a_card_of_the_zoo_says_what_was_changed(place):
    narrow = [f"architecture.{name}_base_channels=2" for name in ("generator", "discriminator")]
    recipe = apply_settings(find_model("dcgan-digits").recipe, [*narrow, "steps=1"])
    card = Card.read(train(recipe, model="dcgan-digits", run=place / "run").card_path)
    assert (card.name, card.recipe, card.parameters) == ("dcgan-digits", recipe, {})


def test_networks_without_latents_are_refused(plain, monkeypatch):
    from ganzoo.gan.sampling import Sampler

    monkeypatch.setattr(Sampler, "latent_shape", (0,))
    with pytest.raises(UsageError, match=r"needs latents of at least one.*of shape \(0,\)"):
        build_networks(plain(), (8, 8, 1), 0)


def test_a_plan_leaves_nothing_behind(plain, place, monkeypatch):
    found = plan(plain("training.images=100"))
    assert (found["steps"], found["steps_per_epoch"], found["images_per_step"]) == (7, 4, 16)
    assert found["parameters"] == {
        "generator": (4 + 1) * 8 + 4 * 8 + (8 + 1) * 64,  # batch norm: 4 numbers a unit
        "discriminator": (64 + 1) * 8 + (8 + 1),
    }
    assert found["image_shape"] == [8, 8, 1] and found["latent_shape"] == [4]
    assert list(place.iterdir()) == []


def test_a_plan_without_the_data_is_that_with_them_and_nothing_is_downloaded(place, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *address: pytest.fail(f"{address}"))
    monkeypatch.setenv("GANZOO_CACHE", str(place / "cache"))
    recipe = apply_settings(find_model("cdcgan-mnist").recipe, ["dataset.images=128"])
    pixels = np.zeros((200, 28, 28), np.uint8)
    np.savez(place / "mnist.npz", x_train=pixels, y_train=np.arange(200) % 10)
    without = plan(recipe)
    whole = plan(apply_settings(recipe, [f"dataset.data={str(place / 'mnist.npz')!r}"]))
    assert (without.pop("data"), whole.pop("data")) == ("not here yet", "here")
    assert "ganzoo data prepare downloads it (11 MB)" in without.pop("get")
    assert without == whole
    assert (whole["images"], whole["classes"]) == (128, 10)


def test_a_number_that_is_not_finite_stops_before_it_is_saved(plain, place, capsys):
    """Promise 51. `tests/jobs/monitoring/test_guard.py` has all kinds of such numbers."""
    recipe = plain("architecture.name=poisoned", "architecture.what=ema/norm/gamma", "steps=9",
                   "log_every=7", "sample_every=5", "checkpoint_every=2")  # fmt: skip
    (place / "recipe.toml").write_text(recipe.toml())
    code = main(["train", "recipe.toml", "--run", "run"])
    said = capsys.readouterr().err.splitlines()[-1]
    assert code == 6, said
    assert "ema/norm/gamma is not finite at step 4; at step 2 everything was" in said
    assert "step-00000002" in said and "training.log_every=1" in said
    run = Run.open("run")
    kept = checkpoints.newest(run.checkpoints, report=pytest.fail)
    assert kept.step == 2
    state = safetensors.load(kept.read("state.safetensors"))
    assert all(np.isfinite(array).all() for array in state.values())
    assert run.manifest()["state"] == "diverged" and "ema/norm" in run.manifest()["reason"]
    assert "no longer finite" in run.report_path.read_text()
    assert not run.weights_path.exists()


def test_a_rollback_goes_on_from_the_last_good_checkpoint_with_other_noise(plain, place, arrays):
    """Promise 57: as often as requested, over all processes, and never silently."""
    recipe = plain("architecture.name=poisoned", "architecture.broken_seeds=2", "log_every=1",
                   "checkpoint_every=2", "sample_every=9", "steps=6", "rollback=1")  # fmt: skip
    said, run = [], Run(place / "run")
    with pytest.raises(Diverged, match="d_loss is not finite at step 4"):
        train(recipe, run=run.path, events=said.append)
    first = run.manifest()["rollbacks"]
    resume(run.path, settings=["training.rollback=2"], events=said.append)

    told = [event["message"] for event in said if event["event"] == "warning"]
    assert "at step 4" in told[0] and "Rollback 1 of 1: from step 2 on" in told[0]
    assert "at step 4" in told[1] and "Rollback 2 of 2: from step 2 on" in told[1]
    manifest = run.manifest()
    assert manifest["state"] == "finished" and manifest["rollbacks"][:1] == first
    seeds = [one["seed"] for one in manifest["rollbacks"]]
    assert arrays(run)["gan/seed"] == seeds[1] and len({0, *seeds}) == 3
    assert [entry["step"] for entry in run.log()] == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite(array).all() for array in arrays(run).values())
    assert verify(str(run.path))["problems"] == []


def test_a_process_that_is_killed_after_a_rollback_goes_on_with_its_noise():
    """Promise 57."""
    run = Run.open(KEPT)  # at step 2
    gan = build_gan(run.recipe(), open_recipe_dataset(run.recipe()))
    for rollbacks, seed in (([], 0), ([{"to": 1, "seed": 5}], 0), ([{"to": 2, "seed": 7}], 7)):
        restore_state(gan, run.newest_checkpoint(), {"rollbacks": rollbacks})
        assert (int(gan.seed.value), int(gan.steps.value)) == (seed, 2)


def test_a_step_that_fails_halfway_is_not_saved(plain, place, arrays, monkeypatch):
    """Promise 47: the discriminator has been updated, the generator not."""
    from ganzoo.gan.gan import GAN

    if keras.backend.backend() != "torch":  # the others run a compiled step, here it is Python
        pytest.skip("only PyTorch runs Python in a step")
    update, count = GAN.generator_update, []

    def run_out_of_memory(self, batch):
        count.append(1)
        if len(count) == 4:
            raise MemoryError
        return update(self, batch)

    whole = train(plain("checkpoint_every=2"), run=place / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(GAN, "generator_update", run_out_of_memory)
        with pytest.raises(MemoryError):
            train(plain("checkpoint_every=2"), run=place / "run")
    run = Run.open(place / "run")
    assert run.manifest()["state"] == "failed" and run.newest_checkpoint().step == 2
    resume(run.path)
    assert not differing(arrays(run), arrays(whole))


def test_without_any_checkpoint_that_is_said_too(plain, place, capsys):
    recipe = plain("architecture.name=poisoned", "architecture.since=0", "log_every=1")
    (place / "recipe.toml").write_text(recipe.toml())
    assert main(["train", "recipe.toml", "--run", "run"]) == 6
    assert "There is no checkpoint." in capsys.readouterr().err
    assert not (place / "run" / "log.jsonl").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1])
def test_a_signal_saves_at_the_edge_of_the_step_and_says_how_to_go_on(
    number, recipe, place, arrays
):
    def press(event):
        if event["event"] == "progress" and event["step"] >= 2:
            signal.raise_signal(number)
            signal.raise_signal(number)  # twice: still the edge of the step

    asked = recipe("steps=4", "log_every=1", "checkpoint_every=100")
    with pytest.raises(Interrupted, match=r"after step 2 of 4.*ganzoo resume") as stopped:
        train(asked, run=place / "run", events=press)

    run = Run.open(place / "run")
    assert stopped.value.exit_code == 128 + number
    assert [path.name for path in run.checkpoints.iterdir()] == ["step-00000002"]
    assert run.manifest()["state"] == "interrupted"
    assert "ganzoo resume" in run.report_path.read_text()
    assert not run.weights_path.exists()
    if number == signal.SIGUSR1:  # once is enough; it takes two compilations
        never = train(asked, run=place / "never")
        resume(run.path)
        assert run.weights_path.read_bytes() == never.weights_path.read_bytes()
        assert not differing(arrays(run), arrays(never))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("phase", ["data", "networks"])
def test_a_signal_before_the_first_step_leaves_nothing(
    number, phase, recipe, place, monkeypatch, capsys
):
    import ganzoo_testbed

    name = {"data": "patient", "networks": "stateful"}[phase]
    made = getattr(ganzoo_testbed, name)

    def signaled(*args, **kwargs):
        signal.raise_signal(number)
        return made(*args, **kwargs)

    monkeypatch.setattr(ganzoo_testbed, name, signaled)
    (place / "recipe.toml").write_text(recipe().toml())
    before = signal.getsignal(number)
    assert main(["train", "recipe.toml"]) == 128 + number
    assert capsys.readouterr().err == "Stopped before the first step; nothing was changed.\n"
    assert [path.name for path in place.iterdir()] == ["recipe.toml"]
    assert signal.getsignal(number) is before


def test_memory_that_runs_out_is_no_fault_of_the_plugin(recipe, place, monkeypatch, capsys):
    import ganzoo_testbed

    def greedy(*args, **kwargs):
        raise MemoryError

    (place / "recipe.toml").write_text(recipe().toml())
    monkeypatch.setattr(ganzoo_testbed, "stateful", greedy)
    assert main(["train", "recipe.toml"]) == 5
    assert "Out of memory" in capsys.readouterr().err
    assert not (place / "runs").exists()


def test_a_disk_that_fills_up_keeps_the_checkpoints_before(plain, place, monkeypatch):
    def full(step, path):
        if step == "publish" and path.name == "step-00000004":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(publish, "on_step", [full])
        with pytest.raises(EnvironmentProblem, match="No space left"):
            train(plain("checkpoint_every=2"), run=place / "run")
    run = Run.open(place / "run")
    assert [path.name for path in run.checkpoints.iterdir()] == ["step-00000002"]
    assert run.manifest()["state"] == "failed"
    resume(run.path)
    assert run.manifest()["state"] == "finished" and "reason" not in run.manifest()


def test_a_disk_that_is_full_for_a_while_is_warned_of_and_changes_nothing(
    plain, place, monkeypatch, arrays
):
    settings, warnings = ("steps=6", "checkpoint_every=1", "sample_every=1", "log_every=1"), []
    whole = train(plain(*settings), run=place / "whole")

    def full(step, path):
        if step == "create" and 2 <= seen[-1] <= 3:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    def listen(event):
        if event["event"] == "log":  # before anything is saved
            seen.append(event["step"])
        if event["event"] == "warning":
            warnings.append(event["message"])

    seen = [0]
    with monkeypatch.context() as patch:
        patch.setattr(publish, "on_step", [full])
        run = train(plain(*settings), run=place / "run", events=listen)
    told = [text for text in warnings if "The training goes on. The last good checkpoint" in text]
    assert len(told) == 2 and all("step-00000001" in text for text in told)
    assert not differing(arrays(whole), arrays(run))
    assert [entry["step"] for entry in run.log()] == [1, 2, 3, 4, 5, 6]
    assert verify(str(run.path))["problems"] == []


def test_a_disk_that_stays_full_ends_a_training_at_the_third_save(plain, place, monkeypatch):
    def full(step, path):
        if step == "publish" and path.name > "step-00000001":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(publish, "on_step", [full])
        with pytest.raises(EnvironmentProblem, match="No space left.*good .*step-00000001"):
            train(plain("steps=9", "checkpoint_every=1", "sample_every=9"), run=place / "run")
    run = Run.open(place / "run")
    assert (run.manifest()["state"], run.newest_checkpoint().step) == ("failed", 1)


def test_a_disk_that_cannot_hold_two_checkpoints_is_refused_before_a_run_is_made(
    plain, place, monkeypatch
):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10_000))
    with pytest.raises(EnvironmentProblem, match="cannot hold 2 checkpoints"):
        train(plain(), run=place / "run")
    assert not (place / "run").exists()


def test_a_manifest_that_is_torn_away_while_a_run_goes_on_is_written_again(plain, place):
    def tear(event):
        if event["event"] == "checkpoint" and event["step"] == 2:
            (place / "run" / "manifest.json").unlink()

    run = train(plain("checkpoint_every=2"), run=place / "run", events=tear)
    assert run.manifest()["state"] == "finished"
    assert verify(str(run.path))["problems"] == []


def test_data_from_an_npz_file_of_keras_reaches_training(plain, place, monkeypatch):
    """Data sets of `keras.datasets` come through the backend in use."""
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype="uint8")
    np.savez(place / "mnist.npz", x_train=images, y_train=np.arange(20, dtype="uint8") % 10,
             x_test=images[:1], y_test=np.zeros(1, "uint8"))  # fmt: skip
    recipe = plain("dataset.name=mnist", "dataset.data=mnist.npz", "batch=4", "steps=2")
    run = train(recipe, run=place / "run")
    assert run.manifest()["data"]["count"] == 20
    assert tomllib.loads(run.recipe_path.read_text())["dataset"]["data"] == f"{place}/mnist.npz"
    assert str(place) not in json.dumps(safetensors.metadata(run.weights_path))
    assert str(place) not in run.card_path.read_text()
    (place / "moved").mkdir()
    (place / "mnist.npz").rename(place / "moved" / "again.npz")
    monkeypatch.chdir(place / "moved")
    resume(run.path, settings=["steps=3", "dataset.data=again.npz"])  # meant from here
    assert run.recipe().dataset.options["data"] == f"{place}/moved/again.npz"
