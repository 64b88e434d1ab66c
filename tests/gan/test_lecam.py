import numpy as np
import pytest

from ganzoo import backend
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

REAL, FAKE = np.array([2.0, -1.0], "float32"), np.array([0.5, -3.0], "float32")


def lecam(*args, **options):
    import keras
    from ganzoo.gan.lecam import LeCam

    made = LeCam(*args, **options)
    made.build(keras.layers.Layer().add_weight)
    return made


def follow(made, *turns):
    for real, fake in turns:
        made.update({"d_real_logit": np.float32(real), "d_fake_logit": np.float32(fake)})
    return float(made.real), float(made.fake)


def test_averages_follow_the_logits_from_zero():
    made = lecam(0.1, 0, decay=0.75)

    assert follow(made, (4.0, -8.0)) == (1.0, -2.0)
    assert follow(made, (0.0, 2.0)) == (0.75, -1.0)
    np.testing.assert_allclose(follow(lecam(0.1), (3.0, -5.0)), (0.03, -0.05), rtol=1e-5)


def test_logits_are_drawn_to_the_average_of_the_other_kind():
    """(2 - 1)^2, (-1 - 1)^2 of the real and (0.5 - 4)^2, (-3 - 4)^2 of the fakes."""
    from keras import ops

    made = lecam(0.5, 10, decay=0.0)
    follow(made, (4.0, 1.0))
    variables = [made_of(REAL), made_of(FAKE)]

    def objective():
        return made.term(variables[0] + 0.0, variables[1] + 0.0, ops.convert_to_tensor(10)), {}

    turn = backend.gradients(objective, variables)

    assert float(turn.loss) == pytest.approx(0.5 * (5 / 2 + (12.25 + 49) / 2))
    gradients = [ops.convert_to_numpy(gradient) for gradient in turn.gradients]
    np.testing.assert_allclose(gradients, [0.5 * (REAL - 1), 0.5 * (FAKE - 4)], rtol=1e-6)


def test_before_its_start_the_term_and_its_slope_are_zero():
    from keras import ops

    made, logits = lecam(0.5, 10), made_of(REAL)

    def objective():
        return made.term(logits + 0.0, logits + 0.0, ops.convert_to_tensor(9)), {}

    turn = backend.gradients(objective, [logits])

    assert float(turn.loss) == 0
    np.testing.assert_array_equal(ops.convert_to_numpy(turn.gradients[0]), [0, 0])


def made_of(numbers):
    import keras

    return keras.Variable(numbers)


@pytest.mark.parametrize(
    "wrong", [{"weight": 0.0}, {"weight": float("nan")}, {"start": -1}, {"decay": 1.0}]
)
def test_values_out_of_range_are_refused(wrong):
    from ganzoo.gan.lecam import LeCam

    with pytest.raises(UsageError, match="Received"):
        LeCam(**{"weight": 0.1, "start": 5, **wrong})
