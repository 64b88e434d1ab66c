import numpy as np
import pytest
from lazy_keras import keras, ops, to_numpy

import ganzoo

pytestmark = pytest.mark.backend

ONES = np.ones((100, 40, 5), "float32")


def dropped(rate, process_seed=3, training=True, dropout=None, **options):
    keras.utils.set_random_seed(process_seed)
    layer = (dropout or ganzoo.layers.Dropout)(rate, **options)
    return to_numpy(layer(ops.convert_to_tensor(ONES), training=training))


def test_a_share_is_zero_and_the_rest_is_scaled_so_that_the_mean_stays():
    found = dropped(0.3)
    np.testing.assert_allclose(np.unique(found), [0.0, 1 / 0.7], rtol=1e-6)
    assert (found == 0).mean() == pytest.approx(0.3, abs=0.015)  # more than four deviations
    again = dropped(0.3)
    np.testing.assert_array_equal(found, again)
    assert (found != dropped(0.3, process_seed=4)).any()


def test_the_gradient_goes_where_the_values_go():
    layer = ganzoo.layers.Dropout(0.3)
    keras.utils.set_random_seed(3)
    seen = []

    def value(x):
        seen.append(layer(x, training=True))
        return ops.sum(seen[0], axis=(1, 2))

    slopes = ganzoo.backend.input_gradients(value, ops.convert_to_tensor(ONES))
    if keras.backend.backend() == "torch":  # elsewhere the values are symbols of a trace
        np.testing.assert_array_equal(to_numpy(slopes), to_numpy(seen[0]))
    assert set(np.unique(to_numpy(slopes) == 0)) == {False, True}


def test_elsewhere_nothing_is_dropped():
    np.testing.assert_array_equal(dropped(0.3, training=False), ONES)
    np.testing.assert_array_equal(dropped(0.0), ONES)
    assert not dropped(1.0).any()


@pytest.mark.parametrize("options", [{"seed": 5}, {"seed": 5, "noise_shape": (None, 1, 5)}])
def test_with_a_seed_or_a_shape_of_noise_it_is_that_of_keras(options):
    theirs = dropped(0.3, dropout=keras.layers.Dropout, **options)
    np.testing.assert_array_equal(dropped(0.3, **options), theirs)
