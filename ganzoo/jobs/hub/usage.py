"""Code on the page of a model that generates samples, and sentences about it.

What the model generates, and from what, its weights say in their metadata; no architecture is
known here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

from ganzoo.modalities import MODALITIES, Modality

_MAX_SAMPLES = 16  # that the code generates
_MAX_NAMES = 40  # of classes that are listed


class Usage(NamedTuple):
    """Python code that generates samples, sentences about it, and the Hub's tag of the task.

    A command that does more than the code comes first.
    """

    code: str
    sentences: str
    task: str | None
    command: str | None


@final
@dataclass(frozen=True, kw_only=True)
class _Call:
    """The call that generates samples: how many, with which labels, of which shape if it varies."""

    count: str = str(_MAX_SAMPLES)
    imports: Sequence[str] = ("import ganzoo",)
    before: Sequence[str] = ()
    labels: str = ""
    sentences: Sequence[str] = ()
    task: str | None = None
    shape: Sequence[object] = ()
    arguments: str = ""  # of `ganzoo sample NAME`


def usage_of(name: str, metadata: Mapping[str, Any]) -> Usage | None:
    """Return the usage of a model; `None` where its weights do not say what they generate.

    Args:
        name: The model's name.
        metadata: Metadata of its weights.
    """
    shape, sources = (_parse_shape(metadata.get(key)) for key in ("image_shape", "source_shape"))
    modality = MODALITIES.get(len(shape)) if shape else None
    if shape is None or modality is None:
        return None
    classes = metadata.get("classes")
    classes = [one for one in classes if isinstance(one, str)] if isinstance(classes, list) else []
    labels = metadata.get("generator_labels", [] if classes else None)  # absent in older files
    call = None
    if sources:
        any_size = isinstance(labels, list) and labels[:2] == [None, None]
        if any_size and sources[:2] != shape[:2]:
            call = _call_with_whole_images(modality, sources, shape)
        else:
            call = _call_with_images(modality, sources)
        call = replace(call, task=modality.translation_tag)
    elif labels is None:
        call = _Call(task=modality.generation_tag)
    elif classes and isinstance(labels, list) and len(labels) in _CALLS:
        call = _CALLS[len(labels)](modality, classes)
        if "label_range" in metadata and len(labels) == 1:
            call = _call_with_numbers(modality, classes, metadata["label_range"])
    if call is None:
        return None
    expression = f'ganzoo.load("{name}").sample({call.count}, seed=7{call.labels})'
    lines = [*call.imports, "", *call.before, f"{modality.plural} = {expression}"]
    n = call.count if call.count.isdecimal() else "n"
    rate = metadata.get("rate")
    size = _join_items([n, *(call.shape or shape)])
    result = f"The {modality.plural} come as an array, {modality.dtype} ({size})"
    result += f", at {rate} samples a second." if type(rate) is int else "."
    command = f"ganzoo sample {name} {call.arguments}" if call.arguments else None
    return Usage("\n".join(lines), " ".join([*call.sentences, result]), call.task, command)


def _call_with_images(modality: Modality, shape: Sequence[int]) -> _Call:
    return _Call(
        count="len(sources)",
        imports=["import ganzoo", "from ganzoo.data.source_images import read_source_images"],
        before=[f'sources = read_source_images("images", ({_join_items(shape)}), {_MAX_SAMPLES})'],
        labels=", labels=sources",
        sentences=[
            f"It makes {modality.plural} from images of yours: a folder, a zip archive, or one "
            f"image. They are cropped and scaled to {' x '.join(map(str, shape[:2]))} pixels."
        ],
    )


def _call_with_whole_images(
    modality: Modality, sources: Sequence[int], shape: Sequence[int]
) -> _Call:
    factor = f"{shape[0] / sources[0]:g}"
    mode = {1: "L", 3: "RGB"}.get(sources[-1], "RGBA")
    return _Call(
        count="1",
        imports=["import numpy as np", "from PIL import Image", "", "import ganzoo"],
        before=[
            f'image = Image.open("image.png").convert("{mode}")',
            "sources = np.asarray(image)[None]",
        ],
        labels=", labels=sources",
        sentences=[
            f"It makes {modality.plural} of any size {factor} times as large. The command takes a "
            "folder, a zip archive or one image, and works in tiles, so that memory does not grow "
            "with the image as it does in Python.",
        ],
        shape=[f"{factor} x height", f"{factor} x width", shape[-1]],
        arguments="--data images --out larger",
    )


def _call_with_classes(modality: Modality, classes: Sequence[str]) -> _Call:
    count = str(min(len(classes), _MAX_SAMPLES))
    return _Call(
        count=count,
        labels=f", labels=list(range({count}))",
        sentences=[
            f"It makes {modality.plural} of the class that is asked for. "
            f"The classes, counted from 0: {_join_names(classes)}."
        ],
    )


def _call_with_attributes(modality: Modality, names: Sequence[str]) -> _Call:
    count = str(min(len(names), _MAX_SAMPLES))
    return _Call(
        count=count,
        imports=["import numpy as np", "", "import ganzoo"],
        before=[f'attributes = np.eye({len(names)}, dtype="float32")[:{count}]'],
        labels=", labels=attributes",
        sentences=[
            f"It makes {modality.plural} with the attributes that are asked for, each 0 or 1: "
            f"{_join_names(names)}."
        ],
    )


def _call_with_numbers(modality: Modality, names: Sequence[str], ends: Sequence) -> _Call:
    low, high = ([float(one) for one in end] for end in ends)
    return _Call(
        imports=["import numpy as np", "", "import ganzoo"],
        before=[f'numbers = np.linspace({low}, {high}, {_MAX_SAMPLES}, dtype="float32")'],
        labels=", labels=numbers",
        sentences=[
            f"It makes {modality.plural} with the numbers that are asked for, here from the least "
            f"of the training to the greatest: {_join_names(names)}."
        ],
    )


# By the axes of a label.
_CALLS: dict[int, Callable[[Modality, Sequence[str]], _Call]] = {
    0: _call_with_classes,
    1: _call_with_attributes,
}


def _join_names(names: Sequence[str]) -> str:
    rest = len(names) - _MAX_NAMES
    return _join_items(names[:_MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _join_items(items: Sequence[object]) -> str:
    return ", ".join(map(str, items))


def _parse_shape(value: object) -> list[int] | None:
    if isinstance(value, list) and value and all(type(n) is int and n > 0 for n in value):
        return value
    return None
