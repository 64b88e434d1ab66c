"""Nothing is downloaded where that is forbidden, and what is known all the same is told."""

import sys
import time

import numpy as np
import pytest
from ganzoo_data.afhq import afhq
from ganzoo_data.celeba import celeba
from ganzoo_data.facades import facades
from ganzoo_data.ffhq import ffhq
from ganzoo_data.flowers import flowers
from ganzoo_data.hub import hub
from ganzoo_data.lsun import lsun
from ganzoo_data.mnist import mnist
from ganzoo_data.moving_mnist import moving_mnist
from ganzoo_data.spoken_digits import spoken_digits

from ganzoo.data.availability import (
    DataMissing,
    DatasetInfo,
    attach_info,
    check_download_allowed,
    downloads_forbidden,
)
from ganzoo.errors import EnvironmentProblem

ABOUT = {"license": "CC0-1.0", "source": "made up"}


def test_a_download_is_refused_in_the_block_alone():
    check_download_allowed("Faces", "Ask.")
    with downloads_forbidden(), pytest.raises(DataMissing) as caught:
        check_download_allowed("Faces", "Ask.", size=1_470_211_864)
    check_download_allowed("Faces", "Ask.")
    assert caught.value.exit_code == 5
    assert str(caught.value) == (
        "Faces is not here, and nothing is downloaded now."
        " ganzoo data prepare downloads it (1,470 MB), and so does ganzoo train. Ask."
    )


def test_of_a_set_that_is_made_of_another_the_outer_one_is_named():
    outer, inner = (DatasetInfo(name=name, **ABOUT) for name in ("outer", "inner"))
    with pytest.raises(DataMissing) as caught, attach_info(outer), attach_info(inner):
        raise DataMissing("Nothing.")
    assert caught.value.info == outer


def test_a_blank_has_the_shape_of_the_data_and_takes_no_memory():
    blank = DatasetInfo(
        name="a", count=10**9, image_shape=(64, 64, 3), classes=("b", "c"), **ABOUT
    ).blank()
    assert blank.images.shape == (10**9, 64, 64, 3)
    assert (blank.labels.shape, blank.labels.dtype) == ((10**9,), np.int32)
    assert set(blank.images.strides) == {0}


def test_without_a_count_there_is_no_blank():
    known = DatasetInfo(name="a", image_shape=(8, 8, 1), classes=("b", "c"), **ABOUT)
    assert known.blank() is None
    assert known.describe() == {"name": "a", **ABOUT}


# Each with the count, the shape and the labels' shape that its source states for these options.
FORMS = [
    (mnist, {}, 60_000, (28, 28, 1), ()),
    (mnist, {"images": 7}, 7, (28, 28, 1), ()),
    (celeba, {"size": 32}, 202_599, (32, 32, 3), None),
    (celeba, {"attribute": "Smiling", "images": 10**6}, 202_599, (64, 64, 3), ()),
    (flowers, {}, 3_670, (64, 64, 3), ()),
    (facades, {"split": "test", "size": 8}, 106, (8, 8, 3), (8, 8, 3)),
    (spoken_digits, {"samples": 9}, 2_700, (9, 1), ()),
    (moving_mnist, {"count": 3, "frames": 2}, 3, (2, 64, 64, 1), None),
]


@pytest.mark.parametrize(("load", "options", "count", "shape", "labels"), FORMS)
def test_a_set_that_is_not_here_knows_its_shape(load, options, count, shape, labels, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with downloads_forbidden(), pytest.raises(DataMissing) as caught:
        load(**options)
    blank = caught.value.info.blank()
    assert (len(blank), blank.image_shape) == (count, shape)
    assert (None if blank.labels is None else blank.labels.shape[1:]) == labels
    assert "--data" in caught.value.hint


@pytest.mark.parametrize(
    ("load", "options"),
    [
        (celeba, {"attribute": "all"}),  # forty names that only its list tells
        (flowers, {"only": "roses"}),
        (flowers, {"repository": "some/faces"}),
        (hub, {"id": "some/faces"}),
    ],
)
def test_a_shape_that_only_the_data_tell_is_not_made_up(load, options):
    with downloads_forbidden(), pytest.raises(DataMissing) as caught:
        load(**options)
    assert caught.value.info.blank() is None
    assert caught.value.info.license and caught.value.info.source


WAYS = {
    celeba: ["https://mmlab.ie.cuhk.edu.hk"],
    facades: ["facades.tar.gz"],
    spoken_digits: ["https://github.com/"],
    **dict.fromkeys([flowers, ffhq, afhq, lsun], ["http", "dataset.repository=OWNER/NAME"]),
}


@pytest.mark.parametrize("load", WAYS, ids=lambda load: load.__name__)
def test_without_data_one_line_names_the_ways_to_get_it(load, home, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # before the client asks again
    with pytest.raises(EnvironmentProblem) as caught:
        load()
    folder = home / "data" / load.__name__.replace("_", "-")
    assert "\n" not in str(caught.value)
    for way in ("--data PATH", str(folder), *WAYS[load]):
        assert way in str(caught.value)
    written = [path for path in home.rglob("*") if path.is_file()]
    assert all(".cache" in path.parts for path in written)  # of the Hub's client, if it was asked


@pytest.mark.parametrize(
    "load", [celeba, flowers, ffhq, afhq, lsun], ids=lambda load: load.__name__
)
def test_without_a_client_a_copy_on_the_hub_is_one_line(load, home, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(EnvironmentProblem, match=r"pip install 'keras-ganzoo\[hub\]'") as caught:
        load(repository="some/faces")
    assert "\n" not in str(caught.value)
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_the_hub_is_not_called_and_nothing_is_written(serve, image, home):
    server = serve({"cats/1.png": image()})
    for load in (celeba, lambda: hub(id="some/faces"), lambda: flowers(repository="some/faces")):
        with downloads_forbidden(), pytest.raises(DataMissing):
            load()
    assert server.requests == []
    assert list(home.iterdir()) == []


def test_what_was_fetched_before_is_read(serve, image):
    server = serve({"1.png": image()})
    fetched = hub(id="some/faces")
    server.requests.clear()
    with downloads_forbidden():
        assert hub(id="some/faces").fingerprint == fetched.fingerprint
    assert server.requests == []
