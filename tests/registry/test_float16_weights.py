"""Half precision in a version: said, checked, and refused where it does not fit."""

import numpy as np
import pytest

from ganzoo.catalog.registry import lookup
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models.weights import from_float16, stored_spec, to_float16
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.publishing.verify import verify


def test_a_version_in_half_precision_says_so(made_run, home):
    push(made_run(value=0.1).path, "small", float16=True)
    content = lookup.find_version("small").read("generator.safetensors")
    assert safetensors.metadata(content)["stored"] == "float16"
    array = safetensors.load(content)["generator/dense/kernel"]
    assert array.dtype == "float16" and np.all(array == np.float16(1.1))
    assert verify("small")["problems"] == []


def test_the_whole_state_is_never_in_half_precision(made_run):
    push(made_run().path, "small", float16=True, everything=True)
    content = lookup.find_version("small").read("everything.safetensors")
    assert "stored" not in safetensors.metadata(content)
    assert {array.dtype.name for array in safetensors.load(content).values()} == {"float32"}


def test_half_and_full_precision_are_two_versions(made_run):
    run = made_run().path
    full, half = push(run, "small"), push(run, "small", float16=True)
    assert (full["version"], half["version"]) == (1, 2)
    assert not push(run, "small", float16=True)["created"]


@pytest.mark.parametrize("value", [65520.0, -66000.0, 1e30])
def test_what_half_precision_cannot_hold_is_refused(made_run, home, value):
    with pytest.raises(UsageError, match="generator/dense/kernel does not fit half precision"):
        push(made_run(value=value).path, "small", float16=True)
    assert not (home / "registry").exists()


def test_the_largest_number_of_half_precision_fits():
    assert to_float16({"a": np.array([65504, -65504], "float32")})["a"].tolist() == [65504, -65504]


def test_other_types_stay_as_they_are():
    arrays = {
        "a": np.array([1, 2], "int32"),
        "b": np.array([1.5], "float32"),
        "c": np.array([1e300], "float64"),
    }
    spec = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
    found = to_float16(arrays)
    assert {name: array.dtype.name for name, array in found.items()} == {
        "a": "int32", "b": "float16", "c": "float64",
    }  # fmt: skip
    said = stored_spec(spec, {"stored": "float16"}, "a file")
    assert said == {name: (a.dtype.name, a.shape) for name, a in found.items()}
    again = from_float16(found, spec)
    assert all(again[name].dtype == arrays[name].dtype for name in arrays)
    assert all(np.array_equal(again[name], arrays[name]) for name in arrays)


def test_a_published_version_is_not_made_half(made_run, tmp_path):
    push(made_run().path, "small")
    with pytest.raises(UsageError, match="as it is"):
        push("small", "small", folder=tmp_path / "zoo", float16=True)


def test_a_version_in_half_precision_is_published_elsewhere_as_it_is(made_run, tmp_path):
    first = push(made_run().path, "small", float16=True)
    assert push("small", "small", folder=tmp_path / "zoo")["digest"] == first["digest"]


@pytest.mark.parametrize("stored", ["bfloat16", "float32", "", None, 16, ["float16"]])
def test_only_half_precision_can_be_declared(stored):
    with pytest.raises(InvalidInput, match="does not know"):
        stored_spec({}, {"stored": stored}, "a file")


def test_nothing_is_declared_of_full_precision():
    spec = {"a/kernel": ("float32", (2,))}
    assert stored_spec(spec, {}, "a file") == spec


def test_kernels_alone_can_be_halved():
    arrays = {"a/kernel": np.ones(3, "float32"), "a/bias": np.full(2, 0.1, "float32")}
    spec = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
    found = to_float16(arrays, kernels_alone=True)
    assert [found[name].dtype.name for name in arrays] == ["float16", "float32"]
    said = stored_spec(spec, {"stored": "float16 kernels"}, "a file")
    assert said == {name: (a.dtype.name, a.shape) for name, a in found.items()}
    again = from_float16(found, spec)
    assert all(np.array_equal(again[name], arrays[name]) for name in arrays)
