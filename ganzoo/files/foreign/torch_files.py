"""Files of PyTorch, in the zip layout and in the one before version 1.6; plain pickles.

The layouts: torch/serialization.py of PyTorch, `_save` and `_legacy_save`.
"""

import zipfile
from typing import Any, BinaryIO

from ganzoo.files.foreign.constructors import STORAGES
from ganzoo.files.foreign.pickle_reader import PickleReader
from ganzoo.files.foreign.stand_ins import Limits, Name, Pairs, Refused, Span, Storage

_MAGIC = 0x1950A86A20F9469CFC6C  # of the older layout
_REVERSED = "its numbers have the bytes of a big-endian machine"


def read_archive(file: BinaryIO, archive: zipfile.ZipFile, size: int) -> Any:
    """Return the value of a file in the zip layout, whose storages stay in the file.

    Args:
        file: File.
        archive: The same, as an archive.
        size: Number of bytes of the file.
    """
    (listing,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
    folder = listing.removesuffix("data.pkl")
    if f"{folder}byteorder" in archive.NameToInfo:
        order = member(file, archive.getinfo(f"{folder}byteorder"), size)
        file.seek(order.start)
        if file.read(min(order.length, 3)) == b"big":
            raise Refused(_REVERSED)

    def persistent(identity: Any) -> Storage:
        storage, key = _storage(identity)
        content = member(file, archive.getinfo(f"{folder}data/{key}"), size)
        if content.length != storage.count * storage.dtype.itemsize:
            raise Refused("a storage is not of its size")
        storage.content = content
        return storage

    def nested(_: Span) -> Any:
        raise Refused("it holds a file in a file")

    span = member(file, archive.getinfo(listing), size)
    return PickleReader(file, span, Limits(), persistent=persistent, nested=nested).run()


def read_stream(file: BinaryIO, span: Span, limits: Limits, *, within: bool = False) -> Any:
    """Return the value of a pickle, or of a file in the older layout.

    Args:
        file: File.
        span: Part of the file in which it lies.
        limits: Limits of the whole file, which are used up.
        within: Whether it lies in a pickle, so that it must be of the older layout.
    """
    storages: dict[str, Storage] = {}

    def persistent(identity: Any) -> Any:
        if isinstance(identity, tuple) and identity[0] in ("module",):
            return identity[1]  # a class, with its source text
        storage, key = _storage(identity)
        return storages.setdefault(key, storage)

    def nested(span: Span) -> Any:
        if within:
            raise Refused("it holds a file in a file in a file")
        return read_stream(file, span, limits, within=True)

    reader = PickleReader(file, span, limits, persistent=persistent, nested=nested)
    value = reader.run()
    if type(value) is not int or value != _MAGIC:
        if storages or within:
            raise Refused("it is not a file of PyTorch")
        return value
    reader.run()  # the version
    machine = reader.run()
    if isinstance(machine, Pairs) and any(
        key in ("little_endian",) and value is False for key, value in machine
    ):
        raise Refused(_REVERSED)
    value = reader.run()
    for key in reader.run():
        storage = storages[key if isinstance(key, str) else ""]  # a deep tuple has no hash
        if storage.content is not None or reader.number(8) != storage.count:
            raise Refused("a storage is not of its size")
        storage.content = reader.span(storage.count * storage.dtype.itemsize)
    return value


def _storage(identity: Any) -> tuple[Storage, str]:
    if not isinstance(identity, tuple) or not 5 <= len(identity) <= 6:
        raise Refused("it has a storage of an unknown kind")
    kind, name, key, _, count, *view = identity
    if (
        not (isinstance(kind, str) and kind == "storage" and isinstance(name, Name))
        or not isinstance(key, str)
        or not (type(count) is int and count >= 0)
        or view not in ([], [None])
    ):
        raise Refused("it has a storage of an unknown kind")
    return Storage(STORAGES[name.text], count), key


def member(file: BinaryIO, info: zipfile.ZipInfo, size: int) -> Span:
    """Return where the bytes of a member of an archive lie, which must not be compressed."""
    file.seek(info.header_offset)
    header = file.read(30)
    lengths = (header[26:28], header[28:30])  # of the name, and of what follows it
    start = info.header_offset + 30 + sum(int.from_bytes(n, "little") for n in lengths)
    if (
        not header.startswith(b"PK\x03\x04")
        or info.compress_type != zipfile.ZIP_STORED
        or info.file_size != info.compress_size
        or start + info.file_size > size
    ):
        raise Refused("it is compressed or damaged, which such files are not")
    return Span(start, info.file_size, crc=info.CRC)
