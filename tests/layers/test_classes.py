import calculus
import numpy as np
import pytest

pytestmark = pytest.mark.backend

LABELS = np.array([0, 2, 3, -1, 2**31 - 1], "int32")


def test_one_hot_rows_of_classes_that_do_not_exist_are_nan():
    import ganzoo

    rows = calculus.to_numpy(ganzoo.layers.OneHot(3)(LABELS))

    np.testing.assert_array_equal(rows[:2], [[1, 0, 0], [0, 0, 1]])
    assert np.isnan(rows[2:]).all()


def test_an_embedding_is_that_of_keras_and_nan_for_a_class_that_does_not_exist():
    import ganzoo

    layer = ganzoo.layers.Embedding(3, 4)
    vectors = calculus.to_numpy(layer(LABELS))

    table = calculus.to_numpy(layer.embeddings)
    np.testing.assert_array_equal(vectors[:2], table[[0, 2]])
    assert np.isnan(vectors[2:]).all()


def test_conditional_batch_norm_is_nan_for_a_class_that_does_not_exist():
    import ganzoo

    layer = ganzoo.layers.ConditionalBatchNormalization(3)
    y = calculus.to_numpy(layer([np.ones((5, 2, 2, 1), "float32"), LABELS]))

    assert np.isfinite(y[:2]).all()
    assert np.isnan(y[2:]).all()


@pytest.mark.parametrize("name", ["OneHot", "Embedding"])
def test_it_comes_back_from_its_configuration(name):
    import ganzoo

    given = {"OneHot": (3,), "Embedding": (3, 4)}[name]
    layer = getattr(ganzoo.layers, name)(*given)
    layer.build((None,))
    calculus.comes_back(layer, LABELS[:2])
