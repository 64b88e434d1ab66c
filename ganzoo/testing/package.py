"""A new plugin package, written from the one in `template`, which works as it is."""

import keyword
import re
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.registry import lookup
from ganzoo.errors import UsageError
from ganzoo.files.names import check_name
from ganzoo.files.publish import make_folder, publish_folder, write_new
from ganzoo.files.text import quote

# What the template calls itself: the name, and the name as Python writes it.
_NAME, _WORD = "my-gan", "my_gan"
_LONGEST = 50  # characters: a model's name is that of the architecture and of a data set


def new_package(name: str, out: Path | None = None) -> list[Path]:
    """Write a package with an architecture, a card and a test.

    Args:
        name: What people type: lower case, letters, digits and dashes.
        out: The package's folder, which does not exist yet; by default `ganzoo-NAME`.

    Returns:
        The files.

    Raises:
        UsageError: the name cannot be one or is taken, or something lies in the folder's place.
        EnvironmentProblem: the folder cannot be written.
    """
    word = _checked(name)
    folder = Path(f"ganzoo-{name}") if out is None else Path(out).expanduser()
    files = {_renamed(path, name, word): _renamed(text, name, word) for path, text in template()}

    def write(place: Path) -> None:
        for path, text in files.items():
            for parent in reversed((place / path).relative_to(place).parents[:-1]):
                if not (place / parent).is_dir():
                    make_folder(place / parent)
            write_new(place / path, text.encode("utf-8"))

    publish_folder(folder, write)
    return [folder / path for path in files]


def template() -> list[tuple[str, str]]:
    """Path and text of each file of the template, in the order in which one reads them."""
    found = list(_walked(resources.files(__package__) / "template", ""))
    order = ("pyproject.toml", "README.md")
    return sorted(found, key=lambda one: (one[0] not in order, one[0]))


def _walked(folder: Traversable, prefix: str):
    for entry in folder.iterdir():
        if entry.name.startswith((".", "__pycache__")):
            continue
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walked(entry, f"{path}/")
        else:
            yield path, entry.read_text(encoding="utf-8")


def _renamed(text: str, name: str, word: str) -> str:
    return text.replace(_WORD, word).replace(_NAME, name)


def _checked(name: str) -> str:
    """The name as Python writes it."""
    check_name(name, "name of an architecture", error=UsageError)
    word = name.replace("-", "_")
    plain = re.fullmatch(r"[a-z][a-z0-9-]*", name) and len(name) <= _LONGEST
    if not plain or keyword.iskeyword(word):
        raise UsageError(
            f"The name becomes that of a function, so it must be at most {_LONGEST} letters, "
            "digits and dashes in lower case, a letter first, and no word of Python. "
            f"Received: {quote(name)}."
        )
    taken = discovery.discover("architecture").plugins
    if name in taken or f"{name}-digits" in lookup.models():
        owner = taken[name].distribution if name in taken else "another package"
        raise UsageError(f"The name {name!r} is taken by {owner}.", hint="Choose another one.")
    if find_spec(f"ganzoo_{word}") is not None:
        raise UsageError(
            f"A package ganzoo_{word} is installed already. Received: {name!r}.",
            hint="Choose another name.",
        )
    return word
