"""The metadata of ONNX files, read without a package, out of whatever bytes."""

import pytest

from ganzoo.errors import InvalidInput
from ganzoo.jobs.formats.onnx_file import describe_onnx


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def entry(key: bytes, value: bytes) -> bytes:
    return field(14, field(1, key) + field(2, value))


WHOLE = (
    b"\x08\x09"  # ir_version = 9
    + field(2, b"ganzoo")
    + field(7, b"\xff" * 20)  # the graph, which nobody looks into
    + entry(b"prior", b"normal")
    + entry(b"value_range", b"[-1.0, 1.0]")
    + entry(b"path", b"/another")
)


def test_texts_and_json_are_read_and_the_graph_is_passed_over(tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(WHOLE)
    assert describe_onnx(path) == {
        "path": str(path),
        "bytes": len(WHOLE),
        "producer": "ganzoo",
        "prior": "normal",
        "value_range": [-1.0, 1.0],
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        WHOLE[:-1],
        b"\x00\x00",  # field 0
        b"\x0b",  # a group, which no file has
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # a graph of 2**64 bytes
        b"\xff" * 20,
        field(2, b"\xff"),
        field(14, b"\x0a\x7f"),
    ],
)
def test_other_bytes_are_refused(content, tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="Not a valid ONNX file"):
        describe_onnx(path)
