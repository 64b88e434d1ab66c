import numpy as np
import pytest
from lazy_keras import keras, ops

pytestmark = pytest.mark.backend


def variables():
    return [keras.Variable(np.full(2, x, "float32"), name=name) for name, x in (("a", 1), ("b", 5))]


def numbers(x):
    return ops.convert_to_numpy(ops.convert_to_tensor(x)).tolist()


def test_a_capture_collects_writes_and_changes_nothing():
    from ganzoo.backend.scope import WriteCapture

    a, b = variables()
    with WriteCapture() as capture:
        a.assign(b + 1.0)
        a.assign(a + 1.0)
        inside = numbers(a)
    assert inside == [7, 7]
    assert numbers(a) == [1, 1]
    assert [(variable.name, numbers(value)) for variable, value in capture.writes] == [
        ("a", [7, 7])
    ]


def test_a_capture_sees_the_values_of_the_scope_around_it():
    # Keras' own scope does not: weights inside a gradient would be those of the step before
    from ganzoo.backend.scope import StrictScope, WriteCapture

    a, b = variables()
    with StrictScope([(a, a.value + 2.0), (b, b.value)]) as root:
        with WriteCapture([(b, b.value * 2.0)]) as outer:
            with WriteCapture() as inner:
                seen = numbers(a), numbers(b)
                a.assign(a + 1.0)
            after_inner = numbers(a)
        assert inner.writes
        assert not outer.writes
        assert numbers(root.get_current_value(a)) == [3, 3]
    assert seen == ([3, 3], [10, 10])
    assert after_inner == [3, 3]


def test_only_the_writes_of_the_owner_are_committed():
    from ganzoo.backend.scope import WriteCapture, assign_captured

    a, b = variables()
    with WriteCapture() as capture:
        a.assign(a + 1.0)
        b.assign(b + 1.0)
    assign_captured(capture.writes, [b])
    assert numbers(a) == [1, 1]
    assert numbers(b) == [6, 6]


@pytest.mark.parametrize("verb", ["read", "written"])
def test_a_variable_outside_the_carried_state_raises_by_its_name(verb):
    from ganzoo.backend.scope import StrictScope

    a, b = variables()
    with StrictScope([(a, a.value)]):
        a.assign(a + 1.0)
        with pytest.raises(RuntimeError, match=f"'b' is {verb} in the training step"):
            if verb == "read":
                b + 1.0
            else:
                b.assign(np.zeros(2, "float32"))
