"""Registries that the user has added: names and addresses in `<home>/registries.toml`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ganzoo.catalog.registry.remotes import Remote, is_address, parse_address, registry_identity
from ganzoo.catalog.registry.signatures import trust_key, trusted_key
from ganzoo.errors import InvalidInput, UnknownName, UsageError, unknown
from ganzoo.files.home import expand_home, home
from ganzoo.files.leftovers import lock
from ganzoo.files.manifests import check_name
from ganzoo.files.publish import make_folder, publish_text
from ganzoo.files.text import environment_problem, quote
from ganzoo.files.toml import read_toml

_FILE = "registries.toml"
_LOCK = ".registries.lock"


def added_registries() -> dict[str, str]:
    """Addresses or folders of the registries that the user has added, by name."""
    path = home() / _FILE
    found = read_toml(path) if path.is_file() else {}
    for name, address in found.items():
        if not isinstance(address, str):
            raise InvalidInput(
                f"{quote(path)} holds names and addresses. Received: {quote(address)} for {name}."
            )
    return dict(sorted(found.items()))


def added_remote(name: str) -> Remote:
    """Return the repository on the Hub behind the name of an added registry."""
    address = added_registries().get(name)
    if address is None or not is_address(address):
        raise UnknownName(f"No added registry on the Hub has that name. Received: {quote(name)}.")
    return parse_address(address)


def add_registry(address: str, name: str | None = None, key: bytes | None = None) -> str:
    """Add a registry, so that its models are found by name; return its own name.

    Args:
        address: A folder, or `hf://org/repo[@revision]`.
        name: What to call it; by default the folder's or the repository's name.
        key: Public key that its versions must be signed with from now on; None changes nothing.

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
        path = expand_home(address).absolute()
        if not path.is_dir():
            raise UsageError(f"A registry is a folder. Received: {quote(address)}.")
        default, address = path.name.lower(), str(path)
    name = check_name(name or default, "name of a registry", error=UsageError)
    with _locked():
        known = added_registries()
        if name in ("user", "keras-ganzoo") or known.get(name, address) != address:
            raise UsageError(
                f"There is another registry of the name {name!r}.", hint="Give another: --name"
            )
        if key is not None:
            trust_key(address, key)  # first: whatever ends this here, it is not used without
        _write(known | {name: address})
    return name


def forget_registry(name: str) -> None:
    """Take an added registry out again. Its folder, and what was pulled, stay.

    Its key goes too, unless the same registry is added under another name or revision.
    """
    with _locked():
        known = added_registries()
        if name not in known:
            raise unknown("added registry", name, known)
        address = known.pop(name)
        _write(known)
        others = {registry_identity(other) for other in known.values()}
        if registry_identity(address) not in others and trusted_key(address) is not None:
            trust_key(address, None)


@contextmanager
def _locked() -> Iterator[None]:
    """Let no other process change the added registries meanwhile: it waits."""
    make_folder(home())
    try:
        descriptor = os.open(home() / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise environment_problem("write", home(), error) from error
    try:
        lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def _write(registries: dict[str, str]) -> None:
    import tomli_w

    publish_text(home() / _FILE, tomli_w.dumps(registries), overwrite=True)
