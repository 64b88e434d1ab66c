"""The bad files of corpus S, the valid ones beside them, and random damage."""

import gzip
import io
import json
import os
import pickle
import random
import zipfile

import numpy as np
import pytest
import safetensors

from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.header import MOST_HEADER_BYTES
from ganzoo.files.safetensors import dump, load, metadata, read_header

LIMIT = MOST_HEADER_BYTES


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


def zipped():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("model.weights.h5"), b"x" * 500)  # dated 1980
    return stream.getvalue()


def numpy_file():
    stream = io.BytesIO()
    np.save(stream, np.zeros(100))
    return stream.getvalue()


def empty_tensors(count):
    one = '"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    return ("{" + ",".join(one % index for index in range(count)) + "}").encode()


BODY = random.Random(2).randbytes(8)
GOOD = text()
DEEP = b'"shape":' + b"[" * 100_000 + b"]" * 100_000


def corpus():
    """Every bad file by its id and variant."""
    yield "S1 empty", b""
    yield "S2 seven bytes", b"\x02\0\0\0\0\0\0"
    yield "S3 length 0", bytes(8)
    yield "S4 length 0 and a body", bytes(8) + BODY
    yield "S5 length one too many", file(GOOD, length=len(GOOD) + 1)
    yield "S6 length 2^63", file(GOOD, BODY, length=2**63)
    yield "S7 length 2^64-1", file(GOOD, BODY, length=2**64 - 1)
    yield "S8 length 100000001", file(GOOD, BODY, length=100_000_001)
    padding = b" " * (LIMIT + 1 - len(GOOD))
    yield "S9 valid but one byte too long", file(GOOD + padding, BODY)
    yield "S10 header cut", file(GOOD, length=len(GOOD))[:-9]
    yield "S11 body one byte short", file(GOOD, BODY[:-1])
    yield "S12 body one byte long", file(GOOD, BODY + b"x")
    yield "S13 half a body", file(GOOD, BODY[:4])
    yield "S14 invalid UTF-8", file(GOOD.replace(b"a", b"\xff"), BODY)
    yield "S14 UTF-8 cut", file(b'{"__metadata__":{"x":"\xc3"}}')
    yield "S14 UTF-16", file(GOOD.decode().encode("utf-16"), BODY)
    yield "S15 BOM", file(b"\xef\xbb\xbf" + GOOD, BODY)
    yield "S16 NUL padding", file(GOOD + b"\0\0\0", BODY)
    yield "S16 space first", file(b" " + GOOD, BODY)
    yield "S16 two objects", file(GOOD + GOOD, BODY)
    yield "S17 list", file(b"[]")
    yield "S18 null", file(b"null")
    yield "S18 no JSON", file(b"hello world")
    yield "S18 number", file(b"1234567")
    yield "S19 depth 200", file(b"{" + b'"a":{' * 200 + b"}" * 201)
    yield "S19 depth 200 of lists", file(text(shape="[" * 200 + "]" * 200), BODY)
    yield "S20 depth 100000", file(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    yield "S20 depth 100000 of lists", file(b'{"a":{' + DEEP + b"}}")
    yield "S20 depth 1000 within an entry", file(text(shape="[" * 1000 + "]" * 1000), BODY)
    one = GOOD[1:-1]
    yield "S21 duplicate tensor", file(b"{" + one + b"," + one + b"}", BODY)
    escaped = one.replace(b'"a"', b'"\\u0061"')
    yield "S21 duplicate tensor, escaped", file(b"{" + one + b"," + escaped + b"}", BODY)
    yield (
        "S22 duplicate with another shape",
        file(b"{" + one + b"," + text(shape="[1,2]")[1:-1] + b"}", BODY),
    )
    yield (
        "S23 duplicate metadata",
        file(b'{"__metadata__":{},"__metadata__":{},' + one + b"}", BODY),
    )
    yield (
        "S24 duplicate key of metadata",
        file(b'{"__metadata__":{"x":"1","x":"1"},' + one + b"}", BODY),
    )
    yield "S25 duplicate dtype", file(text(dtype='"F32","dtype":"F32"'), BODY)
    yield "S25 duplicate shape", file(text(shape='[2],"shape":[2]'), BODY)
    yield "S26 extra field", file({"a": {**entry(), "x": 1}}, BODY)
    for field in entry():
        less = {key: value for key, value in entry().items() if key != field}
        yield f"S27 no {field}", file({"a": less}, BODY)
    yield "S27 empty entry", file({"a": {}}, BODY)
    yield "S27 entry is a list", file({"a": ["F32", [2], [0, 8]]}, BODY)
    for dtype in ("F33", "f32", "float32", "", "F32 ", "\uff26\uff13\uff12"):
        yield f"S28 dtype {dtype!a}", file(text(dtype=f'"{dtype}"'), BODY)
    for dtype in ("null", "1", '["F32"]', "true"):
        yield f"S28 dtype {dtype}", file(text(dtype=dtype), BODY)
    for dtype, size in (("F8_E4M3", 8), ("F8_E5M2", 8), ("F4", 16), ("C64", 1), ("F8_E8M0", 8)):
        yield f"S29 {dtype}", file({"a": entry((size,), dtype=dtype)}, BODY)
    for end in ("NaN", "Infinity", "8.0", "0.8e1", "80e-1", '"8"', "-8", "true", "null", "[8]"):
        yield f"S30 end {end}", file(text(offsets=f"[0,{end}]"), BODY)
    for start in ("NaN", "0.0", "0e0", '"0"', "-0", "-1", "false", "null", "{}"):
        yield f"S30 start {start}", file(text(offsets=f"[{start},8]"), BODY)
    yield "S30 leading zero", file(text(offsets="[0,08]"), BODY)
    yield "S30 a number of 5000 digits", file(text(offsets=f"[0,{'9' * 1500}]"), BODY)
    yield "S31 reversed", file(text(offsets="[8,0]"), BODY)
    yield "S32 three offsets", file(text(offsets="[0,4,8]"), BODY)
    yield "S32 one offset", file(text(offsets="[8]"), BODY)
    yield "S32 no offset", file(text(offsets="[]"), BODY)
    yield "S32 an object of offsets", file(text(offsets='{"0":0,"1":8}'), BODY)
    yield "S33 full overlap", file({"a": entry(), "b": entry()}, BODY)
    yield "S34 partial overlap", file({"a": entry(), "b": entry((2,), 4, 12)}, BODY + b"1234")
    yield "S35 hole at the start", file({"a": entry((2,), 4, 12)}, BODY + b"1234")
    yield "S35 start past the end", file({"a": entry((0,), 9, 9)}, BODY)
    yield "S36 hole in the middle", file({"a": entry(), "b": entry((2,), 12, 20)}, BODY * 2 + b"x")
    yield "S36 empty tensor in the middle", file({"a": entry(), "b": entry((0,), 4, 4)}, BODY)
    yield "S37 shape mismatch", file({"a": entry((3,))}, BODY)
    yield "S37 scalar with the bytes of two", file({"a": entry(())}, BODY)
    for shape in ("[-2]", "[2.0]", "[true,2]", '["2"]', "[null]", "2", "null", '{"0":2}', "[[2]]"):
        yield f"S38 shape {shape}", file(text(shape=shape), BODY)
    yield "S38 two negative dimensions", file(text(shape="[-1,-2]"), BODY)
    yield "S39 overflow", file(text(shape="[4194305,4194305,211106198978564]"), BODY)
    yield "S39 overflow to nothing", file(text(shape=f"[{2**32},{2**32}]", offsets="[0,0]"))
    yield "S40 nothing, but huge", file(text(shape=f"[0,{2**62}]", offsets="[0,0]"))
    yield "S40 nothing, but beyond 64 bits", file(text(shape=f"[0,{10**18},90]", offsets="[0,0]"))
    yield "S40 too many dimensions", file(text(shape=str([1] * 33), offsets="[0,4]"), BODY[:4])
    yield "S41 a million empty tensors", file(b"{", length=59_000_000)
    yield "S41 one tensor too many", file(empty_tensors(65_537))
    yield "S41 as many as fit", file(empty_tensors(LIMIT // 64))
    names = {
        "empty": "",
        "up": "../x",
        "inside up": "a/../x",
        "absolute": "/abs",
        "NUL": "a\\u0000b",
        "10 kB": "a" * 10_000,
        "RTL": "a\u202eb",
        "lone surrogate": "\\ud800",
        "space": "a b",
        "newline": "a\\nb",
        "backslash": "..\\\\x",
        "drive": "C:\\\\x",
        "dot": "./a",
        "double slash": "a//b",
        "Cyrillic": "\u0430",
        "control": "a\x01",
    }
    for kind, name in names.items():
        yield f"S42 {kind}", file(text(name=name), BODY)
    pair = {"e\u0301": entry((1,), 0, 4), "\u00e9": entry((1,), 4, 8)}
    yield "S42 NFC and NFD", file(json.dumps(pair, ensure_ascii=False).encode(), BODY)
    for value in ("1", "{}", '["x"]', "null", "true", "1.5", '{"y":"z"}'):
        yield f"S43 metadata {value}", file(b'{"__metadata__":{"x":%s}}' % value.encode())
    for value in ('"x"', "[]", "null", "1"):
        yield f"S43 metadata is {value}", file(b'{"__metadata__":%s}' % value.encode())
    yield "S43 metadata of 90 MB", file(b'{"__metadata__":{"x":"', length=90_000_000)
    many = ",".join(f'"{index}":""' for index in range(500_000))
    yield "S43 half a million keys", file(b'{"__metadata__":{%s}}' % many.encode())
    yield "S43 lone surrogate", file(b'{"__metadata__":{"x":"\\ud800"}}')
    yield "S43 not closed", file(b'{"__metadata__":{"x":"y"')
    yield "S43 comma at the end", file(b'{"__metadata__":{"x":"y",}}')
    yield "S44 BOOL byte 2", file({"a": entry((8,), dtype="BOOL")}, b"\0\1\0\1\0\1\0\2")
    yield "S46 gzip", gzip.compress(dump({"a": np.zeros(9)}), mtime=0)
    yield "S46 zip", zipped()
    yield "S46 pickle", pickle.dumps({"a": list(range(1000))})
    yield "S46 pickle protocol 0", pickle.dumps({"a": list(range(1000))}, 0)
    yield "S46 npy", numpy_file()
    yield "S46 HDF5", b"\x89HDF\r\n\x1a\n" + bytes(500)
    yield "S46 HTML", b"<!DOCTYPE html><html><body>404</body></html>"
    yield (
        "S46 LFS pointer",
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:"
            + b"0" * 64
            + b"\nsize 12345\n"
        ),
    )
    yield "S46 PNG polyglot", b"\x89PNG\r\n\x1a\n" + bytes(100) + file(GOOD, BODY)
    yield (
        "bomb: lists within the entry",
        file(b'{"a":{"shape":[' + b"[]," * (LIMIT // 3 - 100) + b"[]]}}"),
    )
    yield "bomb: one string", file(b'{"__metadata__":{"x":"' + b"\\" * (LIMIT - 100))


CORPUS = dict(corpus())


@pytest.mark.parametrize("name", CORPUS, ids=ascii)
def test_a_bad_file_is_refused_in_one_line(name, tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(CORPUS[name])
    with pytest.raises(InvalidInput) as caught:
        load(path)
    message = str(caught.value)
    assert "weights.safetensors" in message or name.startswith("S44")
    assert message.isprintable() and len(message) < 1000


def test_a_bad_header_is_refused_by_every_reader(tmp_path):
    for name, content in CORPUS.items():
        if not name.startswith("S44") and len(content) < 10_000:  # the large ones take a second
            (tmp_path / "w").write_bytes(content)
            with pytest.raises(InvalidInput):
                read_header(tmp_path / "w")
            with pytest.raises(InvalidInput):
                metadata(tmp_path / "w")


def test_the_corpus_is_the_same_every_time():
    assert dict(corpus()) == CORPUS


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")
def test_bad_files_take_little_memory(child, tmp_path):
    for index, content in enumerate(CORPUS.values()):
        (tmp_path / f"{index}.safetensors").write_bytes(content)
    # ru_maxrss would not do: a new process begins with its parent's.
    code = """
import pathlib, sys
from ganzoo.errors import InvalidInput
from ganzoo.files.safetensors import load

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

before = peak()
refused = 0
for path in pathlib.Path(sys.argv[1]).iterdir():
    try:
        load(path)
    except InvalidInput:
        refused += 1
print(refused, peak() - before)
"""
    refused, growth = map(int, child(code, tmp_path).stdout.split())
    assert refused == len(CORPUS)
    assert growth < 50e6


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "dangling link", "loop", "device"])
def test_s50_only_regular_files_are_read(kind, tmp_path):
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


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("S46 zip", "zip archive"),
        ("S46 HDF5", "HDF5"),
        ("S46 pickle", "pickle"),
        ("S46 LFS pointer", "Git LFS pointer"),
        ("S46 HTML", "error page"),
        ("S1 empty", "too short"),
        ("S41 one tensor too many", "more than 65536 tensors"),
        ("S21 duplicate tensor", "given twice"),
        ("S36 hole in the middle", "leaves a gap"),
        ("S33 full overlap", "overlaps"),
    ],
)
def test_the_message_says_what_is_wrong(name, hint):
    with pytest.raises(InvalidInput, match=hint):
        load(CORPUS[name])


VALID = {
    "as written": GOOD,
    "spaces anywhere": b'{ "a" :\n{ "dtype" : "F32" ,\t"shape" : [ 2 ] ,"data_offsets":[0,8]} }  ',
    "fields in another order": b'{"a":{"data_offsets":[0,8],"shape":[2],"dtype":"F32"}}',
    "escaped name and type": text(name="\\u0061", dtype='"\\u004632"'),
    "metadata after": GOOD[:-1] + b',"__metadata__":{"x":"\xc3\xa9","y":""}}',
    "empty metadata": b'{"__metadata__" : { } ,' + GOOD[1:],
}


@pytest.mark.parametrize("kind", VALID)
def test_other_valid_forms_of_a_header_are_read(kind):
    raw = file(VALID[kind], BODY)
    assert list(load(raw)) == ["a"]
    assert load(raw)["a"].tobytes() == BODY
    assert safetensors.deserialize(raw)[0][1]["shape"] == [2]


def test_the_longest_header_is_read():
    assert list(load(file(GOOD + b" " * (LIMIT - len(GOOD)), BODY))) == ["a"]


def test_a_header_says_where_each_tensor_lies(tmp_path):
    (tmp_path / "w").write_bytes(file({"b": entry((1, 2), 4, 12), "a": entry((), 0, 4)}, BODY * 2))
    with pytest.raises(InvalidInput, match="expected 12 bytes of tensors. Received: 16"):
        read_header(tmp_path / "w")
    (tmp_path / "w").write_bytes(file({"b": entry((1, 2), 4, 12), "a": entry((), 0, 4)}, bytes(12)))
    header = read_header(tmp_path / "w")
    assert list(header.tensors) == ["a", "b"]
    assert read_header((tmp_path / "w").read_bytes()) == header
    b = header.tensors["b"]
    assert b.numpy_dtype == "float32"
    assert (b.dtype, b.shape, b.start, b.end) == ("F32", (1, 2), 4, 12)


def mutated(raw, chance):
    """A valid file with one random damage."""
    data = bytearray(raw)
    length = int.from_bytes(data[:8], "little")
    kind = chance.randrange(6)
    if kind == 0:  # a bit anywhere
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 1:  # a bit in the header
        data[chance.randrange(8 + length)] ^= 1 << chance.randrange(8)
    elif kind == 2:  # a splice
        start, end = sorted(chance.randrange(len(data)) for _ in range(2))
        place = chance.randrange(len(data))
        data[place:place] = data[start:end]
    elif kind == 3:  # a cut
        del data[chance.randrange(len(data)) :]
    else:  # the header's text changed, its length right
        header = bytearray(data[8 : 8 + length])
        tokens = [b'"', b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b"1e1", b"null", b" ", b"8"]
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(header))
            width = chance.randrange(3)
            header[place : place + width] = chance.choice(tokens)
        data[:8] = len(header).to_bytes(8, "little")
        data[8 : 8 + length] = header
    return bytes(data)


def test_random_damage_is_refused_wherever_the_library_refuses_it():
    chance = random.Random(20240229)
    seeds = [
        dump({"a": np.arange(4, dtype="f4")}),
        dump({"a/b": np.zeros((2, 0)), "c": np.float16(1), "d": np.ones(3, bool)}, {"x": ["é"]}),
        dump({f"layer_{i}/kernel": np.full((i, 2), i, "i4") for i in range(6)}),
        dump({}),
        file(VALID["metadata after"], BODY),
    ]
    accepted = 0
    for _ in range(4_000):
        raw = mutated(chance.choice(seeds), chance)
        try:
            ours = load(raw)
        except GanzooError:
            continue
        accepted += 1
        theirs = dict(safetensors.deserialize(raw))
        assert ours.keys() == theirs.keys()
        for name, array in ours.items():
            assert list(array.shape) == theirs[name]["shape"]
            assert array.tobytes() == bytes(theirs[name]["data"])
    assert 100 < accepted < 3_000
