"""Signatures of versions, and the keys that they are checked with.

    <registry>/dcgan-digits/signatures/2.sig     Ed25519 signature of 2/manifest.json, 64 bytes
    <home>/keys.toml                             the key that each registry must sign with

The manifest lists every other file with its digest, so that its signature covers the version.
It is a signature as OpenSSL makes it, and keys are those of OpenSSL or OpenSSH (RFC 8032, 8410).
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganzoo.catalog.registry.contents import MANIFEST, MAX_MANIFEST_BYTES
from ganzoo.catalog.registry.remotes import is_address, registry_identity
from ganzoo.catalog.registry.versions import Version, names_in
from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest
from ganzoo.files.home import home
from ganzoo.files.publish import make_folder, publish, publish_text, sync_folder
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import environment_problem, quote
from ganzoo.files.toml import read_toml

FOLDER = "signatures"
SUFFIX = ".sig"
BYTES = 64  # of a signature
_KEYS = "keys.toml"
_KEY_BYTES = 32
_MAX_KEY_FILE = 16 * 1024


def signature_path(version: Version) -> Path:
    """Return the path of a version's signature, which need not be there."""
    return version.path.parent / FOLDER / f"{version.number}{SUFFIX}"


def read_signature(version: Version) -> bytes | None:
    """Return the signature of a version, unchecked; None if it has none."""
    path = signature_path(version)
    if not path.exists():
        return None
    return read_bytes(os.path.realpath(path), limit=BYTES)  # a link where it was pulled


def add_signature(version: Version, signature: bytes) -> None:
    """Put a signature beside a version, in place of any that is there."""
    path = signature_path(version)
    make_folder(path.parent)
    publish(path, signature, overwrite=True)


def remove_signature(folder: Path, number: int) -> None:
    """Remove the signature of a version, if it has one.

    Args:
        folder: The model's folder.
        number: The version's.
    """
    path = folder / FOLDER / f"{number}{SUFFIX}"
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
            sync_folder(path.parent)
    except OSError as error:
        raise environment_problem("remove", path, error) from error


def misplaced_signatures(folder: Path, numbers: list[int]) -> dict[Path, str]:
    """A sentence for each file that is wrong among a model's signatures."""
    expected = {f"{number}{SUFFIX}" for number in numbers}
    found = {}
    for name in names_in(folder / FOLDER):
        path = folder / FOLDER / name
        if name.startswith("."):
            continue
        if name not in expected:
            found[path] = "It is the signature of no version that is whole."
        elif not path.is_file() or path.stat().st_size != BYTES:
            found[path] = f"It is not a signature of {BYTES} bytes."
    return found


def sign_version(
    version: Version, key: str | os.PathLike, passphrase: Callable[[], str] | None = None
) -> bytes:
    """Sign a version's manifest.

    Args:
        version: A version, whose files are compared with the manifest before.
        key: File of a private Ed25519 key: PEM (PKCS #8), or OpenSSH's.
        passphrase: Function that asks for the passphrase of a key that is encrypted.

    Returns:
        The public key, of 32 bytes.

    Raises:
        InvalidInput: The version is damaged, or the file holds no such key.
        UsageError: The key is encrypted, and no passphrase is to be had.
        EnvironmentProblem: The library for it is not installed.
    """
    version.check(allow_extra=True)
    private = _private_key(key, passphrase)
    add_signature(version, private.sign(_signed_bytes(version)))
    return private.public_key().public_bytes_raw()


def check_signature(version: Version, key: bytes) -> None:
    """Check that a version's manifest was signed with a key.

    Args:
        version: A version; its other files are not read.
        key: A public key, of 32 bytes.

    Raises:
        InvalidInput: It has no signature, or that of another key or of something else.
        EnvironmentProblem: The library for it is not installed.
    """
    _load_library()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = read_signature(version)
    if signature is None:
        raise InvalidInput(
            f"{version.name} is not signed. Expected: a signature by {key_text(key)}.",
            hint="Ask whoever publishes it; if it was pulled and signed since, pull it again.",
        )
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _signed_bytes(version))
    except (InvalidSignature, ValueError):
        raise InvalidInput(
            f"The signature of {version.name} is another key's, or that of something else. "
            f"Expected: one by {key_text(key)}. Received: {quote(signature_path(version))}.",
            hint="Do not use it before you have asked whoever publishes it.",
        ) from None


def read_public_key(path: str | os.PathLike) -> bytes:
    """Return the 32 bytes of a public Ed25519 key in a file: PEM, or a line of OpenSSH.

    Raises:
        InvalidInput: It holds no such key; the file of a private key is refused, too.
    """
    _load_library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        load_pem_public_key,
        load_ssh_public_key,
    )

    data = read_bytes(path, limit=_MAX_KEY_FILE)
    load: Any = load_ssh_public_key if data.startswith(b"ssh-") else load_pem_public_key
    try:
        found = load(data)
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise InvalidInput(
            f"{quote(path)} is not a public Ed25519 key. Expected: PEM, or a line that begins "
            "with ssh-ed25519.",
            hint="From a private one: openssl pkey -in key.pem -pubout -out key.pub",
        )
    return found.public_bytes_raw()


def key_text(key: bytes) -> str:
    """Return a public key as `keys.toml` and messages show it: `ed25519:` and 64 hex digits."""
    return f"ed25519:{key.hex()}"


def trusted_key(where: str | os.PathLike) -> bytes | None:
    """Return the key that a registry's versions must be signed with; None if it has none.

    Args:
        where: The registry's folder, or its address on the Hub at any revision.

    Raises:
        InvalidInput: `keys.toml` is damaged: then no registry is used without its key.
        EnvironmentProblem: It cannot be read, likewise.
    """
    try:
        home()
    except EnvironmentProblem:  # a user without a home trusts none
        return None
    return _trusted_keys().get(registry_identity(where))


def check_trusted(version: Version, where: str | os.PathLike) -> Version:
    """Return a version, its signature checked if its registry has a trusted key."""
    key = trusted_key(where)
    if key is not None:
        check_signature(version, key)
    return version


def trust_key(where: str | os.PathLike, key: bytes | None) -> None:
    """Let a registry's versions count only if this key has signed them; None ends that."""
    import tomli_w

    keys = _trusted_keys()
    keys.pop(registry_identity(where), None)
    if key is not None:
        keys[registry_identity(where)] = key
    text = tomli_w.dumps({name: key_text(keys[name]) for name in sorted(keys)})
    make_folder(home())
    publish_text(home() / _KEYS, text, overwrite=True)


def _trusted_keys() -> dict[str, bytes]:
    path = home() / _KEYS
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise environment_problem("read", path, error) from error
    keys = {}
    for name, text in read_toml(path).items():
        name = name.lower() if is_address(name) else name
        try:
            prefix, _, digits = text.partition(":")
            keys[name] = bytes.fromhex(digits)
            if prefix != "ed25519" or len(keys[name]) != _KEY_BYTES:
                raise ValueError
        except (ValueError, AttributeError):
            raise InvalidInput(
                f"{quote(path)} holds registries and keys. Expected: ed25519: and 64 hex "
                f"digits for {quote(name)}. Received: {quote(text)}.",
                hint="Add the registry again with --key.",
            ) from None
    return keys


def _signed_bytes(version: Version) -> bytes:
    """Return the manifest, if it is still the one that the version was opened by."""
    path = os.path.realpath(version.path / MANIFEST)
    raw = read_bytes(path, limit=MAX_MANIFEST_BYTES)
    if bytes_digest(raw) != version.digest:
        raise InvalidInput(f"{MANIFEST} of {version.name} has changed just now.")
    return raw


def _private_key(path: str | os.PathLike, passphrase: Callable[[], str] | None) -> Any:
    _load_library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_ssh_private_key,
    )

    data = read_bytes(path, limit=_MAX_KEY_FILE)
    load: Any = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else load_pem_private_key
    try:
        found = load(data, None)
    except TypeError:  # it is encrypted
        if passphrase is None:
            raise UsageError(
                f"The key in {quote(path)} is encrypted.",
                hint="Sign at a terminal, which asks for its passphrase.",
            ) from None
        found = _decrypted(load, data, passphrase(), path)
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise InvalidInput(
            f"{quote(path)} is not a private Ed25519 key. Expected: PEM, or OpenSSH's.",
            hint="A new one: openssl genpkey -algorithm ed25519 -out key.pem",
        )
    return found


def _decrypted(load: Any, data: bytes, passphrase: str, path: str | os.PathLike) -> Any:
    try:
        return load(data, passphrase.encode("utf-8"))
    except ValueError:
        raise InvalidInput(f"The passphrase does not open the key in {quote(path)}.") from None


def _load_library() -> None:
    """Import the library for signatures, only where one is made or checked."""
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise EnvironmentProblem(
            "Signatures need the package cryptography, which is not installed.",
            hint="Install it with: pip install 'keras-ganzoo[sign]'",
        ) from error
