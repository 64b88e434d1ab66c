"""A card as a page for people, with the front matter that the Hub reads.

What a card says may come from a stranger: on the page it is text, never markup, a link to
anywhere else, or a character that a terminal obeys.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ganzoo.catalog.registry.contents import FILM, SAMPLES, SOUND
from ganzoo.catalog.registry.usage import Usage, usage
from ganzoo.files.text import escape

if TYPE_CHECKING:
    from ganzoo.catalog.registry.cards import Card
    from ganzoo.catalog.registry.results import Result

# The identifiers of the Hub for licenses that GANs and their data come under.
_HUB_LICENSES = {
    "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-3.0", "cc-by-4.0",
    "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "mpl-2.0",
    "unlicense",
}  # fmt: skip
_MARKUP = re.compile(r"[\\`*_{}\[\]|~@]|(?<=:)/(?=/)|(?<=www)\.|^[#+\->=]")


# What is shown of samples, by the file that holds them.
_SAMPLES = {
    SAMPLES: f"![samples]({SAMPLES})",
    FILM: f"![samples that move]({FILM})",
    SOUND: f"[Hear samples]({SOUND})",
}


def readme(card: "Card", about: Mapping[str, Any], *, beside: Collection[str]) -> str:
    """The page of a card.

    Args:
        card: The card.
        about: The metadata of the weights.
        beside: The files that lie beside the page.
    """
    used = usage(card.name, about)
    blocks = [_front_matter(card, used), f"# {plain(card.name)}", plain(card.summary)]
    blocks += [shown for file, shown in _SAMPLES.items() if file in beside]
    if card.description:
        blocks.append(plain(card.description))
    blocks += _use(card, used)
    if card.results:
        blocks += ["## Results", *_results(card.results)]
    blocks += ["## Where it comes from", _table(_origin(card))]
    if card.papers:
        blocks.append("\n".join(f"* <{_link(address)}>" for address in card.papers))
    if card.deviations:
        blocks.append("What differs from the source:")
        blocks.append("\n".join(f"* {plain(text)}" for text in card.deviations))
    if card.plugin_mismatches:
        blocks.append("Made with other plugins than at first:")
        blocks.append("\n".join(f"* {plain(text)}" for text in card.plugin_mismatches))
    recipe = card.recipe.toml().strip().replace("```", "'''")
    blocks += ["## Recipe", f"```toml\n{escape(recipe)}\n```"]
    return "\n\n".join(blocks) + "\n"


def plain(text: str) -> str:
    """The text for a page of Markdown: in one paragraph, and nothing in it is markup or a link."""
    text = escape(" ".join(text.split()))
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    text = _MARKUP.sub(r"\\\g<0>", text)
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text)  # not the number of a list


def _front_matter(card: "Card", used: Usage | None) -> str:
    license = card.license.weights.lower()
    known = license in _HUB_LICENSES
    content: dict[str, Any] = {
        "license": license if known else "other",
        "license_name": None if known else _slug(card.license.weights),
        "library_name": "ganzoo",
        "pipeline_tag": used.tag if used else None,
        "tags": ["gan", "keras", _slug(card.recipe.architecture.name.rpartition(":")[2])],
        "datasets": [_slug(card.recipe.dataset.name.rpartition(":")[2])],
    }
    # JSON is YAML, in which no text can be taken for anything else
    lines = [f"{k}: {json.dumps(v)}" for k, v in content.items() if v is not None]
    return "\n".join(["---", *lines, "---"])


def _use(card: "Card", used: Usage | None) -> list[str]:
    blocks = [f"```python\n{used.code}\n```", plain(" ".join(used.said))] if used else []
    more = "To pull it from the Hub, or to train it again, see `ganzoo pull --help` and "
    return [*blocks, f"{more}`ganzoo info {card.name}`."]


def _origin(card: "Card") -> list[tuple[str, str]]:
    rows = [
        ("license of the weights", card.license.weights),
        ("license of the data", card.license.data),
        ("architecture", card.recipe.architecture.name),
        ("data set", card.recipe.dataset.name),
    ]
    rows += [(f"parameters of the {name}", f"{n:,}") for name, n in card.parameters.items()]
    if card.provenance:
        facts = card.provenance.model_dump(exclude_none=True, exclude={"data"})
        versions = facts.pop("versions")
        rows += [(name, str(value)) for name, value in facts.items()]
        rows.append(("versions", ", ".join(f"{k} {v}" for k, v in versions.items())))
    return [(name, value) for name, value in rows if value]


def _results(results: Iterable["Result"]) -> list[str]:
    """A table for each protocol: numbers of different ones are never in one column."""
    groups: list[list[Result]] = []
    for result in results:
        for group in groups:
            if _protocol(group[0]) == _protocol(result):
                group.append(result)
                break
        else:
            groups.append([result])
    blocks = []
    for group in groups:
        said = ", ".join(f"{key} {value}" for key, value in _protocol(group[0]).items())
        blocks.append(plain(f"Measured with: {said}"))
        blocks.append(_table([(_metric(result), _value(result)) for result in group]))
    return blocks


def _protocol(result: "Result") -> Mapping[str, Any]:
    return result.protocol.model_dump(exclude_none=True)


def _metric(result: "Result") -> str:
    return result.metric + (f" ({result.better} is better)" if result.better else "")


def _value(result: "Result") -> str:
    text = f"{result.value:.6g}"
    if result.spread is not None:
        text += f", spread {result.spread:.3g} over seeds {', '.join(map(str, result.seeds))}"
    if result.error is not None:
        text += f", standard error {result.error:.3g}"
    return text


def _table(rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {plain(name)} | {plain(value)} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines])


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "-", text.lower()).strip("-")[:64] or "other"


def _link(address: str) -> str:
    return quote(address, safe=":/?#[]@!$&'()*+,;=%~")
