import pytest

from ganzoo.errors import InvalidInput
from ganzoo.files.strict_json import canonical_json, parse_json


def test_canonical_json_sorts_keys_and_leaves_out_spaces():
    value = {"b": [1, 2.5, None, True], "a": {"é": "名😀", "Z": (), "a": -0.0}}
    assert canonical_json(value) == '{"a":{"Z":[],"a":-0.0,"é":"名😀"},"b":[1,2.5,null,true]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "\ud800"])
def test_canonical_json_refuses_what_json_cannot_say(value):
    with pytest.raises(ValueError, match="JSON|surrogates"):
        canonical_json({"a": [value]})


def test_canonical_json_refuses_keys_that_are_not_text():
    with pytest.raises(TypeError, match="key must be text"):
        canonical_json({"a": [{1: "x"}]})


def test_canonical_json_refuses_endless_nesting():
    value = []
    value.append(value)
    with pytest.raises(ValueError, match="nested|Circular"):
        canonical_json(value)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b'{"a":1,"a":1}', b'[{"x":{"a":1,"b":2,"a":3}}]', b"NaN", b"[-Infinity]",
        b"1e999", b'"\\ud800"', b'{"\\udc00":1}', b'"\xff"', b"\xef\xbb\xbf{}", b'{"a":1}\x00',
        b"{} {}", b"[1,]", b"{'a':1}", b"01", b"1" * 10_000, b"[" * 100_000, b'{"a":' * 100_000,
        b'"\n"',
    ],
    ids=lambda text: ascii(text[:20]),
)  # fmt: skip
def test_what_json_leaves_open_is_refused(text):
    with pytest.raises(InvalidInput, match="Not valid JSON in the card"):
        parse_json(text, "the card")


def test_what_canonical_json_writes_is_read_back():
    value = {"b": [1, 2.5, None, True, 2**70], "a": {"é": "名😀", "nested": [[[{}]]]}}
    assert parse_json(canonical_json(value), "x") == value
    assert parse_json(canonical_json(value).encode(), "x") == value
