"""The documentation site: README and every page of docs/, built by `make docs`.

The source folder is the root of the repository, so that links between pages are the same here
as where the repository is browsed. Tutorials are converted to notebooks first and executed here.
"""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]
os.environ.setdefault("KERAS_BACKEND", "jax")  # autodoc imports; notebooks inherit it

from ganzoo import __version__  # noqa: E402

project, release = "ganzoo", __version__
copyright = author = "The ganzoo developers"
html_title = f"ganzoo {release}"
html_theme = "furo"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

root_doc = "README"
include_patterns = [
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md",
    "docs/tutorials/*.ipynb", "docs/example_plugin/README.md",
]  # fmt: skip
CONTENTS = """
```{toctree}
:hidden:
:caption: Tutorials
docs/tutorials/gan-mnist
docs/tutorials/gan-mnist-small
docs/tutorials/gan-fashion-mnist
docs/tutorials/dcgan-fashion-mnist
docs/tutorials/faces
```

```{toctree}
:hidden:
:glob:
:caption: Pages
docs/*
docs/example_plugin/README
```

```{toctree}
:hidden:
:caption: Project
CONTRIBUTING
CHANGELOG
SECURITY
```
"""

exclude_patterns = [".*", "build", "dist", "runs"]  # not even looked into
default_role = "code"
myst_heading_anchors = 3
suppress_warnings = ["myst.header", "misc.highlighting_failure"]  # pages of their own levels
nb_execution_mode = "force"
nb_execution_timeout = 1800  # seconds for a cell, on a busy machine
nb_execution_raise_on_error = True
nb_execution_in_temp = True  # what a tutorial saves is not left here
nb_merge_streams = True
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False


def add_contents(app, docname, source):
    """Put the table of contents under the README, which is the first page."""
    if docname == root_doc:
        source[0] += CONTENTS


def copy_index(app, exception):
    """Let the first page be found by its folder alone."""
    if exception is None and app.builder.name == "html":
        shutil.copy(Path(app.outdir, f"{root_doc}.html"), Path(app.outdir, "index.html"))


def setup(app):
    app.connect("source-read", add_contents)
    app.connect("build-finished", copy_index)
