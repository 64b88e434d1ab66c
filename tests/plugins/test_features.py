"""The shipped classifiers: what their files say, and the same features on every backend."""

import importlib
import math
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.digits import digits
from ganzoo_features.classifiers import WEIGHTS, load_classifier, read_description
from lazy_keras import Lazy, keras

from ganzoo.catalog.plugins import discovery
from ganzoo.errors import EnvironmentProblem, InvalidInput
from ganzoo.files import safetensors

training = Lazy("ganzoo_features.train_classifiers")
imagenet_inception = Lazy("ganzoo_features.imagenet_inception")
efficientnet = Lazy("ganzoo_features.efficientnet")
resizing = Lazy("ganzoo_features.resizing")
RECORDED = Path(__file__).parent / "recorded" / "efficientnet-lite0.safetensors"
SHIPPED = {  # the image shape, and the least accuracy on the official test split
    "digits": ((8, 8, 1), 0.96),
    "mnist": ((28, 28, 1), 0.99),
    "fashion-mnist": ((28, 28, 1), 0.9),
    "cifar10": ((32, 32, 3), 0.7),
}


def test_every_extractor_of_the_zoo_is_known_by_name():
    found = discovery.discover("features").plugins
    ours = {name for name, one in found.items() if one.distribution == "keras-ganzoo"}
    assert ours == {*SHIPPED, "photo", "inception", "imagenet-inception"}
    assert all(discovery.plugin_signature(found[name]).summary for name in ours)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_classifier_says_how_good_it_is(name):
    shape, accuracy = SHIPPED[name]
    path = WEIGHTS / f"{name}.safetensors"
    about = read_description(path)
    assert about["features"] == about["data"]["name"] == name
    assert about["image_shape"] == shape and len(about["classes"]) == 10
    assert accuracy <= about["test"]["accuracy"] <= 1
    assert about["test"]["images"] == (360 if name == "digits" else 10_000)
    assert about["test"]["change_by_rounding"] < 2e-3
    assert about["data"]["license"] and about["license"] == "Apache-2.0"
    assert path.stat().st_size < 2_000_000


def test_the_classes_are_those_of_the_data_set():
    assert tuple(read_description(WEIGHTS / "digits.safetensors")["classes"]) == digits().classes


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"image_shape": [8, 8, 1], "widths": [], "classes": ["a"]},
        {"image_shape": [8, 8], "widths": [4], "classes": ["a"]},
        {"image_shape": [8, 8, 1], "widths": [10**9], "classes": ["a"]},
        {"image_shape": [8, 8, 1], "widths": [True], "classes": ["a"]},
        {"image_shape": [8, 8, 1], "widths": [4], "classes": []},
    ],
)
def test_a_file_that_is_no_classifier_is_refused(tmp_path, about):
    safetensors.save(tmp_path / "x.safetensors", {"a": np.zeros(1, "float16")}, about)
    with pytest.raises(InvalidInput, match="Expected the weights of a classifier"):
        read_description(tmp_path / "x.safetensors")


def by_hand(arrays: dict, images: np.ndarray, stages: int) -> tuple[np.ndarray, np.ndarray]:
    """The network in NumPy and float64, as its docstring describes it."""
    weights = {name: array.astype("float64") for name, array in arrays.items()}

    def convolution(x, name, strides):
        n, h, w, _ = x.shape
        out_h, out_w = math.ceil(h / strides), math.ceil(w / strides)
        pads = [max((out - 1) * strides + 3 - size, 0) for out, size in ((out_h, h), (out_w, w))]
        x = np.pad(x, [(0, 0), *((p // 2, p - p // 2) for p in pads), (0, 0)])
        y = 0
        for i in range(3):
            for j in range(3):
                part = x[:, i : i + strides * out_h : strides, j : j + strides * out_w : strides]
                y = y + part[:, :out_h, :out_w] @ weights[f"{name}/kernel"][i, j]
        norm = {key: weights[f"{name}_norm/{key}"] for key in
                ("gamma", "beta", "moving_mean", "moving_variance")}  # fmt: skip
        y = (y - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3)
        return np.maximum(y * norm["gamma"] + norm["beta"], 0)

    x = convolution(images / 127.5 - 1, "stem", 1)
    for stage in range(1, stages + 1):
        x = convolution(convolution(x, f"down_{stage}", 2), f"conv_{stage}", 1)
    features = x.mean(axis=(1, 2))
    return features, features @ weights["logits/kernel"] + weights["logits/bias"]


@pytest.mark.backend
@pytest.mark.parametrize("name", SHIPPED)
def test_features_are_those_of_the_formula_on_every_backend(name):
    path = WEIGHTS / f"{name}.safetensors"
    shape = SHIPPED[name][0]
    images = np.random.default_rng(0).integers(0, 256, (9, *shape), dtype=np.uint8)
    images[1:4] = np.linspace(0, 255, shape[1], dtype=np.uint8)[None, None, :, None]
    expected = by_hand(safetensors.load(path), images, len(read_description(path)["widths"]))
    received = load_classifier(name, path).extract(images)
    for one, other in zip(expected, received, strict=True):
        assert np.abs(one - other).max() < 1e-4 * max(1, np.abs(one).max())


@pytest.mark.backend
def test_the_digits_classifier_has_the_accuracy_that_its_file_says():
    path = WEIGHTS / "digits.safetensors"
    _, (images, labels) = training.load_splits("digits", None)
    stated = read_description(path)["test"]
    assert len(images) == stated["images"]
    found = training.accuracy(path, "digits", images, labels)
    assert found == pytest.approx(stated["accuracy"], abs=0.003)


@pytest.mark.backend
def test_features_of_an_image_do_not_depend_on_its_company():
    images = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    network = load_classifier("digits", WEIGHTS / "digits.safetensors")
    together = network.extract(images)[0]
    alone = np.concatenate([network.extract(image[None])[0] for image in images])
    assert np.abs(together - alone).max() < 1e-5


@pytest.mark.backend
def test_a_classifier_is_trained_by_the_command_and_read_again(tmp_path):
    out = tmp_path / "digits.safetensors"
    how = training.Training(widths=(8, 16), epochs=6, batch=64, rate=1e-2, shift=1)
    about = training.train_classifier("digits", how, out)
    assert about["test"]["accuracy"] > 0.6
    written = read_description(out)
    assert written["test"] == about["test"] and written["image_shape"] == (8, 8, 1)
    assert load_classifier("digits", out).feature_size == 16
    assert {t.dtype for t in safetensors.read_header(out).tensors.values()} == {np.dtype("float16")}


def test_augmentation_moves_and_mirrors_and_nothing_else():
    dataset, _ = training.load_splits("digits", None)
    one = training.Training(widths=(8,), epochs=2, batch=100, flip=True, shift=1)
    (first, labels), (second, others) = training.epoch_batches(dataset, one)
    assert first.shape == second.shape == (1400, 8, 8, 1)
    assert not np.array_equal(labels, others)
    again = next(training.epoch_batches(dataset, one))
    assert np.array_equal(first, again[0])
    plain = training.Training(widths=(8,), epochs=1, batch=100)
    images, labels = next(training.epoch_batches(dataset, plain))
    known = {image.tobytes(): int(label) for image, label in zip(dataset.images, dataset.labels,
                                                                 strict=True)}  # fmt: skip
    assert [known[image.tobytes()] for image in images] == labels.tolist()
    assert first.sum() <= images.sum()  # black comes in from the edge


def test_a_shifted_image_is_the_image_elsewhere():
    image = np.zeros((500, 5, 5, 1), np.uint8)
    image[:, 2, 2] = 9
    moved = training.shift_images(image, 2, np.random.default_rng(0))
    positions = np.argwhere(moved[..., 0])
    assert len(positions) == 500 and (moved[..., 0].sum(axis=(1, 2)) == 9).all()
    assert len(np.unique(positions[:, 1:], axis=0)) == 25


@pytest.mark.backend
def test_without_its_weights_inception_says_how_to_convert_them(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="python -m ganzoo_features.convert_inception"):
        Lazy("ganzoo_features.inception").inception()


@pytest.mark.backend
def test_offline_the_imagenet_inception_is_not_downloaded(monkeypatch):
    monkeypatch.setenv("GANZOO_OFFLINE", "1")

    def get_file(*args, **options):
        urllib.request.urlopen("http://127.0.0.1:9/weights.h5")

    inception = importlib.import_module("keras.src.applications.inception_v3")
    monkeypatch.setattr(inception.file_utils, "get_file", get_file)
    with pytest.raises(EnvironmentProblem, match="offline mode is on"):
        imagenet_inception.imagenet_inception()


@pytest.mark.backend
def test_features_of_photographs_are_those_of_the_published_network():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype("uint8")
    images = images.repeat(28, axis=1).repeat(28, axis=2)
    features, logits = efficientnet.photo().extract(images)
    expected = safetensors.load(RECORDED)["features"]
    assert logits is None and expected.max() > 1
    assert np.abs(features - expected).max() < 1e-4


def photographs(count=4, size=64):
    """Smooth images with edges, uint8, and the same, blurred a little and much."""
    noise = np.random.default_rng(0).uniform(0, 255, (count, size // 8, size // 8, 3))
    sharp = noise.repeat(8, axis=1).repeat(8, axis=2)

    def blurred(x, width):
        for axis in (1, 2):
            x = np.mean([np.roll(x, k, axis) for k in range(-width, width + 1)], axis=0)
        return x.round().astype("uint8")

    return sharp.round().astype("uint8"), blurred(sharp, 1), blurred(sharp, 3)


@pytest.mark.backend
def test_photographs_are_the_farther_apart_the_more_they_are_blurred():
    sharp, little, much = photographs()
    photo = efficientnet.photo()
    assert np.abs(photo.compare(sharp, sharp)).max() < 1e-6
    one, other = photo.compare(sharp, little), photo.compare(sharp, much)
    assert (one > 0.01).all() and (one < other).all() and (other < 4).all()
    np.testing.assert_allclose(one.mean(), 0.312422, atol=1e-5)  # on every backend
    gray = photo.compare(sharp[..., :1], little[..., :1])
    np.testing.assert_allclose(
        gray, photo.compare(sharp[..., :1].repeat(3, -1), little[..., :1].repeat(3, -1)), atol=1e-6
    )


@pytest.mark.backend
def test_stages_are_those_of_the_network_at_any_size():
    network = efficientnet.photo_stages((1, 2, 3, 4, 5, 6, 7))
    maps = network(np.zeros((2, 64, 96, 3), "float32"))
    assert [tuple(x.shape[1:]) for x in maps] == [
        (32, 48, 16), (16, 24, 24), (8, 12, 40), (4, 6, 80), (4, 6, 112), (2, 3, 192), (2, 3, 320),
    ]  # fmt: skip
    arrays = safetensors.load(efficientnet.WEIGHTS)
    images = photographs(1)[0].astype("float32")
    pooled = efficientnet.efficientnet_lite0(arrays, size=None)(images)
    head = {key: arrays[f"head/{key}"].astype("float32") for key in ("kernel", "scale", "offset")}
    last = keras.ops.convert_to_numpy(network(images)[-1]) @ (head["kernel"][0, 0] * head["scale"])
    expected = np.clip(last + head["offset"], 0, 6).mean((1, 2))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(pooled), expected, atol=1e-4)


def test_images_are_resized_smoothly():
    flat = resizing.resize_bicubic(np.full((2, 600, 400, 3), 77, np.uint8), 299)
    assert flat.shape == (2, 299, 299, 3) and np.abs(flat - 77).max() < 1e-3
    stripes = np.zeros((1, 598, 598, 3), np.uint8)
    stripes[:, ::2] = 200  # finer than what 299 pixels can show: smoothed to gray
    assert np.abs(resizing.resize_bicubic(stripes, 299)[:, 5:-5] - 100).max() < 20


@pytest.mark.backend
def test_the_imagenet_inception_gives_both_outputs():
    images = keras.Input((299, 299, 3))
    x = keras.layers.Conv2D(4, 9, strides=32, name="convolution")(images)
    x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
    small = keras.Model(images, keras.layers.Dense(3, name="predictions")(x))
    white = np.full((3, 10, 12, 1), 255, np.uint8)
    features, logits = imagenet_inception.extractor_of(small).extract(white)
    assert features.shape == (3, 4) and logits.shape == (3, 3)
    ones = keras.ops.convert_to_tensor(np.ones((3, 299, 299, 3), "float32"))
    expected = keras.ops.convert_to_numpy(small(ones))
    assert np.abs(logits - expected).max() < 1e-3  # white is 1
