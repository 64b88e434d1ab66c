"""Whole files: canonical, exchanged with the safetensors library, and never half read."""

import hashlib
import json
import os

import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files import safetensors as files
from ganzoo.files.safetensors import dump, load, metadata, read_header, save

TENSORS = {
    "generator/up_8/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "generator/up_8/bias": np.array([0.0, -0.0, np.nan, np.inf], np.float32),
    "seeds/dropout": np.array([7, 9], np.uint32),
    "step": np.array(1000, np.int64),
    "mask": np.array([True, False, True]),
    "half": np.array([1.5, 2.5, 3.5], np.float16),
    "nothing": np.zeros((0, 3), np.float64),
}
ABOUT = {"recipe": {"width": 64, "name": "é"}, "license": "CC-BY-4.0", "list": [1, 2.5, None]}


def test_a_file_is_loaded_as_it_was_saved(tmp_path):
    save(tmp_path / "w.safetensors", TENSORS, ABOUT)
    loaded = load(tmp_path / "w.safetensors")
    assert list(loaded) == sorted(TENSORS)
    for name, array in TENSORS.items():
        assert loaded[name].dtype == array.dtype and loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes()
    assert metadata(tmp_path / "w.safetensors") == ABOUT
    assert (tmp_path / "w.safetensors").read_bytes() == dump(TENSORS, ABOUT)


def test_the_library_reads_what_ganzoo_writes(tmp_path):
    raw = dump(TENSORS, ABOUT)
    theirs = safetensors.numpy.load(raw)
    assert theirs.keys() == TENSORS.keys()
    for name, array in TENSORS.items():
        assert theirs[name].dtype == array.dtype and theirs[name].shape == array.shape
        assert theirs[name].tobytes() == array.tobytes()
    (tmp_path / "w.safetensors").write_bytes(raw)
    with safetensors.safe_open(tmp_path / "w.safetensors", framework="np") as file:
        assert json.loads(file.metadata()["ganzoo"]) == ABOUT


def test_the_library_reads_bfloat16_that_ganzoo_writes():
    array = np.array([1.5, -0.0, np.nan], ml_dtypes.bfloat16)
    ((_, theirs),) = safetensors.deserialize(dump({"a": array}))
    assert theirs["dtype"] == "BF16" and bytes(theirs["data"]) == array.tobytes()


def test_ganzoo_reads_what_the_library_writes(tmp_path):
    path = tmp_path / "w.safetensors"
    safetensors.numpy.save_file(TENSORS, path, {"format": "np", "note": "é"})
    loaded = load(path)
    for name, array in TENSORS.items():
        assert loaded[name].dtype == array.dtype and loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes()
    assert read_header(path).metadata == {"format": "np", "note": "é"}
    assert metadata(path) == {}


def test_nothing_is_a_valid_file():
    assert dump({}) == b"\x08\0\0\0\0\0\0\0{}      "
    assert load(dump({})) == {} and metadata(dump({})) == {}
    assert safetensors.numpy.load(dump({})) == {}


def test_the_bytes_of_a_small_file_are_these():
    header = (
        b'{"__metadata__":{"ganzoo":"{\\"a\\":1}"},'
        b'"a":{"data_offsets":[4,6],"dtype":"I8","shape":[2]},'
        b'"b":{"data_offsets":[0,4],"dtype":"F32","shape":[]}}'
    )
    header += b" " * (-len(header) % 8)
    expected = len(header).to_bytes(8, "little") + header + b"\0\0\x80\x3f" + b"\x01\xff"
    tensors = {"b": np.float32(1), "a": np.array([1, -1], np.int8)}
    assert dump(tensors, {"a": 1}) == expected


def test_every_tensor_begins_at_a_multiple_of_its_items_size(tmp_path):
    path = tmp_path / "w"
    save(path, TENSORS, ABOUT)
    header = read_header(path)
    assert header.data_start % 8 == 0
    for name, tensor in header.tensors.items():
        assert tensor.start % TENSORS[name].itemsize == 0


def test_the_order_in_memory_changes_no_byte():
    turned = {name: np.array(TENSORS[name], order="F") for name in reversed(TENSORS)}
    about = {key: ABOUT[key] for key in reversed(ABOUT)}
    assert dump(turned, about) == dump(TENSORS, ABOUT)


def test_every_process_writes_the_same_bytes(child):
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
    printed = {child(code, PYTHONHASHSEED=str(seed)).stdout for seed in range(4)}
    assert len(printed) == 1
    assert len(printed.pop().split()) == 1


def test_any_other_content_gives_other_bytes():
    raw = dump(TENSORS, ABOUT)
    assert raw != dump(TENSORS, {**ABOUT, "license": "none"})
    assert raw != dump({**TENSORS, "step": np.array(1001, np.int64)}, ABOUT)


def test_only_the_named_tensors_are_read():
    assert list(load(dump(TENSORS), names=["step", "mask", "step"])) == ["mask", "step"]


def test_a_tensor_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(InvalidInput, match=r"generator/up_8/kernal.*Did you mean.*up_8/kernel"):
        load(dump(TENSORS), names=["generator/up_8/kernal"])


EXPECTED = {name: (array.dtype.name, array.shape) for name, array in TENSORS.items()}
MUTATIONS = {
    "missing": ({**EXPECTED, "more": ("float32", (2,))}, "'more'.*Received: none"),
    "extra": ({k: v for k, v in EXPECTED.items() if k != "step"}, "'step'.*expected none"),
    "renamed": (
        {("stop" if k == "step" else k): v for k, v in EXPECTED.items()},
        r"'step'.*and 1 more",
    ),
    "reshaped": ({**EXPECTED, "half": ("float16", (3, 1))}, r"\[3, 1\]. Received: float16 \[3\]"),
    "recast": ({**EXPECTED, "half": ("float32", (3,))}, "float32 .* Received: float16"),
    "transposed": ({**EXPECTED, "nothing": ("float64", (3, 0))}, r"\[3, 0\]"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_file_of_another_architecture_is_refused_before_data_is_read(mutation, monkeypatch):
    expected, message = MUTATIONS[mutation]
    monkeypatch.setattr(files, "_read", lambda *_: pytest.fail("data was read"))
    with pytest.raises(InvalidInput, match=message):
        load(dump(TENSORS), expected=expected)


def test_a_file_of_the_same_architecture_is_loaded():
    assert load(dump(TENSORS), expected=EXPECTED).keys() == TENSORS.keys()
    lists = {"half": ("float16", [3])}
    assert list(load(dump(TENSORS), names=["half"], expected=lists)) == ["half"]


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


def test_the_largest_number_of_tensors_is_read_back():
    nothing = np.zeros(0, np.uint8)
    assert len(load(dump({f"a/{index}": nothing for index in range(65_536)}))) == 65_536


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_metadata_that_json_cannot_say_is_refused(value):
    with pytest.raises(ValueError, match="JSON|surrogates"):
        dump({}, {"a": value})


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', "[1]", "null", "{", '{"a":NaN}', "", "[" * 5_000, '"' + "x" * 2**21]
)
def test_metadata_of_ganzoo_that_ganzoo_did_not_write_is_refused(tmp_path, text):
    safetensors.numpy.save_file({}, tmp_path / "w", {"ganzoo": text})
    with pytest.raises(InvalidInput, match="metadata of .*w"):
        metadata(tmp_path / "w")


def test_a_file_is_not_replaced_unless_asked(tmp_path):
    path = tmp_path / "w"
    save(path, TENSORS)
    with pytest.raises(UsageError, match="nothing is overwritten"):
        save(path, {})
    assert load(path).keys() == TENSORS.keys()
    save(path, {}, overwrite=True)
    assert load(path) == {}
    assert os.listdir(tmp_path) == ["w"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    with pytest.raises(UsageError, match="complex"):
        save(tmp_path / "w", {"a": np.zeros(2, complex)})
    assert os.listdir(tmp_path) == []


def test_too_little_memory_is_said(monkeypatch):
    def fail(*_):
        raise MemoryError

    raw = dump(TENSORS)
    monkeypatch.setattr(np, "empty", fail)
    with pytest.raises(EnvironmentProblem, match="Not enough memory"):
        load(raw)


def test_a_file_that_shrinks_while_it_is_read_is_refused_and_kills_nobody(child, tmp_path):
    # In a process of its own: a memory map would end it with SIGBUS.
    code = """
import os, sys
import numpy as np
import ganzoo.files.safetensors as files
from ganzoo.errors import InvalidInput

path = sys.argv[1]
arrays = {name: np.ones((1000, 1000), "f4") for name in "abc"}
really_read = files._read
for place in ("before data", "mid data"):
    for size in (0, 10, 5_000, 4_096_000, 9_999_999, 11_999_999):
        files.save(path, arrays, overwrite=True)
        def shrink(file, header, name, where):
            if name == ("a" if place == "before data" else "c"):
                os.truncate(path, size)
            return really_read(file, header, name, where)
        files._read = shrink
        try:
            files.load(path)
        except InvalidInput as error:
            print("refused" if "shrank" in str(error) else error)
"""
    assert child(code, tmp_path / "w").stdout == "refused\n" * 12


def test_the_digest_of_a_file_is_the_same_today_as_ever():
    tensors = {k: v for k, v in TENSORS.items() if k != "generator/up_8/bias"}  # holds a NaN
    assert hashlib.sha256(dump(tensors, ABOUT)).hexdigest() == (
        "245c7910c1b4edc1065dbcb9fcc3ba84769582d11e7c59610f25d74c2383bed8"
    )
