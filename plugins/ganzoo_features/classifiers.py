"""Small classifiers of our own, whose last hidden layer gives the features.

They make evaluation work offline and at once for the small data sets. Inception is trained on
photographs, so that its distances say little about digits; see Binkowski et al. 2018,
https://arxiv.org/abs/1801.01401, section 5.1, who evaluate MNIST by a LeNet for that reason.
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
    return load_classifier("digits", WEIGHTS / "digits.safetensors")


def mnist() -> Extractor:
    """A classifier of MNIST."""
    return load_classifier("mnist", WEIGHTS / "mnist.safetensors")


def fashion_mnist() -> Extractor:
    """A classifier of Fashion-MNIST."""
    return load_classifier("fashion-mnist", WEIGHTS / "fashion-mnist.safetensors")


def cifar10() -> Extractor:
    """A classifier of CIFAR-10."""
    return load_classifier("cifar10", WEIGHTS / "cifar10.safetensors")


def load_classifier(name: str, path: Path) -> Extractor:
    """Load a classifier from a file that `ganzoo_features.train_classifiers` wrote.

    Raises:
        InvalidInput: The file holds something else.
    """
    about = read_description(path)
    from ganzoo_features.classifier_network import classifier_network
    from ganzoo_features.network_runner import assign_weights, named_variables, network_runner

    shape, widths, classes = (about[key] for key in ("image_shape", "widths", "classes"))
    model = classifier_network(shape, widths=widths, classes=len(classes))
    expected = {n: ("float16", tuple(v.shape)) for n, v in named_variables(model).items()}
    arrays = safetensors.load(path, expected=expected)
    assign_weights(model, arrays)
    return Extractor(
        name=name,
        digest=tensors_digest(arrays),
        resize="none",
        size=shape[:2],
        channels=shape[2],
        feature_size=widths[-1],
        classes=tuple(classes),
        network=network_runner(model),
        tensors=lambda images: model(images, training=False)[0],
    )


def read_description(path: Path) -> dict[str, Any]:
    """Return the metadata of a classifier's file: its network, its training, its accuracy."""
    about = safetensors.metadata(path)
    shape, widths, classes = (about.get(key) for key in ("image_shape", "widths", "classes"))
    valid = _are_sizes(shape, range(3, 4)) and _are_sizes(widths, range(1, 9))
    if not valid or not isinstance(shape, list) or not isinstance(classes, list) or not classes:
        raise InvalidInput(f"Expected the weights of a classifier. Received: {quote(path)}.")
    return about | {"image_shape": tuple(shape)}


def _are_sizes(value: Any, count: range) -> bool:
    is_list = isinstance(value, list) and len(value) in count
    return is_list and all(type(n) is int and 1 <= n <= 4096 for n in value)
