"""Files that PyTorch wrote are read to the last bit, in both layouts."""

import argparse
import io
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest

from ganzoo.errors import InvalidInput
from ganzoo.files.foreign import open_weights

torch = pytest.importorskip("torch")

LAYOUTS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


def write(path, value, zipped=True):
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return path


def read(path):
    with open_weights(path) as weights:
        for array in weights.values():
            numbers = array.read()
            assert (numbers.shape, numbers.dtype) == (array.shape, array.dtype)
            assert numbers.flags.c_contiguous and numbers.flags.writeable
        return {name: array.read() for name, array in weights.items()}, weights.metadata


@LAYOUTS
def test_every_type_of_number_is_read(zipped, tmp_path):
    whole = [f"int{bits}" for bits in (8, 16, 32, 64)]
    types = ["float16", "float32", "float64", "bfloat16", "bool", "uint8", *whole]
    tensors = {
        name: (torch.arange(6) % 5 * 2).reshape(2, 3).to(getattr(torch, name)) for name in types
    }
    arrays, _ = read(write(tmp_path / "a.pt", tensors, zipped))
    assert list(arrays) == types
    for name, array in arrays.items():
        assert array.dtype.name == name
        assert array.astype("f8").tolist() == tensors[name].double().tolist()


@LAYOUTS
def test_views_of_one_storage_are_read(zipped, tmp_path):
    base = torch.arange(2 * 3 * 4 * 5, dtype=torch.float32)
    image = base.reshape(2, 3, 4, 5)
    tensors = {
        "slice": base[7:19],
        "steps": base[3::7],
        "transposed": image.permute(3, 1, 0, 2),
        "channels_last": image.to(memory_format=torch.channels_last),
        "scalar": base[5],
        "empty": base[:0].reshape(0, 3),
        "one": torch.ones(1).expand(1, 1, 1),
    }
    arrays, _ = read(write(tmp_path / "a.pt", tensors, zipped))
    for name, tensor in tensors.items():
        assert np.array_equal(arrays[name], tensor.numpy()) and arrays[name].shape == tensor.shape


@LAYOUTS
def test_nested_values_have_dotted_names(zipped, tmp_path):
    value = {
        "g": OrderedDict({"conv.weight": torch.ones(2)}),
        "list": [torch.zeros(1), (torch.zeros(2), None)],
        "parameter": torch.nn.Parameter(torch.full((3,), 2.0)),
        "args": argparse.Namespace(lr=0.002, size=256, name="ffhq", gpus=[0, 1], nothing=None),
        "epoch": 3,
        "seen": {1, 2},
        "shape": torch.Size([1, 2]),
        "device": torch.device("cpu"),
        "optimizer": {"state": {0: {"step": torch.ones(1)}}, "param_groups": [{"lr": 0.001}]},
    }
    arrays, metadata = read(write(tmp_path / "a.pt", value, zipped))
    assert set(arrays) == {
        "g.conv.weight",
        "list.0",
        "list.1.0",
        "parameter",
        "optimizer.state.0.step",
    }
    assert arrays["parameter"].tolist() == [2, 2, 2]
    plain = {"args.lr": 0.002, "args.size": 256, "args.name": "ffhq", "args.gpus.1": 1, "epoch": 3}
    assert plain.items() <= metadata.items()
    assert metadata["optimizer.param_groups.0.lr"] == 0.001


@LAYOUTS
def test_modules_are_read_as_their_state_dicts(zipped, tmp_path):
    inner = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
    module = torch.nn.Sequential(inner, torch.nn.ModuleList([torch.nn.Linear(3, 1, bias=False)]))
    arrays, metadata = read(write(tmp_path / "a.pt", {"model": module}, zipped))
    expected = {f"model.{name}": tensor for name, tensor in module.state_dict().items()}
    assert list(arrays) == list(expected)
    assert all(np.array_equal(arrays[name], expected[name].numpy()) for name in expected)
    assert metadata["model.0.1.eps"] == 1e-5


def test_a_state_dict_with_metadata_is_read(tmp_path):
    state = torch.nn.BatchNorm1d(3).state_dict()
    assert list(read(write(tmp_path / "a.pt", state))[0]) == list(state)


def importable(monkeypatch, module, **members):
    """Make a module with these members importable, for `pickle` to refer to."""
    for name in (module.partition(".")[0], module):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    for name, member in members.items():
        member.__module__, member.__qualname__ = module, name
        setattr(sys.modules[module], name, member)


class Layer(torch.nn.Module):
    def __init__(self, size, **options):
        super().__init__()
        self.size = size
        self._init_args, self._init_kwargs = (size,), options
        self.weight = torch.nn.Parameter(torch.arange(float(size)))
        self.register_buffer("w_avg", torch.full((size, 2), 0.5))


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_persistent_objects_are_read_without_their_source(protocol, tmp_path, monkeypatch):
    def rebuild(meta):
        raise AssertionError("called")

    class Persistent(Layer):  # as NVIDIA's networks are pickled
        def __reduce_ex__(self, protocol):
            source = "raise AssertionError('run')\n" * 100
            meta = {"type": "class", "version": 6, "module_src": source, "class_name": "Layer"}
            return rebuild, ({**meta, "state": self.__dict__},)

    importable(monkeypatch, "torch_utils.persistence", _reconstruct_persistent_obj=rebuild)
    network = Persistent(3, z_dim=512, mapping_kwargs={"num_layers": 8})
    network.fc = Persistent(2)
    value = {"G_ema": network, "training_set_kwargs": None}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value, protocol))
    arrays, metadata = read(tmp_path / "a.pkl")
    assert list(arrays) == [f"G_ema.{n}" for n in ("weight", "w_avg", "fc.weight", "fc.w_avg")]
    assert arrays["G_ema.fc.weight"].tolist() == [0, 1]
    assert metadata["G_ema.init_kwargs.z_dim"] == 512
    assert metadata["G_ema.init_kwargs.mapping_kwargs.num_layers"] == 8
    assert metadata["G_ema.init_args.0"] == metadata["G_ema.size"] == 3
    assert not any("raise" in str(text) for text in metadata.values())


@pytest.mark.parametrize("protocol", [3, 4])
def test_modules_by_reference_are_read(protocol, tmp_path, monkeypatch):
    class Generator(Layer):
        pass

    importable(monkeypatch, "R3GAN.Networks", Generator=Generator)
    network = Generator(3)
    network.dtype, network.Layers = torch.bfloat16, torch.nn.ModuleList([Generator(2)])
    value = {"G_ema": network, "cur_nimg": 1000, "G_opt_state": {"state": {}, "lr": np.float64(2)}}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value, protocol))
    arrays, metadata = read(tmp_path / "a.pkl")
    expected = {f"G_ema.{name}": tensor for name, tensor in network.state_dict().items()}
    assert list(arrays) == list(expected)
    assert all(np.array_equal(arrays[name], expected[name].numpy()) for name in expected)
    assert (metadata["cur_nimg"], metadata["G_opt_state.lr"]) == (1000, 2.0)


def test_only_the_requested_array_is_read(tmp_path):
    path = write(tmp_path / "a.pt", {"a": torch.ones(1000), "b": torch.zeros(1000)})
    content = path.read_bytes()
    damaged = content.replace(np.ones(1000, "f4").tobytes(), np.full(1000, 2, "f4").tobytes())
    path.write_bytes(damaged)
    with open_weights(path) as weights:
        assert weights["b"].read().sum() == 0
        with pytest.raises(InvalidInput, match="checksum"):
            weights["a"].read()


def test_a_file_cut_short_is_refused(tmp_path):
    for zipped in (True, False):
        content = write(tmp_path / "a.pt", {"a": torch.ones(9)}, zipped).read_bytes()
        for length in range(0, len(content), 7):
            (tmp_path / "b.pt").write_bytes(content[:length])
            with pytest.raises(InvalidInput, match="Expected a weights file"):
                open_weights(tmp_path / "b.pt")


def test_a_tensor_alone_and_a_file_without_tensors_are_refused(tmp_path):
    buffer = io.BytesIO()
    torch.save(torch.ones(2), buffer)
    (tmp_path / "a.pt").write_bytes(buffer.getvalue())
    for path in (tmp_path / "a.pt", write(tmp_path / "b.pt", {"epoch": 1})):
        with pytest.raises(InvalidInput, match="no name|no arrays"):
            open_weights(path)
