"""Finds and parses a module's source file without importing the module or its parents."""

import ast
import hashlib
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path


def package_folders(package: str) -> list[Path]:
    """The folders of a package, where its data files lie; none if it cannot be found."""
    return _locate(package)[1]


def parse(module: str) -> ast.Module | None:
    """The syntax tree of a module; None if its source cannot be found, read or parsed."""
    file, _ = _locate(module)
    if file is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stray backslash in somebody's docstring
            return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def source_digest(module: str) -> str | None:
    """The sha256 of a module's source file; None if there is none."""
    file, _ = _locate(module)
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() if file else None
    except OSError:
        return None


def _locate(module: str) -> tuple[Path | None, list[Path]]:
    """A module's source file, and the folders in which its submodules lie."""
    top, *rest = module.split(".")
    file, folders = _top(top)
    for part in rest:
        file, folders = _inside(folders, part)
    return file, folders


def _top(name: str) -> tuple[Path | None, list[Path]]:
    # Finders look for a top-level name without importing anything. They are asked one by
    # one, since an editable install brings a finder of its own, and may be broken.
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, None)
            if spec is None:
                continue
            folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
        except Exception:
            continue
        file = Path(spec.origin) if spec.has_location and spec.origin else None
        return (file if file and file.suffix == ".py" else None), folders
    return None, []


def _inside(folders: Iterable[Path], name: str) -> tuple[Path | None, list[Path]]:
    """The same for a submodule, in the order in which Python would find it."""
    namespace = []
    for folder in folders:
        package = folder / name
        if (package / "__init__.py").is_file():
            return package / "__init__.py", [package]
        if (folder / f"{name}.py").is_file():
            return folder / f"{name}.py", []
        if package.is_dir():
            namespace.append(package)
    return None, namespace
