"""Names that a pickle of weights may mention, and the stand-ins that they make.

The tables are closed: a pickle with any other name is refused before it is used.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ganzoo.files.foreign.stand_ins import (
    DType,
    Instance,
    Name,
    Pairs,
    Refused,
    Span,
    Storage,
    Tensor,
)
from ganzoo.files.safetensors import DTYPES

STORAGES = {
    "torch FloatStorage": DTYPES["F32"],
    "torch DoubleStorage": DTYPES["F64"],
    "torch HalfStorage": DTYPES["F16"],
    "torch BFloat16Storage": DTYPES["BF16"],
    "torch LongStorage": DTYPES["I64"],
    "torch IntStorage": DTYPES["I32"],
    "torch ShortStorage": DTYPES["I16"],
    "torch CharStorage": DTYPES["I8"],
    "torch ByteStorage": DTYPES["U8"],
    "torch BoolStorage": DTYPES["BOOL"],
}
_NUMBERS = {dtype.str[1:]: dtype for dtype in DTYPES.values() if dtype.kind != "V"}
_DICTS = {
    "builtins dict",
    "collections Counter",
    "collections OrderedDict",
    "collections defaultdict",
    "dnnlib.util EasyDict",
}
_CLASSES = {
    "argparse Namespace",
    "dnnlib.tflib.network Network",
    "tfutil Network",
    "types SimpleNamespace",
}
_MODULES = ("R3GAN.", "torch.nn.modules.", "training.")  # of layers and networks
_VALUES = {
    *(f"builtins {name}" for name in ("bool", "float", "int", "list", "object", "str", "tuple")),
    *(f"torch {name}{bits}" for name in ("float", "int") for bits in (16, 32, 64)),
    *("torch bfloat16", "torch bool", "torch int8", "torch uint8", "numpy ndarray"),
}
_MAX_ARGUMENTS = 16
_RENAMED = {"copy_reg": "copyreg", "__builtin__": "builtins", "numpy._core.": "numpy.core."}


def known(module: Any, name: Any) -> Name:
    """Return the stand-in for something that a pickle would import, if it is one of ours."""
    if isinstance(module, str) and isinstance(name, str):
        for old, new in _RENAMED.items():
            module = new + module[len(old) :] if module.startswith(old) else module
        text = f"{module} {name}"
        if text in _KNOWN or module.startswith(_MODULES):
            return Name(text)
    raise Refused("it refers to code that no weights need, of which nothing was run")


def instance(name: Any) -> Any:
    """Return a new object of a class, without state."""
    if isinstance(name, Name):
        if name.text in _DICTS:
            return Pairs()
        if name.text in _CLASSES or name.text.startswith(_MODULES):
            return Instance(name.text)
    raise Refused("it makes an object of something that is no class of weights")


def construct(name: Any, arguments: tuple, reader: Any) -> Any:
    """Return what a function or class of the tables would make of the arguments.

    Args:
        name: Name of the function or class.
        arguments: Its arguments.
        reader: Reader of the pickle, for its limits and for files within the file.
    """
    text = name.text if isinstance(name, Name) else ""
    if text in _DICTS:
        items = arguments[-1] if arguments else []
        if isinstance(items, Name):  # what a defaultdict fills itself with
            return Pairs()
        reader.limits.spend(instructions=len(items))
        return Pairs((key, value) for key, value in items)
    if text not in _CALLS or len(arguments) > _MAX_ARGUMENTS:
        raise Refused("it calls something that no weights need, of which nothing was run")
    return _CALLS[text](arguments, reader)


def set_state(target: Any, state: Any) -> None:
    """Give an object its state."""
    if isinstance(target, Instance):
        target.state = state
    elif isinstance(target, DType):
        target.numpy = target.numpy.newbyteorder(">" if state[1] in (">",) else "=")
    elif isinstance(target, Tensor) and target.storage is None:
        _, shape, dtype, fortran, content = state
        array = _array(shape, dtype, content, fortran=fortran in (1,))
        target.lay(array.source, 0, array.shape, array.strides)
    elif not isinstance(target, Pairs):  # whose attributes are of no use
        raise Refused("it gives a state to something that has none")


def _array(shape: Any, dtype: Any, content: Any, *, fortran: bool) -> Tensor:
    """Return an array of NumPy as a tensor over storage of its own."""
    content = content.encode("latin-1") if isinstance(content, str) else content
    if not isinstance(dtype, DType) or not isinstance(content, Span | bytes):
        raise Refused("it holds an array of something else than numbers")
    tensor = Tensor.contiguous(dtype.numpy, shape, content, fortran=fortran)
    size = math.prod(tensor.shape) * dtype.numpy.itemsize
    length = content.length if isinstance(content, Span) else len(content)
    coded = isinstance(content, Span) and content.encoding
    if size > length or (size < length and not coded):
        raise Refused("an array has a shape that its numbers cannot have")
    return tensor


def _from_buffer(arguments: tuple, _: Any) -> Tensor:
    content, dtype, shape, order = arguments
    return _array(shape, dtype, content, fortran=order in ("F",))


def _tensor(arguments: tuple, _: Any) -> Tensor:
    storage, offset, shape, strides, *_ = arguments
    if not isinstance(storage, Storage):
        raise Refused("it holds a tensor of something else than numbers")
    return Tensor().lay(storage, offset, shape, strides)


def _persistent(arguments: tuple, _: Any) -> Instance:
    """The state of NVIDIA's object; its source text is left where it is."""
    (entries,) = arguments
    for key, value in entries[:_MAX_ARGUMENTS]:
        if key in ("state",):
            return Instance("torch_utils.persistence", value)
    raise Refused("it holds an object without a state")


def _nested(arguments: tuple, reader: Any) -> Any:
    (content,) = arguments
    if not isinstance(content, Span) or content.encoding:
        raise Refused("it holds a file as text, as pickles before protocol 3 do")
    reader.limits.spend(nested=content.length)
    return reader.nested(content)


def _dtype(arguments: tuple, _: Any) -> DType:
    code = arguments[0]
    if not isinstance(code, str) or code not in _NUMBERS:
        raise Refused("it holds an array of something else than numbers")
    return DType(_NUMBERS[code])


def _scalar(arguments: tuple, _: Any) -> Any:
    dtype, content = arguments
    content = content.encode("latin-1") if isinstance(content, str) else content
    (value,) = np.frombuffer(content, dtype.numpy)
    return value.item()


def _first(arguments: tuple, _: Any) -> Any:
    return arguments[0] if arguments else []


def _nothing(arguments: tuple, reader: Any) -> None:
    """An object of no use for weights."""


_CALLS: dict[str, Callable[[tuple, Any], Any]] = {
    "torch._utils _rebuild_tensor": _tensor,
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch._utils _rebuild_parameter": _first,
    "torch._utils _rebuild_parameter_with_state": _first,
    "torch.storage _load_from_bytes": _nested,
    "torch_utils.persistence _reconstruct_persistent_obj": _persistent,
    "copyreg _reconstructor": lambda arguments, _: instance(arguments[0]),
    "_codecs encode": _first,
    "numpy.core.multiarray _reconstruct": lambda *_: Tensor(),
    "numpy.core.multiarray scalar": _scalar,
    "numpy.core.numeric _frombuffer": _from_buffer,
    "numpy dtype": _dtype,
    "builtins bytes": lambda *_: b"",  # others are encoded
    "torch Size": _first,
    "builtins set": _first,
    "builtins frozenset": _first,
    "torch device": _nothing,
    "pathlib PosixPath": _nothing,
    "pathlib WindowsPath": _nothing,
}
_KNOWN = {*STORAGES, *_DICTS, *_CLASSES, *_VALUES, *_CALLS}
