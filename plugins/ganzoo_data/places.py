"""Where the files of a data set are: at a path, in the data folder, in archives in a folder."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ganzoo.data.archive import open_zip
from ganzoo.data.fetching import NotHere
from ganzoo.data.folder import Files, Read, is_hidden, open_folder
from ganzoo.data.images import SUFFIXES
from ganzoo.errors import InvalidInput
from ganzoo.files.digests import bytes_digest
from ganzoo.files.home import data_home
from ganzoo.files.text import quote


def at_home(name: str, bring: Callable[[Path], None], *, pattern: str = "*") -> Path:
    """The folder or zip of a data set in the data folder (GANZOO_DATA).

    Args:
        name: Of the data set: the folder, or the archive without `.zip`.
        bring: Gets the data into the folder it is given, if nothing is there yet, or raises.
        pattern: A name in the folder that shows that the data are there. What is hidden, as
            everything is that is still being downloaded, does not count.
    """
    root = data_home() / name
    archive = root.with_suffix(".zip")
    if archive.is_file():
        return archive
    if not any(_is_visible(path.relative_to(root)) for path in root.rglob(pattern)):
        bring(root)
    return root


def _is_visible(path: Path) -> bool:
    return not any(is_hidden(part) for part in path.parts)


def not_here(title: str, root: Path, ways: str) -> NotHere:
    """The error for a data set that nobody has brought.

    Args:
        title: Its name, for people.
        root: Its folder in the data folder.
        ways: How to get it.
    """
    return NotHere(
        f"{title} is not here. Received: no data, and none in the data folder.",
        hint=f"Give its folder or zip with --data PATH, or put its files into {quote(root)}."
        f" To get it: {ways}",
    )


def open_files(path: str | os.PathLike, suffixes: tuple[str, ...] = SUFFIXES) -> Files:
    """The files of a folder or a zip, or of the zips in a folder without files of the kind.

    Args:
        path: The folder or the zip.
        suffixes: How the names of the data's files end, in lower case; images' by default.

    Raises:
        UsageError: Nothing is there.
        InvalidInput: A file that must not be there; or files of the kind beside archives.
    """
    path = Path(path)
    if path.is_file():
        return open_zip(path)
    files = open_folder(path)
    _, archives = loose_or_packed(files.names, quote(files.where), suffixes=suffixes)
    return joined(files.where, archives) if archives else files


def loose_or_packed(
    names: Sequence[str],
    where: str,
    *,
    suffixes: tuple[str, ...] = SUFFIXES,
    hint: str = "Move one of the two elsewhere.",
) -> tuple[list[str], list[str]]:
    """The data's files among the names and the zip archives among them, of which one is empty.

    Raises:
        InvalidInput: There are both, and no telling which are the data.
    """
    loose = [name for name in names if name.lower().endswith(suffixes)]
    packed = [name for name in names if name.lower().endswith(".zip")]
    if loose and packed:
        raise InvalidInput(
            "Expected the data either as they are or in zip archives, not both. Received:"
            f" {len(loose):,} files such as {quote(loose[0])} and"
            f" {len(packed):,} archives such as {quote(packed[0])} in {where}.",
            hint=hint,
        )
    return loose, packed


def own_name(files: Files) -> str:
    """The name of the folder, or of the archive without its ending."""
    return files.where.stem if files.where.is_file() else files.where.name


def joined(root: Path, archives: Sequence[str]) -> Files:
    """The members of one archive; or of several, each as a folder with the archive's name.

    Args:
        root: The folder that holds the archives.
        archives: Their names in it.
    """
    if len(archives) == 1:
        return open_zip(root / archives[0])
    parts = {f"{name[:-4]}/": open_zip(root / name) for name in sorted(archives)}

    @contextlib.contextmanager
    def reader() -> Iterator[Read]:
        with contextlib.ExitStack() as opened:
            reads = {start: opened.enter_context(files.reader()) for start, files in parts.items()}

            def read(name: str) -> bytes:
                start = next(start for start in reads if name.startswith(start))
                return reads[start](name.removeprefix(start))

            yield read

    def names(field: str) -> tuple[str, ...]:
        found = (start + name for start, part in parts.items() for name in getattr(part, field))
        return tuple(sorted(found))

    stamps = " ".join(part.stamp for part in parts.values())
    return Files(
        where=root,
        names=names("names"),
        folders=names("folders"),
        stamp=bytes_digest(f"joined {stamps}".encode()),
        reader=reader,
    )


def within(files: Files, folder: str) -> Files:
    """What lies in one of the folders, named from there; all of it for `""`.

    So that the data are the same whether the user gave the folder or one above it.
    """
    if not folder:
        return files
    start = f"{folder}/"

    @contextlib.contextmanager
    def reader() -> Iterator[Read]:
        with files.reader() as read:
            yield lambda name: read(start + name)

    def names(those: Sequence[str]) -> tuple[str, ...]:
        return tuple(name.removeprefix(start) for name in those if name.startswith(start))

    return replace(
        files,
        names=names(files.names),
        folders=names(files.folders),
        stamp=bytes_digest(f"{files.stamp} {folder}".encode()),
        reader=reader,
    )


def shared_folder(names: Sequence[str]) -> str:
    """The deepest folder that holds all the files; `""` for the top."""
    parents = [name.split("/")[:-1] for name in names]
    return "/".join(os.path.commonprefix(parents))
