"""PNG files."""

import io
from pathlib import Path

from PIL import Image

from ganzoo.errors import InvalidInput


def encode_png(image: Image.Image) -> bytes:
    """Encode the pixels alone as PNG; equal pixels give equal bytes."""
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("RGB")
    pixels = Image.frombytes(image.mode, image.size, image.tobytes())  # no profile, no text
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def read_png(path: Path) -> Image.Image:
    """Read a PNG file as an image of mode `L` or `RGB`.

    Raises:
        InvalidInput: It is not a PNG file that can be read.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return image.convert("L" if image.mode in ("1", "L") else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInput(
            f"Not a readable PNG file. Received: {path}. {error}",
            hint="Remove it, then run: ganzoo resume RUN",
        ) from error
