import hashlib
import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import InvalidInput, UnknownName, UsageError


def spoilt(tables, path: str, value):
    *parents, key = path.split(".")
    node = tables
    for parent in parents:
        node = node.setdefault(parent, {})
    node[key] = value
    return tables


def refusal(tables) -> str:
    with pytest.raises(UsageError) as caught:
        Recipe.from_tables(tables)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_tables_become_frozen_objects(tables):
    recipe = Recipe.from_tables(tables)
    assert recipe.architecture.name == "dcgan"
    assert recipe.architecture.options == {"latent_size": 64}
    assert recipe.dataset.options == {}
    assert recipe.generator_optimizer.name == "adam"
    assert recipe.generator_optimizer.options == {"learning_rate": 2e-4, "beta_1": 0.5}
    assert recipe.training.steps == 200 and recipe.training.epochs is None
    with pytest.raises(ValueError, match="frozen"):
        recipe.training.steps = 3


def test_every_default_of_gan_and_training_is_written_out(tables):
    resolved = Recipe.from_tables(tables).tables()
    assert resolved["gan"] == {
        "loss": "non_saturating", "regularizers": [], "n_critic": 1, "ema_half_life": 10_000.0,
        "ema_rampup": 0.05, "label_smoothing": 0.0, "label_flip_prob": 0.0, "weight_clip": 0.0,
        "share_fake_latents": False, "concat_real_fake": False,
    }  # fmt: skip
    assert resolved["training"] == {
        "batch": 64, "steps": 200, "seed": 0, "precision": "float32", "log_every": 50,
        "sample_every": 500, "checkpoint_every": 1000, "keep_checkpoints": 2,
        "steps_per_dispatch": "auto", "xla": "auto",
    }  # fmt: skip
    assert resolved["generator_optimizer"] == tables["generator_optimizer"]


def test_the_text_reads_back_as_the_same_recipe(tables, tmp_path):
    tables["gan"] = {"regularizers": [{"name": "r1", "weight": 10}, {"name": "r2", "weight": 0.5}]}
    tables["dataset"] = {"name": "folder", "data": 'C:\\images "mine"', "crop": [0, 15, 178, 193]}
    rate = {"schedule": "polynomial_decay", "initial_learning_rate": 1e-3, "decay_steps": 10}
    tables["generator_optimizer"]["learning_rate"] = rate
    recipe = Recipe.from_tables(tables)
    assert Recipe.from_tables(tomllib.loads(recipe.toml())) == recipe
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.toml())
    assert Recipe.read(path).digest() == recipe.digest()


def test_order_and_number_form_change_neither_text_nor_digest(tables):
    one = Recipe.from_tables(tables | {"architecture": {"name": "a", "x": 1, "y": 2}})
    turned = dict(reversed(tables.items())) | {"architecture": {"y": 2, "x": 1, "name": "a"}}
    turned["gan"] = {"label_flip_prob": 0}
    other = Recipe.from_tables(turned)
    assert one.toml() == other.toml()
    assert one.digest() == other.digest()


def test_a_digest_is_that_of_the_canonical_json(tables):
    recipe = Recipe.from_tables(tables)
    text = json.dumps(recipe.tables(), sort_keys=True, separators=(",", ":"))
    assert recipe.digest() == hashlib.sha256(text.encode()).hexdigest()
    assert Recipe.from_tables(spoilt(tables, "training.seed", 1)).digest() != recipe.digest()


def test_a_recipe_without_evaluation_has_the_text_and_digest_that_it_always_had(tables):
    recipe = Recipe.from_tables(tables)
    assert not [key for key in recipe.tables()["training"] if key.startswith("evaluate")]
    never = apply_settings(recipe, ["evaluate_every=0", "evaluate_samples=2000"])
    assert never == recipe and never.digest() == recipe.digest()


def test_an_evaluation_is_written_out_with_its_defaults(tables):
    recipe = apply_settings(Recipe.from_tables(tables), ["evaluate_every=500"])
    training = recipe.tables()["training"]
    assert (training["evaluate_every"], training["evaluate_samples"]) == (500, 2000)
    assert "evaluate_features" not in training
    assert Recipe.from_tables(tomllib.loads(recipe.toml())) == recipe
    settings = ["evaluate_samples=50", "evaluate_features=digits"]
    waiting = apply_settings(Recipe.from_tables(tables), settings)
    assert Recipe.from_tables(waiting.tables()) == waiting
    assert waiting.training.evaluate_samples == 50 and not waiting.training.evaluate_every


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"name": "lecam", "weight": 0.3}, {"start": 1000, "decay": 0.99}),
        ({"name": "r1", "weight": 2.0}, {"every": 1}),
        ({"name": "diffaugment"}, {"policy": ["color", "translation", "cutout"]}),
        ({"name": "ada", "probability": 1.0, "policy": ["color"]},
         {"target": 0.6, "interval": 4, "ramp_images": 500_000, "color_multiplier": 1.0}),
    ],
)  # fmt: skip
def test_a_regularizer_is_written_out_with_its_defaults(given, written, tables):
    recipe = Recipe.from_tables(tables | {"gan": {"regularizers": [given]}})
    assert recipe.tables()["gan"]["regularizers"] == [given | written]
    assert recipe.gan.model_dump()["regularizers"] == [given | written]  # for `GAN.compile`
    assert recipe.digest() != Recipe.from_tables(tables).digest()
    assert Recipe.from_tables(tomllib.loads(recipe.toml())) == recipe


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("evaluate_every", -1, "at least 0"),
        ("evaluate_every", 0.5, "a whole number"),
        ("evaluate_every", True, "a whole number"),
        ("evaluate_samples", 9, "at least 10"),
        ("evaluate_samples", 2**24, "less than"),
        ("evaluate_features", "a b", "a name"),
        ("evaluate_features", 3, "text"),
    ],
)
def test_how_a_training_is_evaluated_is_checked(key, value, words, tables):
    with pytest.raises(UsageError, match=f"`training.{key}` .*{words}"):
        Recipe.from_tables(spoilt(tables, f"training.{key}", value))


def test_features_that_are_named_must_be_there(tables):
    recipe = Recipe.from_tables(tables | {"architecture": {"name": "mlp"}})
    recipe = apply_settings(recipe, ["dataset.name=digits", "evaluate_features=digitz"])
    with pytest.raises(UnknownName, match="Did you mean 'digits'"):
        check_recipe_plugins(recipe)


def test_tables_are_the_callers_to_change(tables):
    tables["dataset"]["crop"] = [1, 2, 3, 4]
    recipe = Recipe.from_tables(tables)
    given = recipe.tables()
    given["dataset"]["crop"].append(5)
    given["gan"]["regularizers"].append(1)
    recipe.generator_optimizer.options["learning_rate"] = 7
    assert recipe.tables()["dataset"]["crop"] == [1, 2, 3, 4]
    assert recipe == Recipe.from_tables(tables)


# R1, R2, R7, R8, R14 of the corpus of bad recipes, and their kin


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("training.batch", 0, "`training.batch` in recipe.toml must be at least 1. Received: 0."),
        ("training.batch", -1, "at least 1"),
        ("training.batch", 1.5, "a whole number. Received: 1.5."),
        ("training.batch", 64.0, "a whole number"),
        ("training.batch", 2**31, "less than 16777216"),
        ("training.batch", "8", "a whole number. Received: '8'."),
        ("training.batch", True, "a whole number. Received: true."),
        ("training.batch", [], "a whole number. Received: []."),
        ("generator_optimizer.learning_rate", 0, "greater than 0. Received: 0."),
        ("generator_optimizer.learning_rate", -1.0, "greater than 0"),
        ("generator_optimizer.learning_rate", float("nan"), "a finite number. Received: nan."),
        ("generator_optimizer.learning_rate", 1e9, "at most 10"),
        ("generator_optimizer.learning_rate", True, "a number. Received: true."),
        ("gan.ema_half_life", -0.1, "at least 0"),
        ("gan.n_critic", 0, "at least 1"),
        ("gan.label_smoothing", 0.5, "less than 0.5"),
        ("gan.label_flip_prob", -0.1, "at least 0"),
        ("gan.weight_clip", -1, "at least 0"),
        ("gan.share_fake_latents", 1, "true or false. Received: 1."),
        ("gan.regularizers", [{"name": "r1", "weight": 0}], "`gan.regularizers[0].weight`"),
        ("gan.regularizers", [{"name": "r1", "weight": 1, "every": 0}], "at least 1"),
        ("gan.regularizers", [{"name": "r1"}], "lacks a key. Expected: `weight`"),
        ("gan.regularizers", {"name": "r1"}, "`gan.regularizers` in recipe.toml must be a list"),
        ("gan.regularizers", [{"name": "r1", "weight": 1}] * 2, "each regularizer once"),
        ("gan.regularizers", ["ada"], "`gan.regularizers[0]` in recipe.toml must be a table"),
        ("gan.regularizers", [{"target": 0.6}], "lacks a key. Expected: `name`"),
        ("gan.regularizers", [{"name": "ada", "target": 1.5}], "at most 1"),
        ("gan.regularizers", [{"name": "ada", "probability": -0.1}], "at least 0"),
        ("gan.regularizers", [{"name": "ada", "interval": 0}], "at least 1"),
        ("gan.regularizers", [{"name": "ada", "ramp_images": 1e5}], "a whole number"),
        ("gan.regularizers", [{"name": "diffaugment", "policy": []}], "each part once"),
        ("gan.regularizers", [{"name": "ada", "policy": ["blit", "blit"]}], "each part once"),
        ("gan.regularizers", [{"name": "lecam", "weight": -1}], "greater than 0"),
        ("training.seed", -1, "at least 0"),
        ("training.seed", 2**64, "at most 2**53"),
        ("training.seed", 2**31, "less than 2147483648"),
        ("training.steps", 0, "at least 1"),
        ("training.log_every", 0, "at least 1"),
        ("training.keep_checkpoints", 0, "at least 1"),
        ("training.steps_per_dispatch", 0, '"auto" or a whole number of at least 1'),
        ("training.steps_per_dispatch", True, '"auto" or a whole number of at least 1'),
        ("training.xla", "yes", "\"auto\", true or false. Received: 'yes'."),
        ("training.precision", "float16", "Did you mean"),
        ("training.epochs", 3, "exactly one of steps, images, epochs. Received: steps and epochs."),
        ("architecture.name", "../x", "a name: letters"),
        ("architecture.name", "a:b:c", "a name: letters"),
        ("architecture.name", "", "a name: letters"),
        ("architecture.name", 3, "must be text"),
        ("architecture.__class__", 1, "a key that no keyword can be. Received: '__class__'"),
        ("architecture.a b", 1, "a key that no keyword can be"),
        ("architecture", 3, "`architecture` in recipe.toml must be a table. Received: 3."),
        ("gan", [], "`gan` in recipe.toml must be a table. Received: []."),
        ("dataset.size", 2**60, "at most 2**53"),
        ("dataset.crop", [[[[[[[[1]]]]]]]], "too deep"),
        ("generator_optimizer.clipnorm", 0, "greater than 0"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_or_of_another_type_is_refused(tables, path, value, said):
    assert said in refusal(spoilt(tables, path, value))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("trainig", {}, "Unknown key in recipe.toml. Received: 'trainig'. Did you mean 'training'"),
        ("training.bach", 1, "`training` in recipe.toml. Received: 'bach'. Did you mean 'batch'"),
        ("gan.los", "hinge", "Did you mean 'loss'"),
        ("gan.regularizers", [{"name": "r1", "weight": 1, "evry": 2}], "Did you mean 'every'"),
        ("gan.regularizers", [{"name": "ada", "targt": 1}], "Did you mean 'target'"),
        ("gan.regularizers", [{"name": "diffaugment", "target": 1}], "Known: name, policy."),
        ("generator_optimizer.beta1", 0.5, "Did you mean 'beta_1'"),
        ("discriminator_optimizer.ro", 0.5, "Did you mean 'rho'"),
        ("generator_optimizer.learning_rate",
         {"schedule": "cosine_decay", "initial_learning_rate": 0, "decay_step": 3},
         "`generator_optimizer.learning_rate` in recipe.toml. Received: 'decay_step'. "
         "Did you mean 'decay_steps'"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_suggested_where_it_stands(tables, path, value, said):
    with pytest.raises(UnknownName) as caught:
        Recipe.from_tables(spoilt(tables, path, value))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "now"),
    [
        ("game", {"loss": "hinge"}, "Renamed to `gan`: see CHANGELOG.md."),
        ("gan.average_decay", 0.995, "Renamed to `ema_half_life`, in images: see CHANGELOG.md."),
        ("gan.lecam_weight", 1.0, "Renamed to an entry of `regularizers`: see"),
        ("gan.regularizers", [{"name": "ada", "images_to_one": 9}], "Renamed to `ramp_images`"),
        ("training.penalties", [], "Known: "),  # where its new name could not stand either
    ],
)
def test_a_renamed_key_is_answered_with_its_new_name(tables, path, value, now):
    with pytest.raises(UnknownName) as caught:
        Recipe.from_tables(spoilt(tables, path, value))
    assert now in str(caught.value) and "Did you" not in str(caught.value)


def test_a_key_of_another_optimizer_is_not_suggested(tables):
    with pytest.raises(UnknownName) as caught:
        Recipe.from_tables(spoilt(tables, "discriminator_optimizer.beta_1", 0.5))
    assert "beta" not in str(caught.value).partition("Received: 'beta_1'.")[2]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("gan.loss", "hing", "Did you mean 'hinge'"),
        ("gan.loss", 3, "Received: 3."),
        ("gan.regularizers", [{"name": "r3", "weight": 1}], "`gan.regularizers[0].name`"),
        ("gan.regularizers", [{"name": "adda"}], "Did you mean 'ada'"),
        ("gan.regularizers", [{"name": "ada", "policy": ["blitt"]}], "Did you mean 'blit'"),
        ("generator_optimizer.name", "adan", "Did you mean 'adam'"),
        ("generator_optimizer.name", 3, "must be adam, adamw, rmsprop or sgd. Received: 3."),
        ("generator_optimizer.learning_rate", {"schedule": "cosinus"},
         "`generator_optimizer.learning_rate.schedule` in recipe.toml"),
    ],
)  # fmt: skip
def test_a_choice_that_does_not_exist_names_those_that_do(tables, path, value, said):
    assert said in refusal(spoilt(tables, path, value))


TABLES = ["architecture", "dataset", "generator_optimizer", "discriminator_optimizer"]


@pytest.mark.parametrize("table", [*TABLES, "training"])
def test_a_table_that_is_missing_is_named(tables, table):
    del tables[table]
    assert refusal(tables) == f"recipe.toml lacks a table. Expected: `{table}`."


@pytest.mark.parametrize("table", TABLES)
def test_a_name_that_is_missing_is_named(tables, table):
    del tables[table]["name"]
    assert refusal(tables) == f"`{table}` in recipe.toml lacks a key. Expected: `name`."


def test_a_training_without_a_length_is_refused(tables):
    tables["training"] = {}
    assert "exactly one of steps, images, epochs. Received: none." in refusal(tables)


def test_an_unknown_key_is_named_before_what_is_missing(tables):
    tables["training"] = {"step": 3}
    assert "Did you mean 'steps'" in refusal(tables)


def test_a_file_that_holds_no_recipe_is_invalid_input(tmp_path):
    path = tmp_path / "recipe.toml"
    for content in (b"", b"[training]\nbatch = 0\n", b"\xff"):
        path.write_bytes(content)
        with pytest.raises(InvalidInput, match="recipe.toml"):
            Recipe.read(path)


KEYS = st.sampled_from(
    ["architecture", "dataset", "gan", "regularizers", "generator_optimizer", "learning_rate"]
    + ["training", "name", "schedule", "weight", "batch", "steps", "values", "xla", "x", "", "a.b"]
)
WORDS = st.sampled_from(["adam", "sgd", "cosine_decay", "piecewise_constant_decay", "r1", "auto"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text() | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.lists(KEYS, min_size=1, max_size=4), VALUES)
def test_whatever_stands_anywhere_gives_a_recipe_or_one_line(path, value):
    tables = {
        "architecture": {"name": "dcgan"},
        "dataset": {"name": "digits"},
        "gan": {"regularizers": [{"name": "r1", "weight": 1.0}]},
        "generator_optimizer": {"name": "adam", "learning_rate": 2e-4},
        "discriminator_optimizer": {"name": "adam"},
        "training": {"steps": 200},
    }
    node = tables
    for key in path[:-1]:
        node = node.setdefault(key, {})
        node = node if isinstance(node, dict) else {}
    node[path[-1]] = value
    try:
        recipe = Recipe.from_tables(tables)
    except UsageError as error:
        assert len(str(error).splitlines()) == 1
        assert len(str(error)) < 1000
    else:
        assert Recipe.from_tables(tomllib.loads(recipe.toml())) == recipe
