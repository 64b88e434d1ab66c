"""Training along with the process that writes the run."""

from typing import Any

import keras

from ganzoo.errors import Interrupted
from ganzoo.jobs.training.session import Session


def follow(session: Session) -> None:
    """Train to the end, or until one of the processes has to stop; nothing is written.

    Raises:
        Interrupted: A signal asked one of the processes to stop.
    """
    from ganzoo import backend
    from ganzoo.jobs.training.callbacks import CallbacksWithDeviceLogs

    feed, follower = session.feed, _Follower(session)
    if not session.stop_requested() and len(feed):
        session.gan.fit(
            backend.feed(feed), steps_per_epoch=len(feed), epochs=1, verbose=0, shuffle=False,
            callbacks=CallbacksWithDeviceLogs([follower], add_history=True, model=session.gan),
        )  # fmt: skip
    if session.stop.signal and follower.step < session.length.steps:
        message = f"Stopped after step {follower.step}."
        raise Interrupted(message, signal_number=session.stop.signal)


class _Follower(keras.callbacks.Callback):
    """Counts the steps, and stops where the others do."""

    def __init__(self, session: Session):
        super().__init__()
        self.session, self.step = session, session.start

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += self.session.feed.steps(batch)
        if self.step < self.session.length.steps and self.session.stop_requested():
            self.model.stop_training = True
