"""No module of ganzoo.files imports a framework, maps memory or loads code."""

import ast
from pathlib import Path

import pytest
from children import run_python

import ganzoo.files

FILES = sorted(Path(ganzoo.files.__file__).parent.glob("*.py"))
FORBIDDEN = {
    "mmap", "memmap", "pickle", "marshal", "eval", "exec", "fromfile", "tofile", "yaml",
    "keras", "jax", "torch", "tensorflow", "h5py", "zipfile", "tarfile", "safe_open",
}  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_names_a_loader_a_framework_or_a_memory_map(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(part for alias in node.names for part in alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            names.update((node.module or "").split("."))
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    assert not names & FORBIDDEN


def test_importing_every_module_imports_no_framework():
    code = """
import importlib, pkgutil, sys
import ganzoo.files
for module in pkgutil.iter_modules(ganzoo.files.__path__):
    importlib.import_module(f"ganzoo.files.{module.name}")
heavy = {"keras", "jax", "torch", "tensorflow", "h5py", "pydantic"}
print(sorted(heavy & set(sys.modules)), "ganzoo.files.checkpoints" in sys.modules)
"""
    assert run_python("-c", code).stdout == "[] True\n"
