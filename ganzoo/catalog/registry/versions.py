"""Versions of a model: numbered folders that never change, known by their content.

    <registry>/dcgan-digits/2/manifest.json           size and sha256 of each file; its own sha256
                                                      is the digest of the version
                              card.toml               recipe, license, provenance, results
                              generator.safetensors   the averaged generator
                              everything.safetensors  if asked for: the whole state of the training
                              README.md               the model card, as the Hub shows it
                              samples.png             and samples.wav or samples.gif

A version is published by renaming a finished folder, which fails if the number is taken. So
no lock is needed, and whatever kills a writer leaves nothing that counts.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.registry.contents import (
    CARD,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    OtherSchema,
    parse_card,
    parse_manifest,
    without_readme,
)
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest
from ganzoo.files.leftovers import reclaim
from ganzoo.files.manifests import (
    Broken,
    check_folder,
    check_listed,
    check_name,
    publish_listed,
    read_listed,
)
from ganzoo.files.publish import make_folder
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import environment_problem, quote

if TYPE_CHECKING:
    from ganzoo.catalog.registry.cards import Card

_READ_ONLY = 0o444
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a model; its files are read, and checked, one by one.

    Args:
        model: The model's name.
        number: From 1.
        path: Its folder.
        digest: The sha256 of its manifest, and so the name of its content.
        manifest: Size and sha256 of its files, and the plugins it was made with.
        created: Whether the call that returned it has published it.
    """

    model: str
    number: int
    path: Path
    digest: str
    manifest: Mapping[str, Any] = field(repr=False)
    created: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        """Name as a person writes it: `dcgan-digits@2`."""
        return f"{self.model}@{self.number}"

    @property
    def sizes(self) -> dict[str, int]:
        """Size of each file in bytes."""
        return {name: entry["size"] for name, entry in self.manifest["files"].items()}

    @property
    def is_complete(self) -> bool:
        """True if every file is there; of a pulled repository some versions may be incomplete."""
        return all((self.path / name).exists() for name in self.sizes)

    def read(self, name: str) -> bytes:
        """Return the content of a file, as it was published.

        Raises:
            UsageError: The version has no such file.
            InvalidInput: It is not what was published.
        """
        if name not in self.manifest["files"]:
            raise UsageError(
                f"{self.name} has no such file: expected one of {', '.join(sorted(self.sizes))}. "
                f"Received: {quote(name)}."
            )
        with _damage_reported(self.name, self.path):
            check_folder(self.path)
            return read_listed(_real_path(self.path / name), self.manifest["files"][name])

    def read_all(self) -> dict[str, bytes]:
        """Return the content of every file but the manifest; no other file may be there."""
        return self._each(read_listed)

    def check(self, *, allow_extra: bool = False) -> None:
        """Raise what `read_all` raises, however large the files are.

        Args:
            allow_extra: Whether files that were not published may be there.
        """
        self._each(check_listed, allow_extra=allow_extra)

    def _each(
        self, look: Callable[[Path, Mapping[str, Any]], Any], *, allow_extra: bool = False
    ) -> dict[str, Any]:
        with _damage_reported(self.name, self.path):
            check_folder(self.path)
            content = {
                name: look(_real_path(self.path / name), entry)
                for name, entry in sorted(self.manifest["files"].items())
            }
            extra = sorted({*os.listdir(self.path)} - {MANIFEST, *content})
        if extra and not allow_extra:  # a file manager's, perhaps: what was published is whole
            raise InvalidInput(
                f"{self.name} holds files that were not published: "
                f"{', '.join(map(quote, extra[:3]))}.",
                hint=f"Take them out of {quote(self.path)}.",
            )
        return content

    def card(self) -> "Card":
        """Return its card."""
        return parse_card(self.read(CARD), self.model, quote(self.path / CARD))


def version_numbers(folder: Path) -> list[int]:
    """Numbers of the versions in a model's folder, rising; the folder need not exist."""
    return sorted(int(name) for name in names_in(folder) if is_version_number(name))


def names_in(folder: Path) -> list[str]:
    """Names of what lies in a folder, sorted; none if there is no such folder."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise environment_problem("read", folder, error) from error


def is_version_number(text: str) -> bool:
    """Return True if a text is the number of a version, and so the name of its folder."""
    return bool(_NUMBER.fullmatch(text))


def next_version_number(known: Sequence[int], model: str) -> int:
    """Return the number after the greatest; `UsageError` if that would be none of a version."""
    number = max(known, default=0) + 1
    if not is_version_number(str(number)):
        raise UsageError(
            f"No number is left for a new version of {model!r}. Received: version {number - 1}.",
            hint="Publish it under another name, or remove that version.",
        )
    return number


def open_version(folder: Path, number: int) -> Version:
    """Return a version whose manifest is whole.

    Args:
        folder: The model's folder.
        number: The version's.

    Raises:
        UsageError: There is no such version.
        InvalidInput: It is not what was published.
    """
    known = version_numbers(folder)
    if number not in known:
        listed = ", ".join(map(str, known[-20:])) or "none"
        raise UsageError(f"Version {number} of {folder.name!r} does not exist. Known: {listed}.")
    model, path = folder.name, folder / str(number)
    with _damage_reported(f"{model}@{number}", path):
        check_folder(path)
        try:
            raw = read_bytes(_real_path(path / MANIFEST), limit=MAX_MANIFEST_BYTES)
            manifest = parse_manifest(raw, model)
        except OtherSchema:
            raise
        except (UsageError, InvalidInput) as error:
            raise Broken(str(error).rstrip(".")) from error
    return Version(
        model=model, number=number, path=path, digest=bytes_digest(raw), manifest=manifest
    )


def version_at(path: Path) -> Version | None:
    """Return the version in a folder that is given by its path; `None` if it is none."""
    path = Path(os.path.abspath(path))
    if not is_version_number(path.name) or not (path / MANIFEST).is_file():
        return None
    return open_version(path.parent, int(path.name))


def publish_version(
    registry: str | os.PathLike, model: str, files: Mapping[str, bytes], manifest: str
) -> Version:
    """Publish a version under the next number, or find the one that holds the same.

    Args:
        registry: The folder of a registry; made if need be.
        model: The model's name.
        files: Content of each file by name.
        manifest: Text of the manifest that lists them.

    Returns:
        The version; `created` tells whether it is new.

    Raises:
        EnvironmentProblem: The disk is full, ...; nothing is published.
    """
    raw = manifest.encode("utf-8")
    parsed = parse_manifest(raw, model)
    folder = Path(registry) / check_name(model, "model name", error=UsageError)
    make_folder(folder)
    reclaim(folder)
    while True:
        known = version_numbers(folder)
        same = _find_same_version(folder, known, parsed)
        if same is not None:
            return same
        number = next_version_number(known, model)
        path = folder / str(number)
        try:
            publish_listed(path, files, MANIFEST, manifest, permissions=_READ_ONLY)
        except UsageError:
            continue  # somebody else has taken the number
        return Version(
            model=model,
            number=number,
            path=path,
            digest=bytes_digest(raw),
            manifest=parsed,
            created=True,
        )


def _find_same_version(
    folder: Path, known: list[int], manifest: Mapping[str, Any]
) -> Version | None:
    """Version that holds the same, whatever its README says."""
    identity = without_readme(manifest)
    for number in reversed(known):
        with suppress(InvalidInput, UsageError):  # damaged, or removed meanwhile
            version = open_version(folder, number)
            if without_readme(version.manifest) == identity:
                version.check(allow_extra=True)
                return version
    return None


def _real_path(path: Path) -> Path:
    """Path without links: a file of a pulled repository is a link into the client's cache."""
    return Path(os.path.realpath(path))


@contextmanager
def _damage_reported(name: str, path: Path) -> Iterator[None]:
    """Turn `Broken` into `InvalidInput`."""
    try:
        yield
    except Broken as problem:
        if not os.path.lexists(path):
            raise UsageError(f"{name} was removed.") from problem
        raise InvalidInput(
            f"{name} is not what was published: {problem}.",
            hint="Pull it again, or push it again as a new version.",
        ) from problem
