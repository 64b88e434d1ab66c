"""What goes on where it stopped is what never stopped: bit for bit, from anywhere."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from lazy_keras import Lazy, keras

from ganzoo import backend
from ganzoo.backend.devices import Group
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.data.feed import Feed
from ganzoo.data.progress import reporting
from ganzoo.errors import InvalidInput, Locked, UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.models.weights import assign_arrays, state_arrays
from ganzoo.jobs.training import provenance
from ganzoo.jobs.training.resume import _check_same_data, resume
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend

efficientnet = Lazy("ganzoo_features.efficientnet")
STEPS = 12
UNTIMED = ("step", "images", "d_loss", "g_loss", "d_real_accuracy", "d_fake_accuracy", "r1")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of 12 steps that was never stopped, with a checkpoint after each."""
    made = []

    def get(recipe) -> Run:
        if not made:
            made.append(train(recipe(), run=tmp_path_factory.mktemp("whole") / "run"))
        return made[0]

    return get


class Trainer:
    """A built GAN and its data; compiled once however often it is trained."""

    def __init__(self, recipe):
        self.dataset = open_recipe_dataset(recipe)
        self.gan = build_gan(recipe, self.dataset)
        self.fresh = state_arrays(self.gan)

    def train_steps(self, state, start: int, stop: int) -> dict[str, np.ndarray]:
        """The state after the steps from `start` to `stop`, beginning with `state`."""
        assign_arrays(self.gan.state(), state, "the test")
        feed = Feed(self.dataset, batch=4, n_critic=2, seed=3, start_step=start, stop_step=stop)
        means = [(v, state[f"metrics/{v.name}"]) for v in self.gan.step_metrics.variables]
        back = keras.callbacks.LambdaCallback(  # `fit` has just reset them
            on_epoch_begin=lambda epoch, logs: [v.assign(value) for v, value in means]
        )
        self.gan.fit(
            backend.feed(feed), steps_per_epoch=len(feed), verbose=0, shuffle=False,
            callbacks=[back],
        )  # fmt: skip
        if stop % 4 == 0:  # log_every
            self.gan.reset_metrics()
        return state_arrays(self.gan)


@pytest.fixture(scope="module")
def built():
    made = []
    return lambda recipe: made[0] if made else (made.append(Trainer(recipe)) or made[0])


@pytest.fixture
def trainer(built, recipe):
    return built(recipe())


def differing(one, other) -> list[str]:
    assert one.keys() == other.keys()
    same = {n: one[n].tobytes() == other[n].tobytes() for n in one}
    return [name for name, equal in same.items() if not equal]


@pytest.mark.parametrize("step", [1, 5, 7])
def test_a_run_that_died_after_any_step_ends_as_if_it_had_not(step, whole, recipe, rewound, arrays):
    """1: between two lazy penalties; 5: the end of an epoch; 7: in the middle of one."""
    never, died = whole(recipe), rewound(whole(recipe), step)
    resume(died.path)
    assert differing(arrays(never), arrays(died)) == []
    assert never.weights_path.read_bytes() == died.weights_path.read_bytes()
    for name in sorted(path.name for path in never.samples.iterdir()):
        assert (never.samples / name).read_bytes() == (died.samples / name).read_bytes()
    untimed = [[{k: e[k] for k in UNTIMED} for e in run.log()] for run in (never, died)]
    assert untimed[0] == untimed[1]
    assert died.manifest()["state"] == "finished"
    assert [entry["step"] for entry in died.manifest()["resumed"]] == [step]


def test_numbers_that_follow_schedules_go_on_where_a_run_died(plain, rewound, arrays, tmp_path):
    ramp = "initial = 0.5, final = 0.1"
    settings = (
        f"gan.regularizers=[{{name='r1', weight={{schedule='cosine', {ramp}, images=100}}}}]",
        "ema_half_life={schedule='linear', initial=0.0, final=90.0, images=90}",
        f"generator_optimizer.learning_rate={{schedule='exponential', {ramp}, steps=5, begin=1}}",
        "discriminator_optimizer.beta_2={schedule='piecewise', values=[0.9, 0.99], steps=[3]}",
        f"discriminator_optimizer.learning_rate={{schedule='linear', {ramp}, steps=5}}",
        "gan.n_critic={schedule='bursts', value=1, burst=2, steps=1, every=2}",
        f"gan.weight_clip={{schedule='linear', {ramp}, steps=5}}",
    )
    recipe = plain("steps=6", "checkpoint_every=2", *settings)
    never = train(recipe, run=tmp_path / "never")
    died = rewound(never, 4)  # the generator waits for its second update of the discriminator
    resume(died.path)
    assert differing(arrays(never), arrays(died)) == []

    steps = np.arange(6)
    images = 16 * steps
    closed = {
        "r1_weight": 0.1 + 0.2 * (1 + np.cos(np.pi * images / 100)),
        "ema_half_life": np.minimum(images, 90),
        "generator_learning_rate": 0.5 * 0.2 ** (np.maximum(steps - 1, 0) / 5),
        "discriminator_beta_2": np.where(steps < 3, 0.9, 0.99),
        "discriminator_learning_rate": 0.5 - 0.4 * steps / 5,
        "weight_clip": 0.5 - 0.4 * steps / 5,
        "n_critic": np.array([2, 2, 1, 2, 2, 1]),
    }
    for name, values in closed.items():
        logged = [[entry[name] for entry in run.log()] for run in (never, died)]
        assert logged[0] == logged[1]
        np.testing.assert_allclose(logged[0], values.reshape(3, 2).mean(axis=1), rtol=1e-6)


def test_every_step_follows_from_the_checkpoint_before_it(whole, recipe, trainer, arrays):
    run = whole(recipe)
    for step in range(1, STEPS):
        assert (
            differing(trainer.train_steps(arrays(run, step), step, step + 1), arrays(run, step + 1))
            == []
        )


GROUPS = {
    "generator weights": ("generator/project/", "generator/up/"),
    "batch statistics": ("generator/norm/moving",),
    "generator dropout": ("generator/seeds/",),
    "discriminator weights": ("discriminator/logit/", "discriminator/down/down/"),
    "singular vector": ("discriminator/down/u",),
    "discriminator dropout": ("discriminator/seeds/",),
    "average": ("ema/",),
    "generator optimizer": ("generator_optimizer/",),
    "discriminator optimizer": ("discriminator_optimizer/",),
    "seed": ("gan/seed",),
    "steps": ("gan/steps",),
    "images": ("gan/images",),
    "step metrics": ("metrics/",),
}


def test_leaving_out_any_group_of_state_breaks_the_equality(whole, recipe, trainer, arrays):
    run = whole(recipe)
    before, after = arrays(run, 5), arrays(run, 7)
    assert differing(trainer.train_steps(before, 5, 7), after) == []
    covered = ("generator/norm/", *(prefix for group in GROUPS.values() for prefix in group))
    assert [name for name in before if not name.startswith(covered)] == []
    lost = trainer.fresh | {"gan/seed": np.zeros_like(before["gan/seed"])}
    for group, prefixes in GROUPS.items():
        names = [name for name in before if name.startswith(prefixes)]
        assert names, group
        if not differing({n: before[n] for n in names}, {n: lost[n] for n in names}):
            # torch's dropout has no state: it is a function of seed and step
            assert keras.backend.backend() == "torch" and "dropout" in group
            continue
        forgotten = before | {name: lost[name] for name in names}
        assert differing(trainer.train_steps(forgotten, 5, 7), after) != [], group
    assert differing(trainer.train_steps(before, 6, 8), after) != []  # the data's position


def test_the_state_is_everything_that_a_step_can_change(trainer):
    gan = trainer.gan
    held = {id(variable) for variable in gan.state().values()}
    reachable = [*gan.variables, *gan.optimizer.variables, *gan.step_metrics.variables]
    assert [variable.path for variable in reachable if id(variable) not in held] == []
    seeds = [layer.seed_generator.state for layer in gan._flatten_layers()
             if hasattr(layer, "seed_generator")]  # fmt: skip
    assert len(seeds) == 2 and all(id(state) in held for state in seeds)


FUSED = (
    "steps_per_dispatch=2", "checkpoint_every=4", "sample_every=100",
    "training.precision=mixed_float16", "architecture.name=mlp", "architecture.latent_size=4",
    "architecture.generator_units=[8]", "architecture.discriminator_units=[8]",
    "training.gradient_accumulation_steps=2",
)  # fmt: skip


def test_n_steps_and_n_more_are_2n_with_fused_steps_and_scaled_losses(recipe, arrays, place):
    """5 is no multiple of 2 or 4: the two halves are cut into other dispatches.

    (Not on TensorFlow, where XLA takes seconds for each length of a dispatch.)
    """
    steps = 4 if keras.backend.backend() == "tensorflow" else 5
    never = train(recipe(*FUSED, "steps=8"), run=place / "never")
    half = train(recipe(*FUSED, f"steps={steps}"), run=place / "half")
    assert differing(arrays(never, 4), arrays(half, 4)) == []
    resume(half.path, settings=["steps=8"])
    assert any("dynamic_scale" in name for name in arrays(never))
    assert differing(arrays(never), arrays(half)) == []
    assert half.recipe().training.steps == 8
    assert half.manifest()["recipe_digest"] == half.recipe().digest()


def test_looking_at_a_gan_does_not_change_it(whole, recipe, place):
    """Images, log lines and checkpoints at other steps: the same weights."""
    run = train(
        recipe("sample_every=1", "log_every=5", "checkpoint_every=12"), run=place / "watched"
    )
    stored = [safetensors.load(r.weights_path) for r in (whole(recipe), run)]
    assert differing(*stored) == []


def snapshot(run: Run) -> dict[str, tuple[bytes, int]]:
    files = [p for p in run.path.rglob("*") if p.is_file() and p.name != ".lock"]
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


def test_resuming_a_finished_run_does_nothing(whole, recipe, capsys):
    run = whole(recipe)
    before = snapshot(run)
    assert main(["resume", str(run.path)]) == 0
    assert snapshot(run) == before
    assert "finished" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ("training.batch=2", 2, ["training.batch", "Expected: 4", "Received: 2"]),
        ("training.seed=4", 2, ["training.seed"]),
        ("gan.loss=minimax", 2, ["gan.loss"]),
        ("generator_optimizer.beta_1=0.9", 2, ["generator_optimizer.beta_1"]),
        ("training.precision=mixed_bfloat16", 2, ["training.precision"]),
        ("training.xla=false", 2, ["training.xla"]),
        ("steps_per_dispatch=2", 2, ["steps_per_dispatch"]),
        ("architecture.width=8", 2, ["architecture.width"]),
        ("dataset.shift=1", 2, ["dataset.shift"]),
        ("training.steps=3", 2, ["step 7", "Received: 3"]),
        ("training.batchs=2", 2, ["Did you mean"]),
    ],
)
def test_what_would_change_the_gan_is_refused(setting, code, words, whole, recipe, rewound, capsys):
    run = rewound(whole(recipe), 7)
    before = snapshot(run)
    assert main(["resume", str(run.path), "--set", setting]) == code
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and all(word in said for word in words), said
    assert snapshot(run) == before


def test_a_recipe_edited_by_hand_is_refused(whole, recipe, rewound):
    run = rewound(whole(recipe), 7)
    run.recipe_path.write_text(run.recipe_path.read_text().replace("batch = 4", "batch = 2"))
    with pytest.raises(InvalidInput, match="recipe.toml is not what was"):
        resume(run.path)
    manifest = {k: v for k, v in run.manifest().items() if k not in ("schema", "files", "log")}
    run.manifest_path.write_text(json.dumps(manifest))  # as an older version wrote it
    with pytest.raises(UsageError, match="training.batch cannot change. Expected: 4. Received: 2"):
        resume(run.path)


def test_other_data_is_refused_and_named(whole, recipe, rewound, monkeypatch):
    import ganzoo_testbed

    run = rewound(whole(recipe), 7)
    before = snapshot(run)
    other = ganzoo_testbed.patient(images=48)
    monkeypatch.setattr(ganzoo_testbed, "patient", lambda: other)
    with pytest.raises(InvalidInput, match="'patient'.*Expected: count 40. Received: count 48"):
        resume(run.path)
    assert snapshot(run) == before


@pytest.mark.parametrize("most", [1 << 18, 10])  # digests: one of each item, or of four together
def test_the_first_item_that_differs_is_named(whole, recipe, rewound, monkeypatch, most):
    import ganzoo_testbed

    run, same = rewound(whole(recipe), 7), ganzoo_testbed.patient()
    monkeypatch.setattr("ganzoo.jobs.training.provenance._MAX_DIGESTS", most)
    (run.path / "data.digests").unlink()
    manifest = run.manifest()
    manifest["files"].pop("data.digests")
    (run.path / "data.digests").write_bytes(provenance.item_digests(same))
    provenance.write_manifest(run, manifest)
    pixels, labels = np.array(same.images), same.labels
    edited, relabeled = pixels.copy(), labels.copy()
    edited[[7, 20], 0, 0] += 1
    relabeled[9] = 1 - relabeled[9]
    cases = [
        (edited, labels, "number 7,", "number 4 to 7,"),
        (pixels, relabeled, "number 9,", "number 8 to 11,"),
        (np.delete(pixels, 5, axis=0), np.delete(labels, 5), "number 5,", "number 4 to 7,"),
        (np.delete(pixels, 39, axis=0), labels[:39], "39, counted from 0, which is gone", "39,"),
        (pixels, labels, "Every item is as it was", "Every item is as it was"),
    ]
    for images, numbers, one, of_four in cases:
        other = replace(same, images=images, labels=numbers, fingerprint="other")
        monkeypatch.setattr(ganzoo_testbed, "patient", lambda other=other: other)
        with pytest.raises(InvalidInput, match=one if most > 40 else of_four):
            resume(run.path)
    monkeypatch.setattr("ganzoo.jobs.training.provenance._BLOCK", 64)  # a few images at once
    seen = []
    with reporting(seen.append):
        provenance.item_digests(same)
    asked = iter([None])
    with pytest.raises(StopIteration), reporting(lambda event: next(asked)):
        provenance.item_digests(same)  # as a signal would end it: not only before and after
    assert 0 < seen[1]["done"] < seen[-1]["done"] == seen[0]["total"] == 40
    (run.path / "data.digests").write_bytes(b"torn")
    with pytest.raises(InvalidInput, match=r"Received: fingerprint 'other'\. Restore"):
        resume(run.path)


def test_one_process_alone_looks_which_item_differs(whole, recipe, monkeypatch):
    run, same = whole(recipe), open_recipe_dataset(recipe())
    facts, other = run.manifest()["data"], replace(same, fingerprint="other")
    monkeypatch.setattr(provenance, "item_digests", lambda dataset: pytest.fail("it reads all"))
    with pytest.raises(InvalidInput, match="is not what the run began with"):
        _check_same_data(run, facts, other, Group(rank=1, count=2))


def test_other_data_of_the_same_kind_are_taken_if_that_is_wanted(
    whole, recipe, rewound, monkeypatch
):
    """Promise 37."""
    import ganzoo_testbed

    run, said = rewound(whole(recipe), 7), []
    fingerprint = run.manifest()["data"]["fingerprint"]
    others, rows = [ganzoo_testbed.patient(shift=1)], np.arange(48) % 40
    pixels, labels = (np.array(part)[rows] for part in (others[0].images, others[0].labels))
    others.append(replace(others[0], images=pixels, labels=labels, fingerprint="longer"))
    monkeypatch.setattr(ganzoo_testbed, "patient", lambda: others[0])
    monkeypatch.setattr("ganzoo.jobs.training.resume.run_session", lambda session: None)
    before, begun = snapshot(run), []

    def interrupt(event):
        if event["event"] == "prepare" and not event["done"]:
            begun.append(event["what"])
            if len(begun) == 2:  # the digests to compare with the old ones, then those to keep
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resume(run.path, allow_data_change=True, events=interrupt)
    assert (begun, snapshot(run)) == (["patient: digests"] * 2, before)
    resume(run.path, allow_data_change=True, events=said.append)
    assert any("is not what the run began" in one.get("message", "") for one in said)
    assert (run.path / "data.digests").read_bytes() == provenance.item_digests(others[0])
    changed = run.manifest()
    assert changed["data"]["fingerprint"] == others[0].fingerprint
    assert changed["data_changes"] == [{"step": 7, "from": fingerprint}]
    with pytest.raises(InvalidInput, match="number 40, counted from 0, which is new"):
        monkeypatch.setattr(ganzoo_testbed, "patient", lambda: others[1])
        resume(run.path)
    with pytest.raises(UsageError, match="trained with that backend already"):
        resume(run.path, convert=keras.backend.backend())


def test_two_processes_do_not_go_on_with_one_run(whole, recipe, rewound):
    run = rewound(whole(recipe), 7)
    with run.lock(), pytest.raises(Locked) as refused:
        resume(run.path)
    assert refused.value.exit_code == 7


def test_a_broken_checkpoint_falls_back_with_a_warning_and_ends_the_same(
    whole, recipe, rewound, arrays
):
    run = rewound(whole(recipe), 9)
    state = run.checkpoints / "step-00000009" / "state.safetensors"
    content = bytearray(state.read_bytes())
    content[-1] ^= 1
    state.write_bytes(content)
    said = []
    resume(run.path, events=said.append)
    warnings = [event["message"] for event in said if event["event"] == "warning"]
    assert any("step 9 is broken" in text and "step 8" in text for text in warnings)
    assert differing(arrays(whole(recipe)), arrays(run)) == []


def test_when_all_checkpoints_are_broken_nothing_starts_anew(whole, recipe, rewound):
    run = rewound(whole(recipe), 2)
    for path in run.checkpoints.iterdir():
        (path / "MANIFEST.json").unlink()
    with pytest.raises(InvalidInput, match="All 2 checkpoints"):
        resume(run.path)


@pytest.mark.parametrize("mutation", ["missing", "extra", "reshaped", "recast", "swapped"])
def test_a_state_that_does_not_fit_is_refused_whole(mutation, whole, recipe, trainer, arrays):
    state, name = arrays(whole(recipe), 3), "discriminator/logit/kernel"
    match mutation:
        case "missing":
            del state["generator/seeds/0"]
        case "extra":
            state["generator/seeds/7"] = state["generator/seeds/0"]
        case "reshaped":
            state[name] = state[name].T
        case "recast":
            state[name] = state[name].astype("float64")
        case "swapped":
            a, b = "generator_optimizer/iteration", "generator_optimizer/up/kernel/momentum"
            state[a], state[b] = state[b], state[a]
    before = state_arrays(trainer.gan)
    with pytest.raises(InvalidInput, match="does not fit this architecture at"):
        assign_arrays(trainer.gan.state(), state, "a file")
    assert differing(before, state_arrays(trainer.gan)) == []


def test_a_run_without_its_manifest_is_refused(whole, recipe, rewound, capsys):
    run = rewound(whole(recipe), 2)
    run.manifest_path.write_text("{}")
    assert main(["resume", str(run.path)]) == 3
    assert "manifest.json is not what ganzoo wrote" in capsys.readouterr().err


def test_a_run_without_a_checkpoint_is_refused_with_the_way_out(whole, recipe, rewound, capsys):
    run = rewound(whole(recipe), 0)
    shutil.rmtree(run.checkpoints)
    before = sorted(run.path.rglob("*"))
    assert main(["resume", str(run.path)]) == 2
    assert f"no checkpoint. Wait for its first one, or train again: ganzoo train {run.path}" in (
        capsys.readouterr().err
    )
    assert sorted(run.path.rglob("*")) in (before, sorted([*before, run.path / ".lock"]))


def test_a_run_with_a_frozen_network_goes_on_with_the_same_weights_only(
    plain, rewound, arrays, tmp_path, monkeypatch
):
    projected = {
        "name": "projected-gan", "latent_size": 4, "generator_base_channels": 1,
        "discriminator_base_channels": 1, "excitation_ratio": 2, "feature_resolution": 8,
    }  # fmt: skip
    tables = plain("steps=3", "checkpoint_every=1", "keep_checkpoints=3", "batch=4").tables()
    never = train(
        Recipe.from_tables(tables | {"architecture": projected, "gan": {"loss": "hinge"}}),
        run=tmp_path / "never",
    )
    digest = never.manifest()["frozen_networks"]["photo"]
    assert len(digest) == 64 and never.manifest()["parameters"]["discriminator"] < 10_000
    assert not any("stage" in name for name in arrays(never))
    died = rewound(never, 1)
    resume(died.path)
    assert differing(arrays(never), arrays(died)) == []

    changed = safetensors.load(efficientnet.WEIGHTS)
    changed["stem/offset"] = changed["stem/offset"] + 1.0
    safetensors.save(tmp_path / "other.safetensors", changed, {})
    other = tmp_path / "other.safetensors"
    monkeypatch.setattr("ganzoo_features.efficientnet.WEIGHTS", other)
    with pytest.raises(InvalidInput, match=f"'photo' is not what the run.*{digest}"):
        resume(rewound(never, 2).path)
