"""Directions in files, and what edits and mixtures draw with them."""

import json

import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import main
from ganzoo.files import safetensors
from ganzoo.jobs.evaluation.features import load_extractor
from ganzoo.jobs.latents import directions as job
from ganzoo.jobs.latents import edit as editing
from ganzoo.jobs.latents.latent_files import read_latents
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.models.load import load
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def styled(tmp_path_factory):
    """A run of a style-based GAN."""
    from ganzoo.catalog.recipe.recipe import Recipe

    tables = {
        "architecture": {"name": "stylegan2", "latent_size": 8, "style_size": 8, "fmap_base": 64,
                         "mapping_layers": 2, "path_length_weight": 0.0},
        "dataset": {"name": "digits", "images": 64},
        "generator_optimizer": {"name": "adam"},
        "discriminator_optimizer": {"name": "adam"},
        "training": {"batch": 16, "steps": 2},
    }  # fmt: skip
    return train(Recipe.from_tables(tables), run=tmp_path_factory.mktemp("styled") / "run")


def test_a_folder_of_directions_is_what_edit_takes(place, capsys, monkeypatch):
    sheets = []
    sheet = job.contact_sheet
    monkeypatch.setattr(job, "contact_sheet", lambda *x: sheets.append(x) or sheet(*x))
    assert main(["directions", "dcgan-digits", "-n", "3", "--seeds", "4,5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["method"], found["features"]) == ("sefa", "digits")
    effects = [one["effect"] for one in found["directions"]]
    assert effects == sorted(effects, reverse=True) and len(effects) == 3
    folder = place / found["folder"]
    vectors = safetensors.load(folder / "directions.safetensors")["directions"].astype(float)
    assert np.allclose(vectors @ vectors.T, np.eye(3), atol=1e-5)
    cells, rows, columns = sheets[0]
    assert (rows, columns) == (["0", "", "1", "", "2", ""], ["-3", "-1.5", "+0", "+1.5", "+3"])
    gan = load("dcgan-digits")
    expected = np.concatenate([np.asarray(gan.sample(1, seed=seed)) for seed in (4, 5)])
    assert np.abs(np.array(cells)[:2, 2].astype(int) - expected).max() <= 1
    # the file and what is found again draw the same
    words = ["edit", "dcgan-digits", "--along", "2", "--amounts", "-1,2", "--seeds", "4"]
    file = ["--directions", str(folder / "directions.safetensors")]
    assert main([*words, "--out", "again.png"]) == 0
    assert main([*words, *file, "--out", "file.png"]) == 0
    images = [
        np.asarray(Image.open(place / name)).astype(int) for name in ("again.png", "file.png")
    ]
    assert np.abs(images[0] - images[1]).max() <= 1 and images[0].std() > 30
    assert main([*words, "--out", "file.png"]) == 2  # it is there
    assert main([*words[:2], "--along", "9"]) == 2
    assert "'9'" in capsys.readouterr().err
    assert main(["edit", "dcgan-fashion-mnist", *file]) == 2


def test_latents_of_edits_are_drawn_and_edited_again(place, styled):
    words = ["--along", "0,1", "--amounts", "-2,0,2", "--out"]
    for source, seeds in (("dcgan-digits", ["--seeds", "3"]), (str(styled.path), ["--seeds", "3"])):
        assert main(["edit", source, *seeds, *words, "edits.safetensors", "--overwrite"]) == 0
        saved = read_latents(place / "edits.safetensors")
        assert len(saved.latents) == 6 and saved.names[0] == "seed 3, 0 -2"
        assert (saved.styles is None) == (source == "dcgan-digits")
        gan = load(source)
        images = saved.generate_images(gan).astype(int)
        assert np.abs(images[1] - np.asarray(gan.sample(1, seed=3))).max() <= 1
        assert np.abs(images[1] - images[4]).max() <= 1 < np.abs(images[0] - images[2]).max()
        again = ["edit", source, "--latents", "edits.safetensors", "--amounts", "0,1"]
        assert main([*again, "--out", "again.png", "--overwrite"]) == 0
        sample = ["sample", source, "--latents", "edits.safetensors", "--out", "sampled.npy"]
        assert main([*sample, "--overwrite"]) == 0
        assert np.array_equal(np.load("sampled.npy"), images)


@pytest.mark.filterwarnings("default::UserWarning")
def test_directions_are_saved_with_a_run_and_published_with_it(place, styled, monkeypatch, capsys):
    run = str(styled.path)
    assert main(["directions", run, "-n", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == run
    file = styled.path / "directions.safetensors"
    arrays, about = safetensors.load(file), safetensors.metadata(file)
    about["directions"]["names"] = ["smile", "age"]
    safetensors.save(file, arrays, about, overwrite=True)
    assert main(["push", run, "faces", "--license", "MIT"]) == 0
    with monkeypatch.context() as patched:
        patched.setattr(editing, "find", None)  # nothing is found again
        for number, source in enumerate((run, "faces")):
            assert main(["edit", source, "--along", "age", "--out", f"{number}.png"]) == 0
    images = [np.asarray(Image.open(place / f"{number}.png")) for number in (0, 1)]
    assert np.array_equal(*images) and images[0].std() > 20
    for number, others in enumerate(([run, "--raw"], [str(styled.path / "weights.safetensors")])):
        before = file.read_bytes()  # what is of other weights, or of a file, goes elsewhere
        words = ["directions", *others, "-n", "1", "--seeds", "0", "--json"]
        capsys.readouterr()
        assert main(words) == 0 and file.read_bytes() == before
        assert json.loads(capsys.readouterr().out)["folder"] == f"run-directions{'-2' * number}"
    about["directions"]["weights_digest"] = "0" * 64  # the run went on
    safetensors.save(file, arrays, about, overwrite=True)
    assert main(["push", run, "faces", "--license", "MIT"]) == 0
    assert "directions are of other weights: not published" in capsys.readouterr().err
    assert main(["edit", run, "--along", "age"]) == 2
    assert main(["edit", run, "--along", "0"]) == 0
    assert main(["directions", run]) == 0 and safetensors.load(file)["directions"].shape[0] == 8


def test_every_class_is_a_direction_that_is_found_beside_those_that_are_saved(place, monkeypatch):
    found, gan = find_source("dcgan-fashion-mnist"), load("dcgan-fashion-mnist")
    by_class = editing._read_or_find(gan, found, None, ["Shirt", "0"])
    assert by_class.method == "classes"
    assert sorted(by_class.names) == sorted(load_extractor("fashion-mnist").classes)
    file = place / "saved.safetensors"
    named = by_class._replace(names=("smile", *map(str, range(9))))
    file.write_bytes(job._dump(named, gan, found, None))
    monkeypatch.setattr(editing, "saved_directions", lambda *_: file)
    monkeypatch.setattr(editing, "find", lambda *_, method, **__: by_class)
    for given, name, names in (
        (None, "Shirt", by_class.names),
        (None, "smile", named.names),
        (None, "smle", named.names),  # what is saved is what the error lists
        (file, "Shirt", named.names),
    ):
        assert editing._read_or_find(gan, found, given, [name]).names == names


def test_a_file_of_latents_keeps_a_truncation_or_refuses_it(place, styled, capsys):
    run, out = str(styled.path), ["--seeds", "3", "--amounts", "0", "--out"]
    for space in ("w", "z"):
        assert main(["directions", run, "--space", space, "-n", "1", "--out", space]) == 0
    words = ["edit", run, "--truncation", "0.3", "--directions"]
    assert main([*words, "w/directions.safetensors", *out, "kept.safetensors"]) == 0
    gan = load(run)
    found = read_latents(place / "kept.safetensors").generate_images(gan).astype(int)
    assert np.abs(found - np.asarray(gan.sample(1, seed=3, truncation=0.3))).max() <= 1
    assert np.abs(found - np.asarray(gan.sample(1, seed=3))).max() > 1
    capsys.readouterr()
    assert main([*words, "z/directions.safetensors", *out, "lost.safetensors"]) == 2
    assert "holds no truncation of styles" in capsys.readouterr().err
    assert main([*words, "z/directions.safetensors", *out, "drawn.png"]) == 0


def test_layers_are_those_of_style_based_models(place, styled, capsys):
    run = str(styled.path)
    for layers in ("0", "1-2"):
        assert main(["mix", run, "--rows", "0,1", "--columns", "2", "--layers", layers]) == 0
        assert main(["edit", run, "--layers", layers]) == 0
    assert main(["mix", run, "--layers", "99"]) == 2
    assert main(["mix", "dcgan-digits", "--layers", "0"]) == 2
    assert "this one has 0" in capsys.readouterr().err
    assert main(["mix", run, "--layers", "0", "--share", "0.5"]) == 2


def test_mixtures_lie_between_their_row_and_column(place):
    assert (
        main(["mix", "cdcgan-mnist", "--rows", "0,1", "--columns", "2,3,4", "--labels", "3"]) == 0
    )
    (path,) = place.glob("*mixtures.png")
    with Image.open(path) as file:
        assert file.size[0] > file.size[1] > 300
    for share, seed in (("0", 0), ("1", 2)):
        out = f"{share}.png"
        words = ["--rows", "0", "--columns", "2", "--labels", "3", "--share", share, "--out", out]
        assert main(["mix", "cdcgan-mnist", *words]) == 0
        sheet = np.asarray(Image.open(place / out).convert("L")).astype(int)
        cell = sheet[-116:-4, -116:-4]  # 28 pixels, four times as large
        expected = np.asarray(load("cdcgan-mnist").sample(1, seed=seed, labels=3))[0, ..., 0]
        assert np.abs(cell[2::4, 2::4] - expected).max() <= 1


def test_a_sweep_of_truncations_is_a_row_for_each(place, styled):
    for source, bounds in (("dcgan-digits", "0.3,1,4"), (str(styled.path), "0,0.5,1")):
        words = ["sample", source, "--truncation", bounds, "-n", "4", "--out"]
        assert main([*words, "sweep.npy", "--overwrite"]) == 0
        found, gan = np.load("sweep.npy"), load(source)
        assert len(found) == 12
        for i, bound in enumerate(map(float, bounds.split(","))):
            expected = np.asarray(gan.sample(4, truncation=bound))
            assert np.abs(found[4 * i : 4 * i + 4].astype(int) - expected).max() <= 1
        assert main([*words, "sweep.png", "--overwrite"]) == 0
        with Image.open(place / "sweep.png") as file:
            assert file.size[0] > file.size[1]
    assert main(["sample", "dcgan-digits", "--truncation", "0.5,x"]) == 2


def test_directions_of_points_and_of_what_translates(place):
    assert main(["train", "gan-mixture", "--steps", "2", "--run", "run"]) == 0
    assert main(["directions", "run", "--out", "found"]) == 0
    with Image.open(place / "found" / "directions.png") as file:
        assert file.size[0] > 500
    assert main(["mix", "run"]) == 2
    assert main(["edit", "run", "--seeds", "0", "--amounts", "-2,2", "--out", "moved.png"]) == 0
    with Image.open(place / "moved.png") as file:
        cells = np.asarray(file.convert("RGB")).astype(int)[-164:-4]
    first, last = cells[:, -328:-168], cells[:, -164:-4]
    moved = (np.abs(first - last).max(axis=2) > 40).mean()
    assert 0 < moved < 0.1  # what moves is the point, in one frame
