"""What is done with registries and the versions in them: pull, tag, remove, tidy, list."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.registry import aliases, contents, lookup, remotes
from ganzoo.catalog.registry.lookup import Entry
from ganzoo.catalog.registry.maintenance import garbage
from ganzoo.catalog.registry.removal import remove
from ganzoo.catalog.registry.versions import Version, entry_of, numbers
from ganzoo.errors import GanzooError, UnknownName, UsageError, unknown
from ganzoo.files.leftovers import remove as remove_path
from ganzoo.files.names import check_name
from ganzoo.files.publish import withdraw
from ganzoo.files.text import quote

if TYPE_CHECKING:
    from ganzoo.catalog.recipe.recipe import Recipe
    from ganzoo.catalog.registry.cards import Card


def pull(name: str) -> dict[str, Any]:
    """Bring a version here from the Hub, verified.

    Args:
        name: `"hf://org/repo[@revision][/model[@version]]"`, or a model's name that one of
            the added registries has, also as `"registry:model"`.

    Returns:
        `name`, `version`, `digest`, `path`.
    """
    if remotes.is_address(name):
        return _pulled(remotes.parse_address(name))
    model, _, selector = name.partition("@")
    source, colon, plain = model.rpartition(":")
    check_name(plain, "model name", error=UsageError)
    selector = selector or aliases.LATEST
    if colon:
        remote = remotes.remote_of(source)
        return _pulled(_with_model(remote, plain, selector))
    own = lookup.models().get(model)
    if own is not None and own.folder.parent not in [r.copy for r in _added_remotes()]:
        return described(own.version(selector))  # here, and from nowhere else
    offered = []
    from ganzoo.jobs.hub import hub

    for remote in _added_remotes():
        if plain in hub.ask(remote).offered:
            offered.append(remote)
    if not offered:
        raise unknown("model in the registries that were added", name, ())
    if len(offered) > 1:
        addresses = [f"{remote.address}/{plain}" for remote in offered]
        raise UsageError(
            f"Several registries have a model {plain!r}.",
            hint=f"Name one of: {', '.join(addresses)}.",
        )
    return _pulled(_with_model(offered[0], plain, selector))


def tag(name: str, alias: str, *, folder: Path | None = None) -> dict[str, Any]:
    """Let an alias mean a version.

    Args:
        name: `"model@2"`, or another alias of it; without one the newest version.
        alias: Neither a number nor `latest`.
        folder: The registry's; by default the one that the name is found in.
    """
    entry, selector = _writable(name, folder)
    aliases.check_alias(alias)
    version = entry.version(aliases.LATEST if selector is None else selector)
    aliases.tag(entry.folder, version.number, alias)
    return {"name": f"{entry.name}@{alias}", "version": version.number}


def drop(name: str, *, folder: Path | None = None) -> dict[str, Any]:
    """Remove a version, or an alias alone.

    Args:
        name: `"model@2"`: the version; `"model@best"`: the alias.
        folder: The registry's; by default the one that the name is found in.

    Raises:
        UsageError: An alias means the version still.
    """
    entry, selector = _writable(name, folder)
    if not selector or selector == aliases.LATEST:
        raise UsageError(
            f"Which version is removed must be said by its number. Received: {quote(name)}.",
            hint=f"See: ganzoo info {entry.name}",
        )
    if not selector.isdecimal():
        aliases.untag(entry.folder, selector)
        return {"removed": f"{entry.name}@{selector}", "kind": "alias"}
    number = int(selector)
    known = numbers(entry.folder)
    if number in known.present:
        held = [alias for alias, n in aliases.readable(entry.folder).items() if n == number]
        if held:
            raise UsageError(
                f"{entry.name}@{number} is called {', '.join(held)}.",
                hint=f"Remove the alias first: ganzoo remove {entry.name}@{held[0]}",
            )
    remove(entry.folder, number)
    return {"removed": f"{entry.name}@{number}", "kind": "version"}


def tidy(*, dry_run: bool = False, folder: Path | None = None) -> list[dict[str, str]]:
    """Remove what nobody needs from the user's registries: see `checkup.garbage`.

    Args:
        dry_run: Only list it.
        folder: A registry to tidy instead.

    Returns:
        `path` and `reason` of each.
    """
    if folder is None:
        places = [place for _, place, writable in lookup.folders() if writable]
    else:
        places = [Path(folder)]
        if not places[0].is_dir():
            raise UsageError(f"There is no such registry. Received: {folder}.")
    done = []
    for place in places:
        models = sorted(place.iterdir()) if place.is_dir() else []
        for model in [place, *(m for m in models if m.is_dir() and not m.name.startswith("."))]:
            for finding in garbage(model):
                if not dry_run and not _remove(finding.path):
                    continue  # somebody reads it still
                done.append({"path": str(finding.path), "reason": finding.reason})
    return done


def registries() -> list[dict[str, Any]]:
    """Every registry that names are looked up in, in the order of precedence."""
    addresses = remotes.added()
    counts = {}
    for entry in lookup.look().entries.values():
        counts[entry.source] = counts.get(entry.source, 0) + 1
    return [
        {
            "name": source,
            "folder": str(folder),
            "address": addresses.get(source, source if remotes.is_address(source) else None),
            "models": counts.get(source, 0),
            "added": source in addresses,
        }
        for source, folder, _ in lookup.folders()
    ]


def described(version: Version) -> dict[str, Any]:
    """A version, as JSON says it."""
    return {
        "name": version.name,
        "version": version.number,
        "digest": version.digest,
        "path": str(version.path),
    }


def versions_of(entry: Entry) -> list[dict[str, Any]]:
    """Every version of a model, the newest first; a broken one with the reason."""
    known = numbers(entry.folder)
    named: dict[int, list[str]] = {}
    for alias, number in aliases.readable(entry.folder).items():  # `ganzoo verify` sees the others
        named.setdefault(number, []).append(alias)
    found = []
    for number in sorted([*known.present, *known.broken], reverse=True):
        facts: dict[str, Any] = {"version": number, "aliases": named.get(number, [])}
        try:
            facts |= facts_of(entry.version(str(number)))
        except GanzooError as error:
            facts["broken"] = str(error)
        found.append(facts)
    return found


def facts_of(version: Version) -> dict[str, Any]:
    """What is known of a version that is whole, its number aside."""
    card = version.card()
    return {
        "digest": version.digest,
        "bytes": sum(version.sizes.values()),
        "everything": contents.EVERYTHING in version.sizes,
        "license": card.license.weights,
        "provenance": card.provenance and card.provenance.model_dump(exclude_none=True),
        "results": [result.tables() for result in card.results],
    }


def of_card(card: "Card") -> dict[str, Any]:
    """A card without its provenance and results, and its recipe as tables and as text."""
    left_out = {"schema_version", "recipe", "provenance", "results"}
    return card.model_dump(by_alias=True, exclude=left_out) | of_recipe(card.recipe)


def of_recipe(recipe: "Recipe") -> dict[str, Any]:
    """A recipe as tables, and as the text that can be trained."""
    return {"recipe": recipe.tables(), "toml": recipe.toml()}


def _pulled(remote: remotes.Remote) -> dict[str, Any]:
    from ganzoo.jobs.hub import hub

    version = hub.pull(remote)
    return described(version) | {"name": f"{remote.address}/{version.name}"}


def _with_model(remote: remotes.Remote, model: str, selector: str) -> remotes.Remote:
    return remotes.parse_address(f"{remote.address}/{model}@{selector}")


def _added_remotes() -> list[remotes.Remote]:
    found = remotes.added().values()
    return [remotes.parse_address(address) for address in found if remotes.is_address(address)]


def _writable(name: str, folder: Path | None) -> tuple[Entry, str | None]:
    """The model that a name means, whose versions may be changed, and the selector if any."""
    model, _, selector = name.rpartition("@") if "@" in name else (name, "", None)
    if folder is not None:
        check_name(model, "model name", error=UsageError)
        place = Path(folder) / model
        if not place.is_dir():
            raise UnknownName(f"There is no model {model!r} in {quote(folder)}.")
        return Entry(name=model, folder=place, source=str(folder), writable=True), selector
    entry = lookup.find_entry(model)
    if not entry.writable:
        raise UsageError(
            f"The model {model!r} belongs to the registry {entry.source!r}, which is not yours "
            "to change.",
            hint="Give the folder of a registry: --registry FOLDER",
        )
    return entry, selector


def _remove(path: Path) -> bool:
    if entry_of(path.name):
        withdraw(path)
    else:
        remove_path(path)
    return True
