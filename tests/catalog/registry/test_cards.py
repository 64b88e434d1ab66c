import tomllib

import pytest
import tomli_w

from ganzoo.catalog.registry.cards import Card
from ganzoo.errors import InvalidInput


def spoilt(tables, path: str, value):
    *parents, key = path.split(".")
    node = tables
    for parent in parents:
        node = node[parent]
    node[key] = value
    return tables


def refusal(tables) -> str:
    with pytest.raises(InvalidInput) as caught:
        Card.from_tables(tables)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_a_card_becomes_a_frozen_object(card_tables):
    card = Card.from_tables(card_tables)
    assert (card.name, card.summary) == ("dcgan-test", "A card to test with")
    assert card.license.data == "CC-BY-4.0"
    assert card.parameters == {"generator": 10}
    assert card.recipe.architecture.name == "dcgan"
    with pytest.raises(ValueError, match="frozen"):
        card.name = "other"


def test_the_text_reads_back_as_the_same_card(card_tables, tmp_path):
    card_tables["description"] = 'Two lines\nand """quotes""", \x1b]8;;x\x07 and \u202e.\n'
    card_tables |= {"choices": ["Zero."], "deviations": ["One.", "Two."]}
    result = {"metric": "fid", "value": 12.5, "seeds": [1, 2], "protocol": {"fake": 10}}
    card_tables["results"] = [result]
    card = Card.from_tables(card_tables)
    assert Card.from_tables(tomllib.loads(card.toml())) == card
    assert Card.from_tables(tomllib.loads(card.toml())).toml() == card.toml()
    path = tmp_path / "card.toml"
    path.write_text(card.toml())
    assert Card.read(path) == card


def test_what_is_empty_is_not_written(card_tables):
    text = Card.from_tables(card_tables).toml()
    assert not any(word in text for word in ("results", "choices", "deviations", "description"))


# K13-K18, K20, K23, K24 of the corpus of bad cards


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("summary", 3, "`summary` in card.toml must be text. Received: 3."),
        ("summary", "", "`summary`"),
        (
            "summary",
            "two\nlines",
            "`summary` in card.toml must be one line of text. Received: 'two",
        ),
        ("license.data", "one\n", "`license.data` in card.toml must be one line of text."),
        ("parameters.generator", True, "a whole number. Received: true."),
        ("parameters.generator", 0, "at least 1"),
        ("sumary", "x", "Unknown key in card.toml. Received: 'sumary'. Did you mean 'summary'"),
        ("schema_version", 1, "Received: 'schema_version'. Did you mean 'schema'?"),
        ("__class__", "x", "Unknown key in card.toml. Received: '__class__'"),
        ("license.wights", "x", "Did you mean 'weights'?"),
        ("licence", {}, "Renamed to `license`: see CHANGELOG.md."),
        ("license", "MIT", "`license` in card.toml must be a table. Received: 'MIT'."),
        ("name", "UPPER", "`name` in card.toml"),
        ("name", "../x", "`name` in card.toml"),
        ("name", "a" * 65, "`name` in card.toml"),
        ("name", "ends.", "`name` in card.toml"),
        ("name", "line\n", "`name` in card.toml"),
        ("papers", "https://arxiv.org", "`papers` in card.toml must be a list"),
        ("papers", ["file:///etc/passwd"], "`papers[0]` in card.toml must be a public https"),
        ("papers", ["http://arxiv.org/abs/1"], "must be a public https"),
        ("papers", ["gopher://arxiv.org"], "must be a public https"),
        ("papers", ["javascript:alert(1)"], "must be a public https"),
        ("papers", ["https://user:pass@arxiv.org"], "must be a public https"),
        ("papers", ["https://169.254.169.254/latest"], "must be a public https"),
        ("papers", ["https://[::1]/"], "must be a public https"),
        ("papers", ["https://[broken/"], "must be a public https"),
        ("papers", ["https://"], "must be a public https"),
        ("schema", 999, "`schema` in card.toml must be 1, the form"),
        ("schema", -1, "Received: -1."),
        ("schema", "1", "Received: '1'."),
        ("schema", True, "Received: true."),
        ("schema", 1.0, "Received: 1.0."),
        ("recipe.training.batch", 0, "`recipe.training.batch` in card.toml must be at least 1"),
        ("recipe.training.bach", 1, "Unknown key in `recipe.training` in card.toml"),
        ("recipe.architecture.name", "os;system", "`recipe.architecture.name` in card.toml"),
        ("results", [{"value": float("nan")}], "`results[0].value` in card.toml must be a finite"),
        ("results", {"metric": 1}, "must be a list"),
        ("results", [{"a": [[[[[[[1]]]]]]]}], "too deep"),
    ],
)
def test_a_bad_value_is_refused_in_one_line(card_tables, path, value, said):
    assert said in refusal(spoilt(card_tables, path, value))


@pytest.mark.parametrize(
    ("table", "key"),
    [("", "schema"), ("", "name"), ("", "summary"), ("", "license"), ("", "recipe")]
    + [("license", "data"), ("license", "weights"), ("recipe", "training")],
)
def test_what_is_missing_is_named(card_tables, table, key):
    del (card_tables[table] if table else card_tables)[key]
    assert f"Expected: `{key}`" in refusal(card_tables)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"\xef\xbb\xbfschema = 1", b"schema = 1\nschema = 1", b"a = " + b"[" * 9999]
    + [b"a." * 90_000 + b"b = 1", b"x = '" + b"y" * 10_000_000 + b"'", b"schema = nan"],
    ids=lambda content: repr(content[:16]),
)
def test_a_bad_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "card.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="card.toml"):
        Card.read(path)


def test_escapes_and_markup_are_kept_as_text(card_tables, tmp_path):
    path = tmp_path / "card.toml"
    hostile = "\x1b[31mred \u202e <script>alert(1)</script> [x](javascript:x)"
    path.write_text(tomli_w.dumps(card_tables | {"description": hostile}))
    assert Card.read(path).description == hostile
