"""Sizes as a loop: from the smallest map to the whole image, each twice the last."""

from ganzoo.errors import UsageError


def doubled(name: str, image_shape: tuple[int, ...], smallest: int = 4) -> list[int]:
    """smallest, 2 smallest, ..., size.

    Args:
        name: The architecture, for the message.
        image_shape: (size, size, channels).
        smallest: Where it begins, a power of two.

    Raises:
        UsageError: the images are not square, or no such list ends at their size.
    """
    size, other = image_shape[:2]
    found = [smallest << i for i in range(max(size // smallest, 1).bit_length())]
    if size != other or size < 2 * smallest or found[-1] != size:
        raise UsageError(
            f"{name} needs square images whose size is a power of two from {2 * smallest}. "
            f"Received: {size}x{other}.",
            hint="Set dataset.size, where the data set has it, to 32 or 64.",
        )
    return found
