"""A folder of the user's own images."""

from ganzoo.data.dataset import Dataset
from ganzoo.data.folder import Files, class_labels, open_folder
from ganzoo.data.images import Preprocessing
from ganzoo.data.prepare import prepare_files
from ganzoo.data.progress import notice


def folder(
    *,
    data: str,
    size: int | None = None,
    mode: str | None = None,
    crop: list[int] | None = None,
) -> Dataset:
    """Your own images in a folder (PNG, JPEG, WebP); class folders become labels.

    Without `size` and `mode` the images must be alike already.

    Args:
        data: Path of the folder.
        size: Height and width in pixels: the largest centered square, scaled.
        mode: `"rgb"` or `"gray"`, to which all images are converted.
        crop: Box [left, top, right, bottom] in pixels, cut out first.

    Raises:
        UsageError: There is no such folder, or an option is out of range.
        InvalidInput: There is no image, or one cannot be used or is unlike the others.
    """
    return own_images("folder", open_folder(data), Preprocessing(size=size, mode=mode, crop=crop))


def own_images(name: str, files: Files, preprocessing: Preprocessing) -> Dataset:
    """Return the images among `files` as a data set, with their class folders as labels."""
    image_names = files.image_names()
    _warn_of_other_files(name, files, set(image_names))
    labels, classes = class_labels(files, image_names)
    prepared = prepare_files(files, image_names, dataset=name, preprocessing=preprocessing)
    return Dataset(
        name=name,
        images=prepared.images,
        labels=labels,
        classes=classes,
        license="not stated (the user's own images)",
        source=str(files.where),
        fingerprint=prepared.about["fingerprint"],  # the names, and so the classes, are part of it
    )


def _warn_of_other_files(name: str, files: Files, image_names: set[str]) -> None:
    others = [file for file in files.names if file not in image_names]
    if others:
        examples = ", ".join(repr(file) for file in others[:3])
        notice(
            f"{name}: left out {len(others):,} of {len(files.names):,} files, not named like a"
            f" PNG, JPEG or WebP image: {examples}{', ...' if others[3:] else ''}"
        )
