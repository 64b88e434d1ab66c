"""CelebA: 202,599 faces with 40 attributes. Liu et al. 2015, https://arxiv.org/abs/1411.7766.

Read from the official layout, as a folder or a zip archive:

    img_align_celeba/000001.jpg ...     or img_align_celeba.zip with the same inside
    list_attr_celeba.txt                needed for attributes only
"""

from pathlib import Path

from ganzoo.data.availability import DatasetInfo, attach_info
from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.download import HubFile, download_files
from ganzoo.data.images import Preprocessing
from ganzoo.data.prepare import prepare_files
from ganzoo.files.digests import bytes_digest, tensors_digest

from .celeba_layout import Layout, attribute_labels, find_layout
from .data_files import find_in_data_home

LICENSE = """\
CelebA is available for non-commercial research purposes only. You agree not to reproduce,
duplicate, copy, sell, trade, resell or exploit for any commercial purposes any portion of the
images or of derived data, and not to further copy, publish or distribute any portion of the
data set, except for internal use at a single site within the same organization. The images
come from the Internet and are not property of MMLAB, The Chinese University of Hong Kong.
Full terms: https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"""

_WAYS = (
    "Ways to get it: download img_align_celeba.zip and list_attr_celeba.txt from"
    " https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html and put both into {root}, or give their"
    " folder or zip with --data PATH; or try again with a network, or with HF_ENDPOINT set to a"
    " mirror of the Hub."
)

_LICENSE = "CelebA agreement: non-commercial research only"
_SOURCE = "Liu et al. 2015, https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
_COUNT = 202_599

# The official files, by the SHA-256 that torchvision publishes for them
# (https://github.com/pytorch/vision, torchvision/prototype/datasets/_builtin/celeba.py).
FILES = (
    HubFile(
        name="list_attr_celeba.txt",
        size=26_721_026,
        sha256="f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0",
    ),
    HubFile(
        name="img_align_celeba.zip",
        size=1_443_490_838,
        sha256="46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
    ),
)


def celeba(
    *,
    data: str | None = None,
    size: int = 64,
    crop: list[int] | None = None,
    images: int | None = None,
    attribute: str | None = None,
    repository: str = "Yuehao/celeba",
    revision: str = "main",
) -> Dataset:
    """Faces of CelebA in color, center-cropped; attributes as labels.

    Args:
        data: Path of a folder or zip archive in the official layout. By default the folder `celeba`
            in the data folder (GANZOO_DATA); if that is not there, the official files are
            downloaded into it from the Hub, after their license is shown.
        size: Height and width in pixels.
        crop: Box [left, top, right, bottom] in pixels of the 178x218 originals, cut out
            first. By default the largest centered square: [0, 20, 178, 198].
        images: Largest number of images to use, in the order of their numbers.
        attribute: A name such as `"Smiling"`: two classes, without and with it. `"all"`: all
            40 as uint8 labels (n, 40). By default there are no labels.
        repository: Id of a repository on the Hub with a copy of the official files, which are
            recognized by their SHA-256.
        revision: Branch, tag or commit of the repository.

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        UnknownName: There is no such attribute.
        InvalidInput: The layout is not the official one, or an image cannot be used.
        EnvironmentProblem: Nothing is there and it cannot be downloaded.
    """
    count, preprocessing = check_max_images(images), Preprocessing(size=size, mode="rgb", crop=crop)
    if data is not None:
        layout = find_layout(Path(data))
    else:
        with attach_info(_info(count, size, attribute)):
            layout = _layout_in_data_home(repository, revision)
    image_names = layout.image_names[:count]
    labels, classes = attribute_labels(layout, image_names, attribute)
    prepared = prepare_files(
        layout.files, image_names, dataset="celeba", preprocessing=preprocessing
    )
    fingerprint = prepared.about["fingerprint"]
    if labels is not None and attribute is not None:
        fingerprint = bytes_digest(f"{fingerprint} {tensors_digest({attribute: labels})}".encode())
    return Dataset(
        name="celeba",
        images=prepared.images,
        labels=labels,
        classes=classes,
        license=_LICENSE,
        source=_SOURCE,
        fingerprint=fingerprint,
    )


def _info(count: int | None, size: int, attribute: str | None) -> DatasetInfo:
    everything = attribute == "all"  # whose names only the list tells
    return DatasetInfo(
        name="celeba",
        license=_LICENSE,
        source=_SOURCE,
        classes=() if attribute is None or everything else (f"not {attribute}", attribute),
        count=None if everything else min(count or _COUNT, _COUNT),
        image_shape=(size, size, 3),
    )


def _layout_in_data_home(repository: str, revision: str) -> Layout:
    """Return the copy in the data folder, downloaded if there is none."""

    def fetch(root: Path) -> None:
        download_files(
            FILES,
            repository=repository,
            revision=revision,
            folder=root,
            title="CelebA",
            license=LICENSE,
            ways=_WAYS.format(root=root),
        )

    return find_layout(find_in_data_home("celeba", fetch, pattern="img_align_celeba*"))
