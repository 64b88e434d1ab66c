"""A recipe: an architecture, a data set and how to train, as TOML tables.

Every key is a keyword argument of the function that it reaches, spelled the same:
`[architecture]` and `[dataset]` of a plugin's function, `[gan]` of `GAN.compile` (`GANConfig`), the
optimizers' of Keras' classes. Nothing here imports Keras or a plugin.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from ganzoo.catalog.recipe.optimizer_tables import OneOptimizer
from ganzoo.config.gan_config import GANConfig
from ganzoo.config.validation import Table, validated
from ganzoo.errors import GanzooError, InvalidInput, UsageError
from ganzoo.files.text import format_value, quote
from ganzoo.files.toml import read_toml

LENGTHS = ("steps", "images", "epochs")  # of which a recipe has exactly one

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_PluginName = Annotated[str, Field(pattern=rf"^{_NAME}(:{_NAME})?$", max_length=129)]
_Count = Annotated[int, Field(ge=1)]


def _parse_auto_or_count(value: Any) -> int | str:
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError(
        f'must be "auto" or a whole number of at least 1. Received: {format_value(value)}'
    )


def _parse_auto_or_switch(value: Any) -> bool | str:
    if value == "auto" or isinstance(value, bool):
        return value
    raise ValueError(f'must be "auto", true or false. Received: {format_value(value)}')


def _without_defaults(table: Table, written: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Drop those of the keys that have their default values from a table that is written."""
    for key in keys:
        if getattr(table, key) == type(table).model_fields[key].default:
            written.pop(key, None)
    return written


class Part(Table):
    """The table `[architecture]` or `[dataset]`: a plugin's name and its keyword arguments.

    Args:
        name: Name of an entry point: `"dcgan"`, or `"distribution:dcgan"`.
        options: Keyword arguments of the plugin's function.
    """

    name: _PluginName
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _split_options(cls, table: Any) -> Any:
        if not isinstance(table, Mapping):
            return table
        options = {key: value for key, value in table.items() if key != "name"}
        for key in options:
            if not key.isidentifier() or key.startswith("_"):
                raise ValueError(f"has a key that no keyword can be. Received: {quote(key)}")
        return {"options": options} | ({"name": table["name"]} if "name" in table else {})

    @model_serializer
    def _join_options(self) -> dict[str, Any]:
        return {"name": self.name} | dict(sorted(self.options.items()))


class Training(Table):
    """Length of a training, its batches, and what it writes on the way.

    Args:
        batch: Real images in one discriminator update.
        steps: Length of the training in steps.
        images: Length in real images shown to the discriminator.
        epochs: Length in passes over the data set.
        seed: Seed of the initial weights, the order of the data and all random numbers.
        precision: Dtype policy of Keras; `"auto"` takes bfloat16 where it is faster, as measured
            before the first step, and the run's recipe says which it took.
        gradient_accumulation_steps: Microbatches in which each batch is computed, one after the
            other, to save memory; the gradients are averaged for one update. Batch statistics are
            those of a microbatch.
        rematerialize: Keep of what the networks compute only parts in memory, and compute the rest
            again for the gradients: less memory, more time.
        log_every: Steps between two entries of the log.
        sample_every: Steps between two sample images.
        checkpoint_every: Steps between two checkpoints.
        keep_checkpoints: Number of the newest checkpoints that stay, beside the best one.
        rollback: How often a training that has diverged goes on from its last good checkpoint,
            with other random numbers.
        evaluate_every: Steps between two evaluations of the averaged generator; 0: none.
        evaluate_samples: Generated samples in each evaluation.
        evaluate_features: Name of the feature extractor; by default the data set's own.
        steps_per_dispatch: Steps fused in one call; `"auto"` chooses by device and network.
        xla: Compile the step with XLA, on PyTorch the networks with `torch.compile`; `"auto"`
            chooses by device and network too, and compiles none on PyTorch.
    """

    batch: Annotated[int, Field(ge=1, lt=2**24)] = 64
    steps: _Count | None = None
    images: _Count | None = None
    epochs: _Count | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16", "auto"] = "float32"
    gradient_accumulation_steps: _Count = 1
    rematerialize: bool = False
    log_every: _Count = 50
    sample_every: _Count = 500
    checkpoint_every: _Count = 1000
    keep_checkpoints: _Count = 2
    rollback: Annotated[int, Field(ge=0, lt=1000)] = 0
    evaluate_every: Annotated[int, Field(ge=0)] = 0
    evaluate_samples: Annotated[int, Field(ge=10, lt=2**24)] = 2000
    evaluate_features: _PluginName | None = None
    steps_per_dispatch: Annotated[int | Literal["auto"], PlainValidator(_parse_auto_or_count)] = (
        "auto"
    )
    xla: Annotated[bool | Literal["auto"], PlainValidator(_parse_auto_or_switch)] = "auto"

    @property
    def dtype_policy(self) -> str:
        """Keras' dtype policy: float32 as long as `"auto"` is not decided."""
        return "float32" if self.precision == "auto" else self.precision

    @model_validator(mode="after")
    def _check_length(self) -> "Training":
        given = [name for name in LENGTHS if getattr(self, name) is not None]
        if len(given) != 1:
            received = " and ".join(given) or "none"
            raise ValueError(f"needs exactly one of {', '.join(LENGTHS)}. Received: {received}")
        if self.batch % self.gradient_accumulation_steps:
            raise ValueError(
                "needs a batch that is a multiple of gradient_accumulation_steps, "
                f"{self.gradient_accumulation_steps}. Received: {self.batch}"
            )
        return self

    @model_serializer(mode="wrap")
    def _write_without_defaults(self, tables: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the defaults of what is not requested, as in the digest."""
        written = tables(self)
        _without_defaults(
            self, written, ("rollback", "gradient_accumulation_steps", "rematerialize")
        )
        if not self.evaluate_every:
            _without_defaults(self, written, ("evaluate_every", "evaluate_samples"))
        return written


class Recipe(Table):
    """Everything that decides a training, except code and data themselves."""

    architecture: Part
    dataset: Part
    gan: GANConfig = GANConfig()
    generator_optimizer: OneOptimizer
    discriminator_optimizer: OneOptimizer
    training: Training

    @classmethod
    def from_tables(
        cls,
        tables: Mapping[str, Any],
        where: str = "recipe.toml",
        *,
        error: type[GanzooError] = UsageError,
    ) -> "Recipe":
        """Return the recipe in tables.

        Args:
            tables: Tables as a TOML reader returns them.
            where: Name of the document, for messages.
            error: Class of the error that is raised if a key or value is wrong.
        """
        return validated(cls, tables, where=where, error=error)

    @classmethod
    def read(cls, path: str | os.PathLike, *, error: type[GanzooError] = InvalidInput) -> "Recipe":
        """Return the recipe in a TOML file.

        Args:
            path: Path of a file of at most 256 kB.
            error: Class of the error that is raised if its content is not a recipe.
        """
        return cls.from_tables(read_toml(path, error=error), quote(path), error=error)

    def tables(self) -> dict[str, Any]:
        """Return fresh TOML tables, the defaults of `gan` and `training` written out."""
        return self.model_dump(exclude_none=True)

    def toml(self) -> str:
        """Return the recipe as a TOML document: one text for one recipe."""
        import tomli_w

        return tomli_w.dumps(self.tables())

    def digest(self) -> str:
        """Return the sha256 of the recipe's canonical JSON: 64 hexadecimal digits."""
        from ganzoo.files.strict_json import canonical_json

        return hashlib.sha256(canonical_json(self.tables()).encode()).hexdigest()
