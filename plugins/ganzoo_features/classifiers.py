"""Small classifiers of our own; what they see before the last layer are the features.

They make evaluation work offline and at once for the small data sets. Why a classifier of the
same kind of images: Inception knows photographs, so that its distances say little about
digits; see Binkowski et al. 2018, https://arxiv.org/abs/1801.01401, section 5.1, who judge
MNIST by a LeNet for that reason.
"""

from pathlib import Path
from typing import Any

from ganzoo.errors import InvalidInput
from ganzoo.files import safetensors
from ganzoo.files.digests import tensors_digest
from ganzoo.files.text import quote
from ganzoo.metrics.extractor import Extractor

WEIGHTS = Path(__file__).with_name("weights")


def digits() -> Extractor:
    """A classifier of 8x8 digits."""
    return read("digits", WEIGHTS / "digits.safetensors")


def mnist() -> Extractor:
    """A classifier of MNIST."""
    return read("mnist", WEIGHTS / "mnist.safetensors")


def fashion_mnist() -> Extractor:
    """A classifier of Fashion-MNIST."""
    return read("fashion-mnist", WEIGHTS / "fashion-mnist.safetensors")


def cifar10() -> Extractor:
    """A classifier of CIFAR-10."""
    return read("cifar10", WEIGHTS / "cifar10.safetensors")


def read(name: str, path: Path) -> Extractor:
    """The classifier in a file that `ganzoo_features.train` wrote.

    Raises:
        InvalidInput: The file holds something else.
    """
    about = describe(path)
    from ganzoo_features.network import classifier
    from ganzoo_features.running import assign, runner, variables

    shape, widths, classes = (about[key] for key in ("image_shape", "widths", "classes"))
    model = classifier(shape, widths=widths, classes=len(classes))
    expected = {n: ("float16", tuple(v.shape)) for n, v in variables(model).items()}
    arrays = safetensors.load(path, expected=expected)
    assign(model, arrays)
    return Extractor(
        name=name,
        digest=tensors_digest(arrays),
        resize="none",
        size=shape[:2],
        channels=shape[2],
        feature_size=widths[-1],
        classes=tuple(classes),
        network=runner(model),
    )


def describe(path: Path) -> dict[str, Any]:
    """What a classifier's file says of itself: its network, its training, its accuracy."""
    about = safetensors.metadata(path)
    shape, widths, classes = (about.get(key) for key in ("image_shape", "widths", "classes"))
    fine = _sizes(shape, range(3, 4)) and _sizes(widths, range(1, 9))
    if not fine or not isinstance(shape, list) or not isinstance(classes, list) or not classes:
        raise InvalidInput(f"Expected the weights of a classifier. Received: {quote(path)}.")
    return about | {"image_shape": tuple(shape)}


def _sizes(value: Any, count: range) -> bool:
    listed = isinstance(value, list) and len(value) in count
    return listed and all(type(n) is int and 1 <= n <= 4096 for n in value)
