"""numpy arrays as the bytes of a weights file, bit for bit, and back.

Bytes are little-endian and in C order, whatever the array's own layout. Only the types
that every reader of safetensors knows are allowed.
"""

import numpy as np

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.text import quote

# The name in a file -> the name in numpy.
DTYPES = {
    "BOOL": "bool",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
}
ITEM_SIZES = {
    name: 2 if name == "BF16" else np.dtype(numpy_name).itemsize
    for name, numpy_name in DTYPES.items()
}
_STORED = {numpy_name: name for name, numpy_name in DTYPES.items()}


def stored(name: str, array: np.ndarray) -> tuple[str, tuple[int, ...], memoryview]:
    """The type, shape and bytes of an array, as a weights file holds them.

    Args:
        name: The tensor's name, for the message.
        array: Any layout and byte order; a view is copied only where it must be.
    """
    array = np.asarray(array)
    dtype = _STORED.get(array.dtype.name)
    if dtype is None:
        raise UsageError(
            f"Tensor {quote(name)} has a type that a weights file cannot hold: expected one of "
            f"{', '.join(_STORED)}. Received: {array.dtype}."
        )
    # Not ascontiguousarray, which turns a 0-d array into one of shape (1,).
    plain = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    flat = plain.reshape(-1).view(np.uint8)
    if dtype == "BOOL" and flat.size and flat.max() > 1:
        raise UsageError(f"Tensor {quote(name)} is bool but holds bytes other than 0 and 1.")
    return dtype, array.shape, flat.data


def restored(name: str, dtype: str, shape: tuple[int, ...], content: np.ndarray) -> np.ndarray:
    """The array whose bytes are `content`, without a copy.

    Args:
        name: The tensor's name, for the message.
        dtype: Its type in the file, e.g. `"F32"`.
        shape: Its shape; the number of bytes has been checked.
        content: A flat uint8 array that becomes the array's own memory.
    """
    if dtype == "BOOL" and content.size and content.max() > 1:
        raise InvalidInput(
            f"Tensor {quote(name)} is BOOL: expected bytes 0 and 1. Received: {content.max()}."
        )
    native = _numpy_dtype(dtype)
    return content.view(native.newbyteorder("<")).reshape(shape).astype(native, copy=False)


def _numpy_dtype(dtype: str) -> np.dtype:
    if dtype != "BF16":
        return np.dtype(DTYPES[dtype])
    try:
        import ml_dtypes  # only this type needs it; Keras always brings it
    except ImportError as error:
        raise EnvironmentProblem(
            "To read bfloat16 tensors, ml_dtypes must be installed.",
            hint="pip install ml_dtypes",
        ) from error
    return np.dtype(ml_dtypes.bfloat16)
