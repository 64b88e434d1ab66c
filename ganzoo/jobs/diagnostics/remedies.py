"""Remedies of illnesses: one setting to try first, from the recipe and the evidence."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.jobs.diagnostics.evidence import Evidence

Tables = Mapping[str, Any]  # of a recipe
Setting = tuple[str, Any]
Remedy = Callable[[Tables, Evidence], Setting]

_RATES_OF_SCHEDULES = ("initial_learning_rate", "values")


def slow_discriminator(recipe: Tables, evidence: Evidence) -> Setting:
    """Give the discriminator a quarter of its learning rate."""
    return _scaled_rate(recipe, "discriminator", 0.25)


def slow_generator(recipe: Tables, evidence: Evidence) -> Setting:
    """Give the generator a quarter of its learning rate."""
    return _scaled_rate(recipe, "generator", 0.25)


def balance_rates(recipe: Tables, evidence: Evidence) -> Setting:
    """Give a slow generator the discriminator's learning rate, a fast one a tenth of its own."""
    rates = [recipe[f"{n}_optimizer"]["learning_rate"] for n in ("generator", "discriminator")]
    if all(isinstance(rate, float) for rate in rates) and rates[0] < rates[1]:
        return "generator_optimizer.learning_rate", rates[1]
    return _scaled_rate(recipe, "generator", 0.1)


def smooth_discriminator(recipe: Tables, evidence: Evidence) -> Setting:
    """Add R1, or slow the generator down if there is a penalty."""
    given = recipe["gan"]["regularizers"]
    if any("weight" in regularizer for regularizer in given):
        return slow_generator(recipe, evidence)
    return "gan.regularizers", [*given, {"name": "r1", "weight": 1.0}]


def shorten_average(recipe: Tables, evidence: Evidence) -> Setting:
    """Let the average follow a young generator, or shorten it."""
    gan = recipe["gan"]
    if not 0 < gan["ema_rampup"] <= 0.05:
        return "gan.ema_rampup", 0.05
    return _scaled("gan.ema_half_life", gan["ema_half_life"], 0.25)


def augment(recipe: Tables, evidence: Evidence) -> Setting:
    """Add an augmentation, or stop before the training memorizes."""
    given = recipe["gan"]["regularizers"]
    if evidence["augmentable"] and not any("policy" in regularizer for regularizer in given):
        return "gan.regularizers", [*given, {"name": "ada", "policy": ["geometry"]}]
    return "training.steps", evidence["step"]


def weigh_penalty(recipe: Tables, evidence: Evidence) -> Setting:
    """Give the penalty a hundredth of the losses, and never less than it has."""
    factor = 0.01 / max(evidence["penalty_share"], 1e-9)
    return "gan.regularizers", [
        {**table, "weight": max(_rounded(min(factor * table["weight"], 10.0)), table["weight"])}
        if table["name"] == evidence["weak_penalty"]
        else table
        for table in recipe["gan"]["regularizers"]
    ]


def wake_discriminator(recipe: Tables, evidence: Evidence) -> Setting:
    """Lift the bound of the discriminator's weights, or slow it down."""
    if recipe["gan"]["weight_clip"]:
        return "gan.weight_clip", 0.0
    return slow_discriminator(recipe, evidence)


def changes(setting: Setting, recipe: Tables) -> bool:
    """Return whether a recipe has not yet what a setting sets."""
    key, value = setting
    table: Any = recipe
    for part in key.split("."):
        table = table.get(part) if isinstance(table, Mapping) else None
    return table != value


def as_argument(setting: Setting) -> str:
    """Return a setting as an argument of the command line: `--set 'key=value'`."""
    key, value = setting
    text = f"{key}={_toml(value)}"
    return f"--set '{text}'" if isinstance(value, list | Mapping) else f"--set {text}"


def _scaled_rate(recipe: Tables, network: str, factor: float) -> Setting:
    optimizer = f"{network}_optimizer"
    return _scaled(f"{optimizer}.learning_rate", recipe[optimizer]["learning_rate"], factor)


def _scaled(key: str, number: Any, factor: float) -> Setting:
    """A number, or the values of the schedule in its place, times a factor."""
    if isinstance(number, Mapping):
        if "final" in number:
            ends = {name: _rounded(factor * number[name]) for name in ("initial", "final")}
            return key, {**number, **ends}
        name = next(name for name in _RATES_OF_SCHEDULES if name in number)
        key, number = f"{key}.{name}", number[name]
    if isinstance(number, list):
        return key, [_rounded(factor * one) for one in number]
    return key, _rounded(factor * number)


def _rounded(number: float) -> float:
    return float(f"{number:.2g}")


def _toml(value: Any) -> str:
    """A value in one line of TOML."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {_toml(v)}' for key, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
