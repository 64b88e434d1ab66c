"""Weights files of PyTorch, Keras, NVIDIA, TensorFlow's StyleGANs, NumPy, ncnn and safetensors."""

import errno
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from typing import Any

import numpy as np

from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput
from ganzoo.files.foreign.hdf5_files import SIGNATURE, read_hdf5
from ganzoo.files.foreign.ncnn_files import MAGIC, open_numbers, read_layers
from ganzoo.files.foreign.stand_ins import Limits, Refused, Span, Tensor
from ganzoo.files.foreign.tensor_names import MAX_TENSORS, TensorNames
from ganzoo.files.foreign.torch_files import member, read_archive, read_stream
from ganzoo.files.reading import open_regular
from ganzoo.files.safetensors import DTYPE_NAMES, read_header
from ganzoo.files.strict_json import parse_object
from ganzoo.files.text import environment_problem, quote

_MAX_DIRECTORY_BYTES = 4 * 2**20  # of a zip archive
_MAX_ARRAY_HEADER = 2_000  # characters
_MAX_RATIO = 16  # of the bytes of all arrays to those of the file
_SLACK_BYTES = 2**20
_KERAS_MEMBER = "model.weights.h5"  # of a .keras archive
_MAX_TEXT = 512  # characters of a text in the metadata
_MAX_TEXTS = 4_096
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile bounds no others
_DAMAGED = "it is damaged, or something else"
_HINT = (
    "Download it again, or save the weights alone with the library that wrote it: "
    "`torch.save(model.state_dict(), ...)`, or safetensors."
)


@dataclass(frozen=True, kw_only=True)
class LazyArray:
    """An array in a file.

    Args:
        dtype: Type of its numbers, in this machine's order of bytes.
        shape: Its sizes.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    _path: str = field(repr=False)
    _load: Callable[[], np.ndarray] = field(repr=False)

    def read(self) -> np.ndarray:
        """Return the numbers as an array in C order; those of bfloat16 have ml_dtypes' type.

        Raises:
            InvalidInput: They are damaged.
            EnvironmentProblem: They cannot be read, or memory does not suffice.
        """
        with _explained(self._path):
            return self._load()


class ForeignWeights(Mapping[str, LazyArray]):
    """Arrays of a weights file by name, and its plain values.

    A name joins the keys, positions and submodules that lead to an array by dots:
    `"G_ema.synthesis.b4.conv1.weight"`, `"0.4x4/Conv/weight"` in the first of a tuple.

    Args:
        arrays: Arrays by name.
        metadata: Numbers, truth values and short texts of the file, by names like these:
            `"args.lr"`, `"G.init_kwargs.z_dim"`; the first few thousand.
        file: File that stays open until `close`.
    """

    def __init__(
        self, arrays: dict[str, LazyArray], metadata: dict[str, Any], file: BufferedReader
    ):
        self.metadata = metadata
        self._arrays, self._file = arrays, file

    def __getitem__(self, name: str) -> LazyArray:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "ForeignWeights":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_weights(path: str | os.PathLike) -> ForeignWeights:
    """Open a weights file of another library, to be used in a `with` statement.

    Read are files of `torch.save` in both layouts, with dictionaries, lists, `Namespace` and
    modules of `torch.nn`; pickles of NVIDIA's and R3GAN's networks and of TensorFlow's StyleGANs,
    or with arrays of NumPy; `.keras`, and HDF5 as Keras writes it; `.npz`; safetensors; `.param` of
    ncnn, with the `.bin` beside it. Nothing in the file is run or imported.

    Args:
        path: Path of the file; a symbolic link is followed.

    Raises:
        UsageError: There is no such file.
        InvalidInput: It is none of these, holds code or no arrays, is damaged, or would cost
            more memory or time than its size allows.
        EnvironmentProblem: It cannot be read, or memory does not suffice.
    """
    path = os.fsdecode(path)
    file = open_regular(path, follow_symlinks=True)
    try:
        with _explained(path):
            if file.read(len(MAGIC)) == MAGIC:
                with file as layers:
                    file = open_numbers(path)
                    found, metadata = read_layers(layers, file)
                arrays = {name: _lazy(file, tensor) for name, tensor in found.items()}
                size = os.fstat(file.fileno()).st_size
            else:
                size = file.seek(0, os.SEEK_END)
                arrays, metadata = _open(file, size, path)
            if not arrays or len(arrays) > MAX_TENSORS:
                raise Refused("it holds no arrays, or too many")
            if sum(cost for *_, cost in arrays.values()) > _MAX_RATIO * size + _SLACK_BYTES:
                raise Refused("its arrays would take many times the bytes that it has")
        lazy = {
            name: LazyArray(dtype=dtype, shape=shape, _path=path, _load=load)
            for name, (dtype, shape, load, _) in arrays.items()
        }
        return ForeignWeights(lazy, metadata, file)
    except BaseException:
        file.close()
        raise


_Array = tuple[np.dtype, tuple[int, ...], Callable[[], np.ndarray], int]  # and bytes to be read


def _open(file: BufferedReader, size: int, path: str) -> tuple[dict[str, _Array], dict[str, Any]]:
    file.seek(0)
    start = file.read(9)
    if start.startswith(b"PK\x03\x04"):
        directory = _DirectoryLimit(file)
        archive = zipfile.ZipFile(directory)  # type: ignore[arg-type]
        directory.limit = size
        if _KERAS_MEMBER in archive.NameToInfo:
            span = member(file, archive.getinfo(_KERAS_MEMBER), size)
            names = TensorNames(read_hdf5(file, span, Limits()))
            return {name: _lazy(file, one) for name, one in names.tensors.items()}, {}
        if not any(name.endswith("/data.pkl") for name in archive.namelist()):
            return _open_npz(archive), {}
        root = read_archive(file, archive, size)
    elif start.startswith(SIGNATURE):
        root = read_hdf5(file, Span(0, size), Limits())
    elif start[8:] == b"{" and int.from_bytes(start[:8], "little") <= size - 8:
        return _open_safetensors(file, path)
    else:
        root = read_stream(file, Span(0, size), Limits(nested=size))
    names = TensorNames(root)
    return {name: _lazy(file, tensor) for name, tensor in names.tensors.items()}, names.metadata


class _DirectoryLimit:
    """The file as zipfile sees it, which would read a directory of any size."""

    def __init__(self, file: BufferedReader):
        self.file, self.limit = file, _MAX_DIRECTORY_BYTES

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def read(self, count: int = -1) -> bytes:
        if count > self.limit:
            raise Refused("its directory is too large")
        return self.file.read(count)


def _open_npz(archive: zipfile.ZipFile) -> dict[str, _Array]:
    arrays: dict[str, _Array] = {}
    for info in archive.infolist()[: MAX_TENSORS + 1]:
        name = info.filename.removesuffix(".npy")
        if name in arrays or name == info.filename or info.compress_type not in _COMPRESSIONS:
            raise Refused("it holds something else than arrays")
        with archive.open(info) as member:
            if np.lib.format.read_magic(member) != (1, 0):
                raise Refused("an array has a header of an unknown version")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(
                member, max_header_size=_MAX_ARRAY_HEADER
            )
            start = member.tell()
        if dtype.newbyteorder("=").name not in DTYPE_NAMES:
            raise Refused("it holds an array of something else than numbers")
        tensor = Tensor.contiguous(dtype, shape, b"", fortran=fortran)

        def load(info=info, start=start, tensor=tensor) -> np.ndarray:
            with archive.open(info) as member:
                member.read(start)
                content = member.read(tensor.nbytes + 1)
            return _view(tensor, np.frombuffer(content, tensor.dtype))

        arrays[name] = (dtype.newbyteorder("="), tensor.shape, load, info.file_size)
    return arrays


def _open_safetensors(file: BufferedReader, path: str) -> tuple[dict[str, _Array], dict[str, Any]]:
    header = read_header(os.path.realpath(path))
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    entries: Any = parse_object(file.read(length), "the header")
    arrays = {}
    for name, info in header.tensors.items():
        start, end = entries[name]["data_offsets"]
        if type(start) is not int or start < 0 or end != start + info.nbytes:
            raise Refused("a tensor is not of its size")
        content = Span(8 + length + start, info.nbytes)
        arrays[name] = _lazy(file, Tensor.contiguous(info.dtype, info.shape, content))
    texts = [(key, text) for key, text in header.metadata.items() if len(text) <= _MAX_TEXT]
    return arrays, dict(texts[:_MAX_TEXTS])


def _lazy(file: BufferedReader, tensor: Tensor) -> _Array:
    dtype = tensor.dtype.newbyteorder("=")
    return dtype, tensor.shape, lambda: _view(tensor, _elements(file, tensor)), tensor.nbytes


def _elements(file: BufferedReader, tensor: Tensor) -> np.ndarray:
    """Return what a tensor views, from its first to its last number."""
    content, start = tensor.source.content, tensor.offset * tensor.dtype.itemsize
    if isinstance(content, Span) and content.encoding:
        file.seek(content.start)
        content = file.read(content.length).decode(content.encoding).encode("latin-1")
        if len(content) != tensor.nbytes:
            raise Refused("an array has a shape that its numbers cannot have")
    if isinstance(content, bytes):
        return np.frombuffer(content[start : start + tensor.nbytes], tensor.dtype)
    if content is None:
        raise Refused("a tensor has no numbers")
    flat = np.empty(tensor.extent, tensor.dtype)
    raw = memoryview(flat.view(np.uint8))  # type: ignore[arg-type]
    file.seek(content.start + start)
    if file.readinto(raw) != tensor.nbytes:
        raise Refused("it ends too early")
    whole = tensor.nbytes == content.length
    if whole and content.crc is not None and zlib.crc32(raw) != content.crc:
        raise Refused("the checksum of an array differs")
    return flat


def _view(tensor: Tensor, flat: np.ndarray) -> np.ndarray:
    if flat.size != tensor.extent:
        raise Refused("an array is not of its size")
    if tensor.dtype == bool:
        flat = flat.view(np.uint8) != 0  # other bytes than 0 and 1 are no truth values
    strides = [step * tensor.dtype.itemsize for step in tensor.strides]
    view = np.lib.stride_tricks.as_strided(flat, tensor.shape, strides)
    array = view.astype(tensor.dtype.newbyteorder("="), order="C", copy=False)
    return array if array.flags.writeable else array.copy()


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn whatever a hostile file raises into an error of ours, without its content."""
    try:
        yield
        return
    except GanzooError:
        raise
    except MemoryError as error:
        raise EnvironmentProblem(f"Not enough memory to read {quote(path)}.") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a position before the beginning
            raise environment_problem("read", path, error) from error
        reason = _DAMAGED
    except Refused as error:
        reason = str(error)
    except Exception:  # of zipfile, of NumPy, of values of other types than expected
        reason = _DAMAGED
    raise InvalidInput(
        "Expected a weights file of PyTorch (.pt, .pth, .pkl), Keras (.keras, .h5), NumPy (.npz), "
        "ncnn (.param, beside .bin) or safetensors. "
        f"Received: {quote(path)}: {reason}.",
        hint=_HINT,
    ) from None
