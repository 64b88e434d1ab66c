"""Registries that the user has added, one small file each.

<home>/registries/<name>.toml       address = "..."
"""

import os
from pathlib import Path

from ganzoo.catalog.registry.remotes import Remote, is_address, parse_address
from ganzoo.errors import InvalidInput, UnknownName, UsageError, unknown
from ganzoo.files.home import home
from ganzoo.files.names import check_name
from ganzoo.files.problems import environment_problem
from ganzoo.files.text import quote
from ganzoo.files.publish import make_folder, publish_text, sync_folder
from ganzoo.files.toml import read_toml


def added_registries() -> dict[str, str]:
    """Addresses or folders of the registries that the user has added, by name."""
    folder = home() / "registries"
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    found = {}
    for file in names:
        if file.endswith(".toml") and not file.startswith("."):
            path = folder / file
            address = read_toml(path).get("address")
            if not isinstance(address, str):
                raise InvalidInput(
                    f"{quote(path)} must have an `address`. Received: {quote(address)}.",
                    hint="Remove the file.",
                )
            found[file.removesuffix(".toml")] = address
    return found


def added_remotes() -> dict[str, Remote]:
    """Those of the added registries that are on the Hub, by name."""
    found = added_registries().items()
    return {name: parse_address(address) for name, address in found if is_address(address)}


def added_remote(name: str) -> Remote:
    """Return the repository behind the name of an added registry."""
    remotes = added_remotes()
    if name not in remotes:
        raise UnknownName(f"No added registry on the Hub has that name. Received: {quote(name)}.")
    return remotes[name]


def add_registry(address: str, name: str | None = None) -> str:
    """Add a registry, so that its models are found by name; return its own name.

    Args:
        address: A folder, or `hf://org/repo[@revision]`.
        name: What to call it; by default the folder's or the repository's name.

    Raises:
        UsageError: There is no such folder, or another registry has the name.
    """
    if is_address(address):
        remote = parse_address(address)
        if remote.model:
            raise UsageError(
                f"A registry is a repository, not a model in it. Received: {quote(address)}."
            )
        default, address = remote.repository.lower(), remote.address
    else:
        path = Path(address).expanduser().absolute()
        if not path.is_dir():
            raise UsageError(f"A registry is a folder. Received: {quote(address)}.")
        default, address = path.name.lower(), str(path)
    name = check_name(name or default, "name of a registry", error=UsageError)
    if name in ("user", "keras-ganzoo"):
        raise UsageError(f"The name {name!r} is taken.", hint="Give another: --name")
    if added_registries().get(name) == address:
        return name
    import tomli_w

    folder = home() / "registries"
    try:
        make_folder(folder)
    except OSError as error:
        raise environment_problem("make", folder, error) from error
    try:
        publish_text(folder / f"{name}.toml", tomli_w.dumps({"address": address}))
    except UsageError:
        raise UsageError(
            f"There is another registry of the name {name!r}.", hint="Give another: --name"
        ) from None
    return name


def forget_registry(name: str) -> None:
    """Take an added registry out again. Its folder, and what was pulled, stay."""
    known = added_registries()
    if name not in known:
        raise unknown("added registry", name, known)
    path = home() / "registries" / f"{name}.toml"
    try:
        os.unlink(path)
        sync_folder(path.parent)
    except OSError as error:
        raise environment_problem("remove", path, error) from error
