"""Updates of weights are those of Keras' optimizers, whichever kernel makes them."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops, to_numpy

from ganzoo import backend

pytestmark = pytest.mark.backend

SHAPES = ((3, 3, 4, 5), (7,), (70, 80))


def turned(array):
    return ops.transpose(ops.convert_to_tensor(array), tuple(range(array.ndim))[::-1])


def updated(apply, options, constraint=None, steps=20, kind="Adam"):
    """Weights and states of the optimizer after some steps."""
    rng = np.random.default_rng(0)
    # turned round in memory, as orthogonal initializers leave them on PyTorch
    arrays = [rng.normal(size=shape[::-1]).astype("float32") for shape in SHAPES]
    weights = [keras.Variable(turned(array)) for array in arrays]
    weights[0].constraint = constraint
    optimizer = getattr(keras.optimizers, kind)(2e-3, **options)
    optimizer.build(weights)
    for _ in range(steps):
        # turned round, as PyTorch returns the gradients of kernels
        values = [rng.normal(size=shape[::-1]).astype("float32") for shape in SHAPES]
        gradients = list(map(turned, values))
        apply(optimizer, gradients, weights)
    return {v.path: to_numpy(v) for v in [*optimizer.variables, *weights]}


def by_keras(optimizer, gradients, weights):
    no_grad = Lazy("torch").no_grad if keras.backend.backend() == "torch" else None
    if no_grad is None:
        return optimizer.apply(gradients, weights)
    with no_grad():
        return optimizer.apply(gradients, weights)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta_1": 0.0, "beta_2": 0.9, "epsilon": 1e-8},
        {"beta_1": 0.5, "beta_2": 0.999, "epsilon": 1e-3},
    ],
)
def test_adam_is_that_of_keras_to_rounding(options):
    ours, theirs = updated(backend.apply, options), updated(by_keras, options)
    for mine, exact in zip(ours.values(), theirs.values(), strict=True):
        np.testing.assert_allclose(mine, exact, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"clipnorm": 0.5}])
def test_gradient_descent_is_that_of_keras(options):
    ours, theirs = (updated(apply, options, kind="SGD") for apply in (backend.apply, by_keras))
    for mine, exact in zip(ours.values(), theirs.values(), strict=True):
        np.testing.assert_array_equal(mine, exact)


@pytest.mark.parametrize(
    "options",
    [
        {"amsgrad": True}, {"clipnorm": 0.5}, {"clipvalue": 0.1}, {"global_clipnorm": 0.5},
        {"weight_decay": 0.1}, {"use_ema": True}, {"loss_scale_factor": 8.0},
        {"gradient_accumulation_steps": 2},
    ],
)  # fmt: skip
def test_other_options_of_adam_are_left_to_keras(options):
    ours, theirs = updated(backend.apply, options), updated(by_keras, options)
    for mine, exact in zip(ours.values(), theirs.values(), strict=True):
        np.testing.assert_array_equal(mine, exact)


def test_a_constraint_of_a_weight_holds():
    ours = updated(backend.apply, {}, constraint=keras.constraints.NonNeg())
    assert list(ours.values())[-3].min() == 0


def test_a_schedule_of_the_learning_rate_is_followed():
    schedule = keras.optimizers.schedules.PolynomialDecay(2e-3, 20, 0.0)
    weight = keras.Variable(np.zeros(3, "float32"))
    optimizer = keras.optimizers.Adam(schedule, beta_1=0.0, beta_2=0.0, epsilon=1e-12)
    optimizer.build([weight])
    for _ in range(10):  # each step is the learning rate itself
        backend.apply(optimizer, [ops.convert_to_tensor([1.0, -2.0, 3.0])], [weight])
    total = 2e-3 * sum(1 - step / 20 for step in range(10))
    np.testing.assert_allclose(to_numpy(weight), [-total, total, -total], rtol=1e-5)
    assert int(optimizer.iterations) == 10
