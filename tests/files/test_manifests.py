import pytest

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.manifests import check_digest, check_name

HOSTILE = [
    "", ".", "..", "../x", "../../etc/passwd", "/etc/passwd", "//server/share", "a/../../b", "a//b",
    "./a", "a/.", "a/..", "a/", "C:", "C:\\x", "c:x", "..\\x", "a\\b", "\\\\server\\share", "a\0b",
    "\0", "a\n", "a\r\nb", "\x1b[31mred", "\x7f", "\u202egnp.exe", "\u2066x", "a\u200bb", "\ufeffa",
    "\ud800", "x" * 10_000, "a/" * 3_000 + "a",
]  # fmt: skip
HOSTILE_AS_NAME = [
    "-rf", "--", ".hidden", "A", "nul ", " a", "a.", "a b", "a/b", "é", "e\u0301", "\uff21", "名",
    "😀", "~", "$HOME", "%2e%2e", "a*", "x" * 65, None, 7, b"a",
]  # fmt: skip


def shortly(value):
    return ascii(value)[:20]


@pytest.mark.parametrize("name", HOSTILE + HOSTILE_AS_NAME, ids=shortly)
def test_a_hostile_name_is_refused(name):
    with pytest.raises(InvalidInput, match="Received"):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "dcgan-celeba", "0", "v1.2_x", "x" * 64, "a..b"])
def test_a_plain_name_is_itself(name):
    assert check_name(name) == name


def test_the_kind_of_error_is_the_callers():
    with pytest.raises(UsageError, match="model"):
        check_name("../x", "model", error=UsageError)


def test_a_message_escapes_and_shortens_what_it_quotes():
    with pytest.raises(InvalidInput) as caught:
        check_name("\x1b]8;;http://x\u202e" + "y" * 10_000)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    "digest", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "../" + "a" * 61, "a" * 64 + "\n", None]
)
def test_a_digest_is_64_lower_case_hexadecimal_digits(digest):
    with pytest.raises(InvalidInput, match="sha256"):
        check_digest(digest)
    assert check_digest("0a" * 32) == "0a" * 32
