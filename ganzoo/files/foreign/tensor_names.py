"""Dotted names of the tensors in nested dictionaries, lists and modules."""

from collections.abc import Iterable
from typing import Any

from ganzoo.files.foreign.stand_ins import Instance, Pairs, Refused, Tensor

MAX_TENSORS = 10_000
_MAX_METADATA = 16_384
_MAX_NAME = 512
_MAX_DEPTH = 64
_MAX_VALUES = 2**19  # also counted again where one object stands at several places
_MODULE = ("_parameters", "_buffers", "_modules")


class TensorNames:
    """Tensors and plain values by name.

    Args:
        root: Value of a pickle, of stand-ins.
    """

    def __init__(self, root: Any):
        self.tensors: dict[str, Tensor] = {}
        self.metadata: dict[str, bool | int | float | str] = {}
        self._left = _MAX_VALUES
        self._visit("", root, 0)

    def _visit(self, name: str, value: Any, depth: int) -> None:
        if depth > _MAX_DEPTH or len(name) > _MAX_NAME:
            raise Refused("its values are nested too deeply, or have names that are too long")
        if isinstance(value, Tensor):
            self._add(name, value)
        elif isinstance(value, Instance):
            self._visit_instance(name, value, depth)
        elif isinstance(value, Pairs):
            self._visit_items(name, value, depth)
        elif isinstance(value, list | tuple):
            self._visit_items(name, enumerate(value), depth)
        elif isinstance(value, bool | int | float | str) and len(self.metadata) < _MAX_METADATA:
            self.metadata[name] = value

    def _visit_items(self, prefix: str, items: Iterable[tuple[Any, Any]], depth: int) -> None:
        for key, value in items:
            self._spend(1)
            if isinstance(key, str | int):
                self._visit(f"{prefix}.{key}" if prefix else str(key), value, depth + 1)

    def _visit_instance(self, name: str, value: Instance, depth: int) -> None:
        state = value.state[0] if isinstance(value.state, tuple) and value.state else value.state
        if not isinstance(state, Pairs):
            return
        self._spend(len(state))
        fields = {key: item for key, item in state if isinstance(key, str)}
        if value.class_name.endswith(" Network"):  # of TensorFlow
            self._visit_items(name, fields.get("variables") or (), depth)
            self._visit_items(name, fields.get("components") or (), depth)
            self._visit_items(name, [("static_kwargs", fields.get("static_kwargs"))], depth)
        elif any(part in fields for part in _MODULE):
            plain = [(key, item) for key, item in fields.items() if not key.startswith("_")]
            scalars = [(key, item) for key, item in plain if isinstance(item, int | float | str)]
            arguments = [(key[1:], fields.get(key)) for key in ("_init_args", "_init_kwargs")]
            self._visit_items(name, [*scalars, *arguments], depth)
            for part in _MODULE:
                self._visit_items(name, fields.get(part) or (), depth)
        else:
            self._visit_items(name, state, depth)

    def _add(self, name: str, tensor: Tensor) -> None:
        if not name or not name.isascii() or not name.isprintable():
            raise Refused("a tensor has no name, or one of other characters than ASCII's")
        if name in self.tensors or len(self.tensors) == MAX_TENSORS:
            raise Refused("two tensors have one name, or there are too many")
        if tensor.source.content is None:
            raise Refused("a tensor has no numbers")
        self.tensors[name] = tensor

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise Refused("it holds too many values")
