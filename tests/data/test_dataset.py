import json

import numpy as np
import pytest

from ganzoo.data.dataset import Dataset
from ganzoo.errors import InvalidInput, UsageError

FACTS = {"name": "test", "license": "CC0-1.0", "source": "made here", "fingerprint": "f" * 64}


def images(n=6, shape=(4, 4, 1)):
    return np.arange(n * np.prod(shape), dtype=np.uint8).reshape(n, *shape)


def labeled():
    labels = np.array([0, 1, 2, 0, 1, 2], dtype=np.int32)
    return Dataset(images=images(), labels=labels, classes=("a", "b", "c"), **FACTS)


def test_a_batch_holds_the_requested_rows_in_that_order():
    dataset = labeled()
    pixels, labels = dataset.batch(np.array([4, 0, 4]))
    np.testing.assert_array_equal(pixels, dataset.images[[4, 0, 4]])
    assert labels.tolist() == [1, 0, 1]


def test_a_batch_is_a_copy_that_may_be_written_to():
    dataset = labeled()
    pixels, labels = dataset.batch(np.array([0]))
    pixels[:], labels[:] = 255, 2
    assert dataset.images[0].max() < 255
    assert dataset.labels[0] == 0


def test_a_batch_from_a_memory_map_is_in_memory(tmp_path):
    np.save(tmp_path / "images.npy", images())
    dataset = Dataset(images=np.load(tmp_path / "images.npy", mmap_mode="r"), **FACTS)
    pixels, labels = dataset.batch(np.array([1, 2]))
    assert type(pixels) is np.ndarray
    assert labels is None


def test_the_shape_of_an_image_is_a_tuple_of_plain_integers():
    assert labeled().image_shape == (4, 4, 1)
    assert all(type(size) is int for size in labeled().image_shape)


def test_points_have_one_axis():
    dataset = Dataset(images=np.zeros((5, 2), dtype=np.float32), **FACTS)
    assert (len(dataset), dataset.image_shape) == (5, (2,))


def sounds(low=-1.0, high=1.0, channels=2):
    sounds = np.linspace(low, high, 6 * 50 * channels, dtype=np.float32)
    return sounds.reshape(6, 50, channels)


KINDS = {
    "image": {"images": images()},
    "point": {"images": np.zeros((6, 2), np.float32)},
    "sound": {"images": sounds(), "rate": 16_000},
    "video": {"images": images(shape=(5, 4, 4, 3))},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_data_set_knows_the_kind_of_its_samples(kind):
    dataset = Dataset(**KINDS[kind], **FACTS)
    assert (dataset.modality.name, dataset.image_shape) == (kind, KINDS[kind]["images"].shape[1:])
    assert dataset.describe().get("rate") == dataset.rate == KINDS[kind].get("rate")
    pixels, labels = dataset.first(3).batch(np.array([2, 0]))
    np.testing.assert_array_equal(pixels, KINDS[kind]["images"][[2, 0]])
    assert labels is None


@pytest.mark.parametrize("paired, labels", [(True, "paired images"), (False, "unpaired images")])
def test_labels_can_be_images_to_translate_from(paired, labels):
    sources = images(shape=(8, 6, 3))
    dataset = Dataset(images=images(), labels=sources, paired=paired, **FACTS)
    facts = dataset.describe()
    assert (facts["labels"], facts["source_shape"], facts["classes"]) == (labels, [8, 6, 3], [])
    assert dataset.first(2).source_shape == (8, 6, 3)
    np.testing.assert_array_equal(dataset.batch(np.array([4]))[1], sources[[4]])
    assert labeled().source_shape is None and "source_shape" not in labeled().describe()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"images": sounds(), "rate": None}, "must say their rate"),
        ({"images": sounds(), "rate": 0}, "integer from 1 to 1,000,000, in Hz"),
        ({"images": sounds(), "rate": 8000.0}, "integer from 1"),
        ({"images": sounds(), "rate": True}, "integer from 1"),
        ({"images": images(), "rate": 8000}, "images, which have no rate"),
        ({"images": KINDS["video"]["images"], "rate": 25}, "videos, which have no rate"),
        ({"images": sounds(high=1.01), "rate": 8000}, r"in \[-1, 1\]. Received: -1 to 1.01"),
        ({"images": np.full((2, 9, 1), np.nan, "f4"), "rate": 8000}, "sounds .* must all be fin"),
        ({"images": sounds().swapaxes(1, 2), "rate": 8000}, "1 to 8 channels. Received: 50"),
        ({"images": images(shape=(5, 4, 4, 2))}, "1 channel .*Received: 2 channels"),
        ({"images": images(shape=(5, 4, 4, 3)).astype(np.float32)}, "must be uint8 .*videos"),
    ],
)
def test_samples_that_are_not_quite_of_a_kind_are_refused(parts, message):
    with pytest.raises(InvalidInput, match=message):
        Dataset(**parts, **FACTS)


def test_the_first_examples_are_another_data_set():
    dataset = labeled()
    first = dataset.first(2)
    assert (len(first), first.labels.tolist()) == (2, [0, 1])
    assert first.fingerprint != dataset.fingerprint
    assert first.fingerprint == dataset.first(2).fingerprint != dataset.first(3).fingerprint


@pytest.mark.parametrize("count", [None, 6, 7])
def test_all_of_the_first_examples_are_the_data_set_itself(count):
    dataset = labeled()
    assert dataset.first(count) is dataset


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "8"])
def test_a_count_that_is_no_positive_integer_is_refused(count):
    with pytest.raises(UsageError, match="images must be an integer from 1"):
        labeled().first(count)


def test_a_description_is_json_and_says_what_the_labels_are():
    dataset = labeled()
    attributes = Dataset(
        images=images(), labels=np.zeros((6, 2), np.uint8), classes=("x", "y"), **FACTS
    )
    assert json.loads(json.dumps(dataset.describe())) == {
        "name": "test", "count": 6, "image_shape": [4, 4, 1], "dtype": "uint8", "labels": "classes",
        "classes": ["a", "b", "c"], "license": "CC0-1.0", "source": "made here",
        "fingerprint": "f" * 64,
    }  # fmt: skip
    assert attributes.describe()["labels"] == "attributes"
    assert Dataset(images=images(), **FACTS).describe()["labels"] is None


@pytest.mark.parametrize(
    "bad",
    [
        images().astype(np.float16),
        images().astype(np.int64),
        images().squeeze(-1),
        np.zeros((0, 4, 4, 1), np.uint8),
        np.zeros((3, 2), np.float64),
    ],
)
def test_images_of_another_type_or_shape_are_refused(bad):
    with pytest.raises(InvalidInput, match=r"must be uint8 .*Received"):
        Dataset(images=bad, **FACTS)


@pytest.mark.parametrize("channels", [65, 1000])
def test_images_with_other_numbers_of_channels_are_refused(channels):
    with pytest.raises(InvalidInput, match=f"1 to 64 channels.*Received: {channels} channels"):
        Dataset(images=images(shape=(4, 4, channels)), **FACTS)


@pytest.mark.parametrize("field", ["name", "license"])
@pytest.mark.parametrize("text", ["", "two\nlines", "line\n", "a\u2028b", "x" * 201, None])
def test_what_a_card_repeats_is_one_line(field, text):
    with pytest.raises(InvalidInput, match=f"The {field} of a data set must be one line.*Received"):
        Dataset(images=images(), **{**FACTS, field: text})
    assert Dataset(images=images(), **{**FACTS, field: "x" * 200})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_points_that_are_not_finite_are_refused(value):
    with pytest.raises(InvalidInput, match="finite"):
        Dataset(images=np.array([[0, value]], np.float32), **FACTS)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.zeros(6, np.int64), ("a",)), (np.zeros(5, np.int32), ("a",)),
        (np.full(6, 1, np.int32), ("a",)), (np.full(6, -1, np.int32), ("a",)),
        (np.zeros((6, 2), np.uint8), ("a",)), (np.full((6, 1), 2, np.uint8), ("a",)),
        (None, ("a",)), (images(), ("a",)), (images(n=5), ()), (images(shape=(4, 4, 65)), ()),
        (images().astype(np.int32), ()), (images(shape=(4, 4)), ()),
    ],
)  # fmt: skip
def test_labels_that_do_not_fit_are_refused(labels, classes):
    with pytest.raises(InvalidInput, match="Received"):
        Dataset(images=images(), labels=labels, classes=classes, **FACTS)
