"""docs/recipe.md says what a recipe takes, key by key."""

import make_recipe


def test_the_page_of_recipe_keys_is_up_to_date():
    page = make_recipe.PAGE.read_text(encoding="utf-8")
    assert page == make_recipe.page(), "Run `python docs/make_recipe.py`."


def test_every_key_says_what_it_takes_and_the_keys_of_ours_what_they_mean():
    page = make_recipe.page()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert not [row for row in rows if not row[1].strip()]
    own = page.partition("## `[generator_optimizer]`")[0].splitlines()
    assert not [line for line in own if line.startswith("| `") and line.endswith("|  |")]
