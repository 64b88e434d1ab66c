import numpy as np
import pytest
from calculus import agrees, comes_back, finite, values
from lazy_keras import keras

import ganzoo

pytestmark = pytest.mark.backend


def build(**options):
    return ganzoo.layers.MinibatchStddev(**options)


def reference(x, group=4, features=1):
    n, h, w, c = x.shape
    group = max(size for size in range(1, group + 1) if n % size == 0)
    planes = np.empty((n, h, w, features), x.dtype)
    for start in range(0, n, group):
        members = x[start : start + group]
        deviation = np.sqrt(members.var(axis=0) + 1e-8)
        for k, part in enumerate(np.split(deviation, features, axis=-1)):
            planes[start : start + group, :, :, k] = part.mean()
    return np.concatenate([x, planes], -1)


def images(n, channels=2):
    return np.random.default_rng(0).normal(size=(n, 2, 2, channels))


def test_values_and_both_derivatives_are_those_of_the_definition():
    layer = build(group=2, features=2)
    agrees(layer, lambda x: reference(x, 2, 2), [images(4, 4)])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 7, 8])
def test_a_batch_is_cut_into_the_largest_equal_groups(n):
    found = values(build(), images(n))
    np.testing.assert_allclose(found, reference(images(n)), atol=1e-6)


def test_a_model_that_does_not_know_its_batch_groups_it_all_the_same():
    inputs = keras.Input((2, 2, 2))
    model = keras.Model(inputs, build()(inputs))
    x = images(15)  # batches of 9 and 6: groups of 3 both times
    found = model.predict(x, batch_size=9, verbose=0)
    np.testing.assert_allclose(
        found, np.concatenate([reference(x[:9]), reference(x[9:])]), atol=1e-6
    )


def test_real_and_fake_images_side_by_side_are_in_groups_of_their_own():
    x = images(8)
    separate = [values(build(), part) for part in (x[:4], x[4:])]
    together = values(build(), x)
    np.testing.assert_allclose(together, np.concatenate(separate), atol=1e-6)


def test_it_is_finite_where_the_samples_are_equal_and_in_half_precision_and_comes_back():
    finite(build, [images(4)])
    comes_back(build(group=3, features=2), images(6))


def test_channels_must_be_divisible_by_the_features():
    with pytest.raises(ValueError, match="features=3, 4 channels"):
        build(features=3).build((None, 2, 2, 4))
