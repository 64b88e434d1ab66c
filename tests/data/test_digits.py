import hashlib
import sys

import numpy as np
from ganzoo_data.digits import digits

FINGERPRINT = "a08fefcec6af646d65419cf0441bb167cf30493a00af00458b40a50bf3893637"


def test_there_are_1797_digits_in_ten_known_classes():
    dataset = digits()
    assert dataset.images.shape == (1797, 8, 8, 1)
    assert dataset.images.dtype == np.uint8
    # the counts of the UCI documentation's test set, optdigits.names
    assert np.bincount(dataset.labels).tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
    ]  # fmt: skip
    assert dataset.classes == tuple("0123456789")


def test_pixels_are_the_seventeen_counts_scaled_to_bytes():
    scaled = [round(255 * count / 16) for count in range(17)]
    assert np.unique(digits().images).tolist() == scaled


def test_the_first_digit_is_the_published_zero():
    counts = np.rint(digits().images[0, :, :, 0] * (16 / 255)).astype(int)
    assert counts.tolist() == [  # first row of optdigits.tes
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    assert digits().labels[0] == 0


def test_the_shipped_pixels_are_the_reviewed_ones():
    digest = hashlib.sha256(digits().images.tobytes()).hexdigest()
    assert digest == "b41ca9fd335466eee997366c2e6f6bbe0a1b4582afe091fc4eba35f4a254182f"


def test_the_fingerprint_is_that_of_every_machine():
    assert digits().fingerprint == FINGERPRINT
    assert digits(images=100).fingerprint != FINGERPRINT


def test_the_first_images_can_be_requested():
    assert len(digits(images=100)) == 100


def test_scikit_learn_is_not_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert len(digits()) == 1797
