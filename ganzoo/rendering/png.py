"""Still images as files: PNG, and those that people ask for beside it."""

import io
from pathlib import Path

from PIL import Image

from ganzoo.errors import InvalidInput


def encode_png(image: Image.Image) -> bytes:
    """Encode the pixels alone as PNG; equal pixels give equal bytes."""
    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        image = image.convert("RGB")
    pixels = Image.frombytes(image.mode, image.size, image.tobytes())  # no profile, no text
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


STILL_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def encode_still(image: Image.Image, suffix: str) -> bytes:
    """Encode an image by the suffix of its file: PNG and WebP lossless, JPEG at quality 95.

    Args:
        image: The image; JPEG lays a transparent one over white.
        suffix: A key of `STILL_FORMATS`.
    """
    if suffix == ".png":
        return encode_png(image)
    if suffix != ".webp" and image.mode not in ("L", "RGB"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    options = {"lossless": True} if suffix == ".webp" else {"quality": 95, "subsampling": 0}
    buffer = io.BytesIO()
    image.save(buffer, STILL_FORMATS[suffix], **options)
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
