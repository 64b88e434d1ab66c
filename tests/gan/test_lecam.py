import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops

from ganzoo import backend
from ganzoo.config.contracts import DiscriminatorUpdate

pytestmark = pytest.mark.backend

module = Lazy("ganzoo.gan.regularizers.lecam")

REAL, FAKE = np.array([2.0, -1.0], "float32"), np.array([0.5, -3.0], "float32")


def lecam(*args, **options):
    made = module.LeCam(*args, **options)
    made.build(keras.layers.Layer().add_weight, (-1, 1))
    return made


def follow(made, *updates):
    for real, fake in updates:
        made.after_update({"d_real_logit": np.float32(real), "d_fake_logit": np.float32(fake)}, 4)
    return float(made.real), float(made.fake)


def term(made, real, fake, step):
    """The weighted term of these logits."""
    step = ops.convert_to_tensor(step)
    update = DiscriminatorUpdate(None, None, None, real, fake, 0.0, step, None)
    return made.weight * made.terms(update)["lecam"], {}


def test_averages_follow_the_logits_from_zero():
    made = lecam(0.1, 0, decay=0.75)
    assert follow(made, (4.0, -8.0)) == (1.0, -2.0)
    assert follow(made, (0.0, 2.0)) == (0.75, -1.0)
    np.testing.assert_allclose(follow(lecam(0.1), (3.0, -5.0)), (0.03, -0.05), rtol=1e-5)


def test_logits_are_drawn_to_the_average_of_the_other_kind():
    """(2 - 1)^2, (-1 - 1)^2 of the real and (0.5 - 4)^2, (-3 - 4)^2 of the fake samples."""
    made = lecam(0.5, 10, decay=0.0)
    follow(made, (4.0, 1.0))
    variables = [keras.Variable(REAL), keras.Variable(FAKE)]
    result = backend.gradients(
        lambda: term(made, variables[0] + 0.0, variables[1] + 0.0, 10), variables
    )
    assert float(result.loss) == pytest.approx(0.5 * (5 / 2 + (12.25 + 49) / 2))
    gradients = [ops.convert_to_numpy(gradient) for gradient in result.gradients]
    np.testing.assert_allclose(gradients, [0.5 * (REAL - 1), 0.5 * (FAKE - 4)], rtol=1e-6)


def test_before_its_start_the_term_and_its_slope_are_zero():
    made, logits = lecam(0.5, 10), keras.Variable(REAL)
    result = backend.gradients(lambda: term(made, logits + 0.0, logits + 0.0, 9), [logits])
    assert float(result.loss) == 0
    np.testing.assert_array_equal(ops.convert_to_numpy(result.gradients[0]), [0, 0])
