"""Source files of modules: found, parsed and digested without importing anything."""

import ast
import hashlib
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

_MAX_MODULES = 1000  # of one plugin


def package_folders(package: str) -> list[Path]:
    """Return the folders of a package, where its data files lie; none if it cannot be found."""
    return _locate_module(package)[1]


def parse_module(module: str) -> ast.Module | None:
    """Return the syntax tree of a module; None if its source cannot be found, read or parsed."""
    file, _ = _locate_module(module)
    if file is None:
        return None
    try:
        return _parse_source(file.read_bytes())
    except OSError:
        return None


def source_digest(module: str) -> str | None:
    """Return the sha256 of a module's source and of what it imports from its own package.

    Of a module that imports nothing from there it is that of its file. Modules that are imported
    by computed names, and files that are no modules, are not seen.

    Returns:
        None if there is no source, or it cannot be read.
    """
    found: dict[str, bytes] = {}
    waiting = [module]
    try:
        while waiting and len(found) < _MAX_MODULES:
            name = waiting.pop()
            file, folders = _locate_module(name)
            if file is None or name in found:
                continue
            found[name] = file.read_bytes()
            waiting += _imports_of_own_package(name, found[name], is_package=bool(folders))
    except OSError:
        return None
    if module not in found:
        return None
    digests = {name: hashlib.sha256(source).hexdigest() for name, source in found.items()}
    if len(digests) == 1:
        return digests[module]
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()


def _imports_of_own_package(module: str, source: bytes, *, is_package: bool) -> list[str]:
    """The modules of its own top-level package that a module imports, also inside functions."""
    tree = _parse_source(source)
    above = module.split(".") if is_package else module.split(".")[:-1]
    found: list[str] = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = above[: len(above) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.append(inner if _locate_module(inner)[0] else base)
    top = module.partition(".")[0]
    return [name for name in found if name.partition(".")[0] == top]


def _parse_source(source: bytes) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stray backslash in somebody's docstring
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _locate_module(module: str) -> tuple[Path | None, list[Path]]:
    """A module's source file, and the folders in which its submodules lie."""
    top, *rest = module.split(".")
    file, folders = _locate_top_level(top)
    for part in rest:
        file, folders = _locate_submodule(folders, part)
    return file, folders


def _locate_top_level(name: str) -> tuple[Path | None, list[Path]]:
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


def _locate_submodule(folders: Iterable[Path], name: str) -> tuple[Path | None, list[Path]]:
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
