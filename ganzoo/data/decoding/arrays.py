"""Images as arrays of any type and 1 to 64 channels: TIFF, NumPy's files, and PNG of 16 bits.

Values are kept as they are. What cannot be kept is refused: 64-bit integers out of the range of 32
bits, complex numbers, NaN. 64-bit floats become 32-bit ones, in which GANs compute.
"""

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

from ganzoo.errors import EnvironmentProblem, InvalidInput
from ganzoo.files.images.png_chunks import encode_png_chunks

TIFF_SUFFIXES, NUMPY_SUFFIXES = (".tif", ".tiff"), (".npy", ".npz")
MAX_CHANNELS = 64
_MAX_BYTES = 1 << 30  # of one image


def read_array(data: bytes, name: str) -> np.ndarray:
    """Return the image in a TIFF, `.npy` or `.npz` file: (height, width, channels).

    The pages of a TIFF are channels, and so is the first axis of an array of three where it is
    the smallest one. A `.npz` file holds one array.

    Args:
        data: Bytes of the file.
        name: Name of the file, for the error.

    Raises:
        InvalidInput: It holds no such image, or is damaged.
        EnvironmentProblem: It is a TIFF, and tifffile is not installed.
    """
    if name.lower().endswith(TIFF_SUFFIXES):
        read = _read_tiff
    else:
        read = _read_npz if name.lower().endswith(".npz") else _read_npy
    try:
        return _as_image(read(data))
    except (MemoryError, EnvironmentProblem):
        raise
    except Exception as fault:  # a decoder may raise anything on a hostile file
        reason = " ".join(str(fault).split()) or type(fault).__name__
        raise InvalidInput(f"The image {name!r} cannot be used: {reason}.") from fault


def _read_npy(data: bytes) -> np.ndarray:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else None
    shape, fortran, dtype = (header or np.lib.format.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not read")
    count = int(np.prod(shape, dtype=object))
    if count * dtype.itemsize > len(data) - file.tell():
        raise ValueError("it is cut off")
    array = np.frombuffer(data, dtype, count, file.tell())
    return array.reshape(shape, order="F" if fortran else "C")


def _read_npz(data: bytes) -> np.ndarray:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (member, *others) = archive.infolist() or [None]
        if member is None or others or not member.filename.endswith(".npy"):
            raise ValueError(f"one array is expected; it holds {len(archive.namelist())} files")
        if member.file_size > _MAX_BYTES:
            raise ValueError(f"it unpacks to {member.file_size:,} bytes")
        with archive.open(member) as file:
            return _read_npy(file.read(member.file_size))


def _read_tiff(data: bytes) -> np.ndarray:
    try:
        import tifffile
    except ImportError:
        raise EnvironmentProblem(
            "TIFF files are read by tifffile, which is not installed.",
            hint="pip install 'keras-ganzoo[science]'",
        ) from None
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        series = file.series[0]
        if len(file.series) > 1:
            raise ValueError(f"it holds {len(file.series)} images of different shapes")
        if series.size * series.dtype.itemsize > _MAX_BYTES:
            raise ValueError(f"it has {series.size:,} values")
        if file.pages.first.photometric == tifffile.PHOTOMETRIC.PALETTE:
            raise ValueError("its colors stand in a palette; save it as RGB")
        array = series.asarray()
        if file.pages.first.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
            array = ~array if array.dtype.kind in "bu" else -array
    while array.ndim > 3 and 1 in array.shape:
        array = array.squeeze(array.shape.index(1))
    return array


def _as_image(array: np.ndarray) -> np.ndarray:
    """Return an array as (height, width, channels) of a type that data sets have."""
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 3 and array.shape[0] < min(array.shape[1:]):  # pages, or channels first
        array = np.moveaxis(array, 0, -1)
    if array.ndim != 3 or 0 in array.shape or array.shape[2] > MAX_CHANNELS:
        raise ValueError(
            f"an image of 1 to {MAX_CHANNELS} channels is expected; its shape is {array.shape}"
        )
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind == "f":
        array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError("it has values that are not finite in 32 bits")
        return np.ascontiguousarray(array)
    if kind == "u" and size <= 4:
        return np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    if kind not in "iu":
        raise ValueError(f"its values are {array.dtype}, neither integers nor floats")
    low, high = int(array.min()), int(array.max())
    if low < -(2**31) or high >= 2**31:
        raise ValueError(f"its values reach from {low:,} to {high:,}, more than 32 bits hold")
    return np.ascontiguousarray(array, np.int32)


def is_deep_png(data: bytes) -> bool:
    """Return whether the bytes are a PNG of 16 bits per channel."""
    return data.startswith(b"\x89PNG") and data[24:25] == b"\x10"


def read_deep_png(data: bytes) -> np.ndarray:
    """Return the pixels of a PNG of 16 bits per channel, uint16 (height, width, channels).

    Pillow reads gray ones alone. In the filters of PNG (https://www.w3.org/TR/png, section 9)
    channels do not see each other, so each one is a gray PNG if its bytes are picked out.

    Raises:
        ValueError: It is interlaced, or damaged.
    """
    width, height = struct.unpack(">2I", data[16:24])
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[data[25]]
    if data[28]:
        raise ValueError("it is interlaced, with 16 bits per channel; save it without")
    rows = np.frombuffer(_inflate(data, height * (1 + 2 * channels * width)), np.uint8)
    rows = rows.reshape(height, -1)
    pixels = rows[:, 1:].reshape(height, width, channels, 2)
    header = struct.pack(">2I", width, height) + b"\x10\0\0\0\0"
    found = []
    for channel in range(channels):
        gray = np.concatenate([rows[:, :1], pixels[:, :, channel].reshape(height, -1)], axis=1)
        png = encode_png_chunks([(b"IHDR", header), (b"IDAT", zlib.compress(gray.tobytes(), 0))])
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            found.append(np.asarray(image).astype(np.uint16))
    return np.stack(found, axis=-1)


def _inflate(png: bytes, size: int) -> bytes:
    """Return the unpacked data of a PNG, not one byte more than there must be."""
    unpacker, at, found = zlib.decompressobj(), 8, b""
    while at + 12 <= len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            found += unpacker.decompress(png[at + 8 : at + 8 + length], size + 1 - len(found))
        at += 12 + length
    if len(found) != size:
        raise ValueError("it is damaged or cut off")
    return found
