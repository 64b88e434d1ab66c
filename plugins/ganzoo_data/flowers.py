"""TensorFlow's flower photographs of five kinds, CC BY 2.0; the photographers are listed there.

The TensorFlow Team 2019, https://www.tensorflow.org/datasets/catalog/tf_flowers. Its layout:

    flower_photos/daisy/5547758_eea9edfd54_n.jpg ...
    flower_photos/LICENSE.txt                          who took which photograph
"""

from ganzoo.data.dataset import Dataset

from .image_set import ImageSet

_FLOWERS = ImageSet(
    name="flowers",
    title="The set of flower photographs",
    license="CC-BY-2.0; the photographer of each image is named in its LICENSE.txt",
    terms="The photographs are under CC BY 2.0: name their photographers, who are listed in the"
    " file LICENSE.txt of the data set. https://creativecommons.org/licenses/by/2.0/",
    source="The TensorFlow Team 2019, https://www.tensorflow.org/datasets/catalog/tf_flowers",
    ways="unpack http://download.tensorflow.org/example_images/flower_photos.tgz there",
    classes=("daisy", "dandelion", "roses", "sunflowers", "tulips"),
    count=3_670,
)


def flowers(
    *,
    data: str | None = None,
    size: int = 64,
    only: str | None = None,
    repository: str | None = None,
    revision: str = "main",
) -> Dataset:
    """3,670 photographs of flowers in color, center-cropped, 5 classes.

    Args:
        data: Path of a folder or zip with the class folders. By default `flowers` in the data
            folder (GANZOO_DATA).
        size: Height and width in pixels.
        only: Class whose images alone are used, without labels: `"roses"`.
        repository: Id of a copy on the Hub, as image files or zips, to use instead: `"owner/name"`.
        revision: Branch, tag or commit of the repository.

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        InvalidInput: An image cannot be used, or lies in no class folder.
        EnvironmentProblem: Nothing is there, or it cannot be downloaded.
    """
    return _FLOWERS.load(data=data, size=size, only=only, repository=repository, revision=revision)
