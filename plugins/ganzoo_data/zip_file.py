"""A zip archive of the user's own images."""

from ganzoo.data.archive import open_zip
from ganzoo.data.dataset import Dataset
from ganzoo.data.images import Preprocessing

from .folder import own_images


def zip_file(
    *,
    data: str,
    size: int | list[int] | None = None,
    mode: str | None = None,
    crop: list[int] | None = None,
    fit: str = "crop",
    border: str = "white",
    mirror: bool = False,
    skip_damaged: bool = False,
    levels: list[float] | None = None,
    split: str | None = None,
    labels: bool | None = None,
) -> Dataset:
    """Your own images in a zip archive, read without extracting; class folders become labels.

    Without `size` the images must have one size already. Gray images among others become color.
    Labels are those of `labels.csv`, else of a list that StyleGAN's tools wrote (`dataset.json`),
    else class folders.

    Args:
        data: Path of the archive.
        size: Height and width in pixels, or `[height, width]`; by default the images' own.
        mode: `"rgb"`, `"gray"` or `"rgba"`: 8 bits for all; `"raw"`: channels, alpha and values of
            the files as they are, as TIFF and NumPy's files are without a mode.
        crop: Box [left, top, right, bottom] in pixels, cut out first.
        fit: How images of other proportions get there: `"crop"`, their largest centered part;
            `"pad"`, with borders; or `"stretch"`.
        border: Color of those borders: `"white"`, `"#808080"`.
        mirror: Whether each image is there a second time, mirrored left to right.
        skip_damaged: Whether images that are damaged, animated or of too many pixels are left out,
            which is said, instead of being refused.
        levels: Smallest and largest number that counts, of images that are not of 8 bits; by
            default those of all images.
        split: Folder of the split to use, such as `"train"`, where there are several.
        labels: `true` if there must be classes, so that images in no class folder are left out;
            `false` for none; by default those that are there without doubt.

    Raises:
        UsageError: There is no such file, or an option is out of range.
        InvalidInput: The archive is damaged or hostile, there is no image, or one cannot be used
            or is unlike the others.
    """
    preprocessing = Preprocessing(
        size=size,
        mode=mode,
        crop=crop,
        fit=fit,
        border=border,
        mirror=mirror,
        skip_damaged=skip_damaged,
    )
    return own_images(
        "zip", open_zip(data), preprocessing, levels=levels, split=split, labels=labels
    )
