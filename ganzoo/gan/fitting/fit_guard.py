"""The end of `fit` between two of its steps: at an interrupt, or where losses are broken."""

import contextlib
import math
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import keras

from ganzoo.errors import Diverged


class FitGuard(keras.callbacks.Callback):
    """Ends `fit` between two steps only, so that the variables hold whole steps.

    While entered, Ctrl-C waits for the end of the step that is under way; a second one does not
    wait. Handlers of somebody else stay, and outside of the main thread Python allows none.
    """

    async_safe = True  # so that Keras goes on without waiting for the device

    def __init__(self):
        super().__init__()
        self._before: Any = None
        self._interrupted = False
        self._in_step = False

    def __enter__(self) -> "FitGuard":
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if before is signal.default_int_handler:
                self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind, error, trace) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if error is None:
            self._interrupt()
        elif self._in_step and keras.backend.backend() != "jax":  # where they are as before
            error.add_note(
                "A step was under way, and one network may be updated without the other: do not "
                "save the GAN, go on from what was saved before."
            )

    @contextlib.contextmanager
    def among(self, callbacks: keras.callbacks.CallbackList) -> Iterator[None]:
        """Be one of the callbacks for a while, if it is this guard that an interrupt reaches."""
        if self._before is None:
            yield
            return
        callbacks.callbacks.append(self)
        try:
            yield
        finally:
            callbacks.callbacks.remove(self)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """End here if an interrupt has come; the step before is whole."""
        self._interrupt()
        self._in_step = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """End here if an interrupt has come; all have seen the end of the epoch before."""
        self._interrupt()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """End `fit` if a mean of what was logged is not finite.

        Raises:
            Diverged: names the loss.
        """
        self._in_step = False
        broken = [name for name, value in (logs or {}).items() if not math.isfinite(value)]
        if broken:
            raise Diverged(
                f"Training diverged: {broken[0]} is not finite after batch {batch}.",
                hint="If it comes at once, look at the data: a stream with floats far beside the "
                "GAN's range or with classes that do not exist. Otherwise lower the learning "
                "rates, or add a penalty such as r1. Save on the way with ModelCheckpoint.",
            )

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        self._interrupted = True
        sys.stderr.write("\nStopping after this step; interrupt again to stop at once.\n")

    def _interrupt(self) -> None:
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt
