"""Training does not wait for the device between two lines of the log."""

import pytest
from lazy_keras import keras

from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


def test_the_logs_of_a_dispatch_are_not_read():
    from ganzoo.jobs.training.callbacks import CallbacksWithoutLogs

    read, told = [], []

    class Number:
        def __float__(self):
            read.append(self)
            return 0.0

    def tell(batch, logs):
        told.append((batch, logs))

    callbacks = [keras.callbacks.LambdaCallback(on_train_batch_end=tell)]
    for kind in (CallbacksWithoutLogs, keras.callbacks.CallbackList):
        kind(callbacks).on_train_batch_end(3, {"d_loss": Number()})
    assert told == [(3, None), (3, {"d_loss": 0.0})]
    assert len(read) == 1  # by Keras' own, which is why there is another


def test_training_goes_without_keras_own_list(plain, place, monkeypatch):
    def refuse(*args, **kwargs):
        pytest.fail("This would wait for the device after every dispatch.")

    monkeypatch.setattr(keras.callbacks.CallbackList, "on_train_batch_end", refuse)
    run = train(plain(), run=place / "run")
    assert [entry["step"] for entry in run.log()] == [2, 4]
