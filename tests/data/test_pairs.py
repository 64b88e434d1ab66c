"""`facades` and `unpaired`: data sets whose labels are the images to start from."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.facades import facades
from ganzoo_data.unpaired import unpaired
from PIL import Image

from ganzoo.errors import InvalidInput, UnknownName, UsageError

REAL = os.environ.get("GANZOO_TEST_DATA")


def plain(color, size=(8, 8)):
    """An image of one color."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


def pair(number):
    """As in pix2pix: the photograph (here red) on the left, the label map (blue) on the right."""
    halves = Image.new("RGB", (16, 8))
    halves.paste((200, 0, number), (0, 0, 8, 8))
    halves.paste((0, number, 200), (8, 0, 16, 8))
    file = io.BytesIO()
    halves.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def pairs():
    return {f"train/{i}.png": pair(i) for i in (1, 2, 10)} | {"test/1.png": pair(99)}


@pytest.fixture(params=["folder", "zip", "below", "data folder"])
def where(request, tmp_path, home, fill, pack, pairs):
    """The pairs in every place in which people have them; the options that lead there."""
    match request.param:
        case "folder":
            return {"data": str(fill(tmp_path / "a", pairs))}
        case "zip":
            return {"data": str(pack(tmp_path / "a.zip", pairs))}
        case "below":
            return {"data": str(fill(tmp_path / "a" / "facades", pairs).parent)}
        case "data folder":
            fill(home / "data" / "facades", pairs)
            return {}


def test_the_halves_of_a_pair_are_source_and_target(where, tmp_path, fill, pairs):
    dataset = facades(size=4, **where)
    assert (dataset.image_shape, dataset.source_shape) == ((4, 4, 3), (4, 4, 3))
    assert dataset.paired
    assert dataset.images[:, 0, 3].tolist() == [[200, 0, 1], [200, 0, 2], [200, 0, 10]]
    assert dataset.labels[:, 3, 0].tolist() == [[0, 1, 200], [0, 2, 200], [0, 10, 200]]
    # nothing of one half bleeds into the other, and the place does not matter
    assert (dataset.images == dataset.images[:, :1, :1]).all()
    elsewhere = str(fill(tmp_path / "b", pairs))
    assert dataset.fingerprint == facades(size=4, data=elsewhere).fingerprint


def test_the_direction_the_part_and_the_size_are_part_of_the_identity(tmp_path, fill, pairs):
    data = str(fill(tmp_path / "a", pairs))
    options = [{}, {"direction": "photo-to-labels"}, {"split": "test"}, {"size": 2}, {"images": 2}]
    found = [facades(**{"data": data, "size": 4, **option}) for option in options]
    assert len({dataset.fingerprint for dataset in found}) == len(options)
    assert found[1].images[0, 0, 0].tolist() == [0, 1, 200]
    assert found[1].labels[0, 0, 0].tolist() == [200, 0, 1]
    assert [len(dataset) for dataset in found] == [3, 3, 1, 3, 2]


@pytest.mark.parametrize("size", [(15, 8), (17, 8), (8, 8), (16, 7)])
def test_an_image_that_is_no_pair_is_named(tmp_path, fill, pairs, size):
    pairs["train/2.png"] = plain("red", size)
    with pytest.raises(InvalidInput, match=rf"'train/2\.png' .*Received: {size[0]}x{size[1]} pix"):
        facades(data=str(fill(tmp_path / "a", pairs)))


def test_a_pair_that_is_cut_off_is_named(tmp_path, fill, pairs):
    pairs["train/2.png"] = pairs["train/2.png"][:40]
    with pytest.raises(InvalidInput, match=r"'train/2\.png' cannot be used"):
        facades(data=str(fill(tmp_path / "a", pairs)))


def test_another_layout_is_refused(tmp_path, fill, pairs):
    data = str(fill(tmp_path / "a", pairs))
    with pytest.raises(InvalidInput, match="one folder 'val' .*Received: none"):
        facades(data=data, split="val")
    fill(tmp_path / "a" / "copy", pairs)
    with pytest.raises(InvalidInput, match="Received: 2 of them"):
        facades(data=data)


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"size": 0}, UsageError),
        ({"size": None}, UsageError),
        ({"direction": "photo-to-label"}, UnknownName),
        ({"split": "training"}, UnknownName),
        ({"images": 0}, UsageError),
    ],
)
def test_options_of_facades_out_of_range_are_refused(option, error):
    with pytest.raises(error, match="Received"):
        facades(**option)


# --- unpaired -----------------------------------------------------------------------------


@pytest.fixture
def kinds():
    """Three gray images of apples and five of pears, told apart by their colors."""
    apples = {f"apples/{i}.png": plain((i, i, i)) for i in range(3)}
    return apples | {f"pears/{i}.png": plain((100 + i, 0, 0)) for i in range(5)}


def reds(images):
    return images[:, 0, 0, 0].tolist()


@pytest.mark.parametrize("zipped", [False, True])
def test_the_shorter_kind_begins_again(tmp_path, fill, pack, kinds, zipped):
    data = pack(tmp_path / "a.zip", kinds) if zipped else fill(tmp_path / "a", kinds)
    dataset = unpaired(data=str(data), size=4)
    assert reds(dataset.images) == [100, 101, 102, 103, 104]
    assert reds(dataset.labels) == [0, 1, 2, 0, 1]
    assert not dataset.paired
    assert dataset.image_shape == dataset.source_shape == (4, 4, 3)


def test_the_other_way_round_is_another_data_set(tmp_path, fill, kinds):
    data = str(fill(tmp_path / "a", kinds))
    there = unpaired(data=data, size=4)
    back = unpaired(data=data, size=4, source="pears", target="apples")
    assert (reds(back.images), reds(back.labels)) == (reds(there.labels), reds(there.images))
    assert back.fingerprint != there.fingerprint


def test_two_folders_will_do(tmp_path, fill, pack, kinds):
    fill(tmp_path / "a", kinds)
    pears = {name: data for name, data in kinds.items() if name.startswith("pears")}
    source, target = tmp_path / "a" / "apples", pack(tmp_path / "pears.zip", pears)
    dataset = unpaired(source=str(source), target=str(target), size=4)
    assert (reds(dataset.labels), len(dataset)) == ([0, 1, 2, 0, 1], 5)


def test_cyclegans_own_folders_need_no_names(tmp_path, fill, kinds):
    names = {"apples": "trainB", "pears": "trainA"}
    kinds = {f"fruit/{names[k.split('/')[0]]}/{k}": data for k, data in kinds.items()}
    tests = {"fruit/testA/1.png": plain("red"), "fruit/testB/1.png": plain("blue")}
    dataset = unpaired(data=str(fill(tmp_path / "a", kinds | tests)), size=4)
    assert reds(dataset.images) == [0, 1, 2, 0, 1]  # the apples


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"source": "aples"}, UnknownName, "Did you mean 'apples'"),
        ({"source": "pears", "target": "pears"}, UsageError, "Name two of the folders"),
        ({"size": 0}, UsageError, "size must be"),
    ],
)
def test_folders_that_are_not_there_are_refused(tmp_path, fill, kinds, options, error, message):
    with pytest.raises(error, match=message):
        unpaired(data=str(fill(tmp_path / "a", kinds)), **options)


def test_of_three_folders_two_must_be_named(tmp_path, fill, kinds):
    data = str(fill(tmp_path / "a", kinds | {"plums/1.png": plain("blue")}))
    with pytest.raises(UsageError, match="apples, pears, plums.*dataset.source=A"):
        unpaired(data=data)
    with pytest.raises(UsageError, match="source='plums', target=None"):
        unpaired(data=data, source="plums")
    assert len(unpaired(data=data, source="plums", target="apples", size=4)) == 3


def test_one_folder_or_an_empty_one_is_refused(tmp_path, fill, kinds):
    with pytest.raises(InvalidInput, match="Expected two folders"):
        unpaired(data=str(fill(tmp_path / "a", {"apples/1.png": plain("red")})))
    (fill(tmp_path / "b", kinds) / "plums").mkdir()
    with pytest.raises(InvalidInput, match="at least one image.*plums"):
        unpaired(data=str(tmp_path / "b"))


def test_neither_a_path_nor_two_is_refused():
    with pytest.raises(UsageError, match="unpaired needs --data PATH"):
        unpaired(source="somewhere")


def test_names_that_are_no_paths_want_data(tmp_path, fill, kinds):
    with pytest.raises(UsageError, match=r"needs --data PATH.*nothing at 'trainB' and 'trainA'"):
        unpaired(source="trainB", target="trainA")
    there = str(fill(tmp_path / "a", kinds))
    with pytest.raises(UsageError, match=r"needs --data PATH.*nothing at 'trainA'\.$"):
        unpaired(source=there, target="trainA")


@pytest.mark.parametrize("names", [{}, {"source": "trainB", "target": "trainA"}])
@pytest.mark.parametrize("parts", [("train", "test"), ("train",)])
def test_pairs_are_refused_with_the_data_set_that_reads_them(tmp_path, fill, pairs, parts, names):
    files = {name: data for name, data in pairs.items() if name.startswith(parts)}
    data = str(fill(tmp_path / "a", files))
    with pytest.raises(InvalidInput, match=r"Received: pairs.*16x8 pixels.*'facades'"):
        unpaired(data=data, **names)
    assert facades(data=data, size=4).paired  # what is advised does fit


# --- the real images, where a developer has them ----------------------------------------


@pytest.mark.skipif(not REAL, reason="GANZOO_TEST_DATA names no folder")
def test_the_real_facades_are_400_pairs_of_photographs_and_flat_maps():
    dataset = facades(data=str(Path(REAL) / "facades.zip"), size=64)
    assert dataset.images.shape == dataset.labels.shape == (400, 64, 64, 3)
    # a map is mostly saturated blue, a photograph is not
    blue = [
        float((array[..., 2] - array[..., 0].astype(int)).mean())
        for array in dataset.batch(np.arange(50))
    ]
    assert blue[1] > 100 > 20 > blue[0]


@pytest.mark.skipif(not REAL, reason="GANZOO_TEST_DATA names no folder")
def test_real_flowers_of_two_kinds_are_unpaired():
    dataset = unpaired(
        data=str(Path(REAL) / "flowers224.zip"), source="sunflowers", target="tulips", size=32
    )
    assert dataset.images.shape == dataset.labels.shape == (220, 32, 32, 3)
