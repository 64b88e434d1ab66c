"""Images and files out of a run: the same for the same seed, and nothing overwritten."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.catalog.runs import Run
from ganzoo.cli import main
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models import export
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def run(recipe, tmp_path_factory):
    """A conditional run, trained once for the module."""
    requested = recipe("steps=3", "checkpoint_every=2")
    return train(requested, run=tmp_path_factory.mktemp("runs") / "trained")


@pytest.fixture
def mutated(run, place):
    """`mutated(change)`: the run's weights file after `change(arrays, metadata)`."""

    def write(change):
        arrays, about = safetensors.load(run.weights_path), safetensors.metadata(run.weights_path)
        change(arrays, about)
        safetensors.save(place / "mutated.safetensors", arrays, about)
        return place / "mutated.safetensors"

    return write


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_an_export_is_the_runs_weights_file_byte_for_byte(run, place):
    assert main(["export", str(run.path), "one.safetensors"]) == 0
    assert main(["export", str(run.path), "two.safetensors"]) == 0
    one = (place / "one.safetensors").read_bytes()
    assert one == (place / "two.safetensors").read_bytes() == run.weights_path.read_bytes()


def test_exports_hold_the_average_the_generator_or_everything(run, place, arrays):
    for name, flags in (("average", []), ("raw", ["--raw"]), ("all", ["--all"])):
        assert main(["export", str(run.path), f"{name}.safetensors", *flags]) == 0
    average, raw, everything = (
        safetensors.load(place / f"{name}.safetensors") for name in ("average", "raw", "all")
    )
    kernel = "generator/project/kernel"
    assert average.keys() == raw.keys() == {n for n in everything if n.startswith("generator/")}
    assert average[kernel].tobytes() == everything["ema/project/kernel"].tobytes()
    assert raw[kernel].tobytes() == everything[kernel].tobytes() != average[kernel].tobytes()
    assert everything.keys() == arrays(run).keys()


def test_every_kind_of_export_can_be_loaded(run, place):
    labels = np.array([0, 1], "int32")
    expected = ganzoo.load(run.path).sample(2, seed=7, labels=labels)
    raw = ganzoo.load(run.path, raw=True).sample(2, seed=7, labels=labels)
    assert not np.array_equal(expected, raw)
    for flags, images in (([], expected), (["--raw"], raw), (["--all"], expected)):
        main(["export", str(run.path), "out.safetensors", "--overwrite", *flags])
        loaded = ganzoo.load(place / "out.safetensors").sample(2, seed=7, labels=labels)
        assert np.array_equal(loaded, images)
    loaded = ganzoo.load("out.safetensors", raw=True).sample(2, seed=7, labels=labels)
    assert np.array_equal(loaded, raw)


def test_the_generator_itself_is_not_looked_for_in_its_average(run, capsys):
    assert main(["sample", str(run.weights_path), "--raw"]) == 2
    assert "holds the generator's average" in capsys.readouterr().err


def test_an_image_depends_on_its_seed_and_place_alone(run, place):
    source = str(run.path)
    sets = {"many": ["-n", "4", "--seed", "7"], "few": ["-n", "2", "--seed", "7"],
            "each": ["--seeds", "7,9", "--labels", "0"], "nine": ["-n", "1", "--seed", "9"],
            "way": ["--interpolate", "7,9", "-n", "3", "--labels", "0"]}  # fmt: skip
    for name, flags in sets.items():
        assert main(["sample", source, *flags, "--separate", "--out", name]) == 0
    found = {n: [pixels(p) for p in sorted((place / n).iterdir())] for n in sets}
    assert [p.name for p in sorted((place / "each").iterdir())] == [
        "000000-seed7.png", "000001-seed9.png"]  # fmt: skip
    assert len(found["many"]) == 4 and found["many"][0].shape == (8, 8)
    ends = found["way"][0], found["way"][2]
    same = [*zip(found["many"], found["few"], strict=False), *zip(ends, found["each"], strict=True)]
    same += [(found["each"][0], found["many"][0]), (found["each"][1], found["nine"][0])]
    assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in same)  # batches differ: rounding
    assert not np.array_equal(found["way"][1], found["way"][0])


def test_labels_choose_what_a_conditional_model_draws(run, place, capsys):
    for label in ("0", "1"):
        assert main(["sample", str(run.path), "--labels", label, "--out", f"{label}.png"]) == 0
    assert not np.array_equal(pixels(place / "0.png"), pixels(place / "1.png"))
    assert main(["sample", str(run.path), "--labels", "2"]) == 2
    assert "[0, 2)" in capsys.readouterr().err


def test_classes_have_names_as_well_as_numbers(run, place, capsys):
    for labels in ("1,0", "bright,dark", "bright,0"):
        assert main(["sample", str(run.path), "--labels", labels, "--out", f"{labels}.png"]) == 0
    expected = pixels(place / "1,0.png")
    assert np.array_equal(pixels(place / "bright,dark.png"), expected)
    assert np.array_equal(pixels(place / "bright,0.png"), expected)
    assert main(["sample", str(run.path), "--labels", "brihgt"]) == 2
    said = capsys.readouterr().err
    assert "Unknown class. Received: 'brihgt'. Did you mean 'bright'?" in said


def test_a_way_keeps_one_class_unless_others_are_asked_for(run, place):
    flags = ["--interpolate", "7,9", "-n", "4"]
    sets = {"plain": [], "first": ["--labels", "0"], "second": ["--labels", "1"],
            "both": ["--labels", "0,1"]}  # fmt: skip
    for name, labels in sets.items():
        assert main(["sample", str(run.path), *flags, *labels, "--out", f"{name}.png"]) == 0
    plain, first, second, both = (pixels(place / f"{name}.png") for name in sets)
    assert np.array_equal(plain, first)
    assert not np.array_equal(plain, second) and not np.array_equal(plain, both)


def test_a_truncation_of_nothing_is_for_who_truncates_by_a_variable(
    run, place, capsys, monkeypatch
):
    argv = ["sample", str(run.path), "--truncation", "0", "--labels", "bright", "-n", "3"]
    assert main(argv) == 2
    assert "truncation must be above 0, for a GAN whose latents are no" in capsys.readouterr().err
    from ganzoo.gan.gan import GAN

    by = property(lambda gan: gan.generator.get_layer("project").kernel)  # 0: of no latent
    monkeypatch.setattr(GAN, "truncation_psi", by)
    assert main([*argv, "--separate", "--out", "same"]) == 0
    one, two, three = (pixels(path) for path in sorted((place / "same").iterdir()))
    assert np.array_equal(one, two) and np.array_equal(one, three)


def test_a_loaded_gan_knows_how_many_classes_there_are(run):
    with pytest.raises(UsageError, match=r"Expected: 2 whole numbers in \[0, 2\)"):
        ganzoo.load(run.path).sample(2, labels=[0, 2])


def test_nothing_that_exists_is_overwritten_unasked(run, place, capsys):
    source = str(run.path)
    for name in ("old.png", "old.safetensors", "folder/000001.png", "file"):
        path = place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"precious")
    for words in (
        "sample SOURCE --out old.png", "sample SOURCE --out folder",
        "sample SOURCE --out folder --separate", "sample SOURCE --out file --separate",
        "export SOURCE old.safetensors", "export SOURCE folder",
    ):  # fmt: skip
        assert main(words.replace("SOURCE", source).split()) == 2, words
        assert capsys.readouterr().err.count("\n") == 1
    assert {p.read_bytes() for p in place.rglob("*") if p.is_file()} == {b"precious"}
    assert sorted(p.name for p in place.rglob("*")) == [
        "000001.png", "file", "folder", "old.png", "old.safetensors"]  # fmt: skip

    assert main(["sample", source, "--out", "old.png", "--overwrite"]) == 0
    assert pixels("old.png").ndim >= 2


FORMATS = {"a.jpg": "JPEG", "a.JPEG": "JPEG", "a.webp": "WEBP", "a.PNG": "PNG", "a.gif": "GIF"}


@pytest.mark.parametrize("name", FORMATS)
def test_the_ending_of_a_file_decides_its_format(run, place, name, capsys):
    argv = ["sample", str(run.path), "--out", name, "--interpolate", "1,2", "-n", "3"]
    assert main(argv) == 0
    assert [path.name for path in place.iterdir()] == [name]
    with Image.open(place / name) as image:
        frames = 3 if name == "a.gif" else 1
        assert (image.format, getattr(image, "n_frames", 1)) == (FORMATS[name], frames)
    assert main(["sample", str(run.path), "--out", "b.mp4"]) == 2
    assert "can be written as .png, .jpg, .jpeg, .webp, .gif" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gone/a.png", "x" * 300 + ".png"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_drawn(
    run, place, name, capsys, monkeypatch
):
    monkeypatch.setattr("ganzoo.jobs.models.load.load_source", pytest.fail)
    assert main(["sample", str(run.path), "--out", name]) == 5
    assert capsys.readouterr().err.startswith(f"error: Cannot write '{name[:9]}")


def test_without_a_name_an_image_lands_beside_the_others(run, place):
    for words in ([], [], ["--interpolate", "1,2"]):
        assert main(["sample", str(run.path), "-n", "2", *words]) == 0
    images = ["trained-interpolation.png", "trained-samples-2.png", "trained-samples.png"]
    assert sorted(p.name for p in place.iterdir()) == images


CHANGES = {
    "missing": lambda arrays, about: arrays.pop("generator/up/kernel"),
    "extra": lambda arrays, about: arrays.update({"generator/up/other": np.zeros(2, "float32")}),
    "reshaped": lambda arrays, about: arrays.update(
        {"generator/project/kernel": arrays["generator/project/kernel"].T}),
    "recast": lambda arrays, about: arrays.update(
        {"generator/project/kernel": arrays["generator/project/kernel"].astype("float16")}),
    "wider": lambda arrays, about: about["recipe"]["architecture"].update(width=8),
    "another architecture": lambda arrays, about: about["recipe"].update(
        architecture={"name": "mlp"}),
    "an option it lacks": lambda arrays, about: about["recipe"]["architecture"].update(depth=3),
    "another size": lambda arrays, about: about.update(image_shape=[8, 8, "1"]),
    "no recipe": lambda arrays, about: about.pop("recipe"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_weights_of_another_architecture_are_refused(change, mutated, capsys):
    path = mutated(change)
    assert main(["sample", str(path)]) == 3
    said = capsys.readouterr().err
    assert str(path.name) in said and said.count("\n") == 1 and "Traceback" not in said


def test_an_architecture_that_is_not_installed_is_named_with_its_package(mutated, capsys):
    path = mutated(lambda arrays, about: about["recipe"]["architecture"].update(name="gone"))
    assert main(["sample", str(path)]) == 4
    said = capsys.readouterr().err
    assert "'gone', which is not installed" in said and "ganzoo-testbed 1.0" in said


def test_the_data_set_need_not_be_installed_to_draw(mutated):
    path = mutated(lambda arrays, about: about["recipe"]["dataset"].update(name="gone"))
    assert main(["sample", str(path), "-n", "2"]) == 0


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04\x95", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"{}"]
)
def test_what_is_no_weights_file_is_refused(content, place, capsys):
    (place / "odd.safetensors").write_bytes(content)
    assert main(["sample", "odd.safetensors"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_a_run_without_a_checkpoint_says_how_to_get_one(recipe, place, capsys):
    run = Run.create_at(place / "empty")
    run.recipe_path.write_text(recipe().toml())
    for argv in (["sample", "empty"], ["export", "empty", "out.safetensors"]):
        assert main(argv) == 2
        assert "ganzoo train empty/recipe.toml" in capsys.readouterr().err


def test_an_older_checkpoint_is_not_taken_silently(run, rewound, place):
    broken = rewound(run, 3)
    (broken.checkpoints / "step-00000003" / "MANIFEST.json").unlink()
    with pytest.warns(UserWarning, match="step 3 is broken.*step 2"):
        export.export(broken.path, place / "out.safetensors")
    with pytest.warns(UserWarning, match="step 3 is broken.*step 2"):
        assert find_source(broken.path).about["step"] == 2


def test_a_run_that_went_on_past_its_end_is_sampled_where_it_is(run, rewound):
    """`weights.safetensors` of an earlier, shorter training is not the newest any more."""
    longer = rewound(run, 3)
    arrays, about = safetensors.load(run.weights_path), safetensors.metadata(run.weights_path)
    safetensors.save(longer.weights_path, arrays, {**about, "step": 1})
    assert longer.manifest()["state"] == "running"
    assert find_source(longer.path).about["step"] == 3
    assert find_source(run.path).about["step"] == 3


def test_labels_of_the_wrong_kind_are_refused_before_training(recipe, monkeypatch):
    import ganzoo_testbed

    one = ganzoo_testbed.patient()
    many = dataclasses.replace(one, labels=np.zeros((40, 2), "uint8"))
    monkeypatch.setattr(ganzoo_testbed, "patient", lambda: many)
    with pytest.raises(UsageError, match=r"Expected: \(\).*Received: \(2,\)"):
        build_gan(recipe(), open_recipe_dataset(recipe()))
    none = dataclasses.replace(one, labels=None, classes=())
    monkeypatch.setattr(ganzoo_testbed, "patient", lambda: none)
    with pytest.raises(UsageError, match="is conditional and needs labels"):
        open_recipe_dataset(recipe())


def test_points_have_no_separate_images(plain, place, capsys):
    recipe = plain("dataset.name=mixture", "architecture.output_activation=linear", "steps=1")
    run = train(recipe, run=place / "points")
    assert main(["sample", str(run.path), "--separate"]) == 2
    assert "Points" in capsys.readouterr().err
    assert main(["sample", str(run.path), "-n", "64", "--out", "points.png"]) == 0
    assert pixels("points.png").shape[0] > 100


def test_weights_of_an_older_ganzoo_are_told_the_new_names(mutated):
    def age(arrays, about):
        about["recipe"]["game"] = about["recipe"].pop("gan")

    with pytest.raises(InvalidInput, match="'game'. Renamed to `gan`: see CHANGELOG.md."):
        find_source(mutated(age))


def test_metadata_of_any_shape_is_refused_without_a_crash(place):
    for odd in ({}, {"recipe": 1}, {"recipe": {}, "image_shape": [8], "classes": []},
                {"recipe": {}, "image_shape": [0, 8, 1], "classes": []},
                {"recipe": {}, "image_shape": [True], "classes": [1]}):  # fmt: skip
        path = place / f"{abs(hash(json.dumps(odd)))}.safetensors"
        safetensors.save(path, {"generator/x": np.zeros(1, "float32")}, odd)
        with pytest.raises(InvalidInput):
            find_source(path)
