"""The size at which a generator starts and its images are doubled from."""

from ganzoo.errors import UsageError


def halved(architecture: str, image_shape: tuple[int, int, int], times: int) -> tuple[int, int]:
    """Height and width, halved that often.

    Args:
        architecture: Its name, for the message.
        image_shape: (height, width, channels).
        times: Its option `doublings`.

    Raises:
        UsageError: a side cannot be halved that often, or `times` is not in [1, 16].
    """
    height, width, _ = image_shape
    if not 1 <= times <= 16 or height % 2**times or width % 2**times:
        raise UsageError(
            f"{architecture} needs images whose sides can be halved `doublings` times. "
            f"Received: {height}x{width}, doublings={times}.",
            hint="Set architecture.doublings, or dataset.size where the data set has it.",
        )
    return height >> times, width >> times
