"""PNG files, written and read."""

import io
from pathlib import Path

from PIL import Image

from ganzoo.errors import InvalidInput


def png(image: Image.Image) -> bytes:
    """The bytes of a PNG file: pixels and nothing else, the same for the same picture."""
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("RGB")
    pixels = Image.frombytes(image.mode, image.size, image.tobytes())  # no profile, no text
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def read_png(path: Path) -> Image.Image:
    """The picture in a PNG file, as `L` or `RGB`; `InvalidInput` if that cannot be read."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return image.convert("L" if image.mode in ("1", "L") else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInput(
            f"Not a PNG that can be read. Received: {path}. {error}",
            hint="Remove it, and go on with: ganzoo resume RUN",
        ) from error
