"""Under which circumstances something was trained, and whether they are the same now."""

import os

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


def test_fewer_processors_than_before_are_named(tmp_path, monkeypatch):
    """Promise 41: by affinity, and by the quota of a control group."""
    before = manifest()
    cpus = before["usable_cpus"]
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    monkeypatch.setattr(environment, "_CGROUPS", tmp_path)
    monkeypatch.setattr(os, "cpu_count", lambda: before["cpus"])
    if cpus > 1:
        (said,) = environment.environment_differences(before)
        assert f"usable_cpus was {cpus}, is 1.0" in said
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "cpu.max").write_text("max 100000\n")
    (tmp_path / "a" / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "cgroup").write_text("12:cpu:/v1\n0::/a/b\n")
    monkeypatch.setattr(environment, "_OWN_CGROUP", str(tmp_path / "cgroup"))
    assert environment.usable_processors() == 0.5
    older = {name: value for name, value in before.items() if name != "usable_cpus"}
    assert environment.environment_differences(older) == []


def test_the_files_unused_for_longest_go_from_a_full_cache(tmp_path):
    environment.remove_oldest(tmp_path / "none", 0)
    for age in range(6):
        (tmp_path / str(age)).write_bytes(bytes(100))
        os.utime(tmp_path / str(age), (1000 - age, 1000 - age))
    environment.remove_oldest(tmp_path, 600)
    assert len(list(tmp_path.iterdir())) == 6
    environment.remove_oldest(tmp_path, 500)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


def test_jax_keeps_all_programs_in_a_cache_that_ganzoo_bounds(tmp_path, monkeypatch):
    names = ("DIR", "MIN_COMPILE_TIME_SECS", "MIN_ENTRY_SIZE_BYTES")
    names = [
        f"JAX_{'PERSISTENT_CACHE' if i else 'COMPILATION_CACHE'}_{n}" for i, n in enumerate(names)
    ]
    for name in names:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(environment.select, "choose", lambda name: "jax")
    environment.prepare_environment()
    assert [os.environ[name] for name in names] == [str(tmp_path / "jax"), "0", "-1"]
    for name in names:
        monkeypatch.delenv(name)
    monkeypatch.setenv(names[0], "mine")
    environment.prepare_environment()
    assert [os.environ.get(name) for name in names] == ["mine", None, None]


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
