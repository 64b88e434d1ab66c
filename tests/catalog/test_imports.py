import ast
from pathlib import Path

from children import run_python

import ganzoo.catalog

PACKAGE = Path(ganzoo.catalog.__file__).parent
HEAVY = ("keras", "jax", "torch", "tensorflow", "numpy", "PIL", "typer", "rich")
HEAVY += ("cryptography",)


def loaded_after(source: str) -> set[str]:
    """The modules that a fresh interpreter holds after running the source."""
    source += "\nimport sys; print(' '.join(sys.modules))"
    return set(run_python("-W", "error", "-c", source).stdout.split())


def test_importing_the_whole_package_imports_no_framework():
    names = sorted(
        ".".join(("ganzoo.catalog", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in PACKAGE.rglob("[a-z]*.py")
    )
    loaded = loaded_after("import " + ", ".join(names))
    assert set(names) <= loaded
    assert not loaded & set(HEAVY)


def test_looking_through_all_names_and_cards_imports_no_framework_and_no_plugin():
    loaded = loaded_after(
        "from ganzoo.catalog.plugins.discovery import KINDS, discover, plugin_signature\n"
        "from ganzoo.catalog.registry.lookup import read_cards\n"
        "assert len(read_cards()[0]) >= 7\n"
        "for kind in KINDS:\n"
        "    for plugin in discover(kind).plugins.values():\n"
        "        plugin_signature(plugin)\n"
    )
    assert not loaded & {*HEAVY, "ganzoo_classic", "ganzoo_data"}


def test_what_reads_no_card_needs_no_pydantic():
    modules = ("plugins.discovery", "registry.lookup", "runs", "plugins.signature")
    names = ", ".join(f"ganzoo.catalog.{module}" for module in modules)
    assert "pydantic" not in loaded_after(f"import {names}, ganzoo.catalog.plugins.name_resolution")


def test_the_package_imports_only_what_lies_below_it():
    allowed = ("ganzoo.catalog", "ganzoo.config", "ganzoo.errors", "ganzoo.files")
    for path in PACKAGE.rglob("[a-z]*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            assert not (module or "").startswith("ganzoo") or module.startswith(allowed), path
