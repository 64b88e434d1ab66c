"""Traps of the frameworks that the form of a network avoids.

The conformance suite asks the rest of every architecture: second derivatives that are right.
"""

import pytest
from lazy_keras import keras

from ganzoo.catalog.plugins import discovery
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

# name: (image shape, why a bias may stand in front of batch norm)
ARCHITECTURES = {
    "mlp": ((8, 8, 1), None),
    "dcgan": ((8, 8, 1), None),
    "dcgan-fashion-mnist": ((28, 28, 1), "the published parameter count has it"),
    "facegan": ((64, 64, 3), None),
    "cdcgan": ((8, 8, 1), None),
}


@pytest.fixture(scope="module")
def build():
    found = {}

    def build(name):
        if name not in found:
            shape, _ = ARCHITECTURES[name]
            plugin = discovery.find_plugin("architecture", name)
            classes = (
                {"classes": 3} if "classes" in discovery.plugin_signature(plugin).parameters else {}
            )
            found[name] = discovery.load_plugin(plugin)(shape, **classes)
        return found[name]

    return build


def all_layers(gan):
    return [layer for network in (gan.generator, gan.discriminator) for layer in network.layers]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_no_bias_stands_in_front_of_batch_norm_without_a_reason(build, name):
    normalized = [la for la in all_layers(build(name)) if "BatchNormalization" in type(la).__name__]
    biased = []
    for layer in normalized:
        before = layer.input._keras_history.operation
        while isinstance(before, keras.layers.Reshape):
            before = before.input._keras_history.operation
        linear = getattr(before, "activation", None) in (None, keras.activations.linear)
        if getattr(before, "use_bias", False) and linear:
            biased.append(before.name)
    assert bool(biased) <= bool(ARCHITECTURES[name][1]), biased


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_nothing_is_resampled_by_an_operation_whose_derivatives_are_wrong(build, name):
    resampling = (keras.layers.UpSampling2D, keras.layers.Resizing)
    found = [layer for layer in all_layers(build(name)) if isinstance(layer, resampling)]
    assert all(getattr(layer, "interpolation", "") == "nearest" for layer in found)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_spectral_normalization_is_our_own(build, name):
    theirs = keras.layers.SpectralNormalization
    assert not [layer for layer in all_layers(build(name)) if isinstance(layer, theirs)]


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**31}, {"steps_per_dispatch": 0}])
def test_a_seed_or_dispatch_out_of_range_is_refused(small, wrong):
    with pytest.raises(UsageError, match="seed must be in"):
        small.gan().compile(**wrong)
