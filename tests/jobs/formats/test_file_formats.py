"""A generator in the formats of others gives the same images there, for any batch."""

import importlib.util
import os
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from lazy_keras import keras

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.cli import main
from ganzoo.files import safetensors
from ganzoo.files.digests import tensors_digest
from ganzoo.jobs.formats.file_formats import FORMATS
from ganzoo.jobs.info import describe_source
from ganzoo.jobs.models import load
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of a conditional GAN."""
    tables = {
        "architecture": {"name": "cdcgan", "generator_base_channels": 4,
                         "discriminator_base_channels": 4},
        "dataset": {"name": "digits", "images": 64},
        "generator_optimizer": {"name": "adam"},
        "discriminator_optimizer": {"name": "adam"},
        "training": {"batch": 16, "steps": 3},
    }  # fmt: skip
    return train(Recipe.from_tables(tables), run=tmp_path_factory.mktemp("formats") / "run")


def only(backend: str, format: str):
    """A format that one backend writes: ONNX with PyTorch, whose exporter needs no more."""
    reason = f"{format} is written with {backend}"
    return pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != backend, reason=reason)


@pytest.fixture
def expected(run):
    """`expected(n)`: inputs for n images, and the images; of several two are of no class."""
    gan = load.load(run.path)

    def images(n: int):
        latents = np.array(gan.sampler.sample_latents(n, 7))
        labels = np.arange(n, dtype="int32")
        images = np.array(gan.sampler.generate(latents, labels))
        if n > 2:
            labels[-2:], images[-2:] = (-1, 10), np.nan
        return latents, labels, images

    return images


def test_a_keras_file_needs_keras_and_the_layers_alone(run, expected, tmp_path):
    assert main(["export", str(run.path), str(tmp_path / "out.keras")]) == 0
    model = keras.saving.load_model(tmp_path / "out.keras")
    for n in (1, 5):
        latents, labels, images = expected(n)
        made = keras.ops.stop_gradient(model([latents, labels]))
        np.testing.assert_allclose(keras.ops.convert_to_numpy(made), images, atol=1e-5)


@only("torch", "ONNX")
def test_onnx_gives_the_same_images(run, expected, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    assert main(["export", str(run.path), str(tmp_path / "out.onnx")]) == 0
    session = runtime.InferenceSession(tmp_path / "out.onnx")
    shapes = {one.name: one.shape for one in (*session.get_inputs(), *session.get_outputs())}
    assert shapes == {"latents": ["batch", 100], "labels": ["batch"], "images": ["batch", 8, 8, 1]}
    for n in (1, 5):
        latents, labels, images = expected(n)
        (made,) = session.run(["images"], {"latents": latents, "labels": labels})
        np.testing.assert_allclose(made, images, atol=1e-4)
    told = describe_source(str(tmp_path / "out.onnx"))["exported"]
    written = session.get_modelmeta().custom_metadata_map
    assert told.keys() - written.keys() == {"path", "bytes", "producer", "producer_version"}
    assert (told["value_range"], told["prior"], told["samples"]) == ([-1, 1], "normal", "images")
    assert told["classes"] == [str(digit) for digit in range(10)]
    assert told["weights_digest"] == tensors_digest(safetensors.load(run.weights_path))


@only("torch", "ONNX")
def test_without_the_package_onnx_the_way_to_it_is_said(run, tmp_path, monkeypatch, capsys):
    find = importlib.util.find_spec
    without = lambda name, *more: None if name == "onnx" else find(name, *more)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", without)
    assert main(["export", str(run.path), str(tmp_path / "out.onnx")]) == 5
    assert "keras-ganzoo[onnx]" in capsys.readouterr().err


@only("torch", "ONNX")
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_onnx_draws_the_same_noise_from_latents(tmp_path, distribution):
    """Threefry in ONNX, bit for bit: rotations, exclusive or, shifts of negative numbers."""
    runtime = pytest.importorskip("onnxruntime")
    from ganzoo.layers import LatentNoise

    latents = keras.Input((6,), name="latents")
    noise = LatentNoise((5, 7), 3, distribution, name="noise")(latents)
    model = keras.Model(latents, noise)
    given = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    expected = keras.ops.convert_to_numpy(model(given))
    facts = {"samples": "noise", "sample_shape": (5, 7)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about its own insides
        gan = SimpleNamespace(generator=model)
        FORMATS[".onnx"].write(gan, facts, str(tmp_path / "noise.onnx"))
    session = runtime.InferenceSession(tmp_path / "noise.onnx")
    (made,) = session.run(None, {"latents": given})
    np.testing.assert_array_equal(made, expected)
    assert expected.std() > 0.2


@only("torch", "its own format")
def test_torch_export_gives_the_same_images(run, expected, tmp_path):
    import torch

    assert main(["export", str(run.path), str(tmp_path / "out.pt2")]) == 0
    module = torch.export.load(tmp_path / "out.pt2").module()
    for n in (2, 5):
        latents, labels, images = expected(n)
        made = module([torch.tensor(latents), torch.tensor(labels)])
        np.testing.assert_allclose(made.detach().numpy(), images, atol=1e-4)


@only("tensorflow", "its own format")
def test_a_saved_model_gives_the_same_images(run, expected, tmp_path):
    import tensorflow as tf

    assert main(["export", str(run.path), str(tmp_path / "out")]) == 0
    served = tf.saved_model.load(str(tmp_path / "out"))
    for n in (1, 5):
        latents, labels, images = expected(n)
        made = served.serve([latents, labels])
        np.testing.assert_allclose(np.array(made), images, atol=1e-5)


@only("tensorflow", "its own format")
def test_a_saved_model_that_draws_numbers_needs_no_xla(tmp_path):
    import tensorflow as tf

    from ganzoo.layers import counter

    class Noise(keras.layers.Layer):
        def call(self, x):
            return x + counter.normal(np.array([1, 2], "int32"), keras.ops.arange(3), (6,))

    latents = keras.Input((3, 6), name="latents")
    model = keras.Model(latents, Noise()(latents))
    given = np.ones((2, 3, 6), "float32")
    expected = np.array(model(given))
    FORMATS[""].write(SimpleNamespace(generator=model), {}, str(tmp_path / "out"))
    assert b"Xla" not in (tmp_path / "out" / "saved_model.pb").read_bytes()
    served = tf.saved_model.load(str(tmp_path / "out"))
    np.testing.assert_array_equal(np.array(served.serve(given)), expected)


def test_what_cannot_be_written_is_said_before_anything_is(run, tmp_path, capsys):
    (tmp_path / "taken").mkdir()
    other = "out" if keras.backend.backend() == "torch" else "out.pt2"
    cases = {
        "out.pth": "No format has files that end in '.pth'",
        "taken": "taken exists already",
        other: "cannot be written with the backend",
    }
    for out, said in cases.items():
        assert main(["export", str(run.path), str(tmp_path / out)]) == 2
        assert said in capsys.readouterr().err
    assert main(["export", str(run.path), str(tmp_path / "out.onnx"), "--all"]) == 2
    assert "--all writes a .safetensors file" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
