"""Files in the layouts of published checkpoints, of random numbers that follow from the names."""

import pickle
import sys
import types
import zlib
from collections import OrderedDict

import numpy as np


def numbers(shapes: dict[str, tuple[int, ...]], scale: float) -> dict[str, np.ndarray]:
    """Arrays by name: kernels of that scale over the root of their inputs, or of 1 if it is 0."""
    arrays = {}
    for name, shape in shapes.items():
        values = np.random.default_rng(zlib.crc32(name.encode())).normal(size=shape)
        inputs = np.prod(shape[1:]) if scale else 1
        values *= (scale or 1) / np.sqrt(inputs) if len(shape) > 1 else 0.3
        if name.endswith(("_var", "_vars", "moving_variance")):
            values = 0.5 + np.abs(values)
        arrays[name] = np.asarray(values, "f4")
    for name in shapes:  # spectral norms whose vectors have converged
        if name.endswith("weight_u"):
            weight = arrays[name.replace("weight_u", "weight_orig")]
            u, _, v = np.linalg.svd(weight.reshape(len(weight), -1).astype("f8"))
            arrays[name], arrays[name.replace("weight_u", "weight_v")] = (
                np.asarray(one, "f4") for one in (u[:, 0], v[0])
            )
    return arrays


def write(path, kind: str, arrays: dict[str, np.ndarray], monkeypatch) -> None:
    """Write the arrays as the authors do; `kind` is a key of `_KINDS` and an argument of it."""
    name, _, argument = kind.partition(" ")
    path.write_bytes(_KINDS[name](arrays, argument, monkeypatch))


def _state(arrays: dict[str, np.ndarray], below: str, _) -> bytes:
    """A state dict of PyTorch, below a key."""
    import io

    import torch

    value = OrderedDict((n, torch.from_numpy(a.copy())) for n, a in arrays.items())
    buffer = io.BytesIO()
    torch.save({below: value, "step": 7} if below else value, buffer)
    return buffer.getvalue()


def _modules(arrays: dict[str, np.ndarray], argument: str, monkeypatch) -> bytes:
    """Pickled modules of PyTorch below `G_ema`: of a class by reference, or with its source."""
    import torch

    module, _, name = argument.rpartition(".")

    def rebuild(meta):
        raise AssertionError("called")

    def persistent(self, protocol):
        return rebuild, ({"type": "class", "module_src": "raise", "state": self.__dict__},)

    methods = {"__reduce_ex__": persistent} if name.startswith("_") else {}
    module_class = type(name, (torch.nn.Module,), {**methods, "__module__": module})
    for part in (module.partition(".")[0], module):
        monkeypatch.setitem(sys.modules, part, types.ModuleType(part))
    made = {name: rebuild if methods else module_class}
    for key, value in made.items():
        value.__module__, value.__qualname__ = module, key
        setattr(sys.modules[module], key, value)
    root = module_class()
    for path, array in arrays.items():
        *folders, leaf = path.split(".")
        at = root
        for folder in folders:
            at._modules.setdefault(folder, module_class())
            at = at._modules[folder]
        at._parameters[leaf] = torch.nn.Parameter(torch.from_numpy(array.copy()))
    return pickle.dumps({"G": None, "D": None, "G_ema": root, "cur_nimg": 9}, 4)


def _tensorflow(arrays: dict[str, np.ndarray], argument: str, monkeypatch) -> bytes:
    """The third of three networks of TensorFlow, of that class."""
    module, _, name = argument.rpartition(".")
    network = type(name, (), {"__module__": module})
    monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    setattr(sys.modules[module], name, network)
    made = [network() for _ in range(3)]
    for one in made:
        one.__dict__ |= {"version": 2, "name": "G", "static_kwargs": {}, "variables": []}
    made[2].variables = list(arrays.items())
    return pickle.dumps(tuple(made), 2)


_KINDS = {"state": _state, "modules": _modules, "tensorflow": _tensorflow}
