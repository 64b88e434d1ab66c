"""Retired words: those that no reader of GAN papers, Keras or PyTorch would know.

One word per idea, and the field's. A word comes back easily with a copied line, so this looks for
the retired ones of glossary.toml: some must stand nowhere, others are plain English that only
makes a bad name. `docs/decisions.md` and `CHANGELOG.md` are history and may say them.
"""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HISTORY = {"docs/decisions.md", "CHANGELOG.md", "tests/glossary.toml", "tests/test_glossary.py"}
SUFFIXES = (".py", ".pyi", ".md", ".toml", ".json", ".html", ".js", ".css", ".cff", ".yml", ".yaml")

GLOSSARY = tomllib.loads((ROOT / "tests" / "glossary.toml").read_text(encoding="utf-8"))
NOWHERE, IN_NAMES, WHOLE = (GLOSSARY[table] for table in ("nowhere", "in_names", "whole"))
KEYS, PHRASES, ALLOWED = (GLOSSARY[table] for table in ("keys", "phrases", "allowed"))
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_WORD = re.compile(r"[A-Za-z_]+")


def files() -> list[Path]:
    """Every text of the project that somebody reads, those that are history excepted."""
    tops = ("ganzoo", "plugins", "tests", "docs", "registry", "benchmarks", ".github", ".")
    found: set[Path] = set()
    for top in tops:
        found |= set((ROOT / top).glob("*" if top == "." else "**/*"))
    return sorted(
        path
        for path in found
        if path.suffix in SUFFIXES
        and path.relative_to(ROOT).as_posix() not in HISTORY
        and not {"runs", "build", "__pycache__"} & set(path.relative_to(ROOT).parts)
    )


def parts(name: str) -> list[str]:
    """The words that a name is made of, split at `_` and at capitals."""
    return [part.lower() for part in _PART.findall(name)]


def names_given(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that the code gives, with its line; a test's own name is a sentence."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if not node.name.startswith("test_"):
                yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield getattr(node, "lineno", 0), node.asname


def definitions(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def keys_of(table: object) -> Iterator[str]:
    """Every key of a document, at any depth."""
    if isinstance(table, dict):
        for key, value in table.items():
            yield key
            yield from keys_of(value)
    elif isinstance(table, list):
        for value in table:
            yield from keys_of(value)


def words_in(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for match in _WORD.finditer(line):
            yield number, match[0]


def prose(path: Path, text: str) -> str:
    """What is written for people: comments and strings of code, all of a page."""
    if path.suffix != ".py":
        return text
    lines = [""] * (text.count("\n") + 2)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            for offset, line in enumerate(token.string.split("\n")):
                lines[token.start[0] - 1 + offset] += " " + line
    return "\n".join(lines)


def hits(path: Path) -> list[tuple[str, int, str, str, str]]:
    """File, line, word, where it stands and what the field says, for each retired word."""
    where = path.relative_to(ROOT).as_posix()
    text = path.read_text(encoding="utf-8")
    tested = where.startswith("tests/")  # a test reads as a sentence, its local names too
    found = []
    for part in {p for word in path.relative_to(ROOT).with_suffix("").parts for p in parts(word)}:
        if instead := (NOWHERE | IN_NAMES).get(part):
            found.append((where, 0, part, "its own name", instead))
    if path.suffix == ".py" and path.stem in WHOLE:
        found.append((where, 0, path.stem, "its own name", WHOLE[path.stem]))
    for line, word in words_in(text):
        if word in KEYS:
            found.append((where, line, word, word, KEYS[word]))
        for part in parts(word):
            if part in NOWHERE:
                found.append((where, line, part, word, NOWHERE[part]))
    if path.suffix == ".py":
        tree = ast.parse(text)
        for line, name in () if tested else names_given(tree):
            for part in parts(name):
                if part in IN_NAMES:
                    found.append((where, line, part, name, IN_NAMES[part]))
        for line, name in () if tested else definitions(tree):
            if (plain := name.strip("_")) in WHOLE:
                found.append((where, line, plain, name, WHOLE[plain]))
    elif path.suffix == ".toml":
        for key in keys_of(tomllib.loads(text)):
            for part in parts(key):
                if part in IN_NAMES:
                    found.append((where, 0, part, key, IN_NAMES[part]))
    for number, line in enumerate([] if tested else prose(path, text).splitlines(), 1):
        for pattern, instead in PHRASES.items():
            for match in re.finditer(pattern, line.replace("  ", " ")):
                found.append((where, number, pattern, match[0].strip(), instead))
    return [hit for hit in found if not allowed(hit[0], hit[2], hit[3])]


def allowed(where: str, word: str, name: str) -> bool:
    """Return True if the glossary gives a reason why this word or name may stand in this file."""
    return any({word, name} & set(ALLOWED.get(scope, {})) for scope in ("*", where))


def by_folder() -> dict[str, list[Path]]:
    """The files by the folder in which they stand, two levels deep."""
    grouped: dict[str, list[Path]] = {}
    for path in files():
        above = path.relative_to(ROOT).parts[:-1]
        deep = above[:2] if above and above[0] in ("ganzoo", "plugins", "tests") else above[:1]
        grouped.setdefault("/".join(deep) or ".", []).append(path)
    return grouped


FOLDERS = by_folder()


def test_every_exception_is_needed():
    given = {(scope, word) for scope, words in ALLOWED.items() if scope != "*" for word in words}
    texts = {scope: (ROOT / scope).read_text(encoding="utf-8").lower() for scope, _ in given}
    assert not {(scope, word) for scope, word in given if word.lower() not in texts[scope]}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_retired_word_is_found(folder):
    found = [hit for path in FOLDERS[folder] for hit in hits(path)]
    assert not [f"{w}:{line}: {word} in {name!r}; say {new}" for w, line, word, name, new in found]


if __name__ == "__main__":
    for group in FOLDERS:
        for path in FOLDERS[group]:
            for w, line, word, name, new in hits(path):
                print(f"{group}\t{w}:{line}: {word} in {name!r}; say {new}")
