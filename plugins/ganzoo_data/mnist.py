"""MNIST, handwritten digits. LeCun et al. 1998, https://doi.org/10.1109/5.726791."""

from ganzoo.data.dataset import Dataset

from .keras_arrays import KerasSet

LICENSE = "CC-BY-SA-3.0"
_MNIST = KerasSet(
    name="mnist",
    module="mnist",
    image_shape=(28, 28, 1),
    classes=tuple("0123456789"),
    license=LICENSE,
    source="LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/",
    files="mnist.npz",
    count=60_000,
    size=11_490_434,
)


def mnist(*, data: str | None = None, images: int | None = None) -> Dataset:
    """60,000 handwritten digits, 28x28 gray, 10 classes (the training part).

    Args:
        data: Path of an `.npz` file with `x_train` and `y_train`, instead of the download.
        images: Largest number of images to use, from the start.

    Raises:
        EnvironmentProblem: The data are not here, and the download failed.
    """
    return _MNIST.load(data=data, images=images)
