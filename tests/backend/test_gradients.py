"""What every backend module promises, whichever is in use."""

import numpy as np
import pytest
from lazy_keras import keras, layers, ops, to_numpy

import ganzoo
from ganzoo import backend

pytestmark = pytest.mark.backend


def variable(*values):
    return keras.Variable(np.array(values, "float32"))


def test_a_turn_has_the_loss_its_logs_gradients_and_writes():
    w, idle, state = variable(1, 2), variable(7), variable(0)

    def loss():
        state.assign(state + 1.0)
        return ops.sum(ops.square(w)), {"first": w[0] * 3.0}

    result = backend.gradients(loss, [w, idle], lambda loss: loss * 10)
    assert to_numpy(result.loss) == 5
    assert to_numpy(result.logs["first"]) == 3
    assert to_numpy(result.gradients[0]).tolist() == [20, 40]
    assert to_numpy(result.gradients[1]).tolist() == [0]  # the loss does not depend on it
    assert [(v is state, to_numpy(value).tolist()) for v, value in result.writes] == [(True, [1])]
    assert to_numpy(state).tolist() == [0]


def test_gradients_with_respect_to_an_input_can_be_differentiated_twice_again():
    w = variable(2.0)
    x = ops.convert_to_tensor([[1.0], [3.0]])

    def loss():
        slope = backend.input_gradients(lambda x: ops.sum(w * x**3, axis=1), x)  # 3 w x^2
        return ops.sum(ops.square(slope)), {}

    result = backend.gradients(loss, [w])
    assert to_numpy(result.loss) == pytest.approx(6**2 + 54**2)
    assert to_numpy(result.gradients[0]).tolist() == pytest.approx([36 + 54**2])


def test_no_gradient_and_no_write_leaves_a_constant():
    w, state = variable(3), variable(0)

    def made():
        state.assign(state + 1.0)
        return w * 2.0

    def loss():
        return ops.sum(w * backend.no_grad(made)), {}

    result = backend.gradients(loss, [w])
    assert to_numpy(result.gradients[0]).tolist() == [6]
    assert not result.writes
    assert to_numpy(state).tolist() == [0]


def test_applying_gradients_moves_the_variables_and_the_optimizer():
    w = variable(1.0, -1.0)
    optimizer = keras.optimizers.SGD(0.5, momentum=0.9)
    optimizer.build([w])
    for _ in range(2):
        backend.apply(optimizer, [keras.ops.convert_to_tensor([1.0, 2.0])], [w])
    assert to_numpy(w).tolist() == pytest.approx([1 - 0.5 - 0.95, -1 - 1 - 1.9])
    assert to_numpy(optimizer.iterations) == 2


def test_a_blend_moves_targets_by_their_share_and_leaves_values():
    targets, values = [variable(0, 8), variable(1)], [variable(4, 4), variable(1)]
    backend.ema_update(targets, values, 0.25)
    assert to_numpy(targets[0]).tolist() == [1, 7]
    assert to_numpy(targets[1]).tolist() == [1]
    assert to_numpy(values[0]).tolist() == [4, 4]


def test_the_dispatch_never_fuses_convolutions_on_the_processor():
    convolutional, dense = backend.fused_steps(True), backend.fused_steps(False)
    assert convolutional.steps == 1
    assert convolutional.xla == (keras.backend.backend() == "jax")
    assert dense.steps == (1 if keras.backend.backend() == "torch" else 16)


def test_an_unknown_name_of_the_backend_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        backend.nonsense  # noqa: B018


def test_a_variable_that_a_step_forgot_to_carry_is_named_or_seen():
    stray = keras.Variable(1.0, name="stray")

    class Forgetful(ganzoo.GAN):
        def generator_loss(self, batch):
            loss, logs = super().generator_loss(batch)
            return loss * stray, logs

    def network(inputs, outputs, name):
        x = keras.Input((inputs,))
        return keras.Model(x, layers.Dense(outputs, name="dense")(x), name=name)

    gan = Forgetful(network(2, 3, "generator"), network(3, 1, "discriminator"))
    gan.compile()

    data = np.zeros((2, 3), "float32")
    if keras.backend.backend() == "jax":  # it alone would bake the variable in as a constant
        with pytest.raises(RuntimeError, match="'stray' is read in the training step"):
            gan.train_on_batch(data)
        return
    losses = []
    for value in (1.0, 0.0):
        stray.assign(value)
        gan.reset_metrics()
        losses.append(float(gan.train_on_batch(data, return_dict=True)["g_loss"]))
    assert losses[0] > 0 == losses[1]  # others see what was assigned
