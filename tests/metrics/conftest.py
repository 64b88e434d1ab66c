import importlib
import importlib.util
import sys
import types

import numpy as np
import pytest

_TORCHVISION = (
    "torchvision",
    "torchvision.datasets",
    "torchvision.models",
    "torchvision.transforms",
    "torchvision.transforms.functional",
)


class _Absent(types.ModuleType):
    """A package that is imported, and some of whose classes are derived from, but never used."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@pytest.fixture(scope="session")
def oracle():
    """torch-fidelity's arithmetic on features: `oracle("metric_fid")` is that module of it.

    Its package imports torchvision for pretrained networks and data sets, of which these tests
    use none, and for which there is no build beside a CPU build of PyTorch. Where it is absent,
    empty modules stand in during the import; a use of one would fail loudly.
    """
    pytest.importorskip("torch")
    absent = importlib.util.find_spec("torchvision") is None
    if absent:
        sys.modules.update({name: _Absent(name) for name in _TORCHVISION})
        for name in _TORCHVISION[1:]:
            parent, _, child = name.rpartition(".")
            setattr(sys.modules[parent], child, sys.modules[name])
    try:
        importlib.import_module("torch_fidelity")
    finally:
        for name in _TORCHVISION if absent else ():
            del sys.modules[name]
    return lambda name: importlib.import_module(f"torch_fidelity.{name}")


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)
