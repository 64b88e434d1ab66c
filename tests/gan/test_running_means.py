import pytest

from ganzoo.errors import PluginError

pytestmark = pytest.mark.backend


def test_means_are_over_the_steps_since_the_last_reset():
    from ganzoo.gan.running_means import Means

    means = Means(["a", "b"])
    assert {name: float(value) for name, value in means.result().items()} == {"a": 0, "b": 0}
    for a in (1.0, 3.0):
        means.update_state({"b": 10 * a, "a": a})

    assert {name: float(value) for name, value in means.result().items()} == {"a": 2, "b": 20}
    means.reset_state()
    means.update_state({"a": 7.0, "b": 0.0})
    assert float(means.result()["a"]) == 7


@pytest.mark.parametrize("logs", [{"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "c": 1.0}])
def test_logging_other_names_than_declared_is_refused_with_both(logs):
    from ganzoo.gan.running_means import Means

    with pytest.raises(PluginError, match="Missing: .*. Not declared: "):
        Means(["a", "b"]).update_state(logs)
