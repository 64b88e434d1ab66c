import hashlib
import struct

import numpy as np
import pytest

from ganzoo.files.digests import bytes_digest, canonical_json, file_digest, tensors_digest


def test_the_digest_of_nothing_is_the_published_one():
    known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert bytes_digest(b"") == known


def test_a_file_has_the_digest_of_its_bytes(tmp_path):
    content = bytes(range(256)) * 5_000
    (tmp_path / "a").write_bytes(content)
    assert file_digest(tmp_path / "a") == bytes_digest(content)


def test_the_digest_of_tensors_is_over_one_line_and_the_bytes_of_each():
    tensors = {"b": np.float32(1.5), "a": np.array([[1], [2]], dtype=">i2")}
    expected = hashlib.sha256(
        b'["a","I16",[2,1]]\n'
        + struct.pack("<2h", 1, 2)
        + b'["b","F32",[]]\n'
        + struct.pack("<f", 1.5)
    ).hexdigest()
    assert tensors_digest(tensors) == expected


def test_the_digest_of_tensors_ignores_order_and_layout():
    a = np.arange(12, dtype="f4").reshape(3, 4)
    one = {"a": a, "b": a[::2, ::-1]}
    other = {"b": a[::2, ::-1].copy(), "a": np.asfortranarray(a).astype(">f4")}
    assert tensors_digest(one) == tensors_digest(other)


@pytest.mark.parametrize(
    "other",
    [
        {"b": np.zeros(4, "f4")},
        {"a": np.zeros((2, 2), "f4")},
        {"a": np.zeros(4, "i4")},
        {"a": np.array([0, 0, 0, -0.0], "f4")},
        {"a": np.zeros(2, "f4"), "b": np.zeros(2, "f4")},
        {},
    ],
    ids=["name", "shape", "dtype", "bit", "split", "none"],
)
def test_any_difference_gives_another_digest(other):
    assert tensors_digest({"a": np.zeros(4, "f4")}) != tensors_digest(other)


def test_canonical_json_is_found_here_too():
    assert canonical_json({"b": 1, "a": 2}) == '{"a":2,"b":1}'
