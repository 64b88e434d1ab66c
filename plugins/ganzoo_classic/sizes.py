"""Sizes and widths as loops: from the smallest image to the whole one, each twice the last."""

from ganzoo.errors import UsageError


def sides(name: str, image_shape: tuple[int, ...], smallest: int = 4) -> list[int]:
    """smallest, 2 smallest, ..., size, for square images whose size is a power of two from 8.

    Args:
        name: The architecture, for the message.
        image_shape: (size, size, channels).
        smallest: A power of two below the size.

    Raises:
        UsageError: the images or `smallest` are not like that.
    """
    size, width = image_shape[:2]
    if size != width or size < 8 or size & (size - 1):
        raise UsageError(
            f"{name} needs square images whose size is a power of two from 8. "
            f"Received: {size}x{width}.",
            hint="Set dataset.size, where the data set has it, to 32 or 64.",
        )
    if not 1 <= smallest < size or smallest & (smallest - 1):
        raise UsageError(
            f"smallest must be a power of two below the size {size}. Received: {smallest}."
        )
    return [2**i for i in range(smallest.bit_length() - 1, size.bit_length())]


def widths(sides: list[int], width: int, most: int) -> dict[int, int]:
    """Channels by side: `width` at the last one, twice as many at each half, at most `most`."""
    return {side: min(width * sides[-1] // side, most) for side in sides}


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
