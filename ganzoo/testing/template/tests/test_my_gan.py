import pytest
from ganzoo_my_gan.my_gan import my_gan

from ganzoo import GanzooError
from ganzoo.testing import check_architecture


def test_it_passes_the_checks_of_an_architecture():
    check_architecture("my-gan")


def test_the_weights_can_be_counted_by_hand():
    gan = my_gan((8, 8, 1), latent_size=3, base_channels=2)
    assert gan.generator.count_params() == (3 + 1) * 16 * 2 + (4 * 4 * 2 + 1) * 1
    assert gan.discriminator.count_params() == (4 * 4 + 1) * 2 + (4 * 4 * 2 + 1)


def test_other_sizes_are_refused():
    with pytest.raises(GanzooError, match="Received: 12x11"):
        my_gan((12, 11, 1))
