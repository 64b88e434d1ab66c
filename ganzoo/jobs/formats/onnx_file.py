"""ONNX files that say what goes in and what comes out: names of the graph, and metadata.

Metadata are texts by name, which every runtime shows; what is no text is JSON. They are read here
without a package: a file is a protocol buffer, of whose fields all others are passed over.
"""

import json
import os
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import __version__
from ganzoo.errors import InvalidInput
from ganzoo.files.digests import tensors_digest
from ganzoo.files.reading import open_regular
from ganzoo.jobs.models.find import Source
from ganzoo.jobs.models.weights import state_arrays
from ganzoo.modalities import modality_of

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

# Fields of a `ModelProto`: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
_TEXTS = {2: "producer", 3: "producer_version"}
_METADATA = 14
_MAX_TEXT = 2**20  # bytes of a text in the metadata
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


def onnx_facts(gan: "GAN", source: Source) -> dict[str, Any]:
    """Return what the metadata say of a generator.

    Args:
        gan: The GAN whose generator was written.
        source: Where its weights are from.
    """
    arrays = {n: a for n, a in state_arrays(gan).items() if n.startswith("generator/")}
    facts = {
        "model": source.about.get("model"),
        "version": source.about.get("version"),
        "samples": modality_of(gan.sampler.image_shape).plural,
        "sample_shape": gan.sampler.image_shape,
        "value_range": gan.value_range,
        "rate": source.rate,
        "levels": source.about.get("levels"),
        "label_range": source.label_range,
        "latent_shape": gan.sampler.latent_shape,
        "prior": getattr(gan.prior, "__name__", type(gan.prior).__name__),
        "classes": source.classes if gan.sampler.conditional and source.classes else None,
        "license": source.about.get("license"),
        "weights_digest": tensors_digest(arrays),
    }
    return {key: value for key, value in facts.items() if value is not None}


def complete_onnx(path: str | os.PathLike, facts: Mapping[str, Any]) -> None:
    """Name the output and the axis of the batch, say the output's shape, and write metadata.

    Args:
        path: The file, which is replaced.
        facts: Metadata by name; see `onnx_facts`.
    """
    import onnx

    model = onnx.load(path)
    graph = model.graph
    (output,) = graph.output
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    taken |= {one.name for one in graph.input}
    name = facts["samples"] if facts["samples"] not in taken else f"generated_{facts['samples']}"
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [name if one == output.name else one for one in names]
    output.name = name
    for one in (*graph.input, output):
        one.type.tensor_type.shape.dim[0].dim_param = "batch"
    for axis, size in zip(
        output.type.tensor_type.shape.dim[1:], facts["sample_shape"], strict=True
    ):
        if size is not None:
            axis.dim_value = size
    model.producer_name, model.producer_version = "ganzoo", __version__
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()}
    onnx.helper.set_model_props(model, texts)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def describe_onnx(path: Path) -> dict[str, Any]:
    """Return the metadata of an ONNX file, JSON in them read; graph and weights are passed over.

    Raises:
        InvalidInput: It is no ONNX file.
    """
    found: dict[str, Any] = {"path": str(path), "bytes": path.stat().st_size}
    with open_regular(path, follow_symlinks=True) as file:
        try:
            for field, content in _fields(file, found["bytes"], (*_TEXTS, _METADATA)):
                if field == _METADATA:
                    key, value = _entry(content)
                    found.setdefault(key, value)
                else:
                    found[_TEXTS[field]] = content.decode("utf-8")
            if not found["bytes"]:
                raise EOFError
        except (ValueError, EOFError):
            raise InvalidInput(
                f"Not a valid ONNX file: {str(path)!r}. Expected: fields of a ModelProto."
            ) from None
    return found


def _entry(content: bytes) -> tuple[str, Any]:
    """One of the metadata: a `StringStringEntryProto`."""
    from io import BytesIO

    with BytesIO(content) as file:
        fields = dict(_fields(file, len(content), (1, 2)))
    key, text = (fields.get(field, b"").decode("utf-8") for field in (1, 2))
    try:
        return key, json.loads(text)
    except (ValueError, RecursionError):
        return key, text


def _fields(file: Any, size: int, kept: tuple[int, ...]):
    """Yield number and content of the fields that are kept, all of which are bytes."""
    while file.tell() < size:
        tag = _varint(file)
        field, kind = tag >> 3, tag & 7
        if kind == _VARINT and field:
            _varint(file)
            continue
        lengths = {_FIXED64: 8, _FIXED32: 4}
        length = _varint(file) if kind == _BYTES else lengths.get(kind, -1)
        if not 0 <= length <= size - file.tell() or field == 0:
            raise ValueError(f"a field of type {kind} and {length} bytes")
        if field in kept and kind == _BYTES:
            if length > _MAX_TEXT:
                raise ValueError(f"a text of {length} bytes")
            yield field, file.read(length)
        else:
            file.seek(length, os.SEEK_CUR)


def _varint(file: BufferedReader) -> int:
    number = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise EOFError
        number |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return number
    raise ValueError("a number of more than ten bytes")
