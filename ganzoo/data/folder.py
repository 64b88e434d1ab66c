"""Files of a data set in a folder, and the classes that its folders stand for."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ganzoo.data.decoding.arrays import TIFF_SUFFIXES
from ganzoo.data.images import SUFFIX_FAMILIES, SUFFIXES
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import environment_problem, quote

MAX_FILE_BYTES = 256 << 20  # one image, or one list of attributes

_SYSTEM_NAMES = ("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "icon\r")

Read = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of a folder or an archive.

    Args:
        where: Path of the folder or archive.
        names: Relative paths of the files, with `/`, sorted by code point.
        folders: Relative paths of the folders, likewise.
        stamp: Quick identity that changes whenever a file is added, removed or renamed, or its
            size or time of modification changes. No two paths share one.
        reader: Context manager whose value is a function from name to bytes. It ends in an error
            if anything has changed since the names were listed.
    """

    where: Path
    names: tuple[str, ...]
    folders: tuple[str, ...]
    stamp: str
    reader: Callable[[], AbstractContextManager[Read]]

    def image_names(self) -> tuple[str, ...]:
        """Return the names that end like those of images: PNG and its like, else TIFF, else NumPy.

        Raises:
            InvalidInput: There is none.
        """
        for suffixes in SUFFIX_FAMILIES:
            names = tuple(name for name in self.names if name.lower().endswith(suffixes))
            if names:
                return names
        raise InvalidInput(
            f"There is no image in {quote(self.where)}; expected PNG, JPEG, WebP, TIFF or NumPy"
            f" files. Received: {len(self.names):,} other files.",
        )


def single_images(files: Files) -> list[str]:
    """Return the names of images that need not be of one kind, and say what is left out.

    PNG and its like and TIFF count together, since each image is used by itself.

    Raises:
        InvalidInput: There is none.
    """
    names = [name for name in files.names if name.lower().endswith(SUFFIXES + TIFF_SUFFIXES)]
    names = names or list(files.image_names())
    for sentence in left_out(files, set(names)):
        notice(sentence)
    return names


def left_out(files: Files, used: Container[str]) -> list[str]:
    """Return a sentence on the files that are not among those that are used, if there are any."""
    others = [file for file in files.names if file not in used]
    if not others:
        return []
    examples = ", ".join(repr(file) for file in others[:3])
    return [
        f"Left out {len(others):,} of {len(files.names):,} files, not named like the images that"
        f" are read: {examples}{', ...' if others[3:] else ''}."
    ]


def open_folder(path: str | os.PathLike) -> Files:
    """List everything in a folder, without reading a file.

    Hidden files and folders (`.name`) and those of a system (`Thumbs.db`) are passed over. A
    symbolic link may stand for a file inside the folder and for nothing else.

    Raises:
        UsageError: There is no such folder.
        InvalidInput: It holds a link that leads out or to a folder, a pipe, socket or device,
            or a name that is not UTF-8.
        EnvironmentProblem: The system does not let us look.
    """
    root = Path(path)
    if not root.is_dir():
        raise UsageError(
            f"Expected a folder of images. Received: {quote(root)}, which"
            f" {'is a file' if root.exists() else 'does not exist'}.",
            hint="Check the path; a zip archive is read by the data set 'zip'."
            if root.is_file()
            else "Check the path.",
        )
    root = root.resolve()
    try:
        found = sorted(_walk(root, ""))
    except OSError as error:
        raise environment_problem("read", error.filename or root, error) from error
    stamp = hashlib.sha256(f"{root}\n".encode("utf-8", "surrogateescape"))
    for name, status in found:
        if status is not None:
            stamp.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())

    @contextlib.contextmanager
    def reader() -> Iterator[Read]:
        yield lambda name: read_file(root, name)
        if open_folder(root).stamp != files.stamp:
            raise InvalidInput(f"The folder {quote(root)} changed while it was being read.")

    files = Files(
        where=root,
        names=tuple(name for name, status in found if status is not None),
        folders=tuple(name for name, status in found if status is None),
        stamp=stamp.hexdigest(),
        reader=reader,
    )
    return files


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is a system's, not part of the data: `.DS_Store`."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def _walk(root: Path, folder: str) -> Iterator[tuple[str, os.stat_result | None]]:
    """Yield relative name and status of every file; `None` instead of a status for a folder."""
    with os.scandir(root / folder) as entries:
        for entry in entries:
            if is_hidden(entry.name):
                continue
            name = folder + entry.name
            _check_text(name, root)
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                status = _linked(root, name)
            if stat.S_ISDIR(status.st_mode):
                yield name, None
                yield from _walk(root, name + "/")
            elif stat.S_ISREG(status.st_mode):
                yield name, status
            else:
                raise InvalidInput(
                    "Only ordinary files and folders belong into a data set, no pipe, socket or"
                    f" device. Received: {quote(name)} in {quote(root)}."
                )


def _linked(root: Path, name: str) -> os.stat_result:
    """Return the status of the file inside the folder that a link leads to."""
    with contextlib.suppress(OSError, RuntimeError):  # it leads nowhere, or round in a circle
        target = (root / name).resolve(strict=True)
        if target.is_file() and target.is_relative_to(root):
            return target.stat()
    raise InvalidInput(
        "A symbolic link may only stand for a file inside the data set's own folder."
        f" Received: {quote(name)} in {quote(root)}.",
        hint="Copy the files in, or give the folder that the link leads to.",
    )


def _check_text(name: str, root: Path) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidInput(
            f"The name of a file must be UTF-8. Received: {os.fsencode(name)!r} in {quote(root)}."
        ) from None


def read_file(root: Path, name: str) -> bytes:
    """Return the content of a file that `open_folder` has listed, whatever else has changed.

    Args:
        root: The folder, without links in its path.
        name: Relative path of the file.

    Raises:
        InvalidInput: It cannot be read, or is gone.
    """
    path = root / name
    try:
        return read_bytes(path.resolve() if path.is_symlink() else path, limit=MAX_FILE_BYTES)
    except (EnvironmentProblem, UsageError) as error:  # unreadable, or gone since it was listed
        raise InvalidInput(f"The file {name!r} cannot be read: {error.message}") from error


def class_labels(
    files: Files, image_names: Sequence[str]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return the classes of images by the folders that they lie in.

    Folders that all images share are passed over; the next one down names the class. If
    the images then lie in no folder, or all in one, there are no classes.

    Args:
        files: Files that the images are among; its empty folders are refused.
        image_names: Names of the images.

    Returns:
        int32 labels (n,) and the names of the classes in sorted order, or `None` and `()`.

    Raises:
        InvalidInput: Only some of the images lie in a class folder, or one is empty.
    """
    parents = [PurePosixPath(name).parent.parts for name in image_names]
    shared = os.path.commonprefix(parents)
    own = [parts[len(shared)] if len(parts) > len(shared) else None for parts in parents]
    if all(name is None for name in own):
        _check_sibling_folders(files, shared)
        return None, ()
    if None in own:
        loose = image_names[own.index(None)]
        raise InvalidInput(
            "Either every image lies in the folder of its class, or none does."
            f" Received: {quote(loose)} beside {_plural(own)} in {quote(files.where)}."
        )
    names = tuple(sorted({name for name in own if name is not None}))
    for name in _children(files, shared):
        if name not in names:
            raise _empty_class("/".join((*shared, name)), files)
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[name] for name in own if name is not None], dtype=np.int32), names


def _children(files: Files, parent: Sequence[str]) -> list[str]:
    """Return the names of the folders that lie directly in `parent`."""
    paths = (PurePosixPath(folder) for folder in files.folders)
    return [path.name for path in paths if path.parent.parts == tuple(parent)]


def _check_sibling_folders(files: Files, shared: Sequence[str]) -> None:
    """Refuse empty folders beside the only one with images: classes that are not filled yet."""
    for name in _children(files, shared[:-1]) if shared else ():
        folder = "/".join((*shared[:-1], name))
        if not any(file.startswith(folder + "/") for file in files.names):
            raise _empty_class(folder, files)


def _empty_class(folder: str, files: Files) -> InvalidInput:
    return InvalidInput(
        f"A class needs at least one image. Received: the folder {quote(folder)} without any,"
        f" in {quote(files.where)}.",
        hint="Remove the folder, or put its images in.",
    )


def _plural(own: Sequence[str | None]) -> str:
    names = sorted({name for name in own if name is not None})
    folders = ", ".join(repr(name) for name in names[:3])
    return f"the folder{'s' if len(names) > 1 else ''} {folders}{', ...' if names[3:] else ''}"
