"""The registry: folders of cards, one folder for each model.

Looked through in this order: the zoo's own, the user's, those that plugins bring. What
owns a plain name is decided as for plugins; no plugin is imported for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.catalog.distributions import FIRST_PARTY
from ganzoo.catalog.documents import brief
from ganzoo.catalog.home import home
from ganzoo.catalog.names import Claim, Problem, settle
from ganzoo.catalog.plugins import Plugin, discover
from ganzoo.catalog.sources import package_folders
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput, PluginError, unknown
from ganzoo.files.names import check_name
from ganzoo.files.problems import shown

if TYPE_CHECKING:
    from ganzoo.catalog.cards import Card

CARD = "card.toml"
USER = "user"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A model's place in a registry.

    Args:
        name: The model's name, which is its folder's.
        card_path: Its card, not read yet.
        source: `"keras-ganzoo"`, `"user"`, or the distribution that brings it.
    """

    name: str
    card_path: Path
    source: str

    def card(self) -> "Card":
        """The card; `InvalidInput` if it is broken or another model's."""
        from ganzoo.catalog.cards import Card  # pydantic, for whoever reads cards only

        card = Card.read(self.card_path)
        if card.name != self.name:
            raise InvalidInput(
                f"`name` in {shown(self.card_path)} must be {self.name!r}, as its folder. "
                f"Received: {card.name!r}."
            )
        return card


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
    claims: list[Claim] = []
    for rank, source, folder in _folders(problems):
        for entry in _entries(source, folder, problems):
            found.append(entry)
            claims.append(Claim(name=entry.name, owner=source, rank=rank))
    owned, clashes = settle(claims)
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
        name: As `list_models` gives it, or `"source:name"`.

    Raises:
        UnknownName: No registry has it.
        PluginError: Several have it.
        InvalidInput: Its card is broken.
    """
    registry = look()
    if name in registry.clashes:
        rivals = [f"{entry.source}:{entry.name}" for entry in registry.clashes[name]]
        raise PluginError(
            f"The model {name!r} is ambiguous: {len(rivals)} registries have one.",
            hint=f"Write {' or '.join(map(repr, rivals))}.",
        )
    source, _, plain = name.rpartition(":")
    for known, entry in registry.entries.items():
        if known == name or (source == entry.source and plain == entry.name):
            return entry.card()
    raise unknown("model", brief(name), registry.entries)


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
    package = Path(__file__).resolve().parents[1]
    installed = package / "_registry"
    return installed if installed.is_dir() else package.parent / "registry"


def _folders(problems: list[Problem]) -> Iterator[tuple[int, str, Path]]:
    """Rank, source and folder of each registry."""
    yield 0, FIRST_PARTY, own_registry()
    try:
        yield 1, USER, user_registry()
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
            yield 2, plugin.distribution, folder


def _plugin_folder(plugin: Plugin) -> Path | None:
    folders = (package / plugin.attribute for package in package_folders(plugin.module))
    return next((folder for folder in folders if folder.is_dir()), None)


def _entries(source: str, folder: Path, problems: list[Problem]) -> Iterator[Entry]:
    """The models of one registry: each folder that has a card."""
    try:
        cards = sorted(child / CARD for child in folder.iterdir() if (child / CARD).is_file())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        reason = f"{shown(folder)} cannot be read: {error.strerror}."
        problems.append(Problem(distribution=source, name=None, reason=reason))
        return
    for card in cards:
        try:
            yield Entry(name=check_name(card.parent.name, "model"), card_path=card, source=source)
        except InvalidInput as error:
            problems.append(Problem(distribution=source, name=card.parent.name, reason=str(error)))
