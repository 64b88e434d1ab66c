"""The contract of features: what images they take, and what they must give."""

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import PluginError, UsageError
from ganzoo.metrics.extractor import Extractor


def extractor(**changes) -> Extractor:
    """One whose features are the image itself, 2x2 pixels in color."""
    given = {
        "name": "plain", "digest": "0" * 64, "resize": "none", "size": (2, 2), "channels": 3,
        "feature_size": 12, "batch": 4,
        "network": lambda images: (images.reshape(len(images), -1).astype("float32"), None),
    }  # fmt: skip
    return Extractor(**(given | changes))


def images(n: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 2, 2, channels), dtype=np.uint8)


def test_batches_are_joined_in_order():
    sizes = []

    def network(batch):
        sizes.append(len(batch))
        return batch.reshape(len(batch), -1).astype("float32"), None

    features, logits = extractor(network=network).extract(images(10))
    assert sizes == [4, 4, 2] and logits is None
    assert features.dtype == np.float32
    assert np.array_equal(features, images(10).reshape(10, 12))


def test_pairs_are_compared_in_batches_and_gray_ones_as_color():
    sizes = []

    def distance(one, other):
        assert one.shape[1:] == other.shape[1:] == (2, 2, 3)
        sizes.append(len(one))
        return np.abs(one.astype("float32") - other).mean((1, 2, 3))

    found = extractor(distance=distance).compare(images(10, 1), images(10, 1) // 2)
    expected = (images(10, 1) - images(10, 1) // 2).mean((1, 2, 3))
    assert sizes == [4, 4, 2]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert extractor(distance=distance).compare(images(0), images(0)).shape == (0,)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UsageError, match="if they have a distance"):
        extractor().compare(images(3), images(3))
    one = extractor(distance=lambda x, y: np.zeros(len(x), "float32"))
    with pytest.raises(UsageError, match="one shape.*Received"):
        one.compare(images(3), images(4))
    for wrong in (np.zeros((3, 1)), np.full(3, np.nan)):
        with pytest.raises(PluginError, match="one finite distance"):
            extractor(distance=lambda x, y, wrong=wrong: wrong).compare(images(3), images(3))


def test_no_images_have_no_features():
    assert extractor().extract(images(0))[0].shape == (0, 12)


def test_gray_images_are_repeated_for_a_network_of_color():
    features, _ = extractor().extract(images(3, channels=1))
    assert np.array_equal(features, images(3, channels=1).repeat(3, axis=-1).reshape(3, 12))


def test_color_becomes_gray_as_pillow_does_it():
    gray = extractor(channels=1, feature_size=4)
    features, _ = gray.extract(images(50))
    wanted = [np.asarray(Image.fromarray(image).convert("L")) for image in images(50)]
    assert np.array_equal(features.reshape(50, 2, 2), wanted)


def test_gray_saved_as_color_comes_back_exactly():
    every = np.arange(256, dtype=np.uint8).reshape(64, 2, 2, 1)
    gray = extractor(channels=1, feature_size=4)
    assert np.array_equal(gray.extract(every.repeat(3, axis=-1))[0], gray.extract(every)[0])


@pytest.mark.parametrize(
    ("channels", "shape", "rule"),
    [(3, (2, 2, 3), "none"), (3, (2, 2, 1), "gray repeated"), (1, (2, 2, 3), "luma")],
)
def test_the_rule_for_channels_is_part_of_the_protocol(channels, shape, rule):
    protocol = extractor(channels=channels).protocol(shape)
    expected = {"features": "plain", "digest": "0" * 64, "resize": "none", "channels": rule}
    assert protocol == expected


@pytest.mark.parametrize("shape", [(2, 3, 3), (2, 2, 4), (2,), (4, 4, 1)])
def test_images_that_do_not_fit_are_refused_with_what_would(shape):
    with pytest.raises(UsageError, match=r"2x2 pixels with 1 or 3 channels. Received: ") as caught:
        extractor().check(shape)
    assert "photo" in str(caught.value) or len(shape) == 1


def test_an_extractor_that_resizes_takes_any_size():
    extractor(size=None, resize="bicubic 9").check((1, 700, 1))


@pytest.mark.parametrize(
    "output",
    [
        (np.zeros((4, 11), "float32"), None),
        (np.zeros((3, 12), "float32"), None),
        (np.full((4, 12), np.nan, "float32"), None),
        (None, None),
    ],
)
def test_a_network_that_breaks_its_promise_is_named(output):
    with pytest.raises(PluginError, match="'plain' must be finite arrays"):
        extractor(network=lambda batch: output).extract(images(4))


def test_a_network_with_classes_must_give_logits():
    promised = extractor(classes=("a", "b"))
    with pytest.raises(PluginError, match=r"\(4, 2\)"):
        promised.extract(images(4))
