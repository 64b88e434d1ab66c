"""Tables of models in docs/models.md: `python docs/make_models.py`.

Their content comes from the cards in `registry/`. A test compares the page.
"""

from pathlib import Path

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.lookup import models

PAGE = Path(__file__).with_name("models.md")
BEGIN, END = "<!-- written by docs/make_models.py -->", "<!-- end of the models -->"
# Packages of the zoo's architectures, in the order of the page.
FAMILIES = {
    "ganzoo_classic": "Classics",
    "ganzoo_conditional": "Conditional",
    "ganzoo_modern": "Modern",
    "ganzoo_translation": "Image to image",
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
        lines += [f"## {title}", "", "| model | what it is | weights, G / D | paper |"]
        lines += ["|---|---|---:|---|", *map(_row, rows), ""]
    return "\n".join(lines)


def _row(card: Card) -> str:
    counts = " / ".join(f"{card.parameters[p]:,}" for p in ("generator", "discriminator"))
    papers = ", ".join(f"[{url.rsplit('/', 1)[-1]}]({url})" for url in card.papers)
    return f"| `{card.name}` | {card.summary} | {counts} | {papers} |"


def filled(page: str) -> str:
    """Return the page with the current tables."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
