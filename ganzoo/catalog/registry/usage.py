"""How a model is used, for the page of its card: the Hub's word for it, and code that draws.

What it makes, and of what, its weights say in their metadata; no architecture is known here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

_SAMPLES = 16  # that the code draws, at most
_NAMES = 40  # of classes that are listed, at most


@final
@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a page says of a kind of samples.

    Args:
        many: What several are called.
        dtype: The type of the array that they come in.
        tag: The Hub's word for making them from nothing; `None`: it has none.
        translated: The Hub's word for making them from pictures; `None`: it has none.
    """

    many: str
    dtype: str
    tag: str | None = None
    translated: str | None = None


# By the axes of a sample, as the kinds of data.
KINDS: dict[int, Kind] = {
    1: Kind(many="points", dtype="float32"),
    2: Kind(many="sounds", dtype="float32"),
    3: Kind(
        many="images",
        dtype="uint8",
        tag="unconditional-image-generation",
        translated="image-to-image",
    ),
    4: Kind(many="videos", dtype="uint8"),
}


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
    kind = KINDS.get(len(shape)) if shape else None
    if shape is None or kind is None:
        return None
    classes = _names(about.get("classes"))
    labels = about.get("generator_labels", [] if classes else None)  # the latter: of older files
    tag, asked = None, None
    if sources:
        tag, asked = kind.translated, _from_pictures(kind, sources)
    elif labels is None:
        tag, asked = kind.tag, _Asked()
    elif classes and isinstance(labels, list) and len(labels) in _LABELS:
        asked = _LABELS[len(labels)](kind, classes)
    if asked is None:
        return None
    call = f'ganzoo.load("{name}").sample({asked.count}, seed=7{asked.labels})'
    lines = [*asked.imports, "", *asked.before, f"{kind.many} = {call}"]
    n = asked.count if asked.count.isdecimal() else "n"
    rate = about.get("rate")
    result = f"The {kind.many} come as an array, {kind.dtype} ({_listed([n, *shape])})"
    result += f", at {rate} samples a second." if type(rate) is int else "."
    return Usage(tag=tag, code="\n".join(lines), said=[*asked.said, result])


def _from_pictures(kind: Kind, shape: Sequence[int]) -> _Asked:
    return _Asked(
        count="len(sources)",
        imports=["import ganzoo", "from ganzoo.data.sources import read_sources"],
        before=[f'sources = read_sources("pictures", ({_listed(shape)}), {_SAMPLES})'],
        labels=", labels=sources",
        said=[
            f"It makes {kind.many} from pictures of yours: a folder, a zip archive, or one "
            f"picture. They are cut and scaled to {' x '.join(map(str, shape[:2]))} pixels."
        ],
    )


def _of_classes(kind: Kind, classes: Sequence[str]) -> _Asked:
    count = str(min(len(classes), _SAMPLES))
    return _Asked(
        count=count,
        labels=f", labels=list(range({count}))",
        said=[
            f"It makes {kind.many} of the class that is asked for. The classes, counted from 0: "
            f"{_few(classes)}."
        ],
    )


def _of_attributes(kind: Kind, names: Sequence[str]) -> _Asked:
    count = str(min(len(names), _SAMPLES))
    return _Asked(
        count=count,
        imports=["import numpy as np", "", "import ganzoo"],
        before=[f'attributes = np.eye({len(names)}, dtype="float32")[:{count}]'],
        labels=", labels=attributes",
        said=[
            f"It makes {kind.many} with the attributes that are asked for, each 0 or 1: "
            f"{_few(names)}."
        ],
    )


# By the axes of a label.
_LABELS: dict[int, Callable[[Kind, Sequence[str]], _Asked]] = {0: _of_classes, 1: _of_attributes}


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
