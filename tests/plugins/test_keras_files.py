"""Generators of Keras tutorials, in the files that Keras writes."""

import numpy as np
import pytest
from lazy_keras import keras, ops

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.cli import main
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.jobs.models.load import load
from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights

pytestmark = pytest.mark.backend
OPEN = FileDescription(data_license="CC0-1.0")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def garments():
    """28x28 images by SELU and batch norm, from latents of 6 numbers."""
    layers, same = keras.layers, {"strides": 2, "padding": "same"}
    return [
        layers.Dense(7 * 7 * 128),
        layers.Reshape([7, 7, 128]),
        layers.BatchNormalization(),
        layers.Conv2DTranspose(64, 5, activation="selu", **same),
        layers.BatchNormalization(),
        layers.Conv2DTranspose(1, 5, activation="tanh", **same),
    ]


def faces():
    """64x64 images without normalization, from latents of 6 numbers."""
    layers, same = keras.layers, {"padding": "same"}
    found = [layers.Dense(2 * 8 * 8), layers.LeakyReLU(0.3), layers.Reshape([8, 8, 2])]
    found += [layers.Conv2D(4, 5, **same), layers.LeakyReLU(0.3)]
    for _ in range(3):
        found += [layers.Conv2DTranspose(4, 4, strides=2, **same), layers.LeakyReLU(0.3)]
    for _ in range(2):
        found += [layers.Conv2D(8, 5, **same), layers.LeakyReLU(0.3)]
    return [*found, layers.Conv2D(3, 7, activation="tanh", **same)]


def built(layers):
    """A model with random weights and statistics."""
    keras.layers.Dense(1), keras.layers.Conv2D(1, 1)  # others were made before: names count on
    model, rng = keras.Sequential([keras.Input((6,)), *layers()]), np.random.default_rng(0)
    for weight in model.weights:
        values = rng.normal(size=weight.shape) / np.sqrt(max(np.prod(weight.shape[:-1]), 9))
        weight.assign(1 + np.abs(values) if "variance" in weight.path else 1.5 * values)
    return model


def agree(model, name):
    z = ops.convert_to_tensor(np.random.default_rng(1).normal(size=(2, 6)).astype("float32"))
    expected = ops.convert_to_numpy(model(z, training=False))
    assert expected.std() > 0.05
    images = ops.convert_to_numpy(load(name).generator(z))
    np.testing.assert_allclose(images, expected, rtol=0, atol=1e-5)
    return True


@pytest.mark.parametrize("suffix", ["weights.h5", "keras", "h5"])
@pytest.mark.parametrize(
    ("layers", "name"), [(garments, "dcgan-fashion-mnist"), (faces, "facegan")]
)
@pytest.mark.filterwarnings("ignore")  # of what Keras thinks of .h5
def test_tutorials_are_recognized(layers, name, suffix):
    model, path = built(layers), f"generator.{suffix}"
    model.save_weights(path) if suffix == "weights.h5" else model.save(path)
    done = import_weights(path, "mine", license="MIT", description=OPEN)
    assert done["conversion"]["architecture"] == name and agree(model, "mine")


def recipe(**architecture):
    adam = {"name": "adam"}
    return Recipe.from_tables({
        "architecture": architecture, "dataset": {"name": "digits"}, "generator_optimizer": adam,
        "discriminator_optimizer": adam, "training": {"steps": 1},
    })  # fmt: skip


def test_any_other_is_mapped_by_position_with_a_recipe():
    layers = keras.layers
    parts = [layers.Dense(9), layers.LeakyReLU(0.2), layers.BatchNormalization()]
    model = built(lambda: [*parts, layers.Dense(64, activation="tanh"), layers.Reshape([8, 8, 1])])
    model.save_weights("generator.weights.h5")
    with pytest.raises(UsageError, match="none of the converters"):
        import_weights("generator.weights.h5", "mine", license="MIT", description=OPEN)
    given = {"name": "mlp", "latent_size": 6}
    for units, message in (([9], ""), ([8], "does not fit the layer"), ([], "does not fit")):
        description = FileDescription(
            recipe=recipe(**given, generator_units=units),
            image_shape=(8, 8, 1),
            data_license="CC0-1.0",
        )
        arguments = {"license": "MIT", "description": description}
        if message:
            with pytest.raises(InvalidInput, match=message):
                import_weights("generator.weights.h5", "other", **arguments)
        else:
            import_weights("generator.weights.h5", "mine", **arguments)
    stored = dict(zip(("hidden_1", "image"), model.layers[0::3], strict=False))
    for name, layer in stored.items():
        kernel = load("mine").generator.get_layer(name).kernel
        np.testing.assert_array_equal(ops.convert_to_numpy(kernel), layer.get_weights()[0])
    assert main(["info", "mine"]) == 0
