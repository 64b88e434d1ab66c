"""Lookup of models in all registries: folders of models, each with a card and numbered versions.

What owns a plain name is decided as for plugins: the registry that is searched first, and nobody
if several of the same rank have it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.catalog.plugins.name_resolution import Problem, resolve_names
from ganzoo.catalog.registry.aliases import select_version
from ganzoo.catalog.registry.locations import USER, Location, registry_locations
from ganzoo.catalog.registry.remotes import LATEST
from ganzoo.catalog.registry.signatures import check_trusted
from ganzoo.catalog.registry.versions import Version, version_numbers
from ganzoo.errors import (
    EnvironmentProblem,
    GanzooError,
    InvalidInput,
    PluginError,
    UsageError,
    unknown,
)
from ganzoo.files.manifests import check_name
from ganzoo.files.text import quote, shorten

if TYPE_CHECKING:
    from ganzoo.catalog.registry.cards import Card

CARD = "card.toml"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A model in a registry.

    Args:
        name: The model's name, which is its folder's.
        registry: Where it was found.
    """

    name: str
    registry: Location

    @property
    def folder(self) -> Path:
        """Its folder; nothing in it is read yet."""
        return self.registry.folder / self.name

    @property
    def source(self) -> str:
        """Name of its registry."""
        return self.registry.source

    @property
    def writable(self) -> bool:
        """True if its versions may be tagged and removed: they are the user's own."""
        return self.source == USER

    @property
    def has_card(self) -> bool:
        """True if it has a card of its own, besides those of its versions."""
        return (self.folder / CARD).is_file()

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `"source:name"`."""
        return f"{self.source}:{self.name}"

    def card(self) -> "Card":
        """Return the card, or that of the newest version; `InvalidInput` if it is damaged."""
        from ganzoo.catalog.registry.cards import Card  # pydantic, for whoever reads cards only

        if not self.has_card:
            return self.version().card()
        path = self.folder / CARD
        card = Card.read(path)
        if card.name != self.name:
            raise InvalidInput(
                f"`name` in {quote(path)} must be {self.name!r}, as its folder. "
                f"Received: {card.name!r}."
            )
        return card

    def version(self, selector: str = LATEST) -> Version:
        """Return a version by its number or alias.

        Raises:
            UsageError: There is none at all; `UnknownName`: not this one.
            InvalidInput: It is damaged, or is not signed with the key that its registry must
                sign with.
        """
        if not version_numbers(self.folder):
            raise UsageError(
                f"The model {self.name!r} has no weights in the registry {self.source!r}.",
                hint=f"Train it: ganzoo train {self.name}",
            )
        found = select_version(self.folder, selector)
        if self.registry.remote is not None and not found.is_complete:
            raise UsageError(
                f"{found.name} of {self.registry.remote.address} was not pulled.",
                hint=f"Pull it: ganzoo pull {self.registry.remote.address}/{found.name}",
            )
        return check_trusted(found, self.registry.identity)


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Every model that can be named.

    Args:
        entries: By the shortest name that means it: its own, or `"source:name"` where its
            own belongs to another or to nobody.
        clashes: The names that several claim, so that they mean none of them.
        problems: What was broken or refused. Cards are not read for it.
    """

    entries: Mapping[str, Entry]
    clashes: Mapping[str, tuple[Entry, ...]]
    problems: tuple[Problem, ...]


def scan_registries() -> Registry:
    """Find the models of all registries; no card is read."""
    problems: list[Problem] = []
    found = [
        Entry(name=name, registry=registry)
        for registry in registry_locations(problems)
        for name in _model_names(registry, problems)
    ]
    entries, clashes = resolve_names(found, lambda entry: entry.registry.rank)
    return Registry(entries=entries, clashes=clashes, problems=tuple(dict.fromkeys(problems)))


def models() -> Mapping[str, Entry]:
    """Every model's entry, by name."""
    return scan_registries().entries


def list_models(pattern: str = "*") -> list[str]:
    """List the names of models.

    Args:
        pattern: A shell pattern: `"dcgan*"`. Case counts.
    """
    return [name for name in models() if fnmatchcase(name, pattern)]


def find_model(name: str) -> "Card":
    """Return the card of a model.

    Args:
        name: `"model"` or `"source:model"`, with `@` and a number or alias for a version's card.

    Raises:
        UnknownName: No registry has it.
        PluginError: Several have it.
        InvalidInput: Its card is damaged.
    """
    return find_version(name).card() if "@" in name else find_entry(name).card()


def find_entry(name: str) -> Entry:
    """Return the entry of a model, whose card is not read; it raises what `find_model` raises."""
    registry = scan_registries()
    if name in registry.clashes:
        rivals = [entry.qualified for entry in registry.clashes[name]]
        raise PluginError(
            f"The model {name!r} is ambiguous: {len(rivals)} registries have one.",
            hint=f"Write {' or '.join(map(repr, rivals))}.",
        )
    source, _, plain = name.rpartition(":")
    for known, entry in registry.entries.items():
        if known == name or (source == entry.source and plain == entry.name):
            return entry
    raise unknown("model", shorten(name), registry.entries, see="ganzoo list")


def find_version(name: str) -> Version:
    """Return a version of a model.

    Args:
        name: `"model"`, `"model@2"`, `"model@best"`, each also as `"source:model..."`. Without
            a number or alias the newest is meant.

    Raises:
        UnknownName: There is no such model or alias.
        UsageError: The model has no weights, or no such version.
        InvalidInput: The version is damaged.
    """
    model, _, selector = name.rpartition("@") if "@" in name else (name, "", LATEST)
    entry = find_entry(model)
    try:
        return entry.version(selector)
    except UsageError as error:
        rivals = [other for other in models().values() if other.name == entry.name]
        others = [repr(other.qualified) for other in rivals if version_numbers(other.folder)]
        if not others or version_numbers(entry.folder):
            raise
        raise UsageError(error.message, hint=f"There are some of {' and '.join(others)}.") from None


def read_cards(
    pattern: str = "*", registry: Registry | None = None
) -> tuple[dict[str, "Card"], tuple[Problem, ...]]:
    """Read all cards that can be read, and say what is wrong with the others.

    Args:
        pattern: A shell pattern for names.
        registry: What `scan_registries` returns, if it is known.
    """
    registry = registry or scan_registries()
    problems = list(registry.problems)
    cards = {}
    for name, entry in registry.entries.items():
        if not fnmatchcase(name, pattern):
            continue
        try:
            cards[name] = entry.card()
        except GanzooError as error:
            problems.append(Problem(distribution=entry.source, name=entry.name, reason=str(error)))
    return cards, tuple(problems)


def _model_names(registry: Location, problems: list[Problem]) -> Iterator[str]:
    """Models of one registry: each folder that has a card or a version."""
    source = registry.source
    try:
        found = sorted(registry.folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        reason = f"{quote(registry.folder)} cannot be read: {error.strerror}."
        problems.append(Problem(distribution=source, name=None, reason=reason))
        return
    for child in found:
        try:
            if is_model_folder(child):
                yield check_name(child.name, "model")
        except OSError as error:
            reason = f"{quote(child)} cannot be read: {error.strerror}."
            problems.append(Problem(distribution=source, name=child.name, reason=reason))
        except (InvalidInput, EnvironmentProblem) as error:
            problems.append(Problem(distribution=source, name=child.name, reason=str(error)))


def is_model_folder(folder: Path) -> bool:
    """Return True if a folder is that of a model: it has a card or a version."""
    if folder.name.startswith(".") or not folder.is_dir() or (folder / "recipe.toml").exists():
        return False  # the last is a run's, which has a card too
    return (folder / CARD).is_file() or bool(version_numbers(folder))
