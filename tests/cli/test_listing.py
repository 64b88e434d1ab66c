"""`list`, `info` and `plugins`."""

import tomllib

import pytest

from ganzoo.catalog.recipe.recipe import Recipe


def test_list_shows_models_architectures_and_data_sets_with_summaries(ganzoo, card):
    card("toy-digits", summary="A toy.")
    done = ganzoo("list")
    assert done.code == 0
    sections = dict(block.split("\n", 1) for block in done.out.rstrip().split("\n\n"))
    assert set(sections) == {"models", "architectures", "data sets"}
    assert any(
        line.split()[:2] == ["toy-digits", "user"] for line in sections["models"].split("\n")
    )
    assert "A toy." in sections["models"]
    assert "keras-ganzoo" in sections["architectures"]
    assert "digits" in sections["data sets"]


def test_list_takes_a_glob(ganzoo, card):
    card("toy-digits")
    card("other-digits")
    found = ganzoo("list", "toy*", "--json").json
    assert [entry["name"] for entry in found["models"]] == ["toy-digits"]
    assert found["architectures"] == found["datasets"] == []


def test_list_as_json_has_name_source_and_summary(ganzoo, card):
    card("toy-digits", summary="A toy.")
    found = ganzoo("list", "--json").json
    assert {"name": "toy-digits", "source": "user", "summary": "A toy."} in found["models"]
    for section in ("models", "architectures", "datasets"):
        assert all(set(entry) == {"name", "source", "summary"} for entry in found[section])


def test_a_glob_that_matches_nothing_prints_nothing_on_stdout(ganzoo):
    done = ganzoo("list", "nothing*")
    assert (done.code, done.out) == (0, "")
    assert "No name matches 'nothing*'." in done.err


def test_a_broken_card_does_not_hide_the_others(ganzoo, card):
    card("good")
    card("broken").write_text("schema = 1\n")
    done = ganzoo("list")
    assert done.code == 0
    assert "good" in done.out and "broken" not in done.out
    assert "1 broken or clashing" in done.err
    assert ganzoo("list", "--json").json["problems"][0]["name"] == "broken"


def test_info_of_a_model_shows_its_card_and_a_recipe_that_can_be_trained(ganzoo, card):
    card("toy-digits", summary="A toy.")
    done = ganzoo("info", "toy-digits")
    assert done.code == 0
    for text in (
        "toy-digits: A toy.",
        "Made for a test.",
        "CC-BY-4.0",
        "Apache-2.0",
        "https://arxiv.org/abs/1511.06434",
        "generator  414,209",
        "- Nothing is as in the paper.",
    ):
        assert text in done.out
    recipe = Recipe.from_tables(tomllib.loads(done.out.partition("# recipe.toml\n")[2]))
    assert recipe.training.epochs == 3


def test_info_of_a_model_as_json_holds_the_whole_recipe(ganzoo, card):
    card("toy-digits")
    model = ganzoo("info", "toy-digits", "--json").json["model"]
    assert model["recipe"]["training"]["batch"] == 32
    assert model["license"] == {"data": "CC-BY-4.0", "weights": "Apache-2.0"}
    assert model["parameters"] == {"generator": 414209}
    assert model["source"] == "user"


def test_info_of_a_data_set_shows_its_options_with_their_defaults(ganzoo):
    done = ganzoo("info", "mixture")
    assert done.code == 0
    assert "data set of keras-ganzoo" in done.out
    rows = [line.split() for line in done.out.splitlines()]
    assert ["arrangement", "str", '"ring"'] in rows
    assert ["modes", "int", "|", "None", "not", "set"] in rows


def test_info_of_an_architecture_tells_what_the_data_set_fills(ganzoo):
    done = ganzoo("info", "dcgan")
    assert "architecture of keras-ganzoo" in done.out
    row = next(line for line in done.out.splitlines() if line.split()[:1] == ["image_shape"])
    assert row.endswith("from the data set")


def test_info_of_a_name_that_means_two_things_shows_both(ganzoo, card):
    card("dcgan")
    assert set(ganzoo("info", "dcgan", "--json").json) == {"model", "architecture"}
    done = ganzoo("info", "dcgan")
    assert "# recipe.toml" in done.out and "options ([architecture] of a recipe)" in done.out


@pytest.mark.parametrize("name", ["toy-digit", "mixtur", "dcgann"])
def test_info_of_an_unknown_name_suggests_one(name, ganzoo, card):
    card("toy-digits")
    done = ganzoo("info", name)
    assert (done.code, done.out) == (2, "")
    assert f"Received: '{name}'. Did you mean '" in done.err


def test_info_of_a_broken_card_is_invalid_input(ganzoo, card):
    card("broken").write_text("schema = 1\n")
    done = ganzoo("info", "broken")
    assert done.code == 3
    assert done.err.count("\n") == 1 and "card.toml" in done.err


def test_a_hostile_card_reaches_the_terminal_as_plain_text(ganzoo, card):
    path = card("hostile")
    text = path.read_text().replace("Made for a test.", r"\u001b]8;;http://x\u0007 \u202ecod")
    path.write_text(text)
    done = ganzoo("info", "hostile")
    assert done.code == 0
    assert "\\u001b]8;;http://x\\u0007 \\u202ecod" in done.out
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out)


def test_plugins_names_owners_targets_clashes_and_broken_ones(ganzoo, distribution):
    distribution("good", "[ganzoo.architectures]\nfine = good_gan:make\n")
    distribution("rival-a", "[ganzoo.datasets]\ncats = a:cats\n")
    distribution("rival-b", "[ganzoo.datasets]\ncats = b:cats\n")
    distribution("bad", "[ganzoo.architectures]\nodd = not a target\n")
    done = ganzoo("plugins")
    assert done.code == 0
    rows = [line.split() for line in done.out.splitlines()]
    assert ["fine", "good", "1.0", "good_gan:make"] in rows
    assert ["dataset", "cats", "rival-a:cats,", "rival-b:cats"] in rows
    broken = done.out.partition("broken\n")[2]
    assert "odd" in broken and "not a target" in broken
    found = ganzoo("plugins", "--json").json
    assert set(found) == {"plugins", "clashes", "problems"}
    assert found["clashes"] == [
        {"kind": "dataset", "name": "cats", "owners": ["rival-a:cats", "rival-b:cats"]}
    ]
    assert [problem["name"] for problem in found["problems"]] == ["odd"]


def test_asking_for_a_name_that_two_plugins_claim_names_both(ganzoo, distribution):
    distribution("rival-a", "[ganzoo.datasets]\ncats = a:cats\n")
    distribution("rival-b", "[ganzoo.datasets]\ncats = b:cats\n")
    done = ganzoo("info", "cats")
    assert done.code == 4
    assert "'rival-a:cats' or 'rival-b:cats'" in done.err
    assert ganzoo("info", "rival-b:cats").code == 0


def test_a_qualified_name_that_nobody_brings_is_unknown(ganzoo, distribution):
    distribution("rival-a", "[ganzoo.datasets]\ncats = a:cats\n")
    assert ganzoo("info", "rival-a:dogs").code == 2
    assert ganzoo("info", "nobody:cats").code == 2
