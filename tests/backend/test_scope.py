import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops

pytestmark = pytest.mark.backend

scope = Lazy("ganzoo.backend.scope")


def variables():
    return [keras.Variable(np.full(2, x, "float32"), name=name) for name, x in (("a", 1), ("b", 5))]


def numbers(x):
    return ops.convert_to_numpy(ops.convert_to_tensor(x)).tolist()


def test_a_capture_collects_writes_and_changes_nothing():
    a, b = variables()
    with scope.WriteCapture() as capture:
        a.assign(b + 1.0)
        a.assign(a + 1.0)
        inside = numbers(a)
    assert inside == [7, 7]
    assert numbers(a) == [1, 1]
    ((variable, value),) = capture.writes
    assert (variable.name, numbers(value)) == ("a", [7, 7])


def test_a_capture_sees_the_values_of_the_scope_around_it():
    # Keras' own scope does not: weights inside a gradient would be those of the step before
    a, b = variables()
    with scope.StrictScope([(a, a.value + 2.0), (b, b.value)]) as root:
        with scope.WriteCapture([(b, b.value * 2.0)]) as outer:
            with scope.WriteCapture() as inner:
                seen = numbers(a), numbers(b)
                a.assign(a + 1.0)
            after_inner = numbers(a)
        assert inner.writes
        assert not outer.writes
        assert numbers(root.get_current_value(a)) == [3, 3]
    assert seen == ([3, 3], [10, 10])
    assert after_inner == [3, 3]


def test_only_the_writes_of_the_owner_are_committed():
    a, b = variables()
    with scope.WriteCapture() as capture:
        a.assign(a + 1.0)
        b.assign(b + 1.0)
    scope.assign_captured(capture.writes, [b])
    assert numbers(a) == [1, 1]
    assert numbers(b) == [6, 6]


@pytest.mark.parametrize("verb", ["read", "written"])
def test_a_variable_outside_the_carried_state_raises_by_its_name(verb):
    a, b = variables()
    with scope.StrictScope([(a, a.value)]):
        a.assign(a + 1.0)
        with pytest.raises(RuntimeError, match=f"'b' is {verb} in the training step"):
            if verb == "read":
                b + 1.0
            else:
                b.assign(np.zeros(2, "float32"))
