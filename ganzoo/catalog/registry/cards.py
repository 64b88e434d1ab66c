"""A card: what a model is, from where, under which license, and the recipe to train it.

`card.toml` may come from a stranger: it is read strictly, and nothing in it is run.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator

from ganzoo.files.toml import read_toml
from ganzoo.catalog.registry.results import Provenance, Result
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.config.validation import DIGEST, ONE_LINE, Table, validated
from ganzoo.errors import InvalidInput
from ganzoo.files.text import format_value, quote

SCHEMA = 1

_Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9_-])?$")]
_Text = Annotated[str, Field(min_length=1, max_length=20_000)]
_Line = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]


def _this_schema(value: Any) -> int:
    if type(value) is int and value == SCHEMA:
        return value
    raise ValueError(
        f"must be {SCHEMA}, the form of cards that this ganzoo reads. Received: {format_value(value)}"
    )


def _https(address: str) -> str:
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
    """Under which terms what may be used: SPDX names where there are.

    Args:
        data: Of the data set that the recipe trains on.
        weights: Of the weights that come of it.
    """

    data: _Line
    weights: _Line


class PluginLock(Table):
    """Which plugin the weights were made with, as far as it is known.

    Args:
        name: The plugin's, as the recipe has it.
        distribution: That brings it.
        version: Of the distribution.
        digest: Of the plugin's source; see `source_digest`.
    """

    name: _Line | None = None
    distribution: _Line | None = None
    version: _Line | None = None
    digest: Annotated[str, Field(pattern=DIGEST)] | None = None


class Card(Table):
    """A model's card.

    Args:
        schema_version: The version of this form; `schema` in the file.
        name: The model's name, and its folder's in a registry.
        summary: One line.
        description: More than that.
        papers: Addresses, https.
        deviations: What differs from the source, a sentence each.
        license: Of data and weights.
        parameters: Published numbers of parameters, by network.
        recipe: How to train it.
        plugins: With which the weights were made, by kind.
        plugin_mismatches: Where others took their place with the user's consent, a sentence each.
        provenance: Where the weights come from, of a card that has weights beside it.
        results: Measured numbers with their protocol.
    """

    schema_version: Annotated[int, PlainValidator(_this_schema), Field(alias="schema")]
    name: _Name
    summary: _Line
    description: _Text | None = None
    papers: list[Annotated[str, AfterValidator(_https)]] = []
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
        """The card in a file.

        Raises:
            InvalidInput: Anything about its content.
            UsageError: There is no such file.
        """
        return cls.from_tables(read_toml(path), where=quote(path))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], where: str = "card.toml") -> "Card":
        """The card that the tables describe; `InvalidInput` if they describe none."""
        return validated(cls, tables, where=where, error=InvalidInput)

    def tables(self) -> dict[str, Any]:
        """The card as fresh TOML tables, without what is empty."""
        dumped = self.model_dump(by_alias=True, exclude_none=True)
        dumped["results"] = [result.tables() for result in self.results]
        if self.provenance:
            dumped["provenance"] = _filled(dumped["provenance"])
        return _filled(dumped)

    def toml(self) -> str:
        """The card as a TOML document: one text for one card."""
        import tomli_w

        return tomli_w.dumps(self.tables(), multiline_strings=True)


def _filled(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value not in ([], {})}
