import re

import numpy as np
import pytest
from lazy_keras import keras, layers

import ganzoo

pytestmark = pytest.mark.backend


def full(small):
    networks = small.gan(norm=True, dropout=0.2)
    return small.compiled(networks, ema_half_life=0.9)


def test_every_variable_has_one_name(small):
    gan = full(small)
    state = gan.state()
    expected = [*gan.variables, *gan.optimizer.variables, *gan.step_metrics.variables]
    assert {id(variable) for variable in expected} == {id(v) for v in state.values()}
    assert len({id(variable) for variable in state.values()}) == len(state)
    assert {
        "generator/hidden/kernel", "generator/norm/moving_mean", "generator/seeds/0",
        "discriminator/logit/bias", "discriminator/seeds/0", "ema/norm/moving_variance",
        "generator_optimizer/hidden/kernel/momentum", "discriminator_optimizer/iteration",
        "gan/steps", "gan/images", "gan/seed", "metrics/total", "metrics/count",
    } <= state.keys()  # fmt: skip


def test_names_do_not_depend_on_what_the_process_built_before(small):
    first = list(full(small).state())
    keras.layers.Dense(3).build((None, 2))
    small.compiled(small.gan())
    assert list(full(small).state()) == first
    assert list(first) == sorted(first)


def test_no_name_holds_a_global_counter(small):
    for name in full(small).state():
        assert not re.search(r"_\d+(/|$)", name), name


def test_the_name_of_the_model_does_not_matter(small):
    other = small.compiled(small.gan(name="other"))
    assert list(other.state()) == list(small.compiled(small.gan()).state())


def test_layers_of_equal_names_in_both_networks_stay_apart(small):
    gan = small.compiled(small.gan())
    state = gan.state()
    assert state["generator/hidden/kernel"] is gan.generator.get_layer("hidden").kernel
    assert state["discriminator/hidden/kernel"] is gan.discriminator.get_layer("hidden").kernel


def test_a_slot_is_named_after_the_weight_that_it_follows(small, points):
    # "a" is the beginning of "a_a", as generator_a_kernel is not of generator_a_a_kernel
    latents = keras.Input((3,), name="latents")
    x = layers.Dense(4, name="a", use_bias=False)(latents)
    x = layers.Dense(2, name="a_a", use_bias=False)(x)
    gan = ganzoo.GAN(keras.Model(latents, x, name="generator"), small.discriminator())
    state = small.compiled(gan).state()
    for layer, shape in (("a", (3, 4)), ("a_a", (4, 2))):
        assert tuple(state[f"generator_optimizer/{layer}/kernel/momentum"].shape) == shape


def test_the_loss_scale_of_float16_is_part_of_the_state(small, policy):
    policy("mixed_float16")
    state = small.compiled(small.gan()).state()
    assert "generator_optimizer/dynamic_scale" in state
    assert "discriminator_optimizer/inner/hidden/kernel/momentum" in state


def test_a_variable_of_a_subclass_is_part_of_the_state(small):
    class Augmented(ganzoo.GAN):
        def __init__(self, *networks, **keywords):
            super().__init__(*networks, **keywords)
            self.strength = self.add_weight(shape=(), name="strength", trainable=False)

    assert "gan/strength" in small.gan(cls=Augmented).state()


def test_two_variables_of_one_name_are_refused(small):
    gan = small.gan()
    gan.extra = [keras.Variable(np.zeros(1, "float32"), name="same") for _ in range(2)]
    with pytest.raises(ValueError, match="share the name 'gan/same'"):
        gan.state()
