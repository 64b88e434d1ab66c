"""Weights files: canonical bytes, exchanged with the safetensors library, never half read."""

import json
import os

import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from children import run_python
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest, tensors_digest
from ganzoo.files.safetensors import DTYPES, dump, load, metadata, read_header, save

TENSORS = {
    "generator/up_8/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "generator/up_8/bias": np.array([0.0, -0.0, np.nan, np.inf], np.float32),
    "seeds/dropout": np.array([7, 9], np.uint32),
    "step": np.array(1000, np.int64),
    "mask": np.array([True, False, True]),
    "half": np.array([1.5, 2.5, 3.5], np.float16),
    "brain": np.array([1.5, -0.0, np.nan], ml_dtypes.bfloat16),
    "nothing": np.zeros((0, 3), np.float64),
}
ABOUT = {"recipe": {"width": 64, "name": "é"}, "license": "CC-BY-4.0", "list": [1, 2.5, None]}


def same(one, other):
    """Whether two arrays are equal, bit for bit."""
    return (one.shape, one.dtype, one.tobytes()) == (other.shape, other.dtype, other.tobytes())


def test_a_file_is_loaded_as_it_was_saved(tmp_path):
    path = tmp_path / "w.safetensors"
    save(path, TENSORS, ABOUT)
    loaded = load(path)
    assert list(loaded) == sorted(TENSORS)
    assert all(same(loaded[name], TENSORS[name]) for name in TENSORS)
    assert metadata(path) == ABOUT
    assert path.read_bytes() == dump(TENSORS, ABOUT)


def test_the_library_reads_what_ganzoo_writes(tmp_path):
    save(tmp_path / "w", TENSORS, ABOUT)
    theirs = dict(safetensors.deserialize((tmp_path / "w").read_bytes()))
    assert {name: bytes(tensor["data"]) for name, tensor in theirs.items()} == {
        name: array.tobytes() for name, array in TENSORS.items()
    }
    with safetensors.safe_open(tmp_path / "w", framework="np") as file:
        assert json.loads(file.metadata()["ganzoo"]) == ABOUT


def test_ganzoo_reads_what_the_library_writes(tmp_path):
    path = tmp_path / "w.safetensors"
    safetensors.numpy.save_file(TENSORS, path, {"format": "np", "note": "é"})
    loaded = load(path)
    assert all(same(loaded[name], TENSORS[name]) for name in TENSORS)
    assert read_header(path).metadata == {"format": "np", "note": "é"}
    assert metadata(path) == {}


def test_files_whose_header_is_in_order_of_names_are_read():
    # ganzoo 0.1.0 wrote them so
    header = (
        b'{"__metadata__":{"ganzoo":"{\\"a\\":1}"},'
        b'"a":{"data_offsets":[4,6],"dtype":"I8","shape":[2]},'
        b'"b":{"data_offsets":[0,4],"dtype":"F32","shape":[]}}'
    )
    header += b" " * (-len(header) % 8)
    raw = len(header).to_bytes(8, "little") + header + b"\0\0\x80\x3f" + b"\x01\xff"
    assert metadata(raw) == {"a": 1}
    assert same(load(raw)["a"], np.array([1, -1], np.int8))
    assert same(load(raw)["b"], np.array(1, np.float32))


def test_a_file_without_tensors_is_valid():
    assert load(dump({})) == {} and metadata(dump({})) == {}


def test_the_header_is_read_without_the_tensors(tmp_path):
    save(tmp_path / "w", TENSORS, ABOUT)
    header = read_header(tmp_path / "w")
    assert header == read_header((tmp_path / "w").read_bytes())
    assert {name: (info.dtype, info.shape) for name, info in header.tensors.items()} == {
        name: (array.dtype, array.shape) for name, array in TENSORS.items()
    }
    assert header.tensors["generator/up_8/kernel"].nbytes == 96


def test_the_order_in_memory_changes_no_byte():
    reordered = {name: np.array(TENSORS[name], order="F") for name in reversed(TENSORS)}
    about = {key: ABOUT[key] for key in reversed(ABOUT)}
    assert dump(reordered, about) == dump(TENSORS, ABOUT)


def test_every_process_writes_the_same_bytes():
    code = """
import hashlib, random, sys
import numpy as np
from ganzoo.files.safetensors import dump

names = [f"layer_{i}/{k}" for i in range(20) for k in ("kernel", "bias")]
digests = set()
for _ in range(100):
    random.shuffle(names)  # seeded differently in every process
    tensors = {n: np.full((2, 3), len(n), "f4") for n in names}
    about = {n: {m: 1 for m in {"x", "y", "z"}} for n in names}
    digests.add(hashlib.sha256(dump(tensors, about)).hexdigest())
print(*digests)
"""
    printed = {run_python("-c", code, env={"PYTHONHASHSEED": seed}).stdout for seed in range(3)}
    assert len(printed) == 1
    assert len(printed.pop().split()) == 1


def test_any_other_content_gives_other_bytes():
    raw = dump(TENSORS, ABOUT)
    assert raw != dump(TENSORS, {**ABOUT, "license": "none"})
    assert raw != dump({**TENSORS, "step": np.array(1001, np.int64)}, ABOUT)


def test_the_digests_are_the_same_today_as_ever():
    tensors = {k: v for k, v in TENSORS.items() if k not in ("generator/up_8/bias", "brain")}  # NaN
    assert tensors_digest(tensors) == (
        "afae43ceb29c790666d977b1d708f8f13dc7965deb29209b0d955f800935bb62"
    )
    assert bytes_digest(dump(tensors, ABOUT)) == (
        "454e16cc03d8876df08162251cb72f2f1cedb8f2c88368de49976520d2cb3afa"
    )


ROWS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
LAYOUTS = {
    "Fortran": np.asfortranarray(ROWS),
    "transposed": ROWS.T,
    "strided": ROWS[:, ::2, 1::2],
    "negative stride": ROWS[::-1, :, ::-1],
    "broadcast": np.broadcast_to(ROWS[0, 0], (5, 4)),
    "read-only": np.frombuffer(ROWS.tobytes(), np.float32),
    "not aligned": np.frombuffer(b"x" + ROWS.tobytes(), np.float32, offset=1),
    "0-d": np.array(7.5, np.float32),
    "numpy scalar": np.float32(7.5),
    "empty with sizes": np.zeros((3, 0, 2), np.float32),
    "empty and strided": np.zeros((4, 0), np.float32)[::-2].T,
    "big-endian": ROWS.astype(">f4"),
    "big-endian and strided": ROWS.astype(">f4")[:, ::-2],
    "big-endian 0-d": np.array(258, ">i8"),
    "bfloat16 and transposed": ROWS.astype(ml_dtypes.bfloat16).T[::-1],
    "bfloat16 0-d": np.array(1.5, ml_dtypes.bfloat16),
    "bool": (ROWS > 7)[:, ::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_comes_back_bit_for_bit(layout):
    array = np.asarray(LAYOUTS[layout])
    before = array.tobytes()
    loaded = load(dump({"a": array}))["a"]
    assert same(loaded, array.astype(array.dtype.newbyteorder("=")))
    assert array.tobytes() == before


@st.composite
def arrays(draw):
    """An array of any type, bits (NaN payloads, subnormal numbers) and layout."""
    dtype = draw(st.sampled_from(list(DTYPES.values())))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8)
    array = (raw & 1 if dtype.kind == "b" else raw).view(dtype).reshape(shape)
    if draw(st.booleans()) and dtype != ml_dtypes.bfloat16:
        array = array.view(array.dtype.newbyteorder(">"))
    for axis in range(array.ndim):
        stride = draw(st.sampled_from([1, 1, 2, -1, -2]))
        array = array[(slice(None),) * axis + (slice(None, None, stride),)]
    return array.transpose(draw(st.permutations(range(array.ndim))))


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(arrays(), max_size=3))
def test_any_arrays_come_back_bit_for_bit(given_arrays):
    tensors = {f"group/{index}": array for index, array in enumerate(given_arrays)}
    raw = dump(tensors)
    loaded = load(raw)
    for name, array in tensors.items():
        little = array.astype(array.dtype.newbyteorder("<"))
        assert loaded[name].shape == array.shape
        assert loaded[name].dtype == array.dtype.newbyteorder("=")
        assert loaded[name].tobytes() == little.tobytes()
    assert dump(loaded) == raw
    assert tensors_digest(loaded) == tensors_digest(tensors)


def test_loaded_arrays_can_be_written_and_share_nothing():
    raw = dump({"a": ROWS, "b": np.float32(1)})
    first = load(raw)
    first["a"][...] = 0
    first["b"][()] = 0
    assert same(load(raw)["a"], ROWS)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(2, np.complex64), np.zeros(2, object), np.array(["text"]), np.zeros(2, "M8[s]"),
        np.zeros(2, [("a", "f4")]), np.zeros(2, ml_dtypes.float8_e4m3fn),
    ],
    ids=lambda array: str(array.dtype),
)  # fmt: skip
def test_other_types_are_refused_by_name(array, tmp_path):
    with pytest.raises(UsageError, match=r"Tensor 'a/b'.*Received"):
        save(tmp_path / "w", {"a/b": array})
    assert os.listdir(tmp_path) == []


def test_only_the_named_tensors_are_returned():
    assert list(load(dump(TENSORS), names=["step", "mask", "step"])) == ["mask", "step"]
    with pytest.raises(InvalidInput, match=r"generator/up_8/kernal"):
        load(dump(TENSORS), names=["generator/up_8/kernal"])


EXPECTED = {name: (array.dtype.name, array.shape) for name, array in TENSORS.items()}
DIFFERENT = {
    "missing": ({**EXPECTED, "more": ("float32", (2,))}, "'more'.*Received: none"),
    "extra": ({k: v for k, v in EXPECTED.items() if k != "step"}, "'step'.*expected none"),
    "reshaped": ({**EXPECTED, "half": ("float16", (3, 1))}, r"\(3, 1\).* Received: .*\(3,\)"),
    "recast": ({**EXPECTED, "half": ("float32", (3,))}, "float32.* Received: .*float16"),
}


@pytest.mark.parametrize("change", DIFFERENT)
def test_a_file_of_another_architecture_is_refused(change):
    expected, message = DIFFERENT[change]
    with pytest.raises(InvalidInput, match=message):
        load(dump(TENSORS), expected=expected)


def test_a_file_of_the_same_architecture_is_loaded():
    assert load(dump(TENSORS), expected=EXPECTED).keys() == TENSORS.keys()


@pytest.mark.parametrize(
    "name", ["", "a//b", "../a", "a/./b", "a b", "a\0", "é", "a" * 513, "__metadata__", "/a"]
)
def test_a_name_that_would_not_be_read_is_not_written(name):
    with pytest.raises(UsageError, match="Not a valid tensor name"):
        dump({name: np.zeros(1)})


def test_what_is_too_large_to_be_read_is_not_written():
    with pytest.raises(UsageError, match="metadata .* exceeds"):
        dump({}, {"a": "x" * 2**20})
    nothing = np.zeros(0, np.uint8)
    with pytest.raises(UsageError, match="at most 65536"):
        dump({f"a/{index}": nothing for index in range(65_537)})
    with pytest.raises(UsageError, match="header .* exceeds"):
        dump({f"{'x' * 480}/{index}": nothing for index in range(20_000)})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_metadata_that_json_cannot_say_is_refused(value):
    with pytest.raises(ValueError, match="JSON|surrogates"):
        dump({}, {"a": value})


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', "[1]", "null", "{", '{"a":NaN}', "", "[" * 5_000, '"' + "x" * 2**21]
)
def test_metadata_of_ganzoo_that_ganzoo_did_not_write_is_refused(tmp_path, text):
    safetensors.numpy.save_file({}, tmp_path / "w", {"ganzoo": text})
    with pytest.raises(InvalidInput, match=r"w'.*metadata|metadata of .*w'"):
        metadata(tmp_path / "w")


def test_a_file_is_not_replaced_unless_requested(tmp_path):
    path = tmp_path / "w"
    save(path, TENSORS)
    with pytest.raises(UsageError, match="nothing is overwritten"):
        save(path, {})
    assert load(path).keys() == TENSORS.keys()
    save(path, {}, overwrite=True)
    assert load(path) == {}
    assert os.listdir(tmp_path) == ["w"]


def test_too_little_memory_is_reported(monkeypatch):
    def fail(_):
        raise MemoryError

    monkeypatch.setattr(safetensors, "deserialize", fail)
    with pytest.raises(EnvironmentProblem, match="Not enough memory"):
        load(dump(TENSORS))


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "w"
    save(path, TENSORS)
    header = read_header(path)

    def shrink(_):
        os.truncate(path, 600)
        return header

    monkeypatch.setattr("ganzoo.files.safetensors.read_header", shrink)
    with pytest.raises(InvalidInput, match="Not a valid safetensors file"):
        load(path)
