from pathlib import Path

import pytest

from ganzoo.catalog.recipe.overrides import apply_settings, with_data_from
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import UnknownName, UsageError


@pytest.fixture
def recipe(site, tables):
    site.architecture(
        "net", "def make(image_shape, *, width: int = 3, batch: int = 1): ...\n", owner="one"
    )
    site.install("two", "[ganzoo.datasets]\nfaces = faces_module:faces\n")
    site.module("faces_module", "def faces(*, data: str | None = None, size: int = 64): ...\n")
    parts = {"architecture": {"name": "net", "width": 4}, "dataset": {"name": "faces", "size": 32}}
    return Recipe.from_tables(tables | parts)


def refusal(recipe, *settings) -> str:
    with pytest.raises(UsageError) as caught:
        apply_settings(recipe, settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_setting_changes_its_key_and_no_other(recipe):
    changed = apply_settings(recipe, ["training.checkpoint_every=7"])
    assert changed.training.checkpoint_every == 7
    expected = recipe.tables()
    expected["training"]["checkpoint_every"] = 7
    assert changed.tables() == expected


@pytest.mark.parametrize(
    ("setting", "table", "key", "value"),
    [
        ("training.batch=1_000", "training", "batch", 1000),
        ("training.seed = 0x10", "training", "seed", 16),
        ("xla=true", "training", "xla", True),
        ("gan.loss=hinge", "gan", "loss", "hinge"),
        ("loss='hinge'", "gan", "loss", "hinge"),
        ('gan.loss="hinge"', "gan", "loss", "hinge"),
        ("ema_half_life=0", "gan", "ema_half_life", 0.0),
        ("dataset.data=/some/path with = and # in it", "dataset", "data", None),
        ("dataset.data=C:\\images", "dataset", "data", "C:\\images"),
        ("data=a\nb", "dataset", "data", "a\nb"),
        ("data=1\nsize = 2", "dataset", "data", "1\nsize = 2"),
        ("size=8", "dataset", "size", 8),
        ("width=9", "architecture", "width", 9),
        ("rho=0.5", "discriminator_optimizer", "rho", 0.5),
    ],
)
def test_values_are_toml_and_bare_words_are_text(recipe, setting, table, key, value):
    if value is None:
        value = setting.partition("=")[2]
    assert apply_settings(recipe, [setting]).tables()[table][key] == value


def test_lists_and_tables_are_values(recipe):
    changed = apply_settings(recipe, ["regularizers=[{name = 'r1', weight = 10}]"])
    assert changed.gan.regularizers[0].weight == 10.0
    rate = "{schedule='cosine_decay', initial_learning_rate=0.1, decay_steps=3}"
    changed = apply_settings(recipe, [f"generator_optimizer.learning_rate={rate}"])
    assert changed.generator_optimizer.options["learning_rate"]["decay_steps"] == 3


def test_keys_inside_a_table_can_be_set(recipe):
    start = "generator_optimizer.learning_rate"
    rate = {"schedule": "cosine_decay", "initial_learning_rate": 0.1, "decay_steps": 3}
    changed = apply_settings(recipe, [f"{start}.{key}={value}" for key, value in rate.items()])
    assert changed.generator_optimizer.options["learning_rate"] == rate


@pytest.mark.parametrize("length", ["steps", "images", "epochs"])
def test_another_length_replaces_the_one_before(recipe, length):
    training = apply_settings(recipe, [f"{length}=3"]).tables()["training"]
    assert training[length] == 3
    assert len({"steps", "images", "epochs"} & set(training)) == 1


def test_two_lengths_at_once_are_refused(recipe):
    assert "Received: steps and epochs" in refusal(recipe, "steps=3", "epochs=3")


def test_another_name_leaves_the_keys_of_the_one_before(recipe):
    settings = ["generator_optimizer.learning_rate=0.1", "generator_optimizer.name=sgd"]
    changed = apply_settings(recipe, settings)
    assert changed.generator_optimizer.options == {"learning_rate": 0.1}
    assert apply_settings(recipe, ["dataset.name=digits"]).dataset.options == {}
    assert apply_settings(recipe, ["dataset.name=faces"]).dataset.options == {"size": 32}


def test_a_key_that_several_tables_take_is_ambiguous(recipe):
    said = refusal(recipe, "learning_rate=0.1")
    assert "generator_optimizer.learning_rate or discriminator_optimizer.learning_rate" in said
    assert "architecture.batch or training.batch" in refusal(recipe, "batch=3")


@pytest.mark.parametrize(
    ("setting", "near"),
    [
        ("checkpoint_evry=3", "checkpoint_every"), ("widht=3", "width"),
        ("traning.seed=3", "training"), ("training.sed=3", "seed"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_suggested(recipe, setting, near):
    assert near in refusal(recipe, setting).partition("Received")[2]
    assert "training." in refusal(recipe, "training=3")


@pytest.mark.parametrize(
    ("setting", "now"),
    [
        ("average_decay=0.995", "`ema_half_life`, in images"), ("game.loss=hinge", "`gan`"),
        ("gan.average_decay=0.995", "`ema_half_life`, in images"),
        ("penalties=[]", "`regularizers`"),
    ],
)  # fmt: skip
def test_a_renamed_key_is_answered_with_its_new_name(recipe, setting, now):
    assert refusal(recipe, setting).endswith(f"Renamed to {now}: see CHANGELOG.md.")


def test_what_the_data_set_fills_is_no_key(recipe):
    with pytest.raises(UnknownName):
        apply_settings(recipe, ["image_shape=3"])


@pytest.mark.parametrize("setting", ["batch", "=3", "batch=", "a b=3", "a..b=3", "", ".=1", "é=1"])
def test_what_is_no_setting_is_refused(recipe, setting):
    assert "must be key=value" in refusal(recipe, setting)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("gan.loss=[", "not valid TOML"),
        ("gan.loss='hinge", "not valid TOML"),
        ("architecture.x=" + "[" * 50_000, "nested too deeply"),
        ("training.seed=nan", "a finite number. Received: nan."),
        ("training.seed=2024-01-01", "Received: 2024-01-01."),
        ("training.batch.x=3", "`training.batch` in the settings must be a whole number"),
        ("dataset.data=\udcff", "text in UTF-8"),
    ],
)
def test_a_value_that_cannot_be_is_refused(recipe, setting, said):
    assert said in refusal(recipe, setting)


def test_an_unknown_architecture_does_not_hide_other_keys(recipe):
    changed = apply_settings(recipe, ["architecture.name=nothing"])
    assert apply_settings(changed, ["seed=3"]).training.seed == 3


def test_where_there_is_nothing_to_change_nothing_is(recipe):
    assert apply_settings(recipe, []) == recipe
    assert with_data_from(recipe, Path("/here")) == recipe  # which has no path


def test_of_two_names_for_one_table_the_last_holds(recipe):
    settings = ["dataset.name=digits", "dataset.name=faces", "dataset.size=8"]
    assert apply_settings(recipe, settings).tables()["dataset"] == {"name": "faces", "size": 8}


def test_a_name_of_a_table_that_has_none_is_an_unknown_key(recipe):
    assert "Unknown key in `gan`" in refusal(recipe, "gan.name=x")


@pytest.mark.parametrize(
    ("data", "place"),
    [("photos", "/here/photos"), ("../photos", "/photos"), ("/there", "/there"), ("~/p", "/me/p")],
)
def test_a_relative_path_to_the_data_is_meant_from_a_folder(recipe, monkeypatch, data, place):
    monkeypatch.setenv("HOME", "/me")
    given = apply_settings(recipe, [f"dataset.data={data}"])
    assert with_data_from(given, Path("/here")) == apply_settings(recipe, [f"dataset.data={place}"])


def test_data_in_the_home_of_nobody_are_refused(recipe):
    given = apply_settings(recipe, ["dataset.data=~nosuchuser/photos"])
    with pytest.raises(UsageError, match="a user who has none. Received: '~nosuchuser/photos'"):
        with_data_from(given, Path("/here"))
