"""`data list`, `info` and `prepare`."""

import socket
import sys

import numpy as np
import pytest

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.catalog.plugins.entry_points import FIRST_PARTY


def test_data_list_shows_each_data_set_with_its_summary(ganzoo):
    done = ganzoo("data", "list")
    assert done.code == 0
    assert any(line.startswith("digits ") for line in done.out.splitlines())
    assert {"name", "source", "summary"} == set(ganzoo("data", "list", "--json").json[0])


def test_data_info_opens_the_data_set(ganzoo):
    found = ganzoo("data", "info", "mixture", "--set", "points=100", "--set", "modes=4", "--json")
    assert found.json["count"] == 100
    assert found.json["image_shape"] == [2]
    assert len(found.json["classes"]) == 4
    assert "image_shape  8 x 8 x 1" in ganzoo("data", "info", "digits").out


def test_data_prepare_of_a_model_prepares_what_its_recipe_says(ganzoo, card):
    card("toy", dataset="mixture")
    found = ganzoo("data", "prepare", "toy", "--set", "dataset.points=64", "--json")
    assert (found.json["name"], found.json["count"]) == ("mixture", 64)
    assert found.json["seconds"] >= 0


@pytest.fixture
def no_network(monkeypatch):
    def connect(*address):
        raise AssertionError(f"asked {address}")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setitem(sys.modules, "keras", None)  # which downloads by itself


OWN = (
    "folder",
    "zip",
    "stylegan-zip",
    "unpaired",
    "enlarge",
)  # of the user, who must say where they are
MADE = ("digits", "mixture")  # here always
ZOO = [n for n, one in discover("dataset").plugins.items() if one.distribution == FIRST_PARTY]
ABSENT = sorted({*ZOO} - {*OWN, *MADE})


@pytest.mark.parametrize("name", ABSENT)
def test_data_info_of_what_is_not_here_says_so_and_downloads_nothing(name, ganzoo, no_network):
    words = ["data", "info", name, *(["--set", "id=some/faces"] if name == "hub" else [])]
    done = ganzoo(*words)
    rows = dict(line.split(None, 1) for line in done.out.splitlines())
    assert (done.code, done.err) == (0, "")
    assert (rows["name"], rows["data"]) == (name, "not here yet")
    assert rows["license"] and rows["source"]
    assert "--data PATH" in rows["get"] or "ganzoo data prepare downloads it" in rows["get"]
    found = ganzoo(*words, "--json").json
    assert found["data"] == "not here yet" and "fingerprint" not in found


def test_data_info_of_what_is_here_says_so(ganzoo, no_network, tmp_path):
    pixels = np.zeros((3, 28, 28), np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=pixels, y_train=np.arange(3))
    found = ganzoo("data", "info", "mnist", "--data", tmp_path / "mnist.npz", "--json").json
    assert (found["data"], found["count"]) == ("here", 3)
    assert ganzoo("data", "info", "digits", "--json").json["data"] == "here"


def test_what_is_known_of_one_data_set_is_not_told_of_another(ganzoo, distribution, no_network):
    distribution(
        "odd-data",
        "[ganzoo.datasets]\nmade = made_of_mnist:made\n",
        made_of_mnist="from ganzoo_data.mnist import mnist\n\ndef made():\n    return mnist()\n",
    )
    found = ganzoo("data", "info", "made", "--json").json
    assert found.keys() == {"name", "data", "get"}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("info digit", 2, "Did you mean 'digits'"),
        ("prepare mixture --set poins=3", 2, "Did you mean 'points'"),
        ("prepare mixture --set points=1.5", 2, "`dataset.points` in the settings must be a whole"),
        ("info folder", 2, "that 'folder' needs. Expected: `data`. Set it: --data PATH, or"),
        ("info zip", 2, "Set it: --data PATH, or dataset.data=..."),
        ("info stylegan-zip", 2, "Set it: --data PATH, or dataset.data=..."),
        ("info unpaired", 2, "unpaired needs --data PATH"),
        ("info hub", 2, "Set it: dataset.id=..."),
        ("info mixture --set arrangement=3", 2, "text. Received: 3."),
        ("prepare mixture --data x", 2, "data"),
        ("prepare folder --data x --set data=y", 2, "both set dataset.data"),
        ("prepare folder --data nowhere", 2, "nowhere"),
        ("prepre digits", 2, "Did you mean 'prepare'"),
        ("", 2, "Missing command"),
    ],
)
def test_data_refuses_in_one_line(words, code, message, ganzoo):
    done = ganzoo("data", *words.split())
    assert (done.code, done.out) == (code, "")
    assert message in done.err and done.err.count("\n") == 1


def test_a_plugin_that_returns_something_else_is_to_blame(ganzoo, distribution):
    distribution(
        "odd-data",
        "[ganzoo.datasets]\nodd = odd_data_module:odd\n",
        odd_data_module='def odd(*, n: int = 3):\n    """Odd."""\n    return [n]\n',
    )
    done = ganzoo("data", "info", "odd")
    assert done.code == 4
    assert "odd-data:odd must return a ganzoo.Dataset. Received: list" in done.err


def test_a_plugin_that_fails_is_to_blame(ganzoo, distribution):
    distribution(
        "odd-data",
        "[ganzoo.datasets]\nbad = bad_data_module:bad\n",
        bad_data_module='def bad():\n    """Bad."""\n    raise ValueError("no rows")\n',
    )
    for verb in ("info", "prepare"):
        done = ganzoo("data", verb, "bad")
        assert (done.code, done.out) == (4, "")
        assert "bad failed with ValueError: no rows" in done.err
