"""A folder of the user's own images."""

from ganzoo.data.dataset import Dataset
from ganzoo.data.folder import Files, left_out, open_folder
from ganzoo.data.images import Preprocessing
from ganzoo.data.prepare import choose_levels, labels_of_rows, prepare_files, repeat_labels
from ganzoo.errors import UsageError

from .own_labels import find_split, read_own_labels


def folder(
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
    """Your own images in a folder (PNG, JPEG, WebP, TIFF, NumPy); class folders become labels.

    Without `size` the images must have one size already. Gray images among others become color.
    Labels are those of `labels.csv`, else of a list that StyleGAN's tools wrote (`dataset.json`),
    else class folders.

    Args:
        data: Path of the folder.
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
        UsageError: There is no such folder, or an option is out of range.
        InvalidInput: There is no image, or one cannot be used or is unlike the others.
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
        "folder", open_folder(data), preprocessing, levels=levels, split=split, labels=labels
    )


def own_images(
    name: str,
    files: Files,
    preprocessing: Preprocessing,
    *,
    levels: list[float] | None,
    split: str | None,
    labels: bool | None,
) -> Dataset:
    """Return the images among `files` as a data set, with their labels."""
    _check_options(split, labels)
    own = read_own_labels(files, labels, find_split(files, split, labels))
    prepared = prepare_files(
        own.files,
        own.names,
        dataset=name,
        preprocessing=preprocessing,
        notes=[*own.notes, *left_out(own.files, {*own.files.image_names(), own.labels_file})],
    )
    fingerprint = own.fingerprint(prepared.about["fingerprint"])
    chosen, fingerprint = choose_levels(prepared, levels, fingerprint)
    return Dataset(
        name=name,
        images=prepared.images,
        labels=repeat_labels(labels_of_rows(own.labels, prepared), preprocessing),
        classes=own.classes,
        license="not stated (the user's own images)",
        source=str(files.where),
        levels=chosen,
        fingerprint=fingerprint,
    )


def _check_options(split: object, labels: object) -> None:
    if not isinstance(split, str | None):
        raise UsageError(f"split must be the name of a folder. Received: {split!r}.")
    if not isinstance(labels, bool | None):
        raise UsageError(f"labels must be true or false. Received: {labels!r}.")
