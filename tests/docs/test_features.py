"""The table of the classifiers says what their files say."""

import importlib.util
from pathlib import Path

MAKE = Path(__file__).parents[2] / "docs" / "make_features.py"


def test_the_table_of_the_classifiers_is_up_to_date():
    spec = importlib.util.spec_from_file_location("make_features", MAKE)
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    page = make.PAGE.read_text(encoding="utf-8")
    assert page == make.filled(page), "Run `python docs/make_features.py`."
    assert "| `fashion-mnist` | 96 |" in page
