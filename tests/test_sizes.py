"""Sizes: lines, modules in a folder, modules of one name, imports in a circle.

The reasons for what is larger stand here, by name; a function gives its own, in a comment
`# long: ...` within its first lines.
"""

import ast
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Lines of everything; to be lowered when the code shrinks, and raised for a reason only.
LINES = {"ganzoo": 48_490, "plugins": 11_400, "tests": 44_100}
LINES_OF_A_FILE = 300
LINES_OF_A_TEST = 800  # it mirrors one module, and is read one test at a time
LINES_OF_A_FUNCTION = 60
MODULES_OF_A_FOLDER = 12

# Lists by nature: one thing of a kind in each file.
LISTS = {
    "ganzoo/cli": "one verb or group of verbs in a file",
    "ganzoo/layers": "one layer in a file",
    "ganzoo/metrics": "one family of metrics in a file",
    "plugins/ganzoo_checkpoints": "one published layout in a file",
    "plugins/ganzoo_data": "one data set in a file",
}
# Modules that share a name, and why they may.
SHARED_NAMES = {
    "__init__": "Python's own",
    "__main__": "Python's own",
    "equalized": "blocks of the layers of this name",
    "folder": "the data set of a folder of images, and how such a folder is read",
}
# A verb of the command line calls the job of the same name.
VERBS = ("ganzoo/cli", "ganzoo/jobs")


def sources(*tops: str) -> list[Path]:
    """Python files of the project, the package that `ganzoo plugin new` copies excepted."""
    template = ROOT / "ganzoo" / "testing" / "template"
    found = [path for top in tops for path in (ROOT / top).rglob("*.py")]
    return sorted(path for path in found if not path.is_relative_to(template))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("top", LINES)
def test_the_whole_is_not_larger_than_it_was_meant_to_be(top):
    assert sum(len(lines_of(path)) for path in (ROOT / top).rglob("*.py")) <= LINES[top]


def long_files() -> list[str]:
    """Files over the limit, with their length."""
    limits = {"ganzoo": LINES_OF_A_FILE, "plugins": LINES_OF_A_FILE, "tests": LINES_OF_A_TEST}
    lengths = {(top, p): len(lines_of(p)) for top in limits for p in sources(top)}
    return [f"{name_of(p)}: {n} lines" for (top, p), n in lengths.items() if n > limits[top]]


def test_no_file_is_too_long():
    assert not long_files()


def long_functions() -> list[str]:
    """Functions over the limit that give no reason, with their lines beside the docstring."""
    found = []
    for path in sources("ganzoo", "plugins", "tests", "docs"):
        text = lines_of(path)
        for node in ast.walk(ast.parse("\n".join(text))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = text[node.lineno - 1 : node.end_lineno]
                count = len(body) - len((ast.get_docstring(node, clean=False) or "").splitlines())
                if count > LINES_OF_A_FUNCTION and not any("# long: " in line for line in body):
                    found.append(f"{name_of(path)}:{node.lineno} {node.name}: {count} lines")
    return found


def test_no_function_is_too_long_without_a_reason():
    assert not long_functions()


def crowded_folders() -> dict[str, int]:
    """Folders with more modules than fit into one look, and how many they hold."""
    folders = defaultdict(list)
    for path in sources("ganzoo", "plugins"):
        if path.stem != "__init__":
            folders[name_of(path.parent)].append(path.stem)
    counts = {name: len(found) for name, found in folders.items()}
    return {name: n for name, n in counts.items() if n > MODULES_OF_A_FOLDER}


def test_no_folder_holds_too_many_modules():
    assert not {name: n for name, n in crowded_folders().items() if name not in LISTS}


def test_the_lists_are_still_long():
    assert set(LISTS) == set(crowded_folders())


def shared_names() -> dict[str, list[str]]:
    """Names that more than one module has, with their files."""
    named = defaultdict(list)
    for path in sources("ganzoo", "plugins"):
        named[path.stem].append(name_of(path))
    return {
        name: found
        for name, found in named.items()
        if len(found) > 1 and name not in SHARED_NAMES and not verb_and_job(found)
    }


def test_no_two_modules_share_a_name():
    assert not shared_names()


def verb_and_job(found: list[str]) -> bool:
    verbs = [path for path in found if path.startswith(VERBS[0])]
    jobs = [path for path in found if path.startswith(VERBS[1])]
    return len(found) == 2 and len(verbs) == len(jobs) == 1


# Imports in a circle, those inside functions and for types only included


def modules() -> dict[str, Path]:
    """Every module by its dotted name; a package by that of its folder."""
    found = {}
    for path in sources("ganzoo", "plugins"):
        relative = path.relative_to(
            ROOT if path.is_relative_to(ROOT / "ganzoo") else ROOT / "plugins"
        )
        words = relative.with_suffix("").parts
        found[".".join(words[:-1] if words[-1] == "__init__" else words)] = path
    return found


def imported(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """The modules of the project that this one imports anywhere in it."""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found.add(inner if inner in known else module)
    # `ganzoo.__version__` is there before anything is imported
    return {module for module in found if module in known} - {name, "ganzoo"}


def circles() -> list[list[str]]:
    """Groups of modules each of which imports, by way of others, every other one (Tarjan)."""
    known = modules()
    graph = {name: imported(name, path, known) for name, path in known.items()}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 5 * len(graph)))
    try:
        for name in graph:
            if name not in index:
                visit(name)
    finally:
        sys.setrecursionlimit(limit)
    return found


def test_no_modules_import_each_other_in_a_circle():
    assert not circles()


if __name__ == "__main__":
    print("\n".join([*long_files(), *long_functions()]))
    print("crowded", {name: n for name, n in crowded_folders().items() if name not in LISTS})
    print("shared names", shared_names())
    print("circles", circles())
