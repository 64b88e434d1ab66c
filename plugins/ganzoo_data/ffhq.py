"""Flickr-Faces-HQ: 70,000 faces, 1024x1024. Karras et al. 2019, https://arxiv.org/abs/1812.04948.

Read from the official layout, from a zip of StyleGAN's, or from any folder or zip of its images:

    images1024x1024/00000/00000.png ...        taken first
    thumbnails128x128/00000/00000.png ...      taken if the others are not there
"""

from ganzoo.data.dataset import Dataset

from .image_set import ImageSet

_FFHQ = ImageSet(
    name="ffhq",
    title="FFHQ",
    license="CC-BY-NC-SA-4.0; each photograph under its own license, for non-commercial use",
    terms="""\
FFHQ as a set is under CC BY-NC-SA 4.0 (NVIDIA Corporation). Each photograph keeps the license
under which its author published it on Flickr: CC BY 2.0, CC BY-NC 2.0, Public Domain Mark 1.0,
CC0 1.0 or U.S. Government Works; all of these allow non-commercial use. It is not meant for
recognizing people. Terms: https://github.com/NVlabs/ffhq-dataset""",
    source="Karras et al. 2019, https://arxiv.org/abs/1812.04948",
    ways="follow https://github.com/NVlabs/ffhq-dataset (the images of 1024 or 128 pixels)",
    folders=("images1024x1024", "thumbnails128x128"),
    count=70_000,
)


def ffhq(
    *,
    data: str | None = None,
    size: int = 64,
    images: int | None = None,
    repository: str | None = None,
    revision: str = "main",
) -> Dataset:
    """70,000 aligned faces in color, without labels.

    Args:
        data: Path of a folder or zip. By default `ffhq` in the data folder (GANZOO_DATA).
        size: Height and width in pixels.
        images: Largest number of images to use, in the order of their numbers.
        repository: Id of a copy on the Hub, as image files or zips, to use instead: `"owner/name"`.
        revision: Branch, tag or commit of the repository.

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        InvalidInput: There are no images, or one cannot be used.
        EnvironmentProblem: Nothing is there, or it cannot be downloaded.
    """
    return _FFHQ.load(data=data, size=size, images=images, repository=repository, revision=revision)
