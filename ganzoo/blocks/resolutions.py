"""Resolutions and channels as loops: each resolution is twice the one before."""

from ganzoo.blocks.option_checks import check_minimum
from ganzoo.errors import UsageError


def resolutions(
    architecture: str, image_shape: tuple[int, ...], start_resolution: int = 4
) -> list[int]:
    """Return [start_resolution, 2 start_resolution, ..., size] in pixels, for square images.

    Args:
        architecture: Name of the architecture, for the message.
        image_shape: (size, size, channels); the size is a power of two from 8.
        start_resolution: A power of two below the size.

    Raises:
        UsageError: The images are not like that, or `start_resolution` is not.
    """
    size, width = image_shape[:2]
    if size != width or size < 8 or size & (size - 1):
        raise UsageError(
            f"{architecture} needs square images whose size is a power of two from 8. "
            f"Received: {size}x{width}.",
            hint="Set dataset.size, where the data set has it, to 32 or 64.",
        )
    if not 1 <= start_resolution < size or start_resolution & (start_resolution - 1):
        raise UsageError(
            f"start_resolution must be a power of two below the size {size}. "
            f"Received: {start_resolution}."
        )
    return [2**i for i in range(start_resolution.bit_length() - 1, size.bit_length())]


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
