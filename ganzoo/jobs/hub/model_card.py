"""Model card: a version's card as a page for people, with the front matter that the Hub reads.

What a card says may come from a stranger: on the page it is text, never markup, a link to
anywhere else, or a character that a terminal obeys.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ganzoo.catalog.registry.cards import Card, Result
from ganzoo.catalog.registry.contents import AUDIO, SAMPLES, VIDEO
from ganzoo.catalog.registry.licenses import COMMON_LICENSES
from ganzoo.files.text import escape
from ganzoo.jobs.hub.usage import Usage, usage_of

_HUB_LICENSES = {name.lower().removesuffix("-only") for name in COMMON_LICENSES}
_HUB_DATASET = re.compile(r"https://huggingface\.co/datasets/([\w.-]+/[\w.-]+)(?:/.*)?")
_MARKUP = re.compile(r"[\\`*_{}\[\]|~@]|(?<=:)/(?=/)|(?<=www)\.|^[#+\->=]")

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
    usage = usage_of(card.name, metadata)
    blocks = [
        _front_matter(card, usage),
        f"# {escape_markdown(card.name)}",
        escape_markdown(card.summary),
    ]
    blocks += [image for file, image in _SAMPLES.items() if file in files]
    if card.description:
        blocks.append(escape_markdown(card.description))
    if usage:
        blocks += [f"```sh\n{usage.command}\n```"] if usage.command else []
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


def _front_matter(card: Card, usage: Usage | None) -> str:
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
