import pytest

from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def blocks():
    from ganzoo import blocks  # here: collecting the tests imports no framework

    return blocks


def test_resolutions_double_from_the_start_to_the_size(blocks):
    assert blocks.resolutions("a", (64, 64, 3)) == [4, 8, 16, 32, 64]
    assert blocks.resolutions("a", (8, 8, 1), 1) == [1, 2, 4, 8]


def test_channels_double_with_each_lower_resolution_up_to_the_maximum(blocks):
    assert blocks.channels_by_resolution([4, 8, 16, 32], 64, 256) == {
        4: 256,
        8: 256,
        16: 128,
        32: 64,
    }
    with pytest.raises(UsageError, match="max_channels must be at least 1. Received: max_chann"):
        blocks.channels_by_resolution([4, 8], 64, 0)


def test_upsamplings_lead_from_the_downsampled_size_to_the_images(blocks):
    assert blocks.downsampled_size("a", (28, 12, 1), 2) == (7, 3)
    with pytest.raises(UsageError, match="a needs images .*Received: 28x12, num_upsamples=3"):
        blocks.downsampled_size("a", (28, 12, 1), 3)


def test_the_first_option_below_the_minimum_is_named(blocks):
    blocks.check_minimum(1, latent_size=1, units=[1, 2])
    with pytest.raises(UsageError, match=r"units must be at least 1. Received: units=\[4, 0\]"):
        blocks.check_minimum(1, latent_size=1, units=[4, 0])
