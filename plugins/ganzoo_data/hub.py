"""Any set of images on the Hugging Face Hub, by the id of its repository and a revision."""

from ganzoo.data.availability import DatasetInfo, attach_info
from ganzoo.data.dataset import Dataset
from ganzoo.data.folder import class_labels
from ganzoo.data.images import Preprocessing

from .hub_repository import copy_repository, dataset_address
from .image_set import build_image_dataset
from .parquet_tables import read_tables
from .stylegan_layout import find_stylegan_layout, read_stylegan_labels

_WAYS = (
    "Check the id and the revision; accept the terms of a gated repository on its page and set"
    " HF_TOKEN; try again with a network, or with HF_ENDPOINT set to a mirror of the Hub; or get"
    " the images another way and use the data sets 'folder' and 'zip'."
)


def hub(
    *,
    id: str,
    revision: str = "main",
    only: str | None = None,
    size: int | list[int] | None = None,
    mode: str | None = None,
    crop: list[int] | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    fit: str = "crop",
    border: str = "white",
    mirror: bool = False,
    levels: list[float] | None = None,
) -> Dataset:
    """Images of a data set repository on the Hub: image files, zips or Parquet; with labels.

    What is downloaded is kept in `hub` in the data folder (GANZOO_DATA). Zips are read as they
    are; those of StyleGAN's tools with the labels of their list. Class folders are labels, and so
    is a column of classes in Parquet's tables, as `datasets` writes them. Without `size` and
    `mode` the images must be alike already. The license is the one that the repository states.

    Args:
        id: The repository: `"owner/name"`.
        revision: Commit, in full; or a branch or tag, which is asked for its commit once. That
            is said, and kept from then on.
        only: A pattern for the files to take, such as `"train/*"` or `"faces.zip"`; `*` stands
            for anything, also for `/`. By default all.
        size: Height and width in pixels, or `[height, width]`; by default the images' own.
        mode: `"rgb"`, `"gray"` or `"rgba"`: 8 bits for all; `"raw"`: channels, alpha and values of
            the files as they are, as TIFF and NumPy's files are without a mode.
        crop: Box [left, top, right, bottom] in pixels, cut out first.
        image_column: Column of the images in tables, if several can be; or if it holds paths of
            image files in the repository.
        label_column: Column of the classes in tables, if it is not the only one.
        fit: How images of other proportions get there: `"crop"`, their largest centered part;
            `"pad"`, with borders; or `"stretch"`.
        border: Color of those borders: `"white"`, `"#808080"`.
        mirror: Whether each image is there a second time, mirrored left to right.
        levels: Smallest and largest number that counts, of images that are not of 8 bits; by
            default those of all images.

    Raises:
        UsageError: An option is of the wrong form.
        InvalidInput: The repository holds no images or archives, or both kinds; or one cannot
            be used, or is unlike the others.
        EnvironmentProblem: It is not here and cannot be downloaded.
    """
    preprocessing = Preprocessing(
        size=size, mode=mode, crop=crop, fit=fit, border=border, mirror=mirror
    )
    known = DatasetInfo(
        name="hub",
        license="the one that the repository states",
        source=dataset_address(id, revision),
    )
    with attach_info(known):
        title, tables = f"The data set {id}", image_column is not None
        copy = copy_repository(id, revision, title=title, ways=_WAYS, only=only, tables=tables)
    if copy.tables:
        table = read_tables(copy.files, copy.tables, image_column, label_column)
        files, labels, names = table.files, table.labels, table.classes
        image_names = files.names
    else:
        listed = find_stylegan_layout(copy.files)
        files = listed or copy.files
        image_names = files.image_names()
        labels, names = (read_stylegan_labels if listed else class_labels)(files, image_names)
    return build_image_dataset(
        files,
        image_names,
        name="hub",
        preprocessing=preprocessing,
        labels=labels,
        classes=names,
        license=copy.license,
        source=dataset_address(id, copy.commit),
        levels=levels,
    )
