import pytest
from lazy_keras import Lazy

from ganzoo.errors import PluginError

pytestmark = pytest.mark.backend

step_metrics = Lazy("ganzoo.gan.step_metrics")


def test_means_are_over_the_steps_since_the_last_reset():
    means = step_metrics.StepMetrics()
    assert means.result() == {}
    for a in (1.0, 3.0):
        means.update_state({"b": 10 * a, "a": a})
    assert {name: float(value) for name, value in means.result().items()} == {"a": 2, "b": 20}
    means.reset_state()
    means.update_state({"a": 7.0, "b": 0.0})
    assert float(means.result()["a"]) == 7


def test_the_losses_come_first():
    means = step_metrics.StepMetrics()
    means.update_state({"a": 1.0, "g_loss": 2.0, "d_loss": 3.0})
    assert [*means.result()] == ["d_loss", "g_loss", "a"]


@pytest.mark.parametrize("logs", [{"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "c": 1.0}])
def test_a_step_that_logs_other_names_than_the_first_is_refused_with_both(logs):
    means = step_metrics.StepMetrics()
    means.update_state({"a": 1.0, "b": 1.0})
    with pytest.raises(PluginError, match="Expected: a, b. Received: "):
        means.update_state(logs)


def test_too_many_names_are_refused():
    with pytest.raises(PluginError, match="at most 64"):
        step_metrics.StepMetrics().update_state({f"n{i}": 1.0 for i in range(65)})
