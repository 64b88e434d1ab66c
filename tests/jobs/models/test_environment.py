"""Under which circumstances something was trained, and whether they are the same now."""

import pytest
from lazy_keras import keras

from ganzoo.catalog.registry.lookup import find_model
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.build import build_networks

pytestmark = pytest.mark.backend


def manifest() -> dict:
    return environment.describe_environment() | {"plugins": {}}


def test_where_nothing_has_changed_there_is_nothing_to_say():
    assert environment.environment_differences(manifest()) == []


@pytest.mark.parametrize("name", environment.VARIABLES)
def test_what_may_change_last_bits_is_named_when_it_differs(name, monkeypatch):
    monkeypatch.delenv(name, raising=False)
    before = manifest()
    monkeypatch.setenv(name, "3")
    (said,) = environment.environment_differences(before)
    assert f"{name} was None, is 3" in said


def test_another_kind_of_device_is_named():
    now = environment.describe_environment()["device"]
    assert now in ("cpu", "gpu", "tpu", "mps")
    (said,) = environment.environment_differences(manifest() | {"device": "abacus"})
    assert f"device was abacus, is {now}" in said


def test_the_recipe_decides_whatever_keras_is_configured_to():
    recipe = find_model("dcgan-digits").recipe
    plain = build_networks(recipe, (8, 8, 1), 10)
    kept = keras.config.image_data_format(), keras.config.floatx()
    try:
        keras.config.set_image_data_format("channels_first")
        keras.config.set_floatx("float16")
        gan = build_networks(recipe, (8, 8, 1), 10)
        now = keras.config.image_data_format(), keras.config.floatx()
        assert now == ("channels_first", "float16")
    finally:
        keras.config.set_image_data_format(kept[0])
        keras.config.set_floatx(kept[1])
    one, other = ({n: (v.dtype, v.shape) for n, v in g.state().items()} for g in (gan, plain))
    assert one == other
    assert gan.sample(2).shape == (2, 8, 8, 1)
