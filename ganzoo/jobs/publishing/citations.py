"""BibTeX entries of ganzoo and of the papers that cards name."""

from collections.abc import Iterable

from ganzoo import __version__
from ganzoo.catalog.registry.locations import own_registry

OWN = f"""\
@software{{ganzoo,
  author = {{{{The ganzoo developers}}}},
  title = {{ganzoo: generative adversarial networks written once for JAX, PyTorch and TensorFlow}},
  version = {{{__version__}}},
}}"""


def bibtex(papers: Iterable[str]) -> str:
    """Return an entry for ganzoo and one for each address, which is all that an unknown one has."""
    known = (own_registry() / "papers.bib").read_text(encoding="utf-8").split("\n\n")
    entries = [OWN]
    for url in papers:
        unknown = f"@misc{{{url.rpartition('/')[2]},\n  url = {{{url}}},\n}}"
        entries.append(next((one.strip() for one in known if f"{{{url}}}" in one), unknown))
    return "\n\n".join(entries)
