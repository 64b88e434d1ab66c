"""A new plugin package, made from the one in the folder `template`, which works as it is."""

import keyword
import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.registry import lookup
from ganzoo.errors import UsageError
from ganzoo.files.home import expand_home
from ganzoo.files.manifests import check_name
from ganzoo.files.publish import make_folder, publish_folder, write_new
from ganzoo.files.text import quote

_TEMPLATE_NAME, _TEMPLATE_IDENTIFIER = "my-gan", "my_gan"
_MAX_NAME = 50  # characters: a model's name is that of the architecture and of a data set


def new_package(name: str, out: Path | None = None) -> list[Path]:
    """Write a package with an architecture, a card and a test, and return its files.

    Args:
        name: Name of the architecture: lower case letters, digits and dashes.
        out: Folder of the package, which does not exist yet; by default `ganzoo-NAME`.

    Raises:
        UsageError: the name is not allowed or taken, or the folder exists.
        EnvironmentProblem: the folder cannot be written.
    """
    identifier = _package_identifier(name)
    folder = Path(f"ganzoo-{name}") if out is None else expand_home(out)

    def renamed(text: str) -> str:
        return text.replace(_TEMPLATE_IDENTIFIER, identifier).replace(_TEMPLATE_NAME, name)

    files = {renamed(path): renamed(text) for path, text in template_files()}

    def write(target: Path) -> None:
        for path, text in files.items():
            make_folder((target / path).parent)
            write_new(target / path, text.encode("utf-8"))

    publish_folder(folder, write)
    return [folder / path for path in files]


def template_files() -> list[tuple[str, str]]:
    """Return path and text of each file of the template, in the order in which to read them."""
    found = list(_files_in(resources.files("ganzoo.testing") / "template", ""))
    order = ("pyproject.toml", "README.md")
    return sorted(found, key=lambda one: (one[0] not in order, one[0]))


def _files_in(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.name.startswith((".", "__pycache__")):
            continue
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _files_in(entry, f"{path}/")
        else:
            yield path, entry.read_text(encoding="utf-8")


def _package_identifier(name: str) -> str:
    """The name as an identifier of Python, after all checks."""
    check_name(name, "name of an architecture", error=UsageError)
    identifier = name.replace("-", "_")
    plain = re.fullmatch(r"[a-z][a-z0-9-]*", name) and len(name) <= _MAX_NAME
    if not plain or keyword.iskeyword(identifier):
        raise UsageError(
            f"The name becomes that of a function: at most {_MAX_NAME} letters, digits and dashes "
            "in lower case, a letter first, and no keyword of Python. "
            f"Received: {quote(name)}."
        )
    taken = discovery.discover("architecture").plugins
    if name in taken or f"{name}-digits" in lookup.models():
        owner = taken[name].distribution if name in taken else "another package"
        raise UsageError(f"The name {name!r} is taken by {owner}.", hint="Choose another one.")
    if find_spec(f"ganzoo_{identifier}") is not None:
        raise UsageError(
            f"A package ganzoo_{identifier} is installed already. Received: {name!r}.",
            hint="Choose another name.",
        )
    return identifier
