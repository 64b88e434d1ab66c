"""Card of a model: summary, license, recipe, provenance and results.

`card.toml` may come from a stranger: it is read strictly, and nothing in it is run.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, model_validator

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.config.validation import DIGEST, ONE_LINE, Table, validated
from ganzoo.errors import InvalidInput
from ganzoo.files.text import format_value, quote
from ganzoo.files.toml import read_toml

SCHEMA = 1

_Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9_-])?$")]
_Text = Annotated[str, Field(min_length=1, max_length=20_000)]
_Line = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]
_Command = Annotated[str, Field(min_length=1, max_length=4000, pattern=ONE_LINE)]
_Digest = Annotated[str, Field(pattern=DIGEST)]
_Count = Annotated[int, Field(ge=0)]
_NotNegative = Annotated[float, Field(ge=0)]


def _check_schema(value: Any) -> int:
    if type(value) is int and value == SCHEMA:
        return value
    raise ValueError(
        f"must be {SCHEMA}, the form of cards that this ganzoo reads. "
        f"Received: {format_value(value)}"
    )


def _check_https(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    # Somebody may follow it: no password, no bare number, no name of a local machine.
    ends_in_letters = host.rpartition(".")[2].isalpha()
    if not host or parts.scheme != "https" or "@" in parts.netloc or not ends_in_letters:
        raise ValueError(f"must be a public https address. Received: {quote(address)}")
    return address


class License(Table):
    """Licenses: SPDX identifiers where there are.

    Args:
        data: License of the data set that the recipe trains on.
        weights: License of the weights that come of it.
    """

    data: _Line
    weights: _Line


class PluginLock(Table):
    """Plugin that the weights were made with, as far as it is known.

    Args:
        name: Name of the plugin in the recipe.
        distribution: Distribution that brings it.
        version: Version of the distribution.
        digest: Digest of the plugin's source.
    """

    name: _Line | None = None
    distribution: _Line | None = None
    version: _Line | None = None
    digest: Annotated[str, Field(pattern=DIGEST)] | None = None


class Provenance(Table):
    """Origin of weights: data, training and environment.

    Args:
        data: Name of the data set.
        fingerprint: Fingerprint of its content.
        source: Public address of the data, if it has one.
        seed: Seed of initial weights, order and random numbers.
        steps: Number of training steps.
        images: Number of real images shown to the discriminator.
        epochs: Number of passes over the data.
        hours: Time that the training took.
        hardware: The machine, as far as it may matter.
        backend: "jax", "torch" or "tensorflow".
        versions: Versions of the packages that may matter, by name.
        parent: Digest of the version that the weights were made from.
        command: Command that trained them.
    """

    data: _Line
    fingerprint: _Line
    source: _Line | None = None
    seed: _Count
    steps: _Count
    images: _Count
    epochs: _NotNegative | None = None
    hours: _NotNegative | None = None
    hardware: _Line | None = None
    backend: _Line
    versions: dict[str, _Line] = {}
    parent: _Digest | None = None
    command: _Command | None = None


class Protocol(Table):
    """Protocol of a measurement; numbers of different protocols are not comparable.

    Other keys may be added, if their values are texts, numbers, true or false.

    Args:
        features: Name of the feature extractor.
        digest: The sha256 of the extractor's weights.
        resize: How images were resized for the extractor.
        split: Split of the real data.
        real: Number of real images.
        fake: Number of generated images.
        seed: Seed of the generated images.
        weights: Whether they come from the generator or from its moving average.
        truncation: Truncation of the latents, in standard deviations; absent if there was none.
        step: Step at which the weights were saved.
    """

    model_config = ConfigDict(extra="allow")

    features: _Line | None = None
    digest: _Digest | None = None
    resize: _Line | None = None
    split: _Line | None = None
    real: _Count | None = None
    fake: _Count | None = None
    seed: _Count | None = None
    weights: Literal["ema", "raw"] | None = None
    truncation: _NotNegative | None = None
    step: _Count | None = None

    @model_validator(mode="after")
    def _scalars_only(self) -> "Protocol":
        for key, value in (self.model_extra or {}).items():
            if not isinstance(value, bool | int | float | str) or len(str(value)) > 200:
                raise ValueError(
                    f"must hold short texts and numbers. Received: {format_value(value)}"
                )
            if len(key) > 64:
                raise ValueError(f"has too long a key. Received: {format_value(key)}")
        if not self.model_fields_set:
            raise ValueError("must say how it was measured. Received: an empty table")
        return self


class Result(Table):
    """Value of a metric, measured by a protocol.

    Args:
        metric: Name of the metric, such as `frechet`.
        value: The value; the mean where there are several seeds.
        error: Standard error of one measurement.
        spread: Standard deviation over seeds.
        seeds: Seeds of the samples that were averaged over.
        better: Which direction is better.
        protocol: How it was measured.
    """

    metric: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    value: float
    error: _NotNegative | None = None
    spread: _NotNegative | None = None
    seeds: list[_Count] = []
    better: Literal["lower", "higher"] | None = None
    protocol: Protocol

    def tables(self) -> dict[str, Any]:
        """Return fresh TOML tables, without what is not known."""
        dumped = self.model_dump(exclude_none=True)
        return {key: value for key, value in dumped.items() if value != []}

    def comparable_with(self, other: "Result") -> bool:
        """Return True if both values may stand in one column."""
        return self.metric == other.metric and _comparable_protocol(self) == _comparable_protocol(
            other
        )


class Card(Table):
    """Card of a model.

    Args:
        schema_version: Version of this form; `schema` in the file.
        name: Name of the model, and of its folder in a registry.
        summary: One line about it.
        description: A longer text.
        papers: Addresses of papers, https.
        choices: What a key of the recipe could set as in the paper, and this model has otherwise on
            purpose, or what the paper leaves open; a sentence each, with the reason.
        deviations: What differs from the paper and no key of a recipe can mend, a sentence each.
        license: Licenses of data and weights.
        parameters: Published numbers of parameters, by network.
        recipe: Recipe that trains it.
        plugins: Plugins that the weights were made with, by kind.
        plugin_mismatches: Where others took their place with the user's consent, a sentence each.
        provenance: Where the weights come from, if there are weights beside the card.
        results: Values of metrics with their protocols.
    """

    schema_version: Annotated[int, PlainValidator(_check_schema), Field(alias="schema")]
    name: _Name
    summary: _Line
    description: _Text | None = None
    papers: list[Annotated[str, AfterValidator(_check_https)]] = []
    choices: list[_Text] = []
    deviations: list[_Text] = []
    license: License
    parameters: dict[str, Annotated[int, Field(ge=1)]] = {}
    recipe: Recipe
    plugins: dict[Literal["architecture", "dataset"], PluginLock] = {}
    plugin_mismatches: list[_Text] = []
    provenance: Provenance | None = None
    results: list[Result] = []

    @classmethod
    def read(cls, path: str | os.PathLike) -> "Card":
        """Read a card from a file.

        Raises:
            InvalidInput: Its content is not that of a card.
            UsageError: There is no such file.
        """
        return cls.from_tables(read_toml(path), where=quote(path))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], where: str = "card.toml") -> "Card":
        """Return the card that the tables describe; `InvalidInput` if they describe none."""
        return validated(cls, tables, where=where, error=InvalidInput)

    def tables(self) -> dict[str, Any]:
        """Return fresh TOML tables, without what is empty."""
        dumped = self.model_dump(by_alias=True, exclude_none=True)
        dumped["results"] = [result.tables() for result in self.results]
        if self.provenance:
            dumped["provenance"] = _without_empty(dumped["provenance"])
        return _without_empty(dumped)

    def toml(self) -> str:
        """Return a TOML document: one text for one card."""
        import tomli_w

        return tomli_w.dumps(self.tables(), multiline_strings=True)


def _without_empty(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value not in ([], {})}


def _comparable_protocol(result: Result) -> Mapping[str, Any]:
    """The protocol without what belongs to the weights rather than to the measurement."""
    protocol = result.protocol.model_dump(exclude_none=True)
    return {key: value for key, value in protocol.items() if key not in ("seed", "step")}
