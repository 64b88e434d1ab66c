"""Arrays of NumPy: in pickles of every protocol, in TensorFlow's StyleGANs, in .npz."""

import pickle
import sys
import types

import numpy as np
import pytest

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.foreign import open_weights
from ganzoo.files.safetensors import dump

ARRAYS = {
    "float32": np.arange(2000, dtype="f4").reshape(4, 500),
    "small": np.arange(6, dtype="f2").reshape(2, 3),
    "columns": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "big_endian": np.arange(300, dtype=">i4"),
    "bool": np.array([True, False]),
    "scalar": np.array(3, "u1"),
    "empty": np.zeros((0, 3), "i8"),
}


def check(path, expected):
    with open_weights(path) as weights:
        assert list(weights) == list(expected)
        for name, array in expected.items():
            assert weights[name].shape == array.shape
            numbers = weights[name].read()
            assert np.array_equal(numbers, array) and numbers.flags.writeable
            assert numbers.dtype == weights[name].dtype == array.dtype.newbyteorder("=")
        return weights.metadata


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_in_pickles_are_read(protocol, tmp_path):
    value = {**ARRAYS, "lr": np.float32(0.5), "text": "x" * 5000, "number": -(2**70)}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value, protocol))
    assert check(tmp_path / "a.pkl", ARRAYS) == {"lr": 0.5, "number": -(2**70)}


def test_strings_of_python_2_are_read(tmp_path):
    start = b"(dS'a'\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    state = b"(I1\n(I%d\ntcnumpy\ndtype\n(S'u1'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI00\n"
    numbers = bytes(range(0, 256, 3))
    content = start + state % len(numbers) + b"S" + repr(numbers)[1:].encode() + b"\ntbs."
    (tmp_path / "a.pkl").write_bytes(content)
    check(tmp_path / "a.pkl", {"a": np.frombuffer(numbers, "u1")})


@pytest.mark.parametrize("protocol", [2, 4])
def test_networks_of_tensorflow_are_read(protocol, tmp_path, monkeypatch):
    class Network:
        def __init__(self, **state):
            self.__dict__ = state

    name = "dnnlib.tflib.network"
    for module in ("dnnlib", "dnnlib.tflib", name):
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    Network.__module__, Network.__qualname__ = name, "Network"
    sys.modules[name].Network = Network
    mapping = Network(variables=[("Dense0/weight", np.ones((2, 2), "f4"))], components={})
    whole = Network(
        version=4,
        static_kwargs={"resolution": 256},
        components={"mapping": mapping},
        build_module_src="raise AssertionError('run')\n" * 50,
        variables=[("lod", np.float32(0)), ("dlatent_avg", np.zeros(2, "f4"))],
    )
    (tmp_path / "a.pkl").write_bytes(pickle.dumps((whole, None, whole), protocol))
    expected = {"dlatent_avg": np.zeros(2, "f4"), "mapping.Dense0/weight": np.ones((2, 2), "f4")}
    metadata = check(
        tmp_path / "a.pkl", {f"{i}.{n}": a for i in (0, 2) for n, a in expected.items()}
    )
    assert metadata["0.static_kwargs.resolution"] == 256


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_is_read(save, tmp_path):
    save(tmp_path / "a.npz", **ARRAYS)
    check(tmp_path / "a.npz", ARRAYS)


def test_safetensors_is_read(tmp_path):
    arrays = {"a.weight": np.arange(6, dtype="f4").reshape(2, 3), "b": np.ones(3, bool)}
    (tmp_path / "real").write_bytes(dump(arrays, {"x": 1}))
    (tmp_path / "a.safetensors").symlink_to("real")
    assert check(tmp_path / "a.safetensors", arrays) == {"ganzoo": '{"x":1}'}


def test_other_formats_and_missing_files_are_refused(tmp_path):
    for content in (b"", b"\x89HDF\r\n\x1a\n" + bytes(500), b"<html>", b"PK\x03\x04"):
        (tmp_path / "a.pt").write_bytes(content)
        with pytest.raises(InvalidInput, match=r"Expected a weights file .* Download it again"):
            open_weights(tmp_path / "a.pt")
    with pytest.raises(UsageError, match="No such file"):
        open_weights(tmp_path / "b.pt")
