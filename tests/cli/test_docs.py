"""docs/cli.md says what the command says."""

import importlib.util
from pathlib import Path

MAKE = Path(__file__).parents[2] / "docs" / "make_cli.py"


def test_the_page_about_the_command_line_is_up_to_date():
    spec = importlib.util.spec_from_file_location("make_cli", MAKE)
    make_cli = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_cli)
    assert make_cli.PAGE.read_text(encoding="utf-8") == make_cli.page(), (
        "Run `python docs/make_cli.py`."
    )
