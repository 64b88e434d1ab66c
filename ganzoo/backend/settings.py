"""Keras' settings while ganzoo works: neither keras.json nor `keras.config` changes a number."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

_LOCK = threading.Lock()
_users = 0  # how many are inside, in all threads: the first sets, the last gives back
_before: tuple[Any, ...] = ()


@contextlib.contextmanager
def standard_settings(policy: str | None = None) -> Iterator[None]:
    """Set channels last, float32 and Keras' own epsilon; give back on leaving what there was.

    As a decorator it stands over a function that builds networks: `@standard_settings()`.

    Args:
        policy: The dtype policy of new layers. None: the one that `keras.config.set_dtype_policy`
            has set, and float32 if that only repeats the float type.
    """
    global _users, _before
    from keras import config

    kept = config.dtype_policy()  # of this thread
    with _LOCK:
        if not _users:
            _before = config.floatx(), config.epsilon(), config.image_data_format()
            _configure("float32", 1e-7, "channels_last")
        _users += 1
        floatx = _before[0]
    try:
        config.set_dtype_policy(policy or ("float32" if kept.name == floatx else kept))
        yield
    finally:
        with _LOCK:
            _users -= 1
            if not _users:
                _configure(*_before)
        config.set_dtype_policy(kept)


def _configure(floatx: str, epsilon: float, image_data_format: str) -> None:
    from keras import config

    config.set_floatx(floatx)
    config.set_epsilon(epsilon)
    config.set_image_data_format(image_data_format)
