"""A zip in the format of StyleGAN's tools: `dataset.json` beside folders of pictures."""

from ganzoo.data.dataset import Dataset, at_most
from ganzoo.data.images import Fit
from ganzoo.errors import InvalidInput
from ganzoo.files.text import quote

from .picture_set import dataset_of
from .places import open_files
from .stylegan_layout import LIST, in_layout, listed_labels


def stylegan_zip(
    *,
    data: str,
    size: int | None = None,
    mode: str | None = None,
    images: int | None = None,
    labels: bool = True,
) -> Dataset:
    """Your own data set as StyleGAN's tools pack it, with the labels of its list.

    Args:
        data: The archive; a folder with the same inside will do.
        size: Height and width in pixels, if not the archive's own.
        mode: `"rgb"` or `"gray"`, if not the archive's own.
        images: Use at most so many, in the order of their numbers.
        labels: Whether to read the list, which must then be there; else it is passed over.

    Raises:
        UsageError: There is no such file, or an option is out of range.
        InvalidInput: The archive or its list is damaged or hostile, or a picture cannot be used
            or is unlike the others.

    Source: Karras et al. 2020, https://arxiv.org/abs/2006.06676, whose code packs data so.
    """
    count, fit = at_most(images), Fit(size=size, mode=mode)
    files = open_files(data)
    listed = in_layout(files)
    if labels and listed is None:
        raise InvalidInput(
            f"Expected {LIST} beside the pictures in {quote(files.where)}."
            f" Received: {len(files.names):,} other files.",
            hint="Without labels: --set dataset.labels=false. For class folders use the data sets"
            " 'zip' and 'folder'.",
        )
    files = listed or files
    pictures = files.pictures()
    rows, classes = listed_labels(files, pictures) if labels else (None, ())
    return dataset_of(
        files,
        pictures[:count],
        name="stylegan-zip",
        fit=fit,
        labels=None if rows is None else rows[:count],
        classes=classes,
        license="not stated (the user's own pictures)",
        source=str(files.where),
    )
