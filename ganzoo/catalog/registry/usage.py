"""How a model is used, for the page of its card: the Hub's word for it, and code that draws.

What it makes, and of what, its weights say in their metadata; no architecture is known here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from ganzoo.modalities import MODALITIES, Modality

_SAMPLES = 16  # that the code draws, at most
_NAMES = 40  # of classes that are listed, at most


@final
@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a page says of the use of a model.

    Args:
        tag: The Hub's word for what it does; `None`: it has none.
        code: Python that draws samples.
        said: Sentences about it. Names in them may be a stranger's.
    """

    tag: str | None
    code: str
    said: Sequence[str]


@final
@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the generator is asked for: the labels, and how many samples there are then."""

    count: str = str(_SAMPLES)
    imports: Sequence[str] = ("import ganzoo",)
    before: Sequence[str] = ()
    labels: str = ""
    said: Sequence[str] = ()


def usage(name: str, about: Mapping[str, Any]) -> Usage | None:
    """How a model is used; `None` where its weights do not say what they make.

    Args:
        name: The model's.
        about: The metadata of its weights.
    """
    shape, sources = _shape(about.get("image_shape")), _shape(about.get("source_shape"))
    modality = MODALITIES.get(len(shape)) if shape else None
    if shape is None or modality is None:
        return None
    classes = _names(about.get("classes"))
    labels = about.get("generator_labels", [] if classes else None)  # the latter: of older files
    tag, asked = None, None
    if sources:
        tag, asked = modality.translation_tag, _from_pictures(modality, sources)
    elif labels is None:
        tag, asked = modality.generation_tag, _Asked()
    elif classes and isinstance(labels, list) and len(labels) in _LABELS:
        asked = _LABELS[len(labels)](modality, classes)
    if asked is None:
        return None
    call = f'ganzoo.load("{name}").sample({asked.count}, seed=7{asked.labels})'
    lines = [*asked.imports, "", *asked.before, f"{modality.plural} = {call}"]
    n = asked.count if asked.count.isdecimal() else "n"
    rate = about.get("rate")
    result = f"The {modality.plural} come as an array, {modality.dtype} ({_listed([n, *shape])})"
    result += f", at {rate} samples a second." if type(rate) is int else "."
    return Usage(tag=tag, code="\n".join(lines), said=[*asked.said, result])


def _from_pictures(modality: Modality, shape: Sequence[int]) -> _Asked:
    return _Asked(
        count="len(sources)",
        imports=["import ganzoo", "from ganzoo.data.sources import read_sources"],
        before=[f'sources = read_sources("pictures", ({_listed(shape)}), {_SAMPLES})'],
        labels=", labels=sources",
        said=[
            f"It makes {modality.plural} from pictures of yours: a folder, a zip archive, or one "
            f"picture. They are cut and scaled to {' x '.join(map(str, shape[:2]))} pixels."
        ],
    )


def _of_classes(modality: Modality, classes: Sequence[str]) -> _Asked:
    count = str(min(len(classes), _SAMPLES))
    return _Asked(
        count=count,
        labels=f", labels=list(range({count}))",
        said=[
            f"It makes {modality.plural} of the class that is asked for. The classes, counted from 0: "
            f"{_few(classes)}."
        ],
    )


def _of_attributes(modality: Modality, names: Sequence[str]) -> _Asked:
    count = str(min(len(names), _SAMPLES))
    return _Asked(
        count=count,
        imports=["import numpy as np", "", "import ganzoo"],
        before=[f'attributes = np.eye({len(names)}, dtype="float32")[:{count}]'],
        labels=", labels=attributes",
        said=[
            f"It makes {modality.plural} with the attributes that are asked for, each 0 or 1: "
            f"{_few(names)}."
        ],
    )


# By the axes of a label.
_LABELS: dict[int, Callable[[Modality, Sequence[str]], _Asked]] = {0: _of_classes, 1: _of_attributes}


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _NAMES
    return _listed(names[:_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _listed(items: Sequence[object]) -> str:
    return ", ".join(map(str, items))


def _shape(value: object) -> list[int] | None:
    fine = isinstance(value, list) and all(type(n) is int and n > 0 for n in value)
    return value if fine and value else None


def _names(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
