"""What is loaded is what was saved, bit for bit, whatever lies in memory."""

import sys

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.arrays import DTYPES
from ganzoo.files.digests import tensors_digest
from ganzoo.files.safetensors import dump, load

ROWS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
LAYOUTS = {
    "C": ROWS,
    "Fortran": np.asfortranarray(ROWS),
    "transposed": ROWS.T,
    "swapped axes": ROWS.transpose(1, 0, 2),
    "strided": ROWS[:, ::2, 1::2],
    "negative stride": ROWS[::-1, :, ::-1],
    "broadcast": np.broadcast_to(ROWS[0, 0], (5, 4)),
    "read-only": np.frombuffer(ROWS.tobytes(), np.float32),
    "not aligned": np.frombuffer(b"x" + ROWS.tobytes(), np.float32, offset=1),
    "0-d": np.array(7.5, np.float32),
    "numpy scalar": np.float32(7.5),
    "one element": ROWS[:1, :1, :1],
    "empty": np.zeros((0,), np.float32),
    "empty with sizes": np.zeros((3, 0, 2), np.float32),
    "empty and strided": np.zeros((4, 0), np.float32)[::-2].T,
    "big-endian": ROWS.astype(">f4"),
    "big-endian and strided": ROWS.astype(">f4")[:, ::-2],
    "big-endian 0-d": np.array(258, ">i8"),
    "bfloat16": ROWS.astype(ml_dtypes.bfloat16),
    "bfloat16 and transposed": ROWS.astype(ml_dtypes.bfloat16).T[::-1],
    "bfloat16 0-d": np.array(1.5, ml_dtypes.bfloat16),
    "bool": (ROWS > 7)[:, ::-1],
    "a field of records": np.zeros(3, [("a", "i1"), ("b", "<f4")])["b"],
}
BITS = {
    "float16": [0x8000, 0x0001, 0x83FF, 0x7C00, 0xFC00, 0x7C01, 0x7E00, 0xFFFF],
    "bfloat16": [0x8000, 0x0001, 0x807F, 0x7F80, 0xFF80, 0x7F81, 0x7FC0, 0xFFFF],
    "float32": [0x80000000, 1, 0x807FFFFF, 0x7F800000, 0x7F800001, 0x7FC12345, 0xFFFFFFFF],
    "float64": [1 << 63, 1, 0x7FF << 52, (0x7FF << 52) + 1, (0xFFF8 << 48) + 0x1234, (1 << 64) - 1],
}


def bits(array):
    """The array's bytes in little-endian C order, read element by element."""
    array = np.asarray(array)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return b"".join(array[index].tobytes() for index in np.ndindex(array.shape))


def same(one, other):
    return one.shape == other.shape and one.dtype == other.dtype and bits(one) == bits(other)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_comes_back_bit_for_bit(layout):
    array = np.asarray(LAYOUTS[layout])
    loaded = load(dump({"a": array}))["a"]
    assert loaded.shape == array.shape
    assert loaded.dtype == array.dtype.newbyteorder("=")
    assert bits(loaded) == bits(array)


@pytest.mark.parametrize("name", BITS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_signed_zeros_subnormals_and_nan_payloads_keep_their_bits(name, order):
    dtype = np.dtype(getattr(ml_dtypes, name, None) or name)
    if name == "bfloat16" and order == ">":
        order = "="  # that type has no big-endian form
    raw = np.array(BITS[name], f"{order}u{dtype.itemsize}")
    loaded = load(dump({"a": raw.view(dtype.newbyteorder(order))}))["a"]
    assert loaded.view(f"u{dtype.itemsize}").tolist() == BITS[name]


@pytest.mark.parametrize("name", DTYPES.values())
def test_every_allowed_type_is_kept(name):
    dtype = np.dtype(getattr(ml_dtypes, name, None) or name)
    array = np.array([0, 1, 1], np.uint8).astype(dtype)
    assert same(load(dump({"a": array}))["a"], array)


@st.composite
def arrays(draw):
    """An array of any type, bits and layout."""
    name = draw(st.sampled_from(sorted(DTYPES.values())))
    dtype = np.dtype(getattr(ml_dtypes, name, None) or name)
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8)
    if name == "bool":
        raw = raw & 1
    array = raw.view(dtype).reshape(shape)
    if draw(st.booleans()) and name != "bfloat16":
        array = array.view(array.dtype.newbyteorder(">"))
    for axis in range(array.ndim):
        stride = draw(st.sampled_from([1, 1, 2, -1, -2]))
        array = array[(slice(None),) * axis + (slice(None, None, stride),)]
    return array.transpose(draw(st.permutations(range(array.ndim))))


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.lists(arrays(), max_size=3))
def test_any_arrays_come_back_bit_for_bit(given_arrays):
    tensors = {f"group/{index}": array for index, array in enumerate(given_arrays)}
    raw = dump(tensors)
    loaded = load(raw)
    assert sorted(loaded) == sorted(tensors)
    for name, array in tensors.items():
        assert loaded[name].shape == array.shape
        assert loaded[name].dtype == array.dtype.newbyteorder("=")
        assert bits(loaded[name]) == bits(array)
    assert dump(loaded) == raw
    assert tensors_digest(loaded) == tensors_digest(tensors)


def test_loaded_arrays_can_be_written_and_share_nothing():
    raw = dump({"a": ROWS, "b": np.float32(1)})
    first = load(raw)
    first["a"][...] = 0
    first["b"][()] = 0
    assert first["a"].flags.owndata or first["a"].base.flags.writeable
    assert same(load(raw)["a"], ROWS)


def test_what_is_dumped_is_left_as_it_was():
    array = ROWS.astype(">f4")
    before = array.tobytes()
    dump({"a": array})
    assert array.tobytes() == before and array.dtype == np.dtype(">f4")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(2, np.complex64),
        np.zeros(2, np.longdouble) if np.longdouble(0).itemsize > 8 else np.zeros(2, object),
        np.array(["text"]),
        np.array([None]),
        np.zeros(2, "M8[s]"),
        np.zeros(2, [("a", "f4")]),
        np.zeros(2, ml_dtypes.float8_e4m3fn),
        np.zeros(2, ml_dtypes.int4),
    ],
    ids=lambda array: str(array.dtype),
)
def test_other_types_are_refused_by_name(array):
    with pytest.raises(UsageError, match=r"Tensor 'a/b'.*Received"):
        dump({"a/b": array})


def test_a_bool_is_0_or_1_in_both_directions():
    strange = np.array([0, 2], np.uint8).view(bool)
    with pytest.raises(UsageError, match="other than 0 and 1"):
        dump({"a": strange})
    raw = dump({"a": np.array([False, True])})
    with pytest.raises(InvalidInput, match="Received: 2"):
        load(raw[:-1] + b"\2")


def test_bfloat16_without_ml_dtypes_says_what_to_install(monkeypatch):
    raw = dump({"a": np.zeros(2, ml_dtypes.bfloat16), "b": np.zeros(2, np.float32)})
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(EnvironmentProblem, match="pip install ml_dtypes"):
        load(raw)
    assert list(load(raw, names=["b"])) == ["b"]
