"""Sounds, videos and translations on the whole way: trained, evaluated, sampled, reported."""

import json
import re
import wave

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.errors import PluginError, UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models.build import build_networks
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights
from ganzoo.jobs.training.plan import plan

pytestmark = pytest.mark.backend


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def trained(place, kinds):
    """`trained("tones", "steps=4")`: the run that the command leaves."""

    def train(dataset: str, *settings: str) -> Run:
        (place / "recipe.toml").write_text(kinds(dataset, *settings).toml())
        assert main(["train", "recipe.toml", "--run", "run"]) == 0
        return Run.open("run")

    return train


@pytest.fixture
def kinds():
    tables = {
        "generator_optimizer": {"name": "adam"},
        "discriminator_optimizer": {"name": "adam"},
        "training": {"batch": 8, "steps": 2, "steps_per_dispatch": 1, "seed": 1},
    }
    architectures = {"pairs": "translator"}

    def make(dataset: str, *settings: str) -> Recipe:
        parts = {"architecture": {"name": architectures.get(dataset, "any-shape")},
                 "dataset": {"name": dataset}}  # fmt: skip
        return apply_settings(Recipe.from_tables(parts | tables), settings)

    return make


def levels(path) -> np.ndarray:
    """The 16-bit levels of a file of sound; processors round apart by one, by size of a batch."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "int16").astype(int)


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_sounds_are_trained_evaluated_and_heard_at_their_rate(trained, place, capsys):
    run = trained("tones", "evaluate_every=2", "evaluate_samples=12", "sample_every=1")

    assert run.manifest()["data"]["rate"] == 8000
    assert run.manifest()["evaluation"]["description"] == "spectrum"
    assert run.log()[-1]["frechet"] > 0
    about = safetensors.metadata(run.weights_path)
    assert (about["rate"], about["image_shape"], about["classes"]) == (8000, [200, 2], [])
    assert sorted(path.name for path in run.samples.iterdir()) == [
        f"step-{step:08d}.png" for step in (0, 1, 2)]  # fmt: skip
    page = run.report_path.read_text()
    assert "24 sounds of 200 × 2" in page and 'src="data:audio/wav;base64,' in page
    assert "media-src data:" in page

    assert main(["export", "run", "run.safetensors"]) == 0
    assert main(["sample", "run.safetensors", "-n", "16", "--seed", "1", "--out", "all.wav"]) == 0
    np.testing.assert_allclose(levels(place / "all.wav"), levels(run.path / "samples.wav"), atol=1)
    assert pixels("all.png").shape[0] > 100
    assert main(["sample", "run", "-n", "2", "--seed", "1", "--separate", "--out", "each"]) == 0
    with wave.open(str(place / "each" / "000000.wav")) as first:
        assert (first.getframerate(), first.getnchannels(), first.getnframes()) == (8000, 2, 200)
    first = levels(place / "each" / "000000.wav")
    np.testing.assert_allclose(first, levels(run.path / "samples.wav")[: first.size], atol=1)
    capsys.readouterr()

    assert main(["evaluate", "run", "-n", "12", "--json"]) == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)["results"]}
    assert rows["frechet"]["value"] == pytest.approx(run.log()[-1]["frechet"], rel=1e-4)
    assert rows["frechet"]["protocol"]["description"] == "spectrum"
    assert "patch_wasserstein" not in rows
    for argv, said in (
        (["evaluate", "run", "--features", "inception"], "Sounds have no features"),
        (["evaluate", "run", "--metrics", "patch_wasserstein"], "needs real images"),
        (["sample", "run", "--out", "all.gif"], "written as .png, .jpg, .jpeg, .webp, .wav"),
    ):
        assert main(argv) == 2
        assert said in capsys.readouterr().err


def test_videos_are_trained_evaluated_and_watched(trained, place):
    run = trained("clips", "evaluate_every=2", "evaluate_samples=12", "ema_half_life=0.5")
    assert run.manifest()["evaluation"]["description"] == "pooled frames"
    assert run.log()[-1]["frechet"] > 0
    newest = (run.path / "samples.gif").read_bytes()
    page = run.report_path.read_text()
    assert "24 videos of 5 × 8 × 8 × 3" in page
    assert len(re.findall(r'<img src="data:image/gif;base64,', page)) == 1
    strip = pixels(run.samples / "step-00000002.png")
    assert strip.shape[1] / strip.shape[0] == pytest.approx(5 / 8, abs=0.02)
    assert main(["sample", "run", "-n", "8", "--seed", "1"]) == 0
    assert (place / "run-samples.gif").read_bytes() == newest
    assert main(["sample", "run", "--interpolate", "1,2", "-n", "3", "--out", "way.gif"]) == 0
    assert main(["sample", "run", "-n", "1", "--separate", "--out", "each"]) == 0
    with Image.open("each/000000.gif") as one, Image.open("way.gif") as way:
        assert (one.size, one.n_frames, way.n_frames) == ((8, 8), 5, 5)
        assert way.width > 2.5 * way.height  # in a row
    assert main(["evaluate", "run", "-n", "12", "--metrics", "frechet"]) == 0


@pytest.mark.parametrize("paired", [True, False])
def test_images_are_translated_while_training_and_afterward(paired, trained, place, capsys):
    import ganzoo_kinds

    run = trained("pairs", f"dataset.paired={str(paired).lower()}")

    data, about = ganzoo_kinds.pairs(), safetensors.metadata(run.weights_path)
    assert about["source_shape"] == run.manifest()["data"]["source_shape"] == [8, 6, 1]
    assert "8 × 6 × 1" in run.report_path.read_text()
    gan = ganzoo.load("run")
    made = gan.sample(8, seed=1, labels=data.labels[:8])
    low, high = gan.value_range
    scaled = data.labels[:8].astype("float32") / 255 * (high - low) + low
    assert np.abs(made.astype(int) - gan.sample(8, seed=1, labels=scaled)).max() <= 1
    sheet = pixels(run.samples / "step-00000002.png")
    columns = [data.labels[:8], made, data.images[:8]][: 3 if paired else 2]
    scale = -(-512 // (6 * len(columns)))
    for index, images in enumerate(columns):
        middle = index * 7 * scale + scale // 2  # in the first pixel; the gap is one of them
        shown = sheet[scale // 2 :: 9 * scale, middle]
        assert np.abs(shown.astype(int) - images[:, 0, 0]).max() <= 1

    for index in range(3):
        Image.fromarray(data.labels[index, ..., 0]).save(place / f"{index}.png")
    assert main(["sample", "run", "--data", ".", "-n", "2", "--seed", "1", "--separate",
                 "--out", "each"]) == 0  # fmt: skip
    assert len(list((place / "each").iterdir())) == 2
    assert np.abs(pixels("each/000001.png").astype(int) - made[1]).max() <= 1
    assert main(["sample", "run", "--data", "1.png", "--seeds", "1-3", "--out", "many.png"]) == 0
    many = pixels("many.png")
    assert many.shape[0] > 1.5 * many.shape[1]  # three rows of source and translation

    assert main(["sample", "run"]) == 2
    assert "--data FOLDER" in capsys.readouterr().err
    assert main(["evaluate", "run", "-n", "12", "--metrics", "patch_wasserstein"]) == 0


def test_an_architecture_and_its_labels_must_fit(kinds, monkeypatch):
    import ganzoo_kinds

    for settings, said in (
        (["dataset.name=digits"], "'translator' translates images.*'digits', which has classes"),
        (["dataset.name=clips"], "'translator' translates images.*'clips', which has no labels"),
        (["architecture.name=cdcgan"], "'cdcgan' needs classes.*'pairs', whose labels are images"),
    ):
        with pytest.raises(UsageError, match=said):
            open_recipe_dataset(kinds("pairs", *settings))
    assert open_recipe_dataset(kinds("pairs", "architecture.name=any-shape")).labels is None
    with pytest.raises(UsageError, match="needs the shape of those to translate from"):
        build_networks(kinds("pairs"), (8, 6, 3), 0)

    found = plan(kinds("pairs"))
    assert (found["source_shape"], found["classes"]) == ([8, 6, 1], 0)
    assert found["memory"]["data"] == 24 * 8 * 6 * (3 + 1)
    assert plan(kinds("tones"))["rate"] == 8000

    plain = ganzoo_kinds.any_shape
    monkeypatch.setattr(
        ganzoo_kinds, "translator", lambda image_shape, source_shape: plain(image_shape)
    )
    with pytest.raises(PluginError, match="must take images, alone or after latents.*no images"):
        build_networks(kinds("pairs"), (8, 6, 3), 0, (8, 6, 1))


def test_numbers_condition_a_model_and_are_asked_for_by_name(kinds, place, capsys):
    sizes = ["architecture.generator_base_channels=2", "architecture.discriminator_base_channels=2",
             "architecture.num_upsamples=1"]  # fmt: skip
    recipe = kinds("dials", "architecture.name=cdcgan", *sizes)
    (place / "recipe.toml").write_text(recipe.toml())
    assert main(["train", "recipe.toml"]) == 2
    assert 'architecture.labels="rows"' in capsys.readouterr().err
    (place / "recipe.toml").write_text(apply_settings(recipe, ["architecture.labels=rows"]).toml())
    assert main(["train", "recipe.toml", "--run", "run"]) == 0
    about = safetensors.metadata("run/weights.safetensors")
    assert (about["generator_labels"], about["label_range"]) == ([2], [[-1, 0], [1, 2]])
    gan = ganzoo.load("run")
    for argv, rows in (
        ([], [[-1, 1], [1, 1], [0, 0], [0, 2]]),
        (["--labels", "left=0.5 right side=2,left=9"], [[0.5, 2], [9, 1]] * 2),
    ):
        assert main(["sample", "run", "-n", "4", "--seed", "1", *argv, "--out", "all.npy",
                     "--overwrite"]) == 0  # fmt: skip
        expected = gan.sample(4, seed=1, labels=np.array(rows, "float32"))
        np.testing.assert_array_equal(np.load("all.npy"), expected)
    assert main(["evaluate", "run", "-n", "12", "--metrics", "patch_wasserstein"]) == 0


@pytest.mark.parametrize(
    ("dataset", "key", "odd"),
    [
        ("tones", "label_range", [[1.0], ["2"]]), ("tones", "label_range", [[1.0]]),
        ("tones", "rate", None), ("tones", "rate", "8000"), ("tones", "rate", 0),
        ("pairs", "source_shape", None), ("pairs", "source_shape", [8, 6]),
        ("pairs", "source_shape", [8, 6, True]), ("pairs", "source_shape", "8x6"),
    ],
)  # fmt: skip
def test_weights_that_do_not_say_what_they_need_are_refused(
    dataset, key, odd, place, kinds, capsys
):
    about = {"recipe": kinds(dataset).tables(), "classes": [], "rate": 8000,
             "image_shape": {"tones": [200, 2], "pairs": [8, 6, 3]}[dataset],
             "source_shape": [8, 6, 1]}  # fmt: skip
    about = {k: v for k, v in (about | {key: odd}).items() if v is not None}
    safetensors.save(place / "odd.safetensors", {"generator/x": np.zeros(1, "float32")}, about)
    assert main(["sample", "odd.safetensors"]) == 3
    assert "odd.safetensors" in capsys.readouterr().err


def test_sounds_are_not_imported_without_their_rate(place, kinds):
    safetensors.save(place / "bare.safetensors", {"generator/x": np.zeros(1, "float32")}, {})
    told = FileDescription(recipe=kinds("tones"), image_shape=(200, 2), data_license="MIT")
    with pytest.raises(UsageError, match=r"rate must be known.*the shape \(200, 2\) alone"):
        import_weights("bare.safetensors", "tones", description=told, license="MIT")
