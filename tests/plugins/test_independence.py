"""Papers stand alone: what several share is in ganzoo, or in a module that is no paper."""

import ast
from pathlib import Path

from ganzoo.catalog.plugins.discovery import discover

PLUGINS = Path(__file__).parents[2] / "plugins"
PAPERS = {
    plugin.module
    for plugin in discover("architecture").plugins.values()
    if (PLUGINS / plugin.module.split(".")[0]).is_dir()
}


def imported_modules(path: Path) -> set[str]:
    """Names of modules that a file imports, or may import, as `from a import b`."""
    package, found = path.relative_to(PLUGINS).parent.parts, set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def test_no_paper_is_imported_by_another_module():
    assert {"ganzoo_classic.dcgan", "ganzoo_modern.stylegan2"} <= PAPERS
    wrong = [
        f"{path.relative_to(PLUGINS)} imports {name}"
        for path in PLUGINS.rglob("*.py")
        for name in imported_modules(path) & PAPERS
    ]
    assert not wrong
