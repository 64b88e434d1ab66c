"""Resolutions and channels as loops: each resolution is twice the one before.

Images of any shape are a small base, doubled: 64x64 is 4x4 doubled four times, 48x80 is 3x5 doubled
four times. Resolutions are called by the square power of two that they stand for, here 4, 8, ...,
64 in both, so that layers of one name and shape do the same work whatever the images' shape.
"""

import math

from ganzoo.blocks.option_checks import check_minimum
from ganzoo.errors import UsageError


def resolutions(
    architecture: str, image_shape: tuple[int, ...], start_resolution: int = 4
) -> list[int]:
    """Return [start_resolution, 2 start_resolution, ..., size], from the base to the images.

    The size is that of square images whose size is a power of two. For others it is
    `start_resolution` doubled as often as leads from the base to the images, where the smaller
    side of the base is between three quarters of `start_resolution` and less than four times that:
    `shape_at` tells the height and width at each resolution.

    Args:
        architecture: Name of the architecture, for the message.
        image_shape: (height, width, channels), both from 8.
        start_resolution: A power of two below the smaller side.

    Raises:
        UsageError: Height and width have no such base, or `start_resolution` is out of range.
    """
    height, width = image_shape[:2]
    smaller, start = min(height, width), start_resolution
    if not 1 <= start < max(smaller, 8) or start & (start - 1):
        raise UsageError(
            f"start_resolution must be a power of two below the size {smaller}. Received: {start}."
        )
    count = min(max_downsamples(image_shape), (4 * smaller // (3 * start)).bit_length() - 1)
    if smaller < 8 or count < 1 or smaller >> count >= 4 * start:
        unit = 2 << (smaller // (8 * start)).bit_length()
        proposed = [max(round(side / unit) * unit, 8) for side in (height, width)]
        raise UsageError(
            f"{architecture} needs images of a height and width from 8 that are multiples of "
            f"{unit}. Received: {height}x{width}.",
            hint=f"Set dataset.size, where the data set has it, to {proposed}.",
        )
    return [start << i for i in range(count + 1)]


def max_downsamples(image_shape: tuple[int, ...]) -> int:
    """Return how often height and width of (height, width, channels) can both be halved."""
    divisor = math.gcd(*image_shape[:2])
    return (divisor & -divisor).bit_length() - 1  # its largest power of two


def check_multiples_of_4(architecture: str, image_shape: tuple[int, ...]) -> None:
    """Refuse images whose height and width are not multiples of 4, from 8.

    Raises:
        UsageError: They are not.
    """
    height, width = image_shape[:2]
    if min(height, width) < 8 or max_downsamples(image_shape) < 2:
        raise UsageError(
            f"{architecture} needs images of a height and width from 8 that are multiples of 4. "
            f"Received: {height}x{width}.",
            hint="Set dataset.size, where the data set has it, to 64.",
        )


def powers_of_two(size: int) -> list[int]:
    """Return [1, 2, 4, ..., size], for a size that is a power of two."""
    return [1 << i for i in range(size.bit_length())]


def shape_at(resolution: int, image_shape: tuple[int, ...], size: int) -> tuple[int, int]:
    """Return the height and width at a resolution: (3, 5) at 4, for images of 48x80.

    Args:
        resolution: One of `resolutions`.
        image_shape: (height, width, channels).
        size: The last of `resolutions`, which stands for the images.
    """
    height, width = image_shape[:2]
    return height * resolution // size, width * resolution // size


def channels_by_resolution(
    resolutions: list[int], base_channels: int, max_channels: int
) -> dict[int, int]:
    """Return the channels at each resolution: doubled with each halving, up to a maximum.

    Args:
        resolutions: From the lowest to the highest, in pixels.
        base_channels: Channels at the highest resolution.
        max_channels: The most channels at any resolution.

    Raises:
        UsageError: One of the two is below 1.
    """
    check_minimum(1, base_channels=base_channels, max_channels=max_channels)
    return {r: min(base_channels * resolutions[-1] // r, max_channels) for r in resolutions}


def downsampled_size(
    architecture: str, image_shape: tuple[int, int, int], num_upsamples: int
) -> tuple[int, int]:
    """Return the height and width from which that many upsamplings lead to the images.

    Args:
        architecture: Name of the architecture, for the message.
        image_shape: (height, width, channels).
        num_upsamples: How often height and width are doubled, 1 to 16.

    Raises:
        UsageError: Height or width cannot be halved that often.
    """
    height, width, _ = image_shape
    if not 1 <= num_upsamples <= 16 or height % 2**num_upsamples or width % 2**num_upsamples:
        raise UsageError(
            f"{architecture} needs images whose height and width can be halved `num_upsamples` "
            f"times. Received: {height}x{width}, num_upsamples={num_upsamples}.",
            hint="Set architecture.num_upsamples, or dataset.size where the data set has it.",
        )
    return height >> num_upsamples, width >> num_upsamples
