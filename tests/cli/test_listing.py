"""`list`, `info` and `plugins`."""

import tomllib

import pytest

from ganzoo.catalog.recipe.recipe import Recipe


def test_list_shows_models_with_data_size_weights_and_result(ganzoo, card):
    card("toy-digits", summary="A toy.")
    done = ganzoo("list")
    assert done.code == 0
    title, head, *lines = done.out.splitlines()
    assert (title, head.split()) == ("models", ["name", "data", "params", "weights", "result"])
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert rows["toy-digits"] == ["digits", "414", "k", "-", "-", "(user)"]
    assert rows["dcgan-digits"] == ["digits", "299", "k", "0.3", "MB", "frechet", "2.29"]
    assert "ganzoo list architectures" in done.err


@pytest.mark.parametrize("section", ["architectures", "datasets"])
def test_list_shows_one_section_alone(section, ganzoo):
    done = ganzoo("list", section)
    assert len(ganzoo("list", section, "--json").json[section]) > 10
    assert done.out.startswith({"datasets": "data sets\n"}.get(section, f"{section}\n"))
    assert "dcgan-digits" not in done.out


def test_a_search_reads_summaries_and_the_names_of_data(ganzoo):
    done = ganzoo("list", "Faces", "64x64")
    assert "dcgan-celeba" in done.out and "Faces of 64x64 pixels from the classic" in done.out
    assert "facegan-celeba" not in done.out  # 128x128
    found = ganzoo("list", "flowers", "--json").json
    assert "fastgan-flowers" in [one["name"] for one in found["models"]]
    assert [one["name"] for one in found["datasets"]] == ["flowers"]


@pytest.mark.parametrize("words", [[], ["faces"], ["a"], ["architectures"], ["--weights"]])
def test_a_list_fits_a_terminal_of_80_columns(words, ganzoo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = ganzoo("list", *words)
    assert max(map(len, (done.out + done.err).splitlines())) <= 80


@pytest.mark.parametrize("name", ["cdcgan-mnist", "dcgan-digits", "dcgan-fashion-mnist",
                                  "gan-mnist", "pix2pix-facades", "stylegan2-ada-digits",
                                  "cyclegan", "folder"])  # fmt: skip
def test_info_is_one_screen(name, ganzoo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = ganzoo("info", name).out.splitlines()
    assert len(lines) <= 50 and max(map(len, lines)) <= 80


def test_list_takes_a_glob(ganzoo, card):
    card("toy-digits")
    card("other-digits")
    found = ganzoo("list", "toy*", "--json").json
    assert [entry["name"] for entry in found["models"]] == ["toy-digits"]
    assert found["architectures"] == found["datasets"] == []


def test_list_as_json_has_every_section(ganzoo, card):
    card("toy-digits", summary="A toy.")
    found = ganzoo("list", "--json").json
    (toy,) = [one for one in found["models"] if one["name"] == "toy-digits"]
    assert (toy["source"], toy["summary"], toy["version"]) == ("user", "A toy.", None)
    for section in ("models", "architectures", "datasets"):
        assert all({"name", "source", "summary"} <= set(entry) for entry in found[section])


def test_a_search_that_finds_nothing_prints_nothing_on_stdout(ganzoo):
    done = ganzoo("list", "nothing*")
    assert (done.code, done.out) == (0, "")
    assert "Nothing with 'nothing*' was found." in done.err


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
    short = ganzoo("info", "toy-digits")
    assert "Made for a test." in short.out and "# recipe.toml" not in short.out
    assert "generator 414,209" in short.out and "license       of the data: CC-BY-4.0" in short.out
    assert "ganzoo info toy-digits --full" in short.err
    done = ganzoo("info", "toy-digits", "--full")
    assert done.code == 0
    for text in (
        "toy-digits: A toy.", "Made for a test.", "CC-BY-4.0", "Apache-2.0", "generator  414,209",
        "https://arxiv.org/abs/1511.06434", "- Nothing is as in the paper.",
    ):  # fmt: skip
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
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert 'arrangement "ring"' in rows and 'Text. `"ring"` or `"grid"`.' in rows
    assert "modes not set" in rows


def test_info_of_an_architecture_tells_what_the_data_set_fills(ganzoo):
    done = ganzoo("info", "dcgan")
    assert "architecture of keras-ganzoo" in done.out
    assert "From the data set: image_shape." in done.out
    assert "Length of a latent." in done.out


def test_info_of_a_name_that_means_two_things_shows_both(ganzoo, card):
    card("dcgan")
    assert set(ganzoo("info", "dcgan", "--json").json) == {"model", "architecture"}
    done = ganzoo("info", "dcgan")
    assert "Made for a test." in done.out and "options ([architecture] of a recipe)" in done.out


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


def test_plugins_names_owners_targets_clashes_and_broken_ones(ganzoo, distribution, rivals):
    distribution("good", "[ganzoo.architectures]\nfine = good_gan:make\n")
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
    clash = {"kind": "dataset", "name": "cats", "owners": ["rival-a:cats", "rival-b:cats"]}
    assert found["clashes"] == [clash]
    assert [problem["name"] for problem in found["problems"]] == ["odd"]


def test_asking_for_a_name_that_two_plugins_claim_names_both(ganzoo, rivals):
    done = ganzoo("info", "cats")
    assert done.code == 4
    assert "'rival-a:cats' or 'rival-b:cats'" in done.err
    assert ganzoo("info", "rival-b:cats").code == 0


def test_a_qualified_name_that_nobody_brings_is_unknown(ganzoo, rivals):
    assert ganzoo("info", "rival-a:dogs").code == 2
    assert ganzoo("info", "nobody:cats").code == 2
