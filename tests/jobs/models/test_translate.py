"""`ganzoo sample MODEL --data IMAGES` of a model that enlarges: each image whole, as a file."""

import numpy as np
import pytest
from lazy_keras import Lazy
from ncnn_networks import compact_shapes, write_ncnn
from PIL import Image
from published_layouts import numbers

from ganzoo.cli import main
from ganzoo.data.decoding.whole_images import read_image
from ganzoo.data.progress import reporting
from ganzoo.jobs.models import load
from ganzoo.jobs.models.sample import sample
from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights

pytestmark = pytest.mark.backend

tiles = Lazy("ganzoo.gan.sampling.tiles")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with the model `double`: a compact network that doubles images."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GANZOO_HOME", str(folder))
        path = write_ncnn(folder, numbers(compact_shapes(), 0.3))
        data = FileDescription(data_license="CC0-1.0")
        import_weights(path, "double", license="BSD-3-Clause", description=data)
    return folder


@pytest.fixture
def place(home, tmp_path, monkeypatch):
    """An empty working folder with images in `in`, from which `double` is known."""
    monkeypatch.setenv("GANZOO_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    Image.fromarray(pixels(30, 21)).save("in/photo.jpg", quality=95)
    Image.fromarray(pixels(9, 11)[..., 0]).save("in/deeper/gray.png")
    Image.fromarray(pixels(8, 8, 4)).save("in/deeper/photo.webp", lossless=True)
    return tmp_path


def pixels(h, w, channels=3):
    y, x, c = np.mgrid[:h, :w, :channels]
    return (127 + 120 * np.sin(x / 3 + y / 4 + c)).astype("uint8")


def opened(path):
    return read_image(path.read_bytes(), path.name).pixels


def test_a_folder_becomes_a_folder_of_the_same_names(place, capsys):
    assert main(["sample", "double", "--data", "in", "--out", "out"]) == 0
    found = {
        str(p.relative_to(place / "out")): opened(p).shape for p in place.rglob("out/**/*.png")
    }
    assert found == {
        "photo.png": (60, 42, 3), "deeper/gray.png": (18, 22, 1), "deeper/photo.png": (16, 16, 4)
    }  # fmt: skip
    assert capsys.readouterr().out.splitlines() == ["out/deeper/gray.png", "out/deeper/photo.png",
                                       "out/photo.png"]  # fmt: skip


def test_a_file_holds_what_the_model_makes_of_the_image_tiled_or_not(place):
    given = opened(place / "in" / "photo.jpg")
    gan = load.load("double")
    expected = gan.sample(1, labels=given[None])[0].astype(int)
    for number, tile in enumerate(("auto", "8", "whole")):
        out = f"{number}.png"
        command = ["sample", "double", "--data", "in/photo.jpg", "--out", out, "--tile", tile]
        assert main(command) == 0
        assert np.abs(opened(place / out) - expected).max() <= 1


def test_progress_counts_tiles(place):
    events = []
    with reporting(events.append):
        sample("double", data="in/photo.jpg", out=place / "out.png", tile=8)
    last = events[-1]
    assert (last["what"], last["unit"], last["done"]) == ("photo.jpg", "tiles", last["total"])
    assert last["total"] == len(tiles.windows(30, 8, 5)) * len(tiles.windows(21, 8, 5)) > 2


def test_another_scale_is_a_resize_at_the_end(place):
    command = ["sample", "double", "--data", "in/photo.jpg", "--out"]
    assert main([*command, "two.png"]) == 0 and main([*command, "three.png", "--scale", "3"]) == 0
    whole = opened(place / "two.png").astype("float32")
    channels = [Image.fromarray(np.ascontiguousarray(x)) for x in np.moveaxis(whole, -1, 0)]
    resized = [np.asarray(x.resize((63, 90), Image.Resampling.LANCZOS)) for x in channels]
    expected = np.stack(resized, axis=-1).clip(0, 255)
    assert np.abs(opened(place / "three.png") - expected).max() <= 0.501


def test_names_that_would_meet_keep_their_endings_and_nothing_is_overwritten(place, capsys):
    Image.fromarray(pixels(8, 8)).save("in/photo.png")
    command = ["sample", "double", "--data", "in", "--out", "out"]
    assert main(command) == 0
    names = sorted(p.name for p in (place / "out").glob("*.png"))
    assert names == ["photo.jpg.png", "photo.png.png"]
    capsys.readouterr()
    assert main(command) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


def test_without_a_path_the_current_folder_gets_a_new_name(place):
    assert main(["sample", "double", "--data", "in/deeper"]) == 0
    assert main(["sample", "double", "--data", "in/deeper", "-n", "1"]) == 0
    assert main(["sample", "double", "--data", "in/photo.jpg"]) == 0
    made = sorted(str(p.relative_to(place)) for p in place.glob("double-1*/*"))
    assert made == ["double-1-images-2/gray.png", "double-1-images/gray.png",
                    "double-1-images/photo.png"]  # fmt: skip
    assert (place / "double-1-images.png").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "none"], "does not exist"),
        (["--data", "in", "--tile", "3"], "tile must be"),
        (["--data", "in", "--tile", "many"], "tile must be"),
        (["--data", "in", "--scale", "0"], "scale must be"),
        (["--data", "in", "--seeds", "1,2"], "depend on nothing else"),
        (["--data", "in", "--seed", "5"], "depend on nothing else"),
        (["--data", "in", "--separate"], "a file of its own"),
        (["--data", "in", "--overwrite", "--skip-existing"], "At most one"),
        (["--data", "in", "--out", "in/out"], "among those that are read"),
        (["--data", "in", "--out", "in/photo.jpg"], "which is a file"),
        (["--data", "in/photo.jpg", "--out", "a.jpg"], "written as PNG"),
        (["--tile", "auto"], "no images"),
        ([], "translates images"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(place, options, message, capsys):
    before = sorted(place.rglob("*"))
    assert main(["sample", "double", *options]) == 2
    assert message in capsys.readouterr().err
    assert sorted(place.rglob("*")) == before
