"""Animal Faces-HQ: cats, dogs and wildlife. Choi et al. 2020, https://arxiv.org/abs/1912.01865.

Read from the official layout, or from a zip of StyleGAN's:

    afhq/train/cat/flickr_cat_000002.jpg ...     and dog, wild
    afhq/val/cat/flickr_cat_000008.jpg ...       called test in the second version
"""

from ganzoo.data.dataset import Dataset

from .image_set import ImageSet

_AFHQ = ImageSet(
    name="afhq",
    title="AFHQ",
    license="CC-BY-NC-4.0 (NAVER Corporation)",
    terms="AFHQ is under CC BY-NC 4.0 (NAVER Corporation): for non-commercial purposes, with credit"
    " by citing Choi et al. 2020. Terms: https://github.com/clovaai/stargan-v2",
    source="Choi et al. 2020, StarGAN v2, https://arxiv.org/abs/1912.01865",
    ways="follow https://github.com/clovaai/stargan-v2 (afhq-dataset or afhq-v2-dataset)",
    classes=("cat", "dog", "wild"),
)


def afhq(
    *,
    data: str | None = None,
    size: int = 64,
    only: str | None = None,
    split: str = "train",
    repository: str | None = None,
    revision: str = "main",
) -> Dataset:
    """About 15,000 faces of animals in color, 3 classes.

    Args:
        data: Path of a folder or zip. By default `afhq` in the data folder (GANZOO_DATA).
        size: Height and width in pixels.
        only: Class whose images alone are used, without labels: `"cat"`.
        split: `"train"`, `"test"` or `"all"`; images in folders of no split are for training.
        repository: Id of a copy on the Hub, as image files or zips, to use instead: `"owner/name"`.
        revision: Branch, tag or commit of the repository.

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        InvalidInput: An image cannot be used, or lies in no class folder.
        EnvironmentProblem: Nothing is there, or it cannot be downloaded.
    """
    return _AFHQ.load(
        data=data, size=size, only=only, split=split, repository=repository, revision=revision
    )
