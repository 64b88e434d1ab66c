"""Draw functions and classes whose files a reader should guess from the list of files alone.

    python docs/guess.py 7          # twenty names with their signatures and docstrings
    python docs/guess.py 7 --key    # the files that they are in

The reader sees the first list and `find ganzoo plugins -name '*.py'`, and gives two guesses for
each. Where many are not guessed, functions or files have the wrong names. Drawn are functions and
classes of modules that have a docstring, private ones too; methods and `__init__.py` are left out.
"""

import argparse
import ast
import random
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Definition(NamedTuple):
    """A function or class of a module, without its body."""

    file: str
    signature: str
    docstring: str


def definitions() -> list[Definition]:
    """All that may be drawn, in the order of files and lines."""
    found = []
    for path in sorted([*ROOT.glob("ganzoo/**/*.py"), *ROOT.glob("plugins/**/*.py")]):
        if path.name == "__init__.py" or "template" in path.parts:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
                file = path.relative_to(ROOT).as_posix()
                found.append(Definition(file, signature(node), ast.get_docstring(node) or ""))
    return found


def signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Return the line that defines it, without annotations and base classes."""
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return f"def {node.name}({', '.join(argument.arg for argument in arguments)})"


def main() -> None:
    """Print the names that a seed draws, or their files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("seed", type=int)
    parser.add_argument("-n", type=int, default=20)
    parser.add_argument("--key", action="store_true", help="print the files instead")
    options = parser.parse_args()
    chosen = random.Random(options.seed).sample(definitions(), options.n)
    for number, definition in enumerate(chosen, 1):
        if options.key:
            print(f"{number:2}. {definition.signature.split('(')[0]:40} {definition.file}")
        else:
            print(f"{number}. {definition.signature}\n    {definition.docstring}\n")


if __name__ == "__main__":
    main()
