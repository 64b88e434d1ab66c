"""Files of a data set in a zip archive, read into memory; nothing is ever extracted.

A single member that no honest archive of images has (a path that leads out, a link, a
device, encryption, the same name twice, a bomb) refuses the whole archive.
"""

import contextlib
import hashlib
import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ganzoo.data.folder import Files, Read, is_hidden
from ganzoo.errors import InvalidInput
from ganzoo.files.reading import open_regular, read_again
from ganzoo.files.text import environment_problem, quote

MAX_MEMBERS = 500_000
MAX_MEMBER_BYTES = 64 << 20
MAX_RATIO = 200  # of a member over 1 MiB; images are compressed already
_MAX_DIRECTORY_BYTES = 128 << 20
_END_BYTES = 65_535 + 22 + 20 + 56  # the longest comment and the records before it
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# "end of central directory", plain and zip64, up to their number of members and its length
_END = re.compile(rb"PK\x05\x06.{6}(.{2})(.{4})|PK\x06\x06.{28}(.{8})(.{8})", re.DOTALL)


def open_zip(path: str | os.PathLike) -> Files:
    """List the directory of a zip archive, without reading a member.

    Raises:
        UsageError: There is no such file.
        InvalidInput: Not a zip archive, or one with a member that must not be there.
        EnvironmentProblem: The system does not let us read it.
    """
    path = Path(path).resolve()
    with _opened(path) as archive:
        members = _members(archive, path)
        stamp = _stamp(path)

    @contextlib.contextmanager
    def reader() -> Iterator[Read]:
        with _opened(path) as archive:
            _check_unchanged(path, stamp)
            yield lambda name: _read(archive, members[name], path)
            _check_unchanged(path, stamp)

    return Files(
        where=path,
        names=tuple(sorted(name for name in members if not name.endswith("/"))),
        folders=tuple(sorted(name.rstrip("/") for name in members if name.endswith("/"))),
        stamp=stamp,
        reader=reader,
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with open_regular(path) as file:
        _check_end(file, path)
        try:
            archive = zipfile.ZipFile(file)
        except OSError as error:
            raise environment_problem("read", path, error) from error
        except Exception as fault:  # zipfile raises much more than BadZipFile on hostile bytes
            raise _damaged(path, fault) from fault
        with archive:
            yield archive


def _stamp(path: Path) -> str:
    status = path.stat()
    text = f"{path}\0{status.st_size}\0{status.st_mtime_ns}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _check_unchanged(path: Path, stamp: str) -> None:
    if not path.exists() or _stamp(path) != stamp:
        raise InvalidInput(f"The archive {quote(path)} changed while it was being read.")


def _check_end(file: BinaryIO, path: Path) -> None:
    """Refuse a directory of absurd size before Python builds a million objects for it."""
    try:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _END_BYTES))
        ends = _END.findall(file.read())
        file.seek(0)
    except OSError as error:
        raise environment_problem("read", path, error) from error
    if not ends:
        raise InvalidInput(
            f"Expected a zip archive. Received: {quote(path)}, which is none or is cut off."
        )
    for fields in ends:
        count, length = (int.from_bytes(field, "little") for field in fields if field)
        # 0xFFFF and 0xFFFFFFFF say that the number stands in the zip64 record
        if count > MAX_MEMBERS or (length != 0xFFFFFFFF and length > _MAX_DIRECTORY_BYTES):
            raise _refused(path, f"a directory of {count:,} members in {length:,} bytes")


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the members that are data by name, after a check of every member."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise _refused(path, f"{len(infos):,} members; the limit is {MAX_MEMBERS:,}")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        problem = _problem(info)
        if problem is None and info.filename in members:
            problem = "it is there twice"
        if problem is not None:
            raise _refused(path, f"the member {quote(info.filename)}: {problem}")
        if not any(is_hidden(part) for part in info.filename.split("/")):
            members[info.filename] = info
    return members


def _problem(info: zipfile.ZipInfo) -> str | None:
    """Return what is wrong with a member by its entry in the directory; `None` if nothing is."""
    # orig_filename: Python cuts the other one at the first NUL
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    parts = name.removesuffix("/").split("/")
    if "\0" in name or "\\" in name or re.match("[A-Za-z]:", name):
        return "its name is not a plain relative path"
    if any(part in ("", ".", "..") for part in parts):
        return "its path is not plain, or leads out of the archive"
    if info.header_offset < 0:
        return "it begins before the archive does"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is a link, pipe or device, not an ordinary file"
    if info.is_dir():
        return None if info.file_size == 0 else "it is a folder with content"
    if info.compress_type not in _METHODS:
        return f"its compression ({info.compress_type}) is neither 'stored' nor 'deflated'"
    if info.file_size > MAX_MEMBER_BYTES:
        return f"it unpacks to {info.file_size:,} bytes; the limit is {MAX_MEMBER_BYTES:,}"
    if info.file_size > (1 << 20) and info.file_size > MAX_RATIO * max(1, info.compress_size):
        return f"{info.compress_size:,} bytes unpack to {info.file_size:,}, as in a zip bomb"
    return None


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    return read_again(lambda: _read_once(archive, info, path))


def _read_once(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    try:
        with archive.open(info) as member:
            data = member.read(info.file_size + 1)
    except OSError as error:
        raise environment_problem("read", path, error) from error
    except Exception as fault:  # a wrong checksum, another name in the local header, ...
        raise _damaged(path, fault, info.filename) from fault
    if len(data) != info.file_size:
        raise _refused(path, f"the member {quote(info.filename)}: its size is not the stated one")
    return data


def _refused(path: Path, problem: str) -> InvalidInput:
    return InvalidInput(f"The archive {quote(path)} is refused. Received: {problem}.")


def _damaged(path: Path, fault: Exception, member: str | None = None) -> InvalidInput:
    what = "The archive" if member is None else f"The member {quote(member)} of the archive"
    reason = " ".join(str(fault).split()) or type(fault).__name__
    return InvalidInput(f"{what} {quote(path)} is damaged or cut off: {reason}.")
