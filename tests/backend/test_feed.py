import time

import numpy as np
import pytest

from ganzoo import backend

pytestmark = pytest.mark.backend


class Counting:
    """Batches that count how many of them were asked for."""

    signature = (((4, 2), np.dtype("float32")),)

    def __init__(self):
        self.asked = 0

    def __iter__(self):
        for _ in range(20):
            self.asked += 1
            yield (np.full((4, 2), self.asked, "float32"),)


def test_batches_arrive_as_they_are_and_nothing_reads_ahead():
    batches = Counting()
    taken = iter(backend.feed(batches))
    for number in (1, 2, 3):
        (images,) = next(taken)
        assert np.asarray(images).tolist() == [[number, number]] * 4
    time.sleep(0.3)  # a thread that reads ahead would have gone on by now
    assert batches.asked == 3
