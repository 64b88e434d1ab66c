"""Tables of models in docs/models.md: `python docs/make_models.py`.

Their content comes from the cards in `registry/`, published numbers from `docs/published.toml`. A
test compares the page.
"""

import tomllib
from pathlib import Path

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.lookup import models
from ganzoo.catalog.registry.versions import version_numbers

PUBLISHED = Path(__file__).with_name("published.toml")
PAGE = Path(__file__).with_name("models.md")
BEGIN, END = "<!-- written by docs/make_models.py -->", "<!-- end of the models -->"
BEGIN_PUBLISHED, END_PUBLISHED = "<!-- from docs/published.toml -->", "<!-- end of the numbers -->"
_HEAD = "| model | what it is | weights, G / D | choices | deviations | paper |"
# Packages of the zoo's architectures, in the order of the page.
FAMILIES = {
    "ganzoo_classic": "Classics",
    "ganzoo_conditional": "Conditional",
    "ganzoo_modern": "Modern",
    "ganzoo_translation": "Image to image",
    "ganzoo_restoration": "Enlargement of images",
    "ganzoo_media": "Beyond images",
}


def cards() -> list[Card]:
    """Return the zoo's cards, sorted by name."""
    own = (entry for entry in models().values() if entry.source == "keras-ganzoo")
    return sorted((entry.card() for entry in own), key=lambda card: card.name)


def family(card: Card) -> str:
    """Return the package of a card's architecture."""
    plugin = discovery.find_plugin("architecture", card.recipe.architecture.name)
    return plugin.module.partition(".")[0]


def tables() -> str:
    """Return a Markdown table for each family, with a line for each model."""
    lines = []
    for package, title in FAMILIES.items():
        rows = [card for card in cards() if family(card) == package]
        lines += [f"## {title}", "", _HEAD, "|---|---|---:|---:|---:|---|", *map(_row, rows), ""]
    return "\n".join(lines)


def published() -> str:
    """Return a Markdown table of published FIDs beside the distances of the zoo's own weights."""
    tables = tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))
    lines = [
        "| model | FID | generated images | by | known differences | here |",
        "|---|---:|---|---|---|---|",
    ]
    for name, rows in tables["models"].items():
        for row in rows:
            source = f"[{row['source']}]({tables['sources'][row['source']]})"
            cells = (f"`{name}`", row["fid"], row["samples"], source, row.get("differs", ""))
            lines.append(f"| {' | '.join(map(str, cells))} | {_own_result(name)} |")
    return "\n".join(lines)


def _own_result(name: str) -> str:
    """The distance on the card of the newest version, with its features; empty without weights."""
    entry = models()[name]
    results = entry.version().card().results if version_numbers(entry.folder) else []
    found = (result for result in results if result.metric == "frechet")
    return "".join(
        f"{one.value:.3g} in the features `{one.protocol.features}`, {one.protocol.fake:,} images"
        for one in found
    )


def _row(card: Card) -> str:
    counts = " / ".join(f"{card.parameters[p]:,}" for p in ("generator", "discriminator"))
    papers = ", ".join(f"[{url.rsplit('/', 1)[-1]}]({url})" for url in card.papers)
    differences = f"{len(card.choices)} | {len(card.deviations)}"
    return f"| `{card.name}` | {card.summary} | {counts} | {differences} | {papers} |"


def filled(page: str) -> str:
    """Return the page with the current tables."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    before, _, rest = f"{before}{BEGIN}\n\n{tables()}\n{END}{after}".partition(BEGIN_PUBLISHED)
    after = rest.partition(END_PUBLISHED)[2]
    return f"{before}{BEGIN_PUBLISHED}\n\n{published()}\n\n{END_PUBLISHED}{after}"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
