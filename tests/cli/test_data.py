"""`data list`, `info` and `prepare`."""

import pytest


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


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("info digit", 2, "Did you mean 'digits'"),
        ("prepare mixture --set poins=3", 2, "Did you mean 'points'"),
        ("prepare mixture --set points=1.5", 2, "`dataset.points` in the settings must be a whole"),
        ("info folder", 2, "lacks a key that 'folder' needs. Expected: `data`."),
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
