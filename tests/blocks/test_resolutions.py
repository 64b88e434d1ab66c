import pytest

import ganzoo
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend


def test_resolutions_double_from_the_start_to_the_size():
    assert ganzoo.blocks.resolutions("a", (64, 64, 3)) == [4, 8, 16, 32, 64]
    assert ganzoo.blocks.resolutions("a", (8, 8, 1), 1) == [1, 2, 4, 8]


@pytest.mark.parametrize(
    ("shape", "start", "expected", "base"),
    [
        ((48, 80, 1), 4, [4, 8, 16, 32, 64], (3, 5)),
        ((64, 96, 3), 4, [4, 8, 16, 32, 64], (4, 6)),
        ((40, 40, 2), 4, [4, 8, 16, 32], (5, 5)),
        ((28, 28, 1), 4, [4, 8, 16], (7, 7)),
        ((12, 8, 1), 2, [2, 4, 8], (3, 2)),
        ((30, 30, 1), 4, [4, 8], (15, 15)),
        ((512, 64, 3), 8, [8, 16, 32, 64], (64, 8)),
    ],
)
def test_images_of_any_shape_are_a_small_base_doubled(shape, start, expected, base):
    found = ganzoo.blocks.resolutions("a", shape, start)
    assert found == expected
    assert ganzoo.blocks.shape_at(start, shape, found[-1]) == base
    assert ganzoo.blocks.shape_at(found[-1], shape, found[-1]) == shape[:2]


@pytest.mark.parametrize(
    ("shape", "unit", "proposed"), [((100, 75, 3), 8, [96, 72]), ((31, 64, 1), 2, [32, 64])]
)
def test_a_shape_without_a_small_base_is_refused_with_one_that_has_it(shape, unit, proposed):
    with pytest.raises(UsageError, match=f"multiples of {unit}") as refused:
        ganzoo.blocks.resolutions("a", shape)
    assert refused.value.hint == f"Set dataset.size, where the data set has it, to {proposed}."
    ganzoo.blocks.resolutions("a", (*proposed, shape[2]))


def test_channels_double_with_each_lower_resolution_up_to_the_maximum():
    channels = ganzoo.blocks.channels_by_resolution([4, 8, 16, 32], 64, 256)
    assert channels == {4: 256, 8: 256, 16: 128, 32: 64}
    with pytest.raises(UsageError, match="max_channels must be at least 1. Received: max_chann"):
        ganzoo.blocks.channels_by_resolution([4, 8], 64, 0)


def test_upsamplings_lead_from_the_downsampled_size_to_the_images():
    assert ganzoo.blocks.downsampled_size("a", (28, 12, 1), 2) == (7, 3)
    with pytest.raises(UsageError, match="a needs images .*Received: 28x12, num_upsamples=3"):
        ganzoo.blocks.downsampled_size("a", (28, 12, 1), 3)


def test_the_first_option_below_the_minimum_is_named():
    ganzoo.blocks.check_minimum(1, latent_size=1, units=[1, 2])
    with pytest.raises(UsageError, match=r"units must be at least 1. Received: units=\[4, 0\]"):
        ganzoo.blocks.check_minimum(1, latent_size=1, units=[4, 0])
