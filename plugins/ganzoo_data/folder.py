"""A folder of the user's own pictures."""

from ganzoo.data.dataset import Dataset
from ganzoo.data.folder import open_folder
from ganzoo.data.images import Fit

from .own_pictures import own_pictures


def folder(
    *,
    data: str,
    size: int | None = None,
    mode: str | None = None,
    crop: list[int] | None = None,
) -> Dataset:
    """Your own pictures in a folder (PNG, JPEG, WebP); class folders become labels.

    Without `size` and `mode` the pictures must be alike already.

    Args:
        data: Path of the folder.
        size: Height and width in pixels: the largest centerd square, scaled.
        mode: `"rgb"` or `"gray"`: what all pictures are turned into.
        crop: Box [left, top, right, bottom] in pixels, cut out first.

    Raises:
        UsageError: There is no such folder, or an option is out of range.
        InvalidInput: There is no picture, or one cannot be used or is unlike the others.
    """
    return own_pictures("folder", open_folder(data), Fit(size=size, mode=mode, crop=crop))
