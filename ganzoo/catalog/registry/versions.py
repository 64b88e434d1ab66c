"""Versions of a model: numbered folders that never change, known by their content.

    <registry>/dcgan-digits/2/manifest.json           what must be in here; its sha256 is the digest
                              card.toml               recipe, license, provenance, results
                              generator.safetensors   the averaged generator
                              everything.safetensors  if asked for: the whole state of the training
                              README.md               the card for people, as the Hub shows it
                              samples.png             and samples.wav or samples.gif
    <registry>/dcgan-digits/1.removed                 a number is never used twice
                            history.jsonl             what was done, see `history`

A version is published by renaming a finished folder, which fails if the number is taken. So
no lock is needed, and whatever kills a writer leaves nothing that counts.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.registry.contents import CARD, MANIFEST, MOST_MANIFEST_BYTES, README, OtherSchema, contents_of, parse_card, parse_manifest
from ganzoo.catalog.registry.history import PUBLISHED, tell
from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest
from ganzoo.files.leftovers import reclaim
from ganzoo.files.listed import Broken, check_listed, held, publish_listed, read_listed
from ganzoo.files.names import check_name
from ganzoo.files.text import quote
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder, step, sync_folder, withdraw
from ganzoo.files.reading import read_bytes

if TYPE_CHECKING:
    from ganzoo.catalog.registry.cards import Card

_READ_ONLY = 0o444
_ENTRY = re.compile(r"([1-9][0-9]{0,8})(\.removed|\.broken(?:-[0-9a-f]{8})?)?")


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Which numbers a model's folder knows.

    Args:
        present: Of versions that are there, rising.
        broken: Of versions that were set aside because they were not what was published.
        removed: Of versions that were removed.
    """

    present: list[int]
    broken: list[int]
    removed: list[int]

    @property
    def next(self) -> int:
        """The lowest number above all that were ever used."""
        return 1 + max([*self.present, *self.broken, *self.removed], default=0)


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a model; its files are read, and checked, one by one.

    Args:
        model: The model's name.
        number: From 1.
        path: Its folder.
        digest: The sha256 of its manifest, and so the name of its content.
        manifest: What is in it.
        mendable: Whether it is set aside when it is broken, as nobody else will mend it.
        created: Whether the call that returned it has published it.
    """

    model: str
    number: int
    path: Path
    digest: str
    manifest: Mapping[str, Any] = field(repr=False)
    mendable: bool = field(default=False, compare=False)
    created: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        """As a person writes it: `dcgan-digits@2`."""
        return f"{self.model}@{self.number}"

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each file in bytes."""
        return {name: entry["size"] for name, entry in self.manifest["files"].items()}

    def read(self, name: str) -> bytes:
        """The content of a file, as it was published.

        Raises:
            UsageError: The version has no such file.
            InvalidInput: It is not what was published; nobody will get it again.
        """
        if name not in self.manifest["files"]:
            raise UsageError(
                f"{self.name} has no such file: expected one of {', '.join(sorted(self.sizes))}. "
                f"Received: {quote(name)}."
            )
        with _set_aside_if_broken(self.path, self.model, self.mendable), held(self.path):
            return read_listed(self.path / name, self.manifest["files"][name])

    def read_all(self) -> dict[str, bytes]:
        """The content of every file but the manifest, if there is no other file."""
        return self._each(read_listed)

    def check(self) -> None:
        """Raises what `read_all` raises, however large the files are."""
        self._each(check_listed)

    def _each(self, look: Callable[[Path, Mapping], Any]) -> dict[str, Any]:
        """What `look` finds of each file but the manifest; no other file may be there."""
        with _set_aside_if_broken(self.path, self.model, self.mendable), held(self.path):
            content = {
                name: look(self.path / name, entry)
                for name, entry in sorted(self.manifest["files"].items())
            }
            extra = sorted({*os.listdir(self.path)} - {MANIFEST, *content})
        if extra:  # a file manager's, perhaps: nothing that was published is damaged
            raise InvalidInput(
                f"{self.name} holds files that were not published: "
                f"{', '.join(map(quote, extra[:3]))}.",
                hint=f"Take them out of {quote(self.path)}.",
            )
        return content

    def card(self) -> "Card":
        """Its card."""
        return parse_card(self.read(CARD), self.model, quote(self.path / CARD))


def numbers(folder: Path) -> Numbers:
    """The numbers in a model's folder, which need not exist."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        names = []
    except OSError as error:
        raise environment_problem("read", folder, error) from error
    found: dict[str, set[int]] = {"": set(), ".removed": set(), ".broken": set()}
    for number, kind in filter(None, map(entry_of, names)):
        found[kind].add(number)
    removed = found[".removed"]
    return Numbers(
        present=sorted(found[""] - removed),
        broken=sorted(found[".broken"] - found[""] - removed),
        removed=sorted(removed),
    )


def entry_of(name: str) -> tuple[int, str] | None:
    """The number in the name of a version's folder or tombstone, and "", ".removed" or ".broken".

    None for any other name.
    """
    match = _ENTRY.fullmatch(name)
    return (int(match[1]), (match[2] or "").partition("-")[0]) if match else None


def open_version(folder: Path, number: int, *, mendable: bool = False) -> Version:
    """A version whose manifest is whole.

    Args:
        folder: The model's folder.
        number: The version's.
        mendable: Whether to set it aside if it is broken.

    Raises:
        UsageError: There is no such version.
        InvalidInput: It is broken.
    """
    model = folder.name
    known = numbers(folder)
    if number in known.broken:
        raise InvalidInput(
            f"{model}@{number} was found broken and set aside.",
            hint=f"Pull or push it again, or give it up: ganzoo remove {model}@{number}",
        )
    if number not in known.present:
        listed = ", ".join(map(str, known.present[-20:])) or "none"
        gone = "was removed" if number in known.removed else "does not exist"
        raise UsageError(f"Version {number} of {model!r} {gone}. Known: {listed}.")
    return _open(folder, number, mendable=mendable)


def version_at(path: Path) -> Version | None:
    """The version in a folder that somebody names by its path; None if it is none."""
    path = Path(os.path.abspath(path))
    if not _ENTRY.fullmatch(path.name) or not (path / MANIFEST).is_file():
        return None
    return open_version(path.parent, int(path.name)) if path.name.isdecimal() else None


def create(
    registry: str | os.PathLike,
    model: str,
    files: Mapping[str, bytes],
    *,
    plugins: Mapping[str, Mapping[str, str]] | None = None,
    parent: str | None = None,
) -> Version:
    """Publish a version under the next number, or find the one that holds the same.

    Args:
        registry: The folder of a registry; made if need be.
        model: The model's name, which is also the card's.
        files: The content of each file by name: at least `card.toml` and
            `generator.safetensors`. `README.md` is written from the card unless it is given.
        plugins: Name, distribution, version and digest of the architecture and data set.
        parent: The digest of the version that these weights come from, if they do.

    Returns:
        The version; `created` tells whether it is new.

    Raises:
        UsageError: A name that no version may have.
        InvalidInput: The card is none, or another model's.
        EnvironmentProblem: The disk is full, ...; nothing is published.
    """
    folder = Path(registry) / check_name(model, "model name", error=UsageError)
    files, text = contents_of(model, files, plugins=plugins, parent=parent)
    _prepare(folder)
    while True:
        known = numbers(folder)
        same = _same(folder, known.present, text)
        if same is not None:
            return same
        number = known.next
        version = _publish(folder, number, files, text)
        if version is not None:
            return version


def put(folder: Path, number: int, files: Mapping[str, bytes | Path], manifest: bytes) -> Version:
    """Publish a copy of a version of another registry, under its own number.

    Args:
        folder: The model's folder in the copy of that registry.
        number: The version's.
        files: Its files, or where they lie, checked against the manifest.
        manifest: Its manifest.

    Raises:
        InvalidInput: Another content has this number here.
    """
    digest = bytes_digest(manifest)
    _prepare(folder)
    while True:
        with suppress(FileNotFoundError):  # it was removed here, and is wanted again
            os.unlink(folder / f"{number}.removed")
        if number in numbers(folder).present:
            return unchanged(open_version(folder, number, mendable=True), digest)
        version = _publish(folder, number, files, manifest.decode())
        if version is not None:
            return version


def _read_manifest(path: Path, model: str) -> tuple[dict[str, Any], bytes]:
    try:
        raw = read_bytes(path, limit=MOST_MANIFEST_BYTES)
        return parse_manifest(raw, model), raw
    except OtherSchema:
        raise
    except (UsageError, InvalidInput) as error:
        raise Broken(str(error).rstrip(".")) from error


def _open(folder: Path, number: int, *, mendable: bool = False) -> Version:
    model, path = folder.name, folder / str(number)
    with _set_aside_if_broken(path, model, mendable), held(path):
        manifest, raw = _read_manifest(path / MANIFEST, model)
    return Version(
        model=model,
        number=number,
        path=path,
        digest=bytes_digest(raw),
        manifest=manifest,
        mendable=mendable,
    )


def _prepare(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise environment_problem("make", folder, error) from error
    reclaim(folder)


def _publish(
    folder: Path, number: int, files: Mapping[str, bytes | Path], text: str
) -> Version | None:
    """The new version; None if somebody else has the number."""
    path = folder / str(number)
    try:
        publish_listed(path, files, MANIFEST, text, permissions=_READ_ONLY)
    except UsageError:
        return None
    # Somebody may have published and removed this number since we looked.
    if os.path.lexists(folder / f"{number}.removed"):
        withdraw(path)
        return None
    digest = bytes_digest(text.encode("utf-8"))
    tell(folder, PUBLISHED, version=number, digest=digest)
    return Version(
        model=folder.name,
        number=number,
        path=path,
        digest=digest,
        manifest=parse_manifest(text.encode("utf-8"), folder.name),
        mendable=True,
        created=True,
    )


def _same(folder: Path, present: list[int], text: str) -> Version | None:
    """The version that holds the same, whatever its README says."""
    wanted = identity(parse_manifest(text.encode("utf-8"), folder.name))
    for number in reversed(present):
        with suppress(InvalidInput, UsageError):  # broken, or removed meanwhile
            version = _open(folder, number)
            if identity(version.manifest) == wanted:
                return version
    return None


def identity(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two versions the same: all of a manifest but the README."""
    files = {name: entry for name, entry in manifest["files"].items() if name != README}
    return {**manifest, "files": files}


def unchanged(version: Version, digest: str) -> Version:
    """The version itself, if its digest is that; `InvalidInput` otherwise."""
    if version.digest != digest:
        raise InvalidInput(
            f"{version.name} is not what it was when it was pulled before. "
            f"Expected: digest {version.digest[:16]}.... Received: {digest[:16]}....",
            hint="Versions never change: ask who publishes it, or remove yours first.",
        )
    return version


@contextmanager
def _set_aside_if_broken(path: Path, model: str, mendable: bool) -> Iterator[None]:
    """Turns `Broken` into `InvalidInput`, and sees to it that the folder is not used again."""
    try:
        yield
    except Broken as problem:
        if not os.path.lexists(path):  # removed while we looked
            raise UsageError(f"{model}@{path.name} was removed.") from problem
        aside = _set_aside(path) if mendable else None
        raise InvalidInput(
            f"{model}@{path.name} is not what was published: {problem}."
            + (f" It is set aside as {quote(aside)}." if aside else ""),
            hint="Pull or push it again.",
        ) from problem


def _set_aside(path: Path) -> Path | None:
    aside = path.with_name(f"{path.name}.broken")
    if os.path.lexists(aside):
        aside = path.with_name(f"{path.name}.broken-{os.urandom(4).hex()}")
    try:
        step("set aside", path)
        os.rename(path, aside)
    except (OSError, EnvironmentProblem):
        return None  # a registry that we may not write to
    with suppress(OSError, EnvironmentProblem):
        sync_folder(path.parent)
    return aside
