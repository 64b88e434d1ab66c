"""Model card: a version's card as a page for people, with the front matter that the Hub reads.

What a card says may come from a stranger: on the page it is text, never markup, a link to
anywhere else, or a character that a terminal obeys. What the model generates, and from what, its
weights say in their metadata; no architecture is known here.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final
from urllib.parse import quote

from ganzoo.catalog.registry.cards import Card, Result
from ganzoo.catalog.registry.contents import AUDIO, SAMPLES, VIDEO
from ganzoo.catalog.registry.licenses import COMMON_LICENSES
from ganzoo.files.text import escape
from ganzoo.modalities import MODALITIES, Modality

_HUB_LICENSES = {name.lower().removesuffix("-only") for name in COMMON_LICENSES}
_HUB_DATASET = re.compile(r"https://huggingface\.co/datasets/([\w.-]+/[\w.-]+)(?:/.*)?")
_MARKUP = re.compile(r"[\\`*_{}\[\]|~@]|(?<=:)/(?=/)|(?<=www)\.|^[#+\->=]")
_MAX_SAMPLES = 16  # that the code generates
_MAX_NAMES = 40  # of classes that are listed

# How samples are shown, by the file that holds them.
_SAMPLES = {
    SAMPLES: f"![samples]({SAMPLES})",
    VIDEO: f"![samples that move]({VIDEO})",
    AUDIO: f"[Hear samples]({AUDIO})",
}


def render_model_card(card: Card, metadata: Mapping[str, Any], *, files: Collection[str]) -> str:
    """Return the page of a card.

    Args:
        card: The card.
        metadata: Metadata of the weights.
        files: Names of the files that lie beside the page.
    """
    usage = _usage(card.name, metadata)
    blocks = [
        _front_matter(card, usage),
        f"# {escape_markdown(card.name)}",
        escape_markdown(card.summary),
    ]
    blocks += [image for file, image in _SAMPLES.items() if file in files]
    if card.description:
        blocks.append(escape_markdown(card.description))
    if usage:
        blocks += [f"```python\n{usage.code}\n```", escape_markdown(usage.sentences)]
    more = "To pull it from the Hub, or to train it again, see `ganzoo pull --help` and "
    blocks.append(f"{more}`ganzoo info {card.name}`.")
    if card.results:
        blocks += ["## Results", *_result_tables(card.results)]
    blocks += ["## Where it comes from", _markdown_table(_origin_rows(card))]
    if card.papers:
        blocks.append("\n".join(f"* <{_markdown_link(address)}>" for address in card.papers))
    for title, texts in (
        ("What this model has otherwise than its source on purpose:", card.choices),
        ("What differs from the source:", card.deviations),
        ("Made with other plugins than at first:", card.plugin_mismatches),
    ):
        if texts:
            blocks += [title, "\n".join(f"* {escape_markdown(text)}" for text in texts)]
    recipe = card.recipe.toml().strip().replace("```", "'''")
    blocks += ["## Recipe", f"```toml\n{escape(recipe)}\n```"]
    return "\n\n".join(blocks) + "\n"


def escape_markdown(text: str) -> str:
    """Return a text as one paragraph of Markdown in which nothing is markup or a link."""
    text = escape(" ".join(text.split()))
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    text = _MARKUP.sub(r"\\\g<0>", text)
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text)  # not the number of a list


class _Usage(NamedTuple):
    """Python code that generates samples, sentences about it, and the Hub's tag of the task."""

    code: str
    sentences: str
    task: str | None


@final
@dataclass(frozen=True, kw_only=True)
class _Call:
    """The call that generates samples: how many, with which labels."""

    count: str = str(_MAX_SAMPLES)
    imports: Sequence[str] = ("import ganzoo",)
    before: Sequence[str] = ()
    labels: str = ""
    sentences: Sequence[str] = ()
    task: str | None = None


def _usage(name: str, metadata: Mapping[str, Any]) -> _Usage | None:
    """Usage of a model; `None` where its weights do not say what they generate."""
    shape, sources = (
        _parse_shape(metadata.get("image_shape")),
        _parse_shape(metadata.get("source_shape")),
    )
    modality = MODALITIES.get(len(shape)) if shape else None
    if shape is None or modality is None:
        return None
    classes = metadata.get("classes")
    classes = [one for one in classes if isinstance(one, str)] if isinstance(classes, list) else []
    labels = metadata.get("generator_labels", [] if classes else None)  # absent in older files
    call = None
    if sources:
        call = replace(_call_with_images(modality, sources), task=modality.translation_tag)
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
    result = (
        f"The {modality.plural} come as an array, {modality.dtype} ({_join_items([n, *shape])})"
    )
    result += f", at {rate} samples a second." if type(rate) is int else "."
    return _Usage("\n".join(lines), " ".join([*call.sentences, result]), call.task)


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


def _front_matter(card: Card, usage: _Usage | None) -> str:
    license = card.license.weights.lower()
    license = license.removesuffix("-only").removesuffix("-or-later")  # the Hub knows neither
    known = license in _HUB_LICENSES
    source = (card.provenance and card.provenance.source) or ""
    dataset = _HUB_DATASET.fullmatch(source)
    content: dict[str, Any] = {
        "license": license if known else "other",
        "license_name": None if known else _hub_slug(card.license.weights),
        "library_name": "ganzoo",
        "pipeline_tag": usage.task if usage else None,
        "tags": ["gan", "keras", _hub_slug(card.recipe.architecture.name.rpartition(":")[2])],
        "datasets": [dataset[1]] if dataset else None,  # nothing that is none on the Hub
    }
    # JSON is YAML, in which no text can be taken for anything else
    lines = [f"{k}: {json.dumps(v)}" for k, v in content.items() if v is not None]
    return "\n".join(["---", *lines, "---"])


def _origin_rows(card: Card) -> list[tuple[str, str]]:
    rows = [
        ("license of the weights", card.license.weights),
        ("license of the data", card.license.data),
        ("architecture", card.recipe.architecture.name),
        ("data set", card.recipe.dataset.name),
    ]
    rows += [(f"parameters of the {name}", f"{n:,}") for name, n in card.parameters.items()]
    if card.provenance:
        origin = card.provenance.model_dump(exclude_none=True, exclude={"data"})
        versions = origin.pop("versions")
        rows += [(name, str(value)) for name, value in origin.items()]
        rows.append(("versions", ", ".join(f"{k} {v}" for k, v in versions.items())))
    return [(name, value) for name, value in rows if value]


def _result_tables(results: Iterable[Result]) -> list[str]:
    """A table for each protocol: values of different ones are never in one column."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        protocol = result.protocol.model_dump(exclude_none=True)
        protocol_text = ", ".join(f"{key} {value}" for key, value in protocol.items())
        groups.setdefault(protocol_text, []).append(result)
    blocks = []
    for protocol_text, group in groups.items():
        blocks.append(escape_markdown(f"Measured with: {protocol_text}"))
        blocks.append(
            _markdown_table([(_format_metric(result), _format_value(result)) for result in group])
        )
    return blocks


def _format_metric(result: Result) -> str:
    return result.metric + (f" ({result.better} is better)" if result.better else "")


def _format_value(result: Result) -> str:
    text = f"{result.value:.6g}"
    if result.spread is not None:
        text += f", spread {result.spread:.3g} over seeds {', '.join(map(str, result.seeds))}"
    if result.error is not None:
        text += f", standard error {result.error:.3g}"
    return text


def _markdown_table(rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {escape_markdown(name)} | {escape_markdown(value)} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines])


def _hub_slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "-", text.lower()).strip("-")[:64] or "other"


def _markdown_link(address: str) -> str:
    return quote(address, safe=":/?#[]@!$&'()*+,;=%~")
