"""LSUN: millions of scenes and objects. Yu et al. 2015, https://arxiv.org/abs/1506.03365.

Its databases (LMDB) are not read; the images exported from them are, in any depth of folders:

    bedroom_train/0/0/0001.jpg ...     or bedroom/..., church_outdoor_val/..., or a zip of them
"""

from ganzoo.data.dataset import Dataset

from .image_set import ImageSet

_SCENES = """
bedroom bridge church_outdoor classroom conference_room dining_room kitchen living_room restaurant
tower
"""
_OBJECTS = """
airplane bicycle bird boat bottle bus car cat chair cow dining_table dog horse motorbike person
potted_plant sheep sofa train tv-monitor
"""

_LSUN = ImageSet(
    name="lsun",
    title="LSUN",
    license="none stated; images from the Internet, for research; cite Yu et al. 2015",
    terms="LSUN's authors state no license and ask to cite Yu et al. 2015. The images come from"
    " the Internet and belong to others: for research. https://www.yf.io/p/lsun",
    source="Yu et al. 2015, https://arxiv.org/abs/1506.03365",
    ways="fetch a category with https://github.com/fyu/lsun, export its images (data.py export)"
    " and put them into a folder with the category's name",
    classes=tuple((_SCENES + _OBJECTS).split()),
)


def lsun(
    *,
    data: str | None = None,
    size: int = 64,
    images: int | None = None,
    only: str | None = None,
    split: str = "train",
    repository: str | None = None,
    revision: str = "main",
) -> Dataset:
    """Scenes and objects in color, center-cropped; the categories that are there as classes.

    Args:
        data: Path of a folder or zip of exported images. By default `lsun` in the data folder
            (GANZOO_DATA).
        size: Height and width in pixels.
        images: Largest number of images to use, in the order of their names.
        only: Category whose images alone are used, without labels: `"bedroom"`.
        split: `"train"`, `"test"` (also called val) or `"all"`; images in folders of no split
            are for training.
        repository: Id of a copy on the Hub, as image files or zips, to use instead: `"owner/name"`.
        revision: Branch, tag or commit of the repository.

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        InvalidInput: An image cannot be used, or lies in no category's folder.
        EnvironmentProblem: Nothing is there, or it cannot be downloaded.
    """
    return _LSUN.load(
        data=data,
        size=size,
        images=images,
        only=only,
        split=split,
        repository=repository,
        revision=revision,
    )
