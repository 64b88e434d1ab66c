"""CIFAR-100, small photographs. Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html."""

from ganzoo.data.dataset import Dataset

from .keras_arrays import KerasSet

_FINE = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
wardrobe whale willow_tree wolf woman worm
"""

_CIFAR100 = KerasSet(
    name="cifar100",
    module="cifar100",
    image_shape=(32, 32, 3),
    classes=tuple(_FINE.split()),
    license="none stated; its authors ask to cite Krizhevsky 2009",
    source="Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
    files="the unpacked cifar-100-python.tar.gz (as cifar-100-python-target)",
    count=50_000,
    size=169_001_437,
)


def cifar100(*, data: str | None = None, images: int | None = None) -> Dataset:
    """50,000 photographs, 32x32 color, 100 classes (the training part, fine labels).

    Args:
        data: Path of an `.npz` file with `x_train` and `y_train`, instead of the download.
        images: Largest number of images to use, from the start.

    Raises:
        EnvironmentProblem: The data are not here, and the download failed.
    """
    return _CIFAR100.load(data=data, images=images)
