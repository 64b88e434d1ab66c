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
