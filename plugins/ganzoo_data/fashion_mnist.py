"""Fashion-MNIST, garments. Xiao et al. 2017, https://arxiv.org/abs/1708.07747."""

from ganzoo.data.dataset import Dataset

from .keras_arrays import KerasSet

_FASHION_MNIST = KerasSet(
    name="fashion-mnist",
    module="fashion_mnist",
    image_shape=(28, 28, 1),
    classes=(
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot",
    ),
    license="MIT",
    source="Zalando SE, https://github.com/zalandoresearch/fashion-mnist",
    files="its four .gz files (as fashion-mnist/*.gz)",
    count=60_000,
    size=30_878_645,
)  # fmt: skip


def fashion_mnist(*, data: str | None = None, images: int | None = None) -> Dataset:
    """60,000 garments, 28x28 gray, 10 classes (the training part).

    Args:
        data: Path of an `.npz` file with `x_train` and `y_train`, instead of the download.
        images: Largest number of images to use, from the start.

    Raises:
        EnvironmentProblem: The data are not here, and the download failed.
    """
    return _FASHION_MNIST.load(data=data, images=images)
