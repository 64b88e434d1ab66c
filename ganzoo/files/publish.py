"""Writing of files and folders that appear whole or not at all, and never replace another.

The protocol: a new name in the same folder (O_EXCL) with its final permissions, write,
fsync, then rename (or link, where nothing may be replaced), then fsync of the folder.
After a crash or a power cut there is the old content, or the new, or none; never a part.
Permissions are set before the first byte, so that content replacing a private file is
never public for a moment.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ganzoo.errors import UsageError
from ganzoo.files.leftovers import lock, remove, temporary_path
from ganzoo.files.text import environment_problem, printable_path, quote

# Called with a step's name and path just before the step is made. For tests: one that
# raises OSError makes the step fail, one that kills the process makes a crash.
on_step: list[Callable[[str, Path], None]] = []

# What a file system without hard links says: FAT, some network and cloud drives.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.ENOTSUP}
# What one says that cannot fsync a folder.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def publish(
    path: str | os.PathLike,
    data: bytes | Iterable[bytes],
    *,
    overwrite: bool = False,
) -> None:
    """Write a file.

    Args:
        path: Path of the file, in an existing folder.
        data: Content, or pieces of it in order.
        overwrite: Whether a regular file that is already there may be replaced; its permissions
            are kept.

    Raises:
        UsageError: Something is there that may not be replaced.
        EnvironmentProblem: The disk is full, a permission is missing, ...; nothing changed.
    """
    path = _target(path)
    temporary = temporary_path(path)
    try:
        descriptor = _create(temporary, _permissions_of_replaced(path, overwrite))
        try:
            lock(descriptor)
            _write(descriptor, temporary, data)
            step("publish", path)
            if overwrite:
                os.replace(temporary, path)
            else:
                _link(temporary, path)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
    except OSError as error:
        raise environment_problem("write", path, error) from error
    finally:
        remove(temporary)


def check_target(path: Path) -> None:
    """Check, before anything takes long, that a file or folder can be made.

    Raises:
        EnvironmentProblem: Its folder is missing or may not be written to, its name is too long.
    """
    folder = path.parent
    try:
        with suppress(FileNotFoundError):
            os.lstat(path)
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise environment_problem("write", path, error) from error


def publish_text(path: str | os.PathLike, text: str, *, overwrite: bool = False) -> None:
    """Write a file of UTF-8 text; see `publish`."""
    publish(path, text.encode("utf-8"), overwrite=overwrite)


def publish_folder(path: str | os.PathLike, write: Callable[[Path], None]) -> None:
    """Write a folder with all that is in it.

    Args:
        path: Path of the new folder.
        write: Function that fills an empty folder, whose path it is given.

    Raises:
        UsageError: Something is there.
        EnvironmentProblem: The disk is full, ...; also for an OSError that `write` raises.
    """
    path = _target(path)
    temporary = temporary_path(path)
    try:
        if os.path.lexists(path):
            raise _exists(path)
        step("create", temporary)
        os.mkdir(temporary)
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            lock(descriptor)
            write(temporary)
            _sync_tree(temporary)
            step("publish", path)
            try:
                os.rename(temporary, path)  # refuses a file, and a folder that is not empty
            except OSError as error:
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise _exists(path) from None
                raise
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
    except OSError as error:
        raise environment_problem("write", path, error) from error
    finally:
        remove(temporary)


def withdraw(path: Path) -> None:
    """Remove a published folder, whose name goes in one step; nothing if it is gone already."""
    temporary = temporary_path(path)
    try:
        step("withdraw", path)
        os.rename(path, temporary)
        step("remove", temporary)
        remove(temporary)
    except FileNotFoundError:
        pass  # somebody else has done it
    except OSError as error:
        raise environment_problem("remove", path, error) from error


def write_new(
    path: Path, data: bytes | Iterable[bytes | memoryview], *, permissions: int = 0o666
) -> None:
    """Write and fsync a new file inside `publish_folder`.

    Args:
        path: Path of the file.
        data: Content, or pieces of it in order.
        permissions: Permissions before the umask.
    """
    descriptor = _create(path, None, permissions)
    try:
        _write(descriptor, path, data)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Create a folder and its parents so that they outlast a power cut.

    Raises:
        EnvironmentProblem: The system refuses.
    """
    try:
        for folder in reversed((path, *path.parents)):
            if not folder.is_dir():
                with suppress(FileExistsError):
                    step("create", folder)
                    os.mkdir(folder)
                sync_folder(folder.parent)
    except OSError as error:
        raise environment_problem("make", path, error) from error


def step(name: str, path: Path) -> None:
    """Call the observers in `on_step` with the step that comes next."""
    for observe in on_step:
        observe(name, path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlast a power cut."""
    step("fsync", folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def _target(path: str | os.PathLike) -> Path:
    path = Path(printable_path(path, UsageError))
    if not path.name:
        raise UsageError(f"Expected the path of something new. Received: {quote(path)}.")
    return path


def _permissions_of_replaced(path: Path, overwrite: bool) -> int | None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if not overwrite:
        raise _exists(path)
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(
            "Only a regular file can be replaced, not a folder, link or device. "
            f"Received: {quote(path)}.",
            hint="Choose another path.",
        )
    return status.st_mode & 0o777


def _create(path: Path, mode: int | None, permissions: int = 0o666) -> int:
    step("create", path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(path, flags, permissions if mode is None else 0o600)
    if mode is not None:
        try:
            step("chmod", path)
            os.fchmod(descriptor, mode)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def _write(descriptor: int, path: Path, data: bytes | Iterable[bytes | memoryview]) -> None:
    pieces = [data] if isinstance(data, bytes | bytearray | memoryview) else data
    for piece in pieces:
        step("write", path)
        rest = memoryview(piece)
        rest = rest.cast("B") if rest.nbytes else rest
        while rest:
            rest = rest[os.write(descriptor, rest) :]  # it may take a part only
    step("fsync", path)
    os.fsync(descriptor)


def _link(temporary: Path, path: Path) -> None:
    """Give the file its name, unless the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Take the name first, then fill it: a crash between the two leaves an empty file.
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            raise _exists(path) from None
        os.replace(temporary, path)


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder, topdown=False):
        for name in sorted(names):
            path = Path(parent, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                step("fsync", path)
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        sync_folder(Path(parent))


def _exists(path: Path) -> UsageError:
    return UsageError(
        f"Something is there already, and nothing is overwritten. Received: {quote(path)}.",
        hint="Choose another path, or remove it first.",
    )
