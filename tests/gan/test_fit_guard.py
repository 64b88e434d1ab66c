"""How `fit` ends before its time: at an interrupt, and where losses are not finite."""

import os
import signal

import numpy as np
import pytest
from lazy_keras import keras

from ganzoo.errors import Diverged

pytestmark = pytest.mark.backend


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (24, 2, 2, 1), dtype="uint8")


def compiled(small):
    keras.utils.set_random_seed(1)
    return small.compiled(small.gan(size=4, shape=(2, 2, 1)), ema_half_life=10.0)


def batches(pixels, interrupt_at=None):
    """Batches of four without end; one of them sends Ctrl-C, as if it came at any time."""
    k = 0
    while True:
        if k == interrupt_at:
            os.kill(os.getpid(), signal.SIGINT)
        yield (pixels[k % 6 * 4 :][:4],)
        k += 1


def test_after_an_interrupt_the_variables_hold_the_last_whole_step(small, pixels):
    gan, other = compiled(small), compiled(small)
    with pytest.raises(KeyboardInterrupt):
        gan.fit(batches(pixels, interrupt_at=5), steps_per_epoch=20, verbose=0, shuffle=False)

    done = int(gan.steps.value)
    assert 0 < done < 20
    other.fit(batches(pixels), steps_per_epoch=done, verbose=0, shuffle=False)
    assert not {n for n in small.differing(small.arrays(gan), small.arrays(other))
                if not n.startswith("metrics/")}  # fmt: skip
    gan.sample(2)
    gan.fit(pixels, batch_size=6, verbose=0)
    assert int(gan.steps.value) == done + 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Interrupting:
    """An interrupt in the middle of a step, while it is traced or computed."""

    def __init__(self, gan, at):
        self.step, self.count, self.at = gan.step, 0, at

    def __call__(self, data):
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        return self.step(data)


def test_an_interrupt_inside_a_step_waits_for_its_end(small, pixels):
    gan = compiled(small)
    object.__setattr__(gan, "step", Interrupting(gan, at=1))
    with pytest.raises(KeyboardInterrupt):
        gan.fit(pixels, batch_size=4, verbose=0)
    assert int(gan.steps.value) == 1
    gan.sample(2)


def test_an_interrupt_that_does_not_wait_leaves_the_model_whole(small, pixels):
    """A handler of somebody else raises wherever the program is, such as in a callback."""
    gan = compiled(small)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gan.fit(pixels, batch_size=4, verbose=0, callbacks=Stop())
    assert int(gan.steps.value) == 3
    gan.sample(2)
    gan.fit(pixels, batch_size=4, verbose=0)


def test_an_interrupt_ends_fit_with_a_list_of_callbacks_that_keras_made(small, pixels):
    gan, seen = compiled(small), []

    class Epochs(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)

        def on_train_batch_end(self, batch, logs=None):
            if batch == 5:  # the last of the epoch
                os.kill(os.getpid(), signal.SIGINT)

    callbacks = keras.callbacks.CallbackList([Epochs()], add_history=True, model=gan)
    count = len(callbacks.callbacks)
    with pytest.raises(KeyboardInterrupt):
        gan.fit(pixels, batch_size=4, epochs=3, verbose=0, callbacks=callbacks)
    assert int(gan.steps.value) == 6
    assert seen == [0]  # every callback saw the end of the epoch
    assert len(callbacks.callbacks) == count


def test_a_loss_that_is_not_finite_ends_fit(small, pixels):
    gan = compiled(small)
    weight = gan.discriminator.trainable_variables[0]
    weight.assign(np.full(weight.shape, np.nan))

    with pytest.raises(Diverged, match="d_loss is not finite.*Otherwise lower"):
        gan.fit(pixels, batch_size=4, epochs=50, verbose=0)

    assert int(gan.steps.value) < 50 * 6


def test_an_error_halfway_through_a_step_says_that_nothing_should_be_saved(small, pixels):
    """On JAX the variables are as before the step."""
    gan = compiled(small)

    def out_of_memory(batch):
        raise MemoryError

    object.__setattr__(gan, "generator_update", out_of_memory)
    before = small.arrays(gan)
    with pytest.raises(MemoryError) as failed:
        gan.fit(pixels, batch_size=4, verbose=0)
    notes = [note for note in getattr(failed.value, "__notes__", []) if "the GAN" in note]
    if keras.backend.backend() == "jax":
        assert not notes and not small.differing(before, small.arrays(gan))
    else:
        assert "do not save the GAN" in notes[0]

    back = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: 1 / 0)
    with pytest.raises(ZeroDivisionError) as failed:  # between two steps
        compiled(small).fit(pixels, batch_size=4, verbose=0, callbacks=[back])
    assert "the GAN" not in str(getattr(failed.value, "__notes__", []))
