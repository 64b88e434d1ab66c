"""Zip in the format of StyleGAN's tools: `dataset.json` beside folders of images."""

from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.images import Preprocessing
from ganzoo.errors import InvalidInput
from ganzoo.files.text import quote

from .data_files import open_files
from .image_set import build_image_dataset
from .stylegan_layout import LABELS_FILE, find_stylegan_layout, read_stylegan_labels


def stylegan_zip(
    *,
    data: str,
    size: int | list[int] | None = None,
    mode: str | None = None,
    fit: str = "crop",
    border: str = "white",
    mirror: bool = False,
    images: int | None = None,
    labels: bool = True,
) -> Dataset:
    """Your own data set as StyleGAN's tools pack it, with the labels of its list.

    Args:
        data: Path of the archive, or of a folder with the same inside.
        size: Height and width in pixels, or `[height, width]`, if not the archive's own.
        mode: `"rgb"`, `"gray"` or `"rgba"`, if not the archive's own; `"raw"` keeps alpha,
            and 16 bits.
        fit: How images of other proportions get there: `"crop"`, their largest centered part;
            `"pad"`, with borders; or `"stretch"`.
        border: Color of those borders: `"white"`, `"#808080"`.
        mirror: Whether each image is there a second time, mirrored left to right.
        images: Largest number of images to use, in the order of their numbers.
        labels: Whether to read the list of labels, which must then be there.

    Raises:
        UsageError: There is no such file, or an option is out of range.
        InvalidInput: The archive or its list is damaged or hostile, or an image cannot be used
            or is unlike the others.

    Source: Karras et al. 2020, https://arxiv.org/abs/2006.06676, whose code packs data so.
    """
    count = check_max_images(images)
    preprocessing = Preprocessing(size=size, mode=mode, fit=fit, border=border, mirror=mirror)
    files = open_files(data)
    listed = find_stylegan_layout(files)
    if labels and listed is None:
        raise InvalidInput(
            f"Expected {LABELS_FILE} beside the images in {quote(files.where)}."
            f" Received: {len(files.names):,} other files.",
            hint="Without labels: --set dataset.labels=false. For class folders use the data sets"
            " 'zip' and 'folder'.",
        )
    files = listed or files
    image_names = files.image_names()
    rows, classes = read_stylegan_labels(files, image_names) if labels else (None, ())
    return build_image_dataset(
        files,
        image_names[:count],
        name="stylegan-zip",
        preprocessing=preprocessing,
        labels=None if rows is None else rows[:count],
        classes=classes,
        license="not stated (the user's own images)",
        source=str(files.where),
    )
