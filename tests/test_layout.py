"""The layout of docs/layout.md: imports run downwards, and each folder holds what it is for.

It is read off the source, so it holds for imports inside functions and for types as well.
"""

import ast
import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ganzoo

ROOT = Path(__file__).parents[1]
FRAMEWORKS = {"jax", "jaxlib", "torch", "tensorflow"}

# Each package, and the packages that it may import. "face" is `ganzoo/__init__.py`.
BELOW = {
    "errors": set(),
    "modalities": set(),
    "files": {"errors"},
    "backend": {"errors"},
    "data": {"errors", "files", "modalities"},
    "layers": {"errors", "backend"},
    "blocks": {"errors", "backend", "layers"},
    "metrics": {"errors", "modalities"},
    "config": {"errors", "files"},
    "catalog": {"errors", "files", "modalities", "config"},
    "rendering": {"errors", "files", "modalities"},
    "gan": {"errors", "config", "backend", "layers", "modalities", "rendering"},
}
BELOW["jobs"] = set(BELOW)
BELOW["plugins"] = set(BELOW) - {"jobs"} | {"face"}
BELOW["testing"] = set(BELOW) - {"plugins"}
BELOW["cli"] = set(BELOW) - {"plugins"}
BELOW["face"] = set(BELOW) - {"plugins", "cli", "testing", "face"}

NO_KERAS = (
    "files", "config", "catalog", "data", "metrics", "cli", "errors", "modalities", "rendering",
    "face",
)  # fmt: skip
# The only places where a module's name is computed.
BY_NAME = {
    "ganzoo/__init__.py",  # the face
    "ganzoo/backend/__init__.py",  # the backend in use
    "ganzoo/catalog/plugins/discovery.py",  # plugins, guarded
    "plugins/ganzoo_data/keras_arrays.py",  # keras.datasets
    "plugins/ganzoo_loggers/packages.py",  # packages that are not installed everywhere
}


# The package that `ganzoo plugin new` copies; its own tests look after it.
TEMPLATE = ROOT / "ganzoo" / "testing" / "template"


def sources() -> list[Path]:
    found = [*ROOT.glob("ganzoo/**/*.py"), *ROOT.glob("plugins/**/*.py")]
    return sorted(path for path in found if not path.is_relative_to(TEMPLATE))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def package_of(path: Path) -> str:
    top, second = path.relative_to(ROOT).parts[:2]
    if top == "plugins":
        return "plugins"
    return "face" if second == "__init__.py" else second.removesuffix(".py")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def trees(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sources():
        if not packages or package_of(path) in packages:
            yield path, tree_of(path)


def imports(path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything that is imported, relative names resolved."""
    base = "ganzoo" if path.is_relative_to(ROOT / "ganzoo") else "plugins"
    package = path.relative_to(ROOT / base).parent.parts
    package = (base, *package) if base == "ganzoo" else package
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def packages_imported(path: Path, tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Line, name and package of everything that is imported from the project."""
    for line, name in imports(path, tree):
        words = name.split(".")
        if words[0] == "ganzoo":
            second = words[1] if len(words) > 1 else ""
            if second == "__version__":
                continue
            yield line, name, second if second in BELOW else "face"
        elif (ROOT / "plugins" / words[0]).is_dir():
            yield line, name, "plugins"


def test_every_file_is_in_a_known_package():
    assert {package_of(path) for path in sources()} <= set(BELOW)
    assert {"errors", "files", "backend", "gan", "jobs", "cli"} <= {
        package_of(p) for p in sources()
    }


def test_no_package_lies_below_itself():
    for package in BELOW:
        reached, waiting = set(), [package]
        while waiting:
            new = BELOW[waiting.pop()] - reached
            reached |= new
            waiting += new
        assert package not in reached, package


@pytest.mark.parametrize("package", sorted(BELOW))
def test_imports_run_downwards_only(package):
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path, tree in trees(package)
        for line, name, other in packages_imported(path, tree)
        if other != package and other not in BELOW[package] and not version_only(name, tree)
    ]
    assert not wrong


def version_only(name: str, tree: ast.Module) -> bool:
    """`import ganzoo` for `ganzoo.__version__`, which the face has without importing anything."""
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "ganzoo"
    }
    return name == "ganzoo" and used == {"__version__"}


def test_names_and_mathematics_meet_in_the_jobs_only():
    assert "gan" not in BELOW["catalog"]
    assert "catalog" not in BELOW["gan"]


def test_only_the_backend_package_imports_a_framework():
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path, tree in trees()
        for line, name in imports(path, tree)
        if name.split(".")[0] in FRAMEWORKS and package_of(path) != "backend"
    ]
    assert not wrong


def test_each_backend_module_imports_its_own_framework_only():
    for path, tree in trees("backend"):
        used = {name.split(".")[0] for _, name in imports(path, tree)} & FRAMEWORKS
        assert used <= {path.stem.split("_")[0]}, name_of(path)


def test_packages_without_mathematics_import_no_keras():
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path, tree in trees(*NO_KERAS)
        for line, name in imports(path, tree)
        if name.split(".")[0] == "keras"
    ]
    assert not wrong


def test_no_part_of_keras_is_used_that_is_not_public():
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path, tree in trees()
        for line, name in imports(path, tree)
        if name.startswith("keras.src")
    ]
    wrong += [
        f"{name_of(path)}:{node.lineno} uses keras.{node.attr}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "keras"
        and (node.attr == "src" or node.attr.startswith("_"))
    ]
    assert not wrong


def test_the_core_names_no_plugin():
    plugins = {path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    assert {"ganzoo_classic", "ganzoo_data"} <= plugins
    word = re.compile(rf"\b({'|'.join(plugins)})\b")
    for path in ROOT.glob("ganzoo/**/*.py"):
        assert not word.findall(path.read_text(encoding="utf-8")), name_of(path)


def test_modules_are_imported_by_computed_names_in_few_places():
    for path, tree in trees():
        computed = {
            ast.unparse(node.func)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and ast.unparse(node.func) in ("import_module", "importlib.import_module", "__import__")
        }
        assert not computed or name_of(path) in BY_NAME, name_of(path)


def test_importing_ganzoo_imports_no_framework():
    code = (
        "import sys, ganzoo\n"
        "ganzoo.list_models('dcgan*'), ganzoo.Dataset, ganzoo.GanzooError, ganzoo.load\n"
        "heavy = {'keras', 'jax', 'torch', 'tensorflow'}\n"
        "print(sorted(heavy & set(sys.modules)), ganzoo.list_models('dcgan-d*'))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[] ['dcgan-digits']\n"


def test_every_name_of_the_face_is_there_and_typed():
    path = ROOT / "ganzoo" / "__init__.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typed = {name.split(".")[-1] for _, name in imports(path, tree)} - {"importlib", "select"}
    assert set(ganzoo.__all__) == set(dir(ganzoo))
    assert set(ganzoo.__all__) - {"__version__"} == typed - {"TYPE_CHECKING"}


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_every_module_and_every_public_name_in_it_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent
    assert ast.get_docstring(tree)


def test_collecting_the_tests_imports_no_framework():
    """What needs none shares a process with it; Keras fixes its backend when it is imported."""
    heavy = {
        "keras",
        *FRAMEWORKS,
        *(f"ganzoo.{name}" for name in ("GAN", "gan", "layers", "blocks")),
    }
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in ROOT.glob("tests/**/test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in [getattr(node, "module", None)]
        for name in (f"{module}.{a.name}" if module else a.name for a in node.names)
        if any(name == word or name.startswith(f"{word}.") for word in heavy)
    ]
    assert not wrong
