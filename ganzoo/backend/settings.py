"""Keras' settings while ganzoo works: neither keras.json nor `keras.config` changes a number."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def standard_settings(policy: str | None = None) -> Iterator[None]:
    """Set channels last, float32 and Keras' own epsilon; give back on leaving what there was.

    As a decorator it stands over a function that builds networks: `@standard_settings()`.

    Args:
        policy: The dtype policy of new layers. None: the one that `keras.config.set_dtype_policy`
            has set, and float32 if that only repeats the float type.
    """
    from keras import config

    floatx, kept = config.floatx(), config.dtype_policy()
    before = config.epsilon(), config.image_data_format()
    if policy is None:
        policy = "float32" if kept.name == floatx else kept.name
    try:
        _configure("float32", 1e-7, "channels_last")
        config.set_dtype_policy(policy)
        yield
    finally:
        _configure(floatx, *before)
        config.set_dtype_policy(kept)


def _configure(floatx: str, epsilon: float, image_data_format: str) -> None:
    from keras import config

    config.set_floatx(floatx)
    config.set_epsilon(epsilon)
    config.set_image_data_format(image_data_format)
