"""Tables of recipe keys in docs/recipe.md: `python docs/make_recipe.py`.

Their content comes from the classes that check a recipe. A test compares the page.
"""

import inspect
import types
import typing
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from ganzoo.catalog.plugins.signature import describe_arguments
from ganzoo.catalog.recipe.optimizer_tables import OneKerasSchedule, OneOptimizer
from ganzoo.catalog.recipe.recipe import Training
from ganzoo.config.gan_config import GANConfig
from ganzoo.config.loss_names import LOSSES
from ganzoo.config.regularizer_options import OneRegularizer
from ganzoo.config.schedules import OneSchedule
from ganzoo.config.validation import Table

PAGE = Path(__file__).with_name("recipe.md")
HEAD = """\
# Recipe keys

A recipe is a TOML file of six tables. Each key is a keyword argument of the function that it
reaches, spelled the same. On the command line, `--set` changes one:
`ganzoo train dcgan-digits --set training.batch=32`. From Python, the keys of `[gan]` are arguments
of `GAN.compile`. A key that is left out has the default below. `docs/make_recipe.py` writes this
page from the classes that check a recipe.

`[architecture]` and `[dataset]` hold the `name` of a plugin and its options:
`ganzoo info dcgan` and `ganzoo info folder` list those.
"""
OPTIMIZERS = """\
## `[generator_optimizer]` and `[discriminator_optimizer]`

What is left out has the default of the Keras class, whose documentation says more.

The `epsilon` of Keras' Adam, as of TensorFlow 1, is added before the correction of the moments,
PyTorch's after it. At the first step Keras' is worth 1 / sqrt(1 - beta_2) times PyTorch's, 10 times
for 0.99, and as much as it after some 1 / (1 - beta_2) steps. The default is 1e-7, where papers'
code mostly has 1e-8: the zoo's cards set what was published, but for the smallest models."""
SCHEDULES = """\
## Numbers that change

In place of the number, a table with a `schedule`:

```toml
[gan]
loss = "relativistic"
regularizers = [
    { name = "r1", weight = { schedule = "cosine", initial = 2.0, final = 0.2, images = 500_000 } },
]
ema_half_life = { schedule = "linear", initial = 0.0, final = 50_000.0, images = 500_000 }

[generator_optimizer]
name = "adam"
learning_rate = { schedule = "exponential", initial = 2e-4, final = 5e-5, images = 500_000 }
beta_2 = { schedule = "piecewise", values = [0.9, 0.99], steps = [1_000] }
```

So can the learning rate, `beta_1`, `beta_2` and `rho` of an optimizer, the `weight` of a
regularizer, the `probability` of `ada`, `ema_half_life`, `label_flip_prob`, `weight_clip`,
`n_critic`, and `style_mixing_prob` of the architecture `stylegan2`; others are refused. On the
command line:
`--set 'ema_half_life={schedule = "linear", initial = 0.0, final = 5e4, images = 500_000}'`. In
Python, `GAN.compile` takes the same tables; those of the optimizers as `generator_schedules` and
`discriminator_schedules`, by the name of the number.

A value follows from the steps or images before the step, and from nothing else: a run that is
resumed, also as a longer one, goes on with the same values. The log has their means over its
interval, as of the losses: `r1_weight`, `ada_p`, `ema_half_life`, `generator_learning_rate`.

`n_critic` takes whole numbers and counts updates of the generator. WGAN's authors give the critic
100 updates before each of the first 25 of the generator and before every 500th, else 5:

```toml
[gan]
n_critic = { schedule = "bursts", value = 5, burst = 100, steps = 25, every = 500 }
```

All steps of a training stay alike: here they have 5 updates of the critic, by which both numbers
can be divided, and in a burst the generator learns in every 20th step only. The `steps` of
`[training]`, the log and other schedules count all of them."""
_SYMBOLS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_WORDS = {
    int: "whole number", float: "number", bool: "true or false", str: "text", list: "list",
    dict: "table",
}  # fmt: skip


def classes(union: Any) -> list[type[Table]]:
    """The classes of a union of tables."""
    return list(get_args(get_args(union)[0]))


def values(annotation: Any, metadata: typing.Sequence = ()) -> str:
    """The values that a key takes, in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(inner[0], (*inner[1:], *metadata))
    if origin is typing.Literal:
        return ", ".join(f'`"{value}"`' for value in inner)
    if origin in (typing.Union, types.UnionType):
        parts = [values(one, metadata) for one in inner if one is not type(None)]
        return " or ".join(dict.fromkeys(part for part in parts if part))
    if origin is list and get_origin(inner[0]) is typing.Literal:
        return f"list of {values(inner[0])}"
    name = _WORDS.get(origin or annotation)
    if name is None:  # a table of its own, or what Python alone can give
        is_table = inspect.isclass(annotation) and issubclass(annotation, Table)
        return "table" if is_table else ""
    constraints = [part for one in metadata for part in getattr(one, "metadata", [one])]
    bounds = [
        f"{symbol} {bound:,}"
        for part in constraints
        for key, symbol in _SYMBOLS.items()
        if (bound := getattr(part, key, None)) is not None
    ]
    return " ".join([name, ", ".join(dict.fromkeys(bounds))]).strip()


def table(kind: type[Table], skip: tuple[str, ...] = ()) -> str:
    """A Markdown table of the keys of a class, with what its docstrings say of them."""
    descriptions: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        descriptions |= describe_arguments(inspect.getdoc(base) or "")
    described = any(key in descriptions for key in kind.model_fields)
    lines = [
        f"| key | values | default |{' meaning |' if described else ''}",
        f"|---|---|---|{'---|' if described else ''}",
    ]
    for key, field in kind.model_fields.items():
        if key in skip:
            continue
        default = "required" if field.is_required() else field.default
        shown = {None: "none", True: "true", False: "false"}.get(
            default if isinstance(default, bool | None) else "", f"`{default}`"
        )
        shown = default if default == "required" else shown
        row = f"| `{key}` | {values(field.annotation, field.metadata)} | {shown} |"
        lines.append(row + (f" {descriptions.get(key, '')} |" if described else ""))
    return "\n".join(lines)


def sections(title: str, kinds: list[type[Table]], tag: str) -> list[str]:
    """A section for each class of a union, under the name that a recipe has for it."""
    blocks = [title]
    for kind in kinds:
        name = get_args(kind.model_fields[tag].annotation)[0]
        summary = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        blocks += [f"### `{name}`", summary, table(kind, skip=(tag,))]
    return blocks


def page() -> str:
    """The whole page."""
    losses = "\n".join(f"| `{name}` | {facts.summary} |" for name, facts in LOSSES.items())
    blocks = [
        HEAD.rstrip(),
        "## `[gan]`",
        table(GANConfig),
        "### Losses",
        f"| `loss` | what it is |\n|---|---|\n{losses}",
        *sections("## `[[gan.regularizers]]`", classes(OneRegularizer), "name"),
        "## `[training]`",
        "Exactly one of `steps`, `images` and `epochs` says how long.",
        table(Training),
        *sections(
            OPTIMIZERS,
            classes(OneOptimizer),
            "name",
        ),
        *sections(SCHEDULES, classes(OneSchedule), "schedule"),
        *sections(
            "## Learning rates that follow the optimizer's updates\n\n"
            "Keras' schedules, which count the updates of one optimizer: the discriminator's makes "
            "`n_critic` in a step. Only a learning rate may have them.",
            classes(OneKerasSchedule),
            "schedule",
        ),
    ]
    return "\n\n".join(blocks) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
