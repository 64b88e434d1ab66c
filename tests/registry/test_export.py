"""Weights out of runs, models and files, as the same bytes. Nothing here imports Keras."""

import pytest

from ganzoo.catalog.registry import lookup
from ganzoo.errors import UnknownName, UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models.export import export
from ganzoo.jobs.publishing.manage import tag
from ganzoo.jobs.publishing.push import push

pytestmark = pytest.mark.usefixtures("no_framework")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.safetensors"


@pytest.mark.parametrize("float16", [False, True])
@pytest.mark.parametrize("name", ["small", "small@1", "small@best", "user:small"])
def test_a_model_is_exported_as_it_was_published(made_run, out, name, float16):
    push(made_run().path, "small", float16=float16)
    tag("small@1", "best")
    published = lookup.find_version("small").read("generator.safetensors")
    assert export(name, out).read_bytes() == published
    again = export(out, out.with_name("again.safetensors"))
    assert again.read_bytes() == published


def test_a_version_s_folder_is_a_source(made_run, out):
    done = push(made_run().path, "small")
    published = lookup.find_version("small").read("generator.safetensors")
    assert export(done["path"], out).read_bytes() == published


def test_everything_is_exported_of_where_it_is(made_run, out):
    run = made_run()
    push(run.path, "small", everything=True)
    whole = lookup.find_version("small").read("everything.safetensors")
    assert export("small", out, everything=True).read_bytes() == whole
    other = export(run.path, out.with_name("run.safetensors"), everything=True)
    assert safetensors.load(other).keys() == safetensors.load(whole).keys()
    again = export(out, out.with_name("again.safetensors"), everything=True)
    assert again.read_bytes() == whole


def test_the_generator_comes_out_of_a_file_with_everything(made_run, out):
    push(made_run().path, "small", everything=True)
    export("small", out, everything=True)
    for raw, value in ((False, 2.0), (True, 1.0)):
        found = export(out, out.with_name("part.safetensors"), raw=raw, overwrite=True)
        arrays = safetensors.load(found)
        assert list(arrays) == ["generator/dense/kernel"]
        assert (arrays["generator/dense/kernel"] == value).all()
        kind = "raw" if raw else "ema"
        assert safetensors.metadata(found)["weights"] == kind


def test_everything_is_refused_where_it_is_not(made_run, out):
    run = made_run()
    push(run.path, "small")
    with pytest.raises(UsageError, match="--all"):
        export("small", out, everything=True)
    for flags in ({}, {"raw": True}):
        part = export(run.path, out.with_name("part.safetensors"), overwrite=True, **flags)
        with pytest.raises(UsageError):
            export(part, out, everything=True)
    assert not out.exists()


def test_an_unknown_source_is_told(out):
    with pytest.raises(UnknownName, match="Unknown model, run or file"):
        export("nothing-of-the-kind", out)
