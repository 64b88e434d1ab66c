"""Importing a data set does nothing, and no framework is imported until one is needed."""

import pkgutil

import ganzoo_data
import pytest
from children import run_python

import ganzoo.data

FRAMEWORKS = ("keras", "jax", "torch", "tensorflow", "huggingface_hub", "sklearn", "pyarrow")
MODULES = sorted(
    info.name
    for package in (ganzoo.data, ganzoo_data)
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
)


def test_importing_every_module_imports_no_framework_and_writes_nothing(tmp_path):
    code = "import importlib, sys\n"
    code += "".join(f"importlib.import_module({name!r})\n" for name in MODULES)
    code += f"print([name for name in {FRAMEWORKS} if name in sys.modules])\n"
    done = run_python("-W", "error", "-c", code, cwd=tmp_path, env={"HOME": tmp_path})
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert list(tmp_path.rglob("*")) == []
    assert len(MODULES) > 15


@pytest.mark.parametrize("name", ["digits", "mixture"])
def test_a_data_set_that_is_not_downloaded_needs_no_framework(tmp_path, name):
    code = f"import sys\nfrom ganzoo_data.{name} import {name} as load\nload()\n"
    code += f"print([name for name in {FRAMEWORKS} if name in sys.modules])\n"
    done = run_python("-W", "error", "-c", code, cwd=tmp_path, env={"HOME": tmp_path})
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert list(tmp_path.rglob("*")) == []
