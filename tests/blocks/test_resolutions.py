import pytest

import ganzoo
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend


def test_resolutions_double_from_the_start_to_the_size():
    assert ganzoo.blocks.resolutions("a", (64, 64, 3)) == [4, 8, 16, 32, 64]
    assert ganzoo.blocks.resolutions("a", (8, 8, 1), 1) == [1, 2, 4, 8]


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
