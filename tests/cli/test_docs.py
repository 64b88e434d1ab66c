"""docs/cli.md says what the command says."""

import make_cli


def test_the_page_about_the_command_line_is_up_to_date():
    page = make_cli.PAGE.read_text(encoding="utf-8")
    assert page == make_cli.page(), "Run `python docs/make_cli.py`."
