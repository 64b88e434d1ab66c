"""Data sets import the modules that docs/add-a-dataset.md lists, and no others."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-dataset.md").read_text(encoding="utf-8")
PUBLIC = {
    module
    for row in re.findall(r"^\| (`ganzoo\.[^|]*) \|", PAGE, re.MULTILINE)
    for module in re.findall(r"`([\w.]+)`", row)
}
# A package with papers too: see docs/add-a-paper.md.
FOR_PAPERS = {
    "ganzoo", "ganzoo.blocks", "ganzoo.layers", "ganzoo.backend", "ganzoo.backend.settings",
    "ganzoo.testing",
}  # fmt: skip
DATA_SETS = sorted((ROOT / "plugins" / "ganzoo_data").glob("*.py"))
PACKAGES = sorted(
    [
        *(ROOT / "docs" / "example_plugin").rglob("*.py"),
        *(ROOT / "ganzoo" / "testing" / "template").rglob("*.py"),
    ]
)


def imported(path):
    """Modules of ganzoo that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        yield from (name for name in names if name.split(".")[0] == "ganzoo")


def test_the_page_lists_modules_that_exist():
    assert len(PUBLIC) >= 15
    for module in PUBLIC:
        assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("path", DATA_SETS, ids=lambda path: path.stem)
def test_a_data_set_of_the_zoo_imports_public_modules_only(path):
    assert set(imported(path)) <= PUBLIC


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.name)
def test_the_example_and_the_template_import_public_modules_only(path):
    assert set(imported(path)) <= PUBLIC | FOR_PAPERS
