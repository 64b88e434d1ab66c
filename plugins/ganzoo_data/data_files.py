"""Finding the files of a data set: at a path, in the data folder, in archives."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ganzoo.data.archive import open_zip
from ganzoo.data.availability import DataMissing
from ganzoo.data.folder import Files, Read, is_hidden, open_folder
from ganzoo.data.images import SUFFIXES
from ganzoo.errors import InvalidInput
from ganzoo.files.digests import bytes_digest
from ganzoo.files.home import data_home
from ganzoo.files.text import quote


def find_in_data_home(name: str, fetch: Callable[[Path], None], *, pattern: str = "*") -> Path:
    """Return the folder or zip of a data set in the data folder (GANZOO_DATA).

    Args:
        name: Name of the folder, or of the archive without `.zip`.
        fetch: Function that gets the data into the folder it is given, or raises; it is called
            if nothing is there yet.
        pattern: Pattern of a name in the folder that shows that the data are there. Hidden files
            do not count: they are still being downloaded.
    """
    root = data_home() / name
    archive = root.with_suffix(".zip")
    if archive.is_file():
        return archive
    if not any(_is_visible(path.relative_to(root)) for path in root.rglob(pattern)):
        fetch(root)
    return root


def _is_visible(path: Path) -> bool:
    return not any(is_hidden(part) for part in path.parts)


def missing_data(title: str, root: Path, ways: str) -> DataMissing:
    """Return the error for a data set that is not on this machine.

    Args:
        title: Name of the data set, for people.
        root: Path of its folder in the data folder.
        ways: Instructions for getting it.
    """
    return DataMissing(
        f"{title} is not here. Received: no data, and none in the data folder.",
        hint=f"Give its folder or zip with --data PATH, or put its files into {quote(root)}."
        f" To get it: {ways}",
    )


def open_files(path: str | os.PathLike, suffixes: tuple[str, ...] = SUFFIXES) -> Files:
    """Open a folder or a zip, or the zips in a folder that holds no data files itself.

    Args:
        path: Path of the folder or the zip.
        suffixes: Endings of the data files' names in lower case; those of images by default.

    Raises:
        UsageError: Nothing is there.
        InvalidInput: A file must not be there, or there are data files beside archives.
    """
    path = Path(path)
    if path.is_file():
        return open_zip(path)
    files = open_folder(path)
    _, archives = split_loose_and_zipped(files.names, quote(files.where), suffixes=suffixes)
    return join_archives(files.where, archives) if archives else files


def split_loose_and_zipped(
    names: Sequence[str],
    where: str,
    *,
    suffixes: tuple[str, ...] = SUFFIXES,
    hint: str = "Move one of the two elsewhere.",
) -> tuple[list[str], list[str]]:
    """Return the data files and the zip archives among names, of which one list is empty.

    Raises:
        InvalidInput: There are both, and no way to know which are the data.
    """
    loose = [name for name in names if name.lower().endswith(suffixes)]
    archives = [name for name in names if name.lower().endswith(".zip")]
    if loose and archives:
        raise InvalidInput(
            "Expected the data either as they are or in zip archives, not both. Received:"
            f" {len(loose):,} files such as {quote(loose[0])} and"
            f" {len(archives):,} archives such as {quote(archives[0])} in {where}.",
            hint=hint,
        )
    return loose, archives


def name_of_files(files: Files) -> str:
    """Return the name of the folder, or of the archive without its ending."""
    return files.where.stem if files.where.is_file() else files.where.name


def join_archives(root: Path, archives: Sequence[str]) -> Files:
    """Return the members of one archive; or of several, each as a folder with its name.

    Args:
        root: Path of the folder that holds the archives.
        archives: Names of the archives in it.

    Raises:
        InvalidInput: Two of them hold a file of one name.
    """
    if len(archives) == 1:
        return open_zip(root / archives[0])
    parts = {name: open_zip(root / name) for name in sorted(archives)}
    holders: dict[str, tuple[str, str]] = {}  # archive and member of each file
    for archive, part in parts.items():
        for member in part.names:
            name = f"{archive[:-4]}/{member}"
            other, _ = holders.setdefault(name, (archive, member))
            if other != archive:
                raise InvalidInput(
                    "Archives are read as folders of their names, which must hold different files. "
                    f"Received: {quote(name)} in both {quote(other)} and {quote(archive)}.",
                    hint="Rename one of the archives.",
                )

    @contextlib.contextmanager
    def reader() -> Iterator[Read]:
        with contextlib.ExitStack() as opened:
            reads = {name: opened.enter_context(part.reader()) for name, part in parts.items()}

            def read(name: str) -> bytes:
                archive, member = holders[name]
                return reads[archive](member)

            yield read

    folders = {f"{name[:-4]}/{folder}" for name, part in parts.items() for folder in part.folders}

    stamps = " ".join(part.stamp for part in parts.values())
    return Files(
        where=root,
        names=tuple(sorted(holders)),
        folders=tuple(sorted(folders)),
        stamp=bytes_digest(f"joined {stamps}".encode()),
        reader=reader,
    )


def files_in_folder(files: Files, folder: str) -> Files:
    """Return the files in one of the folders, named from there; all of them for `""`.

    So the data are the same whether the user gave the folder or one above it.
    """
    if not folder:
        return files
    start = f"{folder}/"

    @contextlib.contextmanager
    def reader() -> Iterator[Read]:
        with files.reader() as read:
            yield lambda name: read(start + name)

    def names(paths: Sequence[str]) -> tuple[str, ...]:
        return tuple(name.removeprefix(start) for name in paths if name.startswith(start))

    return replace(
        files,
        names=names(files.names),
        folders=names(files.folders),
        stamp=bytes_digest(f"{files.stamp} {folder}".encode()),
        reader=reader,
    )


def common_folder(names: Sequence[str]) -> str:
    """Return the deepest folder that holds all the files; `""` for the top."""
    parents = [name.split("/")[:-1] for name in names]
    return "/".join(os.path.commonprefix(parents))
