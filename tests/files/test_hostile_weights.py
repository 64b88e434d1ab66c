"""Weights files that are damaged or hostile end in one line, never in another exception."""

import json
import os
import pickle
import random
import zipfile

import numpy as np
import pytest

from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.safetensors import MAX_HEADER_BYTES, dump, load, metadata, read_header

ROUNDS = int(os.environ.get("GANZOO_TEST_ROUNDS", 1))  # tests/faults.py takes more

BODY = bytes(range(8))


def file(header, body=b"", length=None):
    """The bytes of a file with this header: an object, or its very text."""
    if not isinstance(header, bytes):
        header = json.dumps(header).encode()
    length = len(header) if length is None else length
    return length.to_bytes(8, "little") + header + body


def entry(shape=(2,), start=0, end=8, dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def text(name="a", dtype='"F32"', shape="[2]", offsets="[0,8]"):
    """The text of a header with one tensor, field by field."""
    return f'{{"{name}":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}}}'.encode()


def zipped(tmp_path):
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("model.weights.h5", b"x" * 500)
    return (tmp_path / "zip").read_bytes()


def saved_by_numpy(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(100))
    return (tmp_path / "a.npy").read_bytes()


GOOD = text()
ONE = GOOD[1:-1]  # the entry alone
HOSTILE = {
    "empty": b"",
    "seven bytes": b"\x02\0\0\0\0\0\0",
    "length 0": bytes(8) + BODY,
    "length one too many": file(GOOD, length=len(GOOD) + 1),
    "length 2^64-1": file(GOOD, BODY, length=2**64 - 1),
    "header too long": file(GOOD + b" " * (MAX_HEADER_BYTES + 1 - len(GOOD)), BODY),
    "body one byte short": file(GOOD, BODY[:-1]),
    "body one byte long": file(GOOD, BODY + b"x"),
    "not UTF-8": file(GOOD.replace(b"a", b"\xff"), BODY),
    "byte-order mark": file(b"\xef\xbb\xbf" + GOOD, BODY),
    "NUL after the header": file(GOOD + b"\0\0\0", BODY),
    "two objects": file(GOOD + GOOD, BODY),
    "list": file(b"[]"),
    "no JSON": file(b"hello world"),
    "deep objects": file(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "deep lists": file(b'{"a":{"shape":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"),
    "duplicate tensor": file(b"{" + ONE + b"," + ONE + b"}", BODY),
    "duplicate field": file(text(shape='[2],"shape":[2]'), BODY),
    "duplicate metadata": file(b'{"__metadata__":{},"__metadata__":{},' + ONE + b"}", BODY),
    "entry is a list": file({"a": ["F32", [2], [0, 8]]}, BODY),
    "entry is a text": file({"a": "F32"}, BODY),
    "no offsets": file({"a": {"dtype": "F32", "shape": [2]}}, BODY),
    "unknown type": file(text(dtype='"F33"'), BODY),
    "type of the format only": file({"a": entry((8,), dtype="F8_E4M3")}, BODY),
    "type is a list": file(text(dtype='["F32"]'), BODY),
    "type is null": file(text(dtype="null"), BODY),
    "negative size": file(text(shape="[-1,-2]"), BODY),
    "fraction as size": file(text(shape="[2.0]"), BODY),
    "boolean as size": file(text(shape="[true,2]"), BODY),
    "shape is a number": file(text(shape="2"), BODY),
    "shape is a text": file(text(shape='"12"'), BODY),
    "sizes beyond 64 bits": file(text(shape=f"[{2**32},{2**32}]", offsets="[0,0]")),
    "nothing, but huge": file(text(shape=f"[0,{2**62}]", offsets="[0,0]")),
    "33 dimensions": file(text(shape=str([1] * 33), offsets="[0,4]"), BODY[:4]),
    "number of 5000 digits": file(text(shape=f"[{'9' * 5000}]"), BODY),
    "offset is a text": file(text(offsets='[0,"8"]'), BODY),
    "offset is NaN": file(text(offsets="[0,NaN]"), BODY),
    "offsets reversed": file(text(offsets="[8,0]"), BODY),
    "three offsets": file(text(offsets="[0,4,8]"), BODY),
    "overlap": file({"a": entry(), "b": entry()}, BODY + BODY),
    "gap": file({"a": entry(), "b": entry((1,), 9, 13), "c": entry((), 13, 17)}, BODY * 2),
    "start past the end": file({"a": entry((0,), 9, 9)}),
    "too many tensors": file({f"{i}": entry((0,), 0, 0, "U8") for i in range(65_537)}),
    "path up": file(text(name="a/../x"), BODY),
    "absolute path": file(text(name="/abs"), BODY),
    "NUL in a name": file(text(name="a\\u0000b"), BODY),
    "long name": file(text(name="a" * 10_000), BODY),
    "right-to-left name": file(text(name="a\u202eb"), BODY),
    "half of a surrogate pair": file(text(name="\\ud800"), BODY),
    "metadata of a number": file(b'{"__metadata__":{"x":1}}'),
    "metadata of an object": file(b'{"__metadata__":{"x":{"y":"z"}}}'),
    "metadata is a list": file(b'{"__metadata__":[]}'),
    "metadata not closed": file(b'{"__metadata__":{"x":"y"'),
    "pickle": pickle.dumps({"a": list(range(1000))}),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(500),
    "HTML": b"<!DOCTYPE html><html><body>404</body></html>",
    "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line(name, tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(InvalidInput) as caught:
        load(path)
    message = str(caught.value)
    assert message.isprintable() and len(message) < 1000


@pytest.mark.parametrize("read", [read_header, metadata])
@pytest.mark.parametrize("name", ["length one too many", "no JSON", "unknown type", "path up"])
def test_a_hostile_header_is_refused_by_every_reader(name, read):
    with pytest.raises(InvalidInput, match="these bytes|tensor name"):
        read(HOSTILE[name])


def test_the_message_names_the_format_that_it_is(tmp_path):
    contents = {
        "zip archive": zipped(tmp_path),
        "numpy": saved_by_numpy(tmp_path),
        "HDF5": HOSTILE["HDF5"],
        "pickle": HOSTILE["pickle"],
        "Git LFS pointer": HOSTILE["Git LFS pointer"],
        "error page": HOSTILE["HTML"],
    }
    for kind, content in contents.items():
        with pytest.raises(InvalidInput, match=f"looks like .*{kind}"):
            load(content)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "dangling link", "loop", "device"])
def test_only_regular_files_are_read(kind, tmp_path):
    path = tmp_path / "weights.safetensors"
    (tmp_path / "real").write_bytes(file(GOOD, BODY))
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = "/dev/zero"
    else:
        path.symlink_to({"link": "real", "loop": path.name}.get(kind, "nothing"))
    with pytest.raises(InvalidInput, match="Expected a regular file"):
        load(path)


def test_the_longest_header_is_read():
    raw = file(GOOD + b" " * (MAX_HEADER_BYTES - len(GOOD)), BODY)
    assert load(raw)["a"].tobytes() == BODY


def damaged(raw, chance):
    """A valid file with one random damage."""
    data = bytearray(raw)
    length = int.from_bytes(data[:8], "little")
    kind = chance.randrange(5)
    if kind == 0:  # a bit, mostly of the header
        data[chance.randrange(min(len(data), 12 + length))] ^= 1 << chance.randrange(8)
    elif kind == 1:  # a splice
        start, end = sorted(chance.randrange(len(data)) for _ in range(2))
        position = chance.randrange(len(data))
        data[position:position] = data[start:end]
    elif kind == 2:  # a cut
        del data[chance.randrange(len(data)) :]
    else:  # the header's text changed, its length right
        header = bytearray(data[8 : 8 + length])
        tokens = [b'"', b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b"1e1", b"null", b" ", b"8"]
        for _ in range(chance.randrange(1, 4)):
            position = chance.randrange(len(header))
            width = chance.randrange(3)
            header[position : position + width] = chance.choice(tokens)
        data[:8] = len(header).to_bytes(8, "little")
        data[8 : 8 + length] = header
    return bytes(data)


def test_random_damage_is_refused_or_read_as_it_stands():
    chance = random.Random(int(os.environ.get("GANZOO_TEST_SEED", 20240229)))
    seeds = [
        dump({"a": np.arange(4, dtype="f4")}),
        dump({"a/b": np.zeros((2, 0)), "c": np.float16(1), "d": np.ones(3, bool)}, {"x": ["é"]}),
        dump({f"layer_{i}/kernel": np.full((i, 2), i, "i4") for i in range(6)}),
        dump({}),
    ]
    accepted = 0
    for _ in range(4_000 * ROUNDS):
        raw = damaged(chance.choice(seeds), chance)
        try:
            tensors, header = load(raw), read_header(raw)
        except GanzooError:
            continue
        accepted += 1
        for name, info in header.tensors.items():
            assert (tensors[name].shape, tensors[name].dtype) == (info.shape, info.dtype)
    assert 100 < accepted / ROUNDS < 3_000
