"""Code from files, included in the pages: `python docs/includes.py`; a test compares them.

A page names a file, or a function or class in it; what stands between the two comments is
replaced:

    <!-- include ganzoo/gan/gan.py GAN.step -->
    <!-- end -->
"""

import ast
import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^(<!-- include (\S+)(?: (\S+))? -->)\n.*?^(<!-- end -->)$", re.M | re.S)
_LANGUAGES = {".py": "python", ".toml": "toml", ".md": "markdown"}


def filled(text: str) -> str:
    """Return the page with every included block as it is in its file."""

    def block(match: re.Match) -> str:
        begin, path, name, end = match.groups()
        code = source(ROOT / path, name).rstrip()
        return f"{begin}\n```{_LANGUAGES[Path(path).suffix]}\n{code}\n```\n{end}"

    return _BLOCK.sub(block, text)


def source(path: Path, name: str | None = None) -> str:
    """Return a file's text, or that of a function or class in it, with its decorators."""
    text = path.read_text(encoding="utf-8")
    if name is None:
        return text
    node = ast.parse(text)
    for word in name.split("."):
        node = next(n for n in node.body if getattr(n, "name", None) == word)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(text.splitlines()[first - 1 : node.end_lineno]))


if __name__ == "__main__":
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        if (after := filled(before)) != before:
            page.write_text(after, encoding="utf-8")
            print(page.relative_to(ROOT))
