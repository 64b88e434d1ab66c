import os

import pytest

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.toml import check_values, parse_toml, read_toml


def refused(content: bytes | str) -> str:
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(InvalidInput) as caught:
        check_values(parse_toml(data, where="it"), where="it")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a = 1\na = 2", "Cannot overwrite"),  # K1
        ("[a]\n[a]", "Cannot declare"),  # K2
        ("a = nan", "`a` in it must be a finite number. Received: nan."),  # K3
        ("a = [-inf]", r"`a[0]` in it must be a finite number. Received: -inf."),
        ("a = " + "9" * 10_000, "not valid TOML"),  # K4
        ("a = 0x" + "f" * 100_000, "Received: a whole number of 400000 bits"),
        (f"a = {2**70}", "at most 2**53"),  # K5
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),  # K6
        ("a = " + "{b=" * 5000, "nested too deeply"),
        ("\n".join("a." * 200 + f"k{i} = 1" for i in range(600)), "more than 8 parts"),  # K7
        ("a." * 100_000 + "k = 1", "more than 8 parts"),
        ("[" + "a . " * 50_000 + "k]", "more than 8 parts"),
        ("[[" + '"a"."b".' * 30_000 + "k]]", "more than 8 parts"),
        ("x = {" + "a." * 60_000 + "k = 1}", "more than 8 parts"),
        (b"a = '\xff'", "utf-8"),  # K8
        (b"\xef\xbb\xbfa = 1", "byte-order mark"),  # K9
        ("a = 'x\0'", "not valid TOML"),  # K10
        ("a = 1\rb = 2", "not valid TOML"),  # K11
        ("a = '" + "x" * 10_000_000 + "'", "too large: expected at most 256 kB"),  # K12
        ("a = 2024-01-01", "Received: 2024-01-01."),  # K13
        ("a = [[[[[[[[1]]]]]]]]", "too deep: expected at most 8"),
        ('"""' + '\\"""' * 60_000, "not valid TOML"),  # a search that starts anew at each quote
        ("a = '''" + "'" * 250_000, "not valid TOML"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_a_bad_document_is_refused_in_one_line(content, message):
    # Some of these would take Python's reader minutes, or all memory.
    assert message in refused(content)


def test_a_document_of_ordinary_size_is_read():
    content = b"# a.b.c.d.e.f.g.h.i.j\na = 'a.b.c.d.e.f.g.h.i.j'\n[x.y]\nz = [1, 2.5, true]\n"
    content += b'text = """\na.b.c.d.e.f.g.h.i.j = 1\n\\""" still text"""\n'
    tables = parse_toml(content, where="it")
    check_values(tables, where="it")
    assert tables["x"]["y"]["z"] == [1, 2.5, True]


def test_part_of_a_surrogate_pair_is_no_text():
    with pytest.raises(InvalidInput, match="text in UTF-8"):
        check_values({"a": "\udcff"}, where="it")


def test_a_file_is_named_in_the_error(tmp_path):
    path = tmp_path / "it.toml"
    path.write_text("a =")
    with pytest.raises(InvalidInput, match="it.toml' is not valid TOML"):
        read_toml(path)
    path.write_bytes(b"a = '" + b"x" * 2**18 + b"'")
    with pytest.raises(InvalidInput, match="too large"):
        read_toml(path)


def test_the_error_is_the_callers_choice():
    with pytest.raises(UsageError):
        parse_toml(b"a =", where="it", error=UsageError)


def test_what_is_not_a_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InvalidInput, match="regular file"):
            read_toml(path)
    with pytest.raises(UsageError, match="No such file"):
        read_toml(tmp_path / "nothing")
