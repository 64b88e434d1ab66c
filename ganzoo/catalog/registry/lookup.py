"""The registry: folders of models, one folder for each, with a card and numbered versions.

Looked through in this order: the zoo's own, the user's, those that the user has added or
pulled from, those that plugins bring. What owns a plain name is decided as for plugins; no
plugin is imported for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.catalog.registry import aliases, remotes
from ganzoo.catalog.plugins.entry_points import FIRST_PARTY
from ganzoo.files.text import quote, shorten
from ganzoo.files.home import home
from ganzoo.catalog.plugins.resolution import Candidate, Problem, resolve_names
from ganzoo.catalog.plugins.discovery import Plugin, discover
from ganzoo.catalog.plugins.source_code import package_folders
from ganzoo.catalog.registry.versions import Version, numbers
from ganzoo.errors import (
    EnvironmentProblem,
    GanzooError,
    InvalidInput,
    PluginError,
    UsageError,
    unknown,
)
from ganzoo.files.names import check_name

if TYPE_CHECKING:
    from ganzoo.catalog.registry.cards import Card

CARD = "card.toml"
USER = "user"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A model's place in a registry.

    Args:
        name: The model's name, which is its folder's.
        folder: Its folder; nothing in it is read yet.
        source: `"keras-ganzoo"`, `"user"`, the distribution that brings it, the name under
            which its registry was added, or the address on the Hub that it was pulled from.
        writable: Whether its versions may be removed and set aside: they are the user's.
    """

    name: str
    folder: Path
    source: str
    writable: bool = False

    @property
    def card_path(self) -> Path:
        """The model's card, which need not exist where there are versions."""
        return self.folder / CARD

    @property
    def has_card(self) -> bool:
        """Whether it has a card of its own, beside those of its versions."""
        return self.card_path.is_file()

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `"source:name"`."""
        return f"{self.source}:{self.name}"

    def card(self) -> "Card":
        """The card, or that of the newest version; `InvalidInput` if it is broken."""
        from ganzoo.catalog.registry.cards import Card  # pydantic, for whoever reads cards only

        if not self.has_card:
            return self.version().card()
        card = Card.read(self.card_path)
        if card.name != self.name:
            raise InvalidInput(
                f"`name` in {quote(self.card_path)} must be {self.name!r}, as its folder. "
                f"Received: {card.name!r}."
            )
        return card

    def version(self, selector: str = aliases.LATEST) -> Version:
        """A version by its number or alias.

        Raises:
            UsageError: There is none at all; `UnknownName`: not this one.
            InvalidInput: It is broken.
        """
        known = numbers(self.folder)
        if not known.present and not known.broken:
            raise UsageError(
                f"The model {self.name!r} has no weights in the registry {self.source!r}.",
                hint=f"Train it: ganzoo train {self.name}",
            )
        return aliases.find(self.folder, selector, mendable=self.writable)


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


def look() -> Registry:
    """The models of all registries; reads no card."""
    problems: list[Problem] = []
    found: list[Entry] = []
    candidates: list[Candidate] = []
    for rank, source, folder, writable in _folders(problems):
        for entry in _entries(source, folder, problems, writable=writable):
            found.append(entry)
            candidates.append(Candidate(name=entry.name, owner=source, rank=rank))
    owned, clashes = resolve_names(candidates)
    return Registry(
        entries={name: found[position] for name, position in owned.items()},
        clashes={name: tuple(found[p] for p in rivals) for name, rivals in clashes.items()},
        problems=tuple(dict.fromkeys(problems)),
    )


def models() -> Mapping[str, Entry]:
    """Every model's entry, by name."""
    return look().entries


def list_models(pattern: str = "*") -> list[str]:
    """The names of models.

    Args:
        pattern: A shell pattern: `"dcgan*"`. Case counts.
    """
    return [name for name in models() if fnmatchcase(name, pattern)]


def find_model(name: str) -> "Card":
    """The card of a model.

    Args:
        name: As `list_models` gives it, or `"source:name"`; of a version as of `find_version`.

    Raises:
        UnknownName: No registry has it.
        PluginError: Several have it.
        InvalidInput: Its card is broken.
    """
    return find_version(name).card() if "@" in name else find_entry(name).card()


def find_entry(name: str) -> Entry:
    """The place of a model; its card is not read. See `find_model`."""
    registry = look()
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
    raise unknown("model", shorten(name), registry.entries)


def find_version(name: str) -> Version:
    """A version of a model.

    Args:
        name: `"model"`, `"model@2"`, `"model@best"`, each also as `"source:model..."`. Without
            a number or alias the newest is meant.

    Raises:
        UnknownName: There is no such model or alias.
        UsageError: The model has no weights, or no such version.
        InvalidInput: The version is broken.
    """
    model, at, selector = name.rpartition("@") if "@" in name else (name, "", aliases.LATEST)
    entry = find_entry(model)
    try:
        return entry.version(selector)
    except UsageError as error:
        known = numbers(entry.folder)
        others = [] if known.present or known.broken else _with_weights(entry)
        if not others:
            raise
        raise UsageError(error.message, hint=f"There are some of {' and '.join(others)}.") from None


def _with_weights(entry: Entry) -> list[str]:
    """Models of the same name elsewhere that have versions."""
    rivals = [other for other in look().entries.values() if other.name == entry.name]
    return [repr(other.qualified) for other in rivals if numbers(other.folder).present]


def read_cards(pattern: str = "*") -> tuple[dict[str, "Card"], tuple[Problem, ...]]:
    """All cards that can be read, and what is wrong with the others.

    Args:
        pattern: A shell pattern for names.
    """
    registry = look()
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


def user_registry() -> Path:
    """Where the user's own cards are, which need not exist."""
    return home() / "registry"


def own_registry() -> Path:
    """Where the zoo's cards are: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "_registry"
    return installed if installed.is_dir() else package.parent / "registry"


def folders() -> list[tuple[str, Path, bool]]:
    """Source, folder and writability of each registry, in the order of precedence."""
    return [(source, folder, writable) for _, source, folder, writable in _folders([])]


def _folders(problems: list[Problem]) -> Iterator[tuple[int, str, Path, bool]]:
    """Rank, source, folder and writability of each registry."""
    yield 0, FIRST_PARTY, own_registry(), False
    try:
        yield 1, USER, user_registry(), True
        yield from _added(problems)
    except EnvironmentProblem as error:  # a user without a home: reading goes on
        problems.append(Problem(distribution=USER, name=None, reason=str(error)))
    discovery = discover("registry")
    problems.extend(discovery.problems)
    for plugin in discovery.plugins.values():
        folder = _plugin_folder(plugin)
        if folder is None:
            reason = f"There is no folder {plugin.target!r}."
            problems.append(
                Problem(distribution=plugin.distribution, name=plugin.name, reason=reason)
            )
        else:
            yield 3, plugin.distribution, folder, False


def _added(problems: list[Problem]) -> Iterator[tuple[int, str, Path, bool]]:
    """The registries that the user has added, then the others that something was pulled from."""
    shown_already = set()
    try:
        addresses = remotes.added()
    except GanzooError as error:
        problems.append(Problem(distribution="registries", name=None, reason=str(error)))
        addresses = {}
    for name, address in addresses.items():
        try:
            folder, writable = Path(address), False
            if remotes.is_address(address):
                writable = True  # a copy of our own
                folder = remotes.parse_address(address).copy
                shown_already.add(folder)
            elif not folder.is_dir():
                reason = f"There is no folder {quote(address)}."
                problems.append(Problem(distribution=name, name=None, reason=reason))
                continue
            yield 2, name, folder, writable
        except UsageError as error:
            problems.append(Problem(distribution=name, name=None, reason=str(error)))
    for remote in remotes.copies():
        if remote.copy not in shown_already:
            yield 2, remote.address, remote.copy, True


def _plugin_folder(plugin: Plugin) -> Path | None:
    folders = (package / plugin.attribute for package in package_folders(plugin.module))
    return next((folder for folder in folders if folder.is_dir()), None)


def _entries(
    source: str, folder: Path, problems: list[Problem], *, writable: bool
) -> Iterator[Entry]:
    """The models of one registry: each folder that has a card or a version."""
    try:
        found = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        reason = f"{quote(folder)} cannot be read: {error.strerror}."
        problems.append(Problem(distribution=source, name=None, reason=reason))
        return
    for child in found:
        try:
            if not is_model(child):
                continue
            name = check_name(child.name, "model")
            yield Entry(name=name, folder=child, source=source, writable=writable)
        except OSError as error:
            reason = f"{quote(child)} cannot be read: {error.strerror}."
            problems.append(Problem(distribution=source, name=child.name, reason=reason))
        except (InvalidInput, EnvironmentProblem) as error:
            problems.append(Problem(distribution=source, name=child.name, reason=str(error)))


def is_model(folder: Path) -> bool:
    """Whether it is the folder of a model: it has a card or a version."""
    if folder.name.startswith(".") or not folder.is_dir() or (folder / "recipe.toml").exists():
        return False  # the last is a run's, which has a card too
    known = numbers(folder)
    return (folder / CARD).is_file() or bool(known.present or known.broken)
