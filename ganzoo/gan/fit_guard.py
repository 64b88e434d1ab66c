"""The end of `fit` between two of its steps: at an interrupt, or where losses are broken."""

import math
import signal
import threading
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

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """End here if an interrupt has come; the step before is whole."""
        self._interrupt()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End here if an interrupt has come."""
        self._interrupt()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """End `fit` if a mean of what was logged is not finite.

        Raises:
            Diverged: names the loss.
        """
        broken = [name for name, value in (logs or {}).items() if not math.isfinite(value)]
        if broken:
            raise Diverged(
                f"Training diverged: {broken[0]} is not finite after batch {batch}.",
                hint="From the first step on, look at the data: floats beside the GAN's range or "
                "classes that do not exist. Otherwise lower the learning rates, or add a penalty "
                "such as r1.",
            )

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        self._interrupted = True

    def _interrupt(self) -> None:
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt
