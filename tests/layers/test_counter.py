import numpy as np
import pytest
from lazy_keras import Lazy, ops

from ganzoo.data import order

pytestmark = pytest.mark.backend

backend = Lazy("ganzoo.backend")
counter = Lazy("ganzoo.layers.counter")

# Random123 1.14, tests/kat_vectors, "threefry2x32 20": counter, key, result.
KNOWN_ANSWERS = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]


def wrapped(words):
    """Unsigned words as the int32 tensor of the same bits."""
    return ops.convert_to_tensor(np.asarray(words, np.uint32).view(np.int32))


def generated(key, block, function=None):
    function = function or counter.threefry
    found = function([wrapped(k) for k in key], [wrapped(c) for c in block])
    return [np.array(ops.convert_to_numpy(x)).view(np.uint32) for x in found]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_threefry_gives_the_published_answers(counter, key, result):
    found = generated(key, [[word] for word in counter])
    assert [int(x[0]) for x in found] == list(result)


def test_threefry_is_that_of_the_datas_order():
    words = np.random.default_rng(0).integers(0, 2**32, (4, 1000), dtype=np.uint32)
    expected = order.threefry(*words)
    for function in (None, backend.jit(counter.threefry)):
        np.testing.assert_array_equal(generated(words[:2], words[2:], function), expected)


def test_every_quantile_of_the_table_is_met_by_its_mirror_image():
    table = counter.quantiles()
    assert len(table) == 65_536
    assert (np.diff(table) > 0).all()
    np.testing.assert_array_equal(table, -table[::-1])
    assert np.float64(table).var() == pytest.approx(1, abs=1e-4)
