"""CIFAR-10, small photographs. Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html."""

from ganzoo.data.dataset import Dataset

from .keras_arrays import KerasSet

_CIFAR10 = KerasSet(
    name="cifar10",
    module="cifar10",
    image_shape=(32, 32, 3),
    classes=(
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ),
    license="none stated; its authors ask to cite Krizhevsky 2009",
    source="Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
    files="the unpacked cifar-10-python.tar.gz (as cifar-10-batches-py-target)",
    count=50_000,
    size=170_498_071,
)  # fmt: skip


def cifar10(*, data: str | None = None, images: int | None = None) -> Dataset:
    """50,000 photographs, 32x32 color, 10 classes (the training part).

    Args:
        data: Path of an `.npz` file with `x_train` and `y_train`, instead of the download.
        images: Largest number of images to use, from the start.

    Raises:
        EnvironmentProblem: The data are not here, and the download failed.
    """
    return _CIFAR10.load(data=data, images=images)
