"""Keras' own source says which keywords its classes take; it is read, not imported."""

import pytest

from ganzoo.catalog.plugins.signature import read_signature
from ganzoo.catalog.recipe import optimizer_tables
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import UsageError

# Not the recipe's business; see the module's docstring.
LEFT_OUT = {
    "name", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor",
    "gradient_accumulation_steps",
}  # fmt: skip
SCHEDULES = "keras.src.optimizers.schedules.learning_rate_schedule"


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "SGD"])
def test_an_optimizer_takes_keras_keywords(name):
    model = getattr(optimizer_tables, name)
    taken = read_signature(f"keras.src.optimizers.{name.lower()}", name)
    assert set(model.model_fields) - {"name"} == set(taken.parameters) - LEFT_OUT


@pytest.mark.parametrize(
    "kind", ["Polynomial", "Cosine", "Exponential", "InverseTime", "PiecewiseConstant"]
)
def test_a_schedule_takes_keras_keywords_and_requires_the_same(kind):
    model = getattr(optimizer_tables, f"{kind}Decay")
    taken = read_signature(SCHEDULES, f"{kind}Decay").parameters
    fields = {name: field for name, field in model.model_fields.items() if name != "schedule"}
    assert set(fields) == set(taken) - {"name"}
    for name, field in fields.items():
        assert field.is_required() == taken[name].required, name


def with_optimizer(tables, **options):
    return Recipe.from_tables(tables | {"generator_optimizer": options})


def test_what_is_not_given_is_left_to_keras(tables):
    optimizer = with_optimizer(tables, name="adamw", weight_decay=0).generator_optimizer
    assert (optimizer.name, optimizer.options) == ("adamw", {"weight_decay": 0.0})


def test_a_schedule_stands_where_the_number_would(tables):
    schedule = {"schedule": "inverse_time_decay", "initial_learning_rate": 1e-4,
                "decay_steps": 1, "decay_rate": 1e-8}  # fmt: skip
    recipe = with_optimizer(tables, name="rmsprop", learning_rate=schedule, clipvalue=1)
    assert recipe.generator_optimizer.options == {"learning_rate": schedule, "clipvalue": 1.0}


def test_only_one_way_of_clipping(tables):
    with pytest.raises(UsageError, match="at most one of clipnorm, clipvalue, global_clipnorm"):
        with_optimizer(tables, name="sgd", clipnorm=1, global_clipnorm=1)


@pytest.mark.parametrize(
    ("boundaries", "values", "said"),
    [
        ([10], [1e-3], "one value more than boundaries"),
        ([10, 10], [1e-3, 1e-4, 1e-5], "boundaries that rise"),
        ([], [1e-3], "a list of at least 1"),
        ([10, "x"], [1e-3, 1e-4, 1e-5], r"boundaries\[1\].*a whole number"),
        ([10], [1e-3, 0], r"values\[1\].*greater than 0"),
    ],
)
def test_pieces_that_do_not_fit_are_refused(tables, boundaries, values, said):
    rate = {"schedule": "piecewise_constant_decay", "boundaries": boundaries, "values": values}
    with pytest.raises(UsageError, match=said):
        with_optimizer(tables, name="sgd", learning_rate=rate)
