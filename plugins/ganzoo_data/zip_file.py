"""A zip archive of the user's own pictures."""

from ganzoo.data.archive import open_zip
from ganzoo.data.dataset import Dataset
from ganzoo.data.images import Fit

from .own_pictures import own_pictures


def zip_file(
    *,
    data: str,
    size: int | None = None,
    mode: str | None = None,
    crop: list[int] | None = None,
) -> Dataset:
    """Your own pictures in a zip archive, read without extracting; class folders as labels.

    Without `size` and `mode` the pictures must be alike already.

    Args:
        data: Path of the archive.
        size, mode, crop: As of `folder`.

    Raises:
        UsageError: There is no such file, or an option is out of range.
        InvalidInput: The archive is damaged or hostile, there is no picture, or one cannot be
            used or is unlike the others.
    """
    return own_pictures("zip", open_zip(data), Fit(size=size, mode=mode, crop=crop))
