"""Management of registries and of the versions in them: pull, tag, sign, remove, list."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.registry import added, aliases, contents, lookup, remotes, signatures
from ganzoo.catalog.registry.aliases import select_version
from ganzoo.catalog.registry.locations import Location, registry_locations
from ganzoo.catalog.registry.lookup import Entry
from ganzoo.catalog.registry.maintenance import remove_version
from ganzoo.catalog.registry.remotes import LATEST, Remote
from ganzoo.catalog.registry.versions import Version, version_numbers
from ganzoo.errors import GanzooError, UnknownName, UsageError
from ganzoo.files.manifests import check_name
from ganzoo.files.text import quote
from ganzoo.jobs.publishing.citations import bibtex

if TYPE_CHECKING:
    from ganzoo.catalog.recipe.recipe import Recipe
    from ganzoo.catalog.registry.cards import Card


def pull(name: str, *, key: Path | None = None) -> dict[str, Any]:
    """Pull a version from the Hub, verified.

    Args:
        name: `"hf://org/repo[@revision][/model[@version]]"`; `"registry:model"` for an added
            registry; or the name of a model that was pulled before.
        key: File of the public key that must have signed it; by default the
            trusted one of its registry, if any.

    Returns:
        `name`, `version`, `digest`, `path`.
    """
    from ganzoo.jobs.hub.pull import pull_version  # the client, for whoever pulls only

    remote = _find_pull_source(name)
    version = pull_version(remote, None if key is None else signatures.read_public_key(key))
    return describe_version(version) | {"name": f"{remote.address}/{version.name}"}


def tag(name: str, alias: str, *, folder: Path | None = None) -> dict[str, Any]:
    """Let an alias mean a version.

    Args:
        name: `"model@2"`, or another alias of it; without one the newest version.
        alias: Neither a number nor `latest`.
        folder: The registry's; by default the one that the name is found in.
    """
    entry, selector = _find_writable(name, folder)
    aliases.check_alias(alias)
    version = entry.version(LATEST if selector is None else selector)
    aliases.set_alias(entry.folder, version.number, alias)
    return {"name": f"{entry.name}@{alias}", "version": version.number}


def sign(
    name: str,
    key: Path,
    *,
    folder: Path | None = None,
    passphrase: Callable[[], str] | None = None,
) -> dict[str, Any]:
    """Sign a version of a model, in place of any signature that it has.

    Args:
        name: `"model@2"`, or an alias of it; without one the newest version.
        key: File of a private Ed25519 key, as OpenSSL or OpenSSH writes it.
        folder: The registry's; by default the one that the name is found in.
        passphrase: Function that asks for the passphrase of a key that is encrypted.

    Returns:
        `name`, `digest`, `key` (the public one) and `path` of the signature.
    """
    entry, selector = _find_writable(name, folder)
    version = select_version(entry.folder, LATEST if selector is None else selector)
    public = signatures.sign_version(version, key, passphrase)
    return {
        "name": version.name,
        "digest": version.digest,
        "key": signatures.key_text(public),
        "path": str(signatures.signature_path(version)),
    }


def add_registry(address: str, name: str | None = None, *, key: Path | None = None) -> str:
    """Add a registry, so that its models are found by name; return its own name.

    Args:
        address: A folder, or `hf://org/repo[@revision]`.
        name: What to call it; by default the folder's or the repository's name.
        key: File of the public key that its versions must be signed with from now on.
    """
    return added.add_registry(
        address, name, None if key is None else signatures.read_public_key(key)
    )


def remove(name: str, *, folder: Path | None = None) -> dict[str, Any]:
    """Remove a version, or an alias alone.

    Args:
        name: `"model@2"`: the version; `"model@best"`: the alias.
        folder: The registry's; by default the one that the name is found in.

    Raises:
        UsageError: An alias still means the version.
    """
    entry, selector = _find_writable(name, folder)
    if not selector or selector == LATEST:
        raise UsageError(
            f"A version is removed by its number. Received: {quote(name)}.",
            hint=f"See: ganzoo info {entry.name}",
        )
    if not selector.isdecimal():
        aliases.remove_alias(entry.folder, selector)
        return {"removed": f"{entry.name}@{selector}", "kind": "alias"}
    number = int(selector)
    known = aliases.readable_aliases(entry.folder)
    names = [alias for alias, meaning in known.items() if meaning == number]
    if names:
        raise UsageError(
            f"{entry.name}@{number} is called {', '.join(names)}.",
            hint=f"Remove the alias first: ganzoo remove {entry.name}@{names[0]}",
        )
    remove_version(entry.folder, number)
    return {"removed": f"{entry.name}@{number}", "kind": "version"}


def list_registries() -> list[dict[str, Any]]:
    """List every registry that names are looked up in, in the order of precedence."""
    addresses = added.added_registries()
    counts: dict[str, int] = {}
    for entry in lookup.models().values():
        counts[entry.source] = counts.get(entry.source, 0) + 1
    return [
        {
            "name": registry.source,
            "folder": str(registry.folder),
            "address": addresses.get(registry.source, registry.remote and registry.remote.address),
            "models": counts.get(registry.source, 0),
            "added": registry.source in addresses,
            "key": None if key is None else signatures.key_text(key),
        }
        for registry in registry_locations()
        for key in [signatures.trusted_key(registry.identity)]
    ]


def describe_version(version: Version) -> dict[str, Any]:
    """Return name, number, digest and path of a version, for JSON."""
    return {
        "name": version.name,
        "version": version.number,
        "digest": version.digest,
        "path": str(version.path),
    }


def describe_versions(entry: Entry) -> list[dict[str, Any]]:
    """Describe every version of a model, the newest first; a damaged one with the reason."""
    named: dict[int, list[str]] = {}
    for alias, number in aliases.readable_aliases(entry.folder).items():
        named.setdefault(number, []).append(alias)
    found = []
    for number in reversed(version_numbers(entry.folder)):
        described: dict[str, Any] = {"version": number, "aliases": named.get(number, [])}
        try:
            described |= describe_contents(entry.version(str(number)))
        except GanzooError as error:
            described["broken"] = str(error)
        found.append(described)
    return found


def describe_contents(version: Version) -> dict[str, Any]:
    """Return digest, size, license, provenance and results of a version that is whole."""
    card = version.card()
    return {
        "digest": version.digest,
        "bytes": sum(version.sizes.values()),
        "everything": contents.EVERYTHING in version.sizes,
        "license": card.license.weights,
        "provenance": card.provenance and card.provenance.model_dump(exclude_none=True),
        "results": [result.tables() for result in card.results],
    }


def describe_card(card: "Card") -> dict[str, Any]:
    """Describe a card without provenance and results, its recipe as tables and as text."""
    left_out = {"schema_version", "recipe", "provenance", "results"}
    found = card.model_dump(by_alias=True, exclude=left_out) | {"bibtex": bibtex(card.papers)}
    return found | describe_recipe(card.recipe)


def describe_recipe(recipe: "Recipe") -> dict[str, Any]:
    """Return a recipe as tables, and as the text that can be trained."""
    return {"recipe": recipe.tables(), "toml": recipe.toml()}


def _find_pull_source(name: str) -> Remote:
    """The repository that a name means, and the model and version in it."""
    if remotes.is_address(name):
        return remotes.parse_address(name)
    model, _, selector = name.partition("@")
    source, colon, plain = model.rpartition(":")
    check_name(plain, "model name", error=UsageError)
    remote = added.added_remote(source) if colon else lookup.find_entry(model).registry.remote
    if remote is None:
        raise UsageError(
            f"The model {model!r} does not come from the Hub.",
            hint="Name a repository: hf://org/repo/model",
        )
    return replace(remote, model=plain, selector=selector or LATEST)


def _find_writable(name: str, folder: Path | None) -> tuple[Entry, str | None]:
    """The model that a name means, whose versions may be changed, and the selector if any."""
    model, _, selector = name.rpartition("@") if "@" in name else (name, "", None)
    if folder is not None:
        check_name(model, "model name", error=UsageError)
        if not (Path(folder) / model).is_dir():
            raise UnknownName(f"There is no model {model!r} in {quote(folder)}.")
        registry = Location(folder=Path(folder), source=str(folder))
        return Entry(name=model, registry=registry), selector
    entry = lookup.find_entry(model)
    if not entry.writable:
        raise UsageError(
            f"The model {model!r} belongs to the registry {entry.source!r}, which is not yours "
            "to change.",
            hint="Give the folder of a registry: --registry FOLDER",
        )
    return entry, selector
