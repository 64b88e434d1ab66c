"""docs/reliability.md says what is promised, and by which tests it is kept."""

import make_reliability


def test_the_page_is_up_to_date():
    page = make_reliability.PAGE.read_text(encoding="utf-8")
    assert page == make_reliability.page(), "Run `python docs/make_reliability.py`."


def test_every_promise_has_its_number_and_every_test_is_there():
    known = make_reliability.promises()
    assert list(known) == list(range(1, 97))
    assert make_reliability.missing_tests() == []


def test_what_has_no_test_is_not_kept_and_says_why():
    statuses = {n: make_reliability.status(one) for n, one in make_reliability.promises().items()}
    for number, promise in make_reliability.promises().items():
        assert statuses[number] == "kept" or promise["open"], number
    assert make_reliability.status({"promise": "A.", "open": "B."}) == "not kept"
    assert (
        make_reliability.status({"promise": "A.", "open": "B.", "tests": ["c"]}) == "kept in part"
    )
