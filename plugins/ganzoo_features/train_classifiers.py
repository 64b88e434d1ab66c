"""Training of a classifier for `weights/`:

    python -m ganzoo_features.train_classifiers NAME [--data FILE]

AdamW (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101) with a rate that rises
over the first tenth and falls along a cosine; CIFAR-10 is flipped and shifted as in He et al.
2016, https://arxiv.org/abs/1512.03385, section 4.2. Weights are rounded to float16; accuracy
is measured after that, on the test split, through the very extractor that will be used.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ganzoo.backend import select
from ganzoo.data.dataset import Dataset
from ganzoo.data.order import permutation
from ganzoo.files import safetensors
from ganzoo_features.classifiers import WEIGHTS, load_classifier

_MODULES = {"mnist": "mnist", "fashion-mnist": "fashion_mnist", "cifar10": "cifar10"}


@dataclass(frozen=True, kw_only=True)
class Training:
    """Configuration of one classifier's training.

    Args:
        widths: Channels of the network's stages.
        epochs: Passes over the training split.
        batch: Images per step.
        rate: The largest learning rate.
        decay: Weight decay.
        flip: Whether images are mirrored at random.
        shift: Pixels by which images are moved at random, at most.
        seed: Decides weights, order and augmentation.
    """

    widths: tuple[int, ...]
    epochs: int
    batch: int = 128
    rate: float = 3e-3
    decay: float = 1e-2
    flip: bool = False
    shift: int = 0
    seed: int = 0


TRAININGS = {
    "digits": Training(widths=(32, 64), epochs=40, batch=64, shift=1),
    "mnist": Training(widths=(16, 32, 64), epochs=6, shift=2),
    "fashion-mnist": Training(widths=(24, 48, 96), epochs=5, flip=True, shift=1),
    "cifar10": Training(widths=(32, 64, 128), epochs=7, flip=True, shift=2),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ganzoo_features.train_classifiers", description=__doc__
    )
    parser.add_argument("name", choices=TRAININGS)
    parser.add_argument("--data", help="an .npz file with x_train, y_train, x_test and y_test")
    parser.add_argument("--out", type=Path, help="where; by default beside the plugin")
    given = parser.parse_args(argv)
    out = given.out or WEIGHTS / f"{given.name}.safetensors"
    print(train_classifier(given.name, TRAININGS[given.name], out, data=given.data))


# long: a script, and the metadata that it writes
def train_classifier(name: str, training: Training, out: Path, *, data: str | None = None) -> dict:
    """Train a classifier, write it to a file and return the file's metadata.

    Args:
        name: A key of `TRAININGS`.
        training: Its configuration.
        out: The file; replaced if it is there.
        data: An `.npz` file with both splits; by default those of Keras.
    """
    backend = select.choose()
    dataset, (test_images, test_labels) = load_splits(name, data)
    import keras

    from ganzoo_features.classifier_network import classifier_network
    from ganzoo_features.network_runner import weight_arrays

    random.seed(training.seed)  # initializers take their seeds from here
    model = classifier_network(
        dataset.image_shape, widths=training.widths, classes=len(dataset.classes)
    )
    steps = training.epochs * (len(dataset) // training.batch)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=training.rate, warmup_steps=steps // 10
    )
    learner = keras.Model(model.input, model.outputs[1])
    learner.compile(
        keras.optimizers.AdamW(rate, weight_decay=training.decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=backend == "jax",
    )
    begun = time.monotonic()
    for epoch, (images, labels) in enumerate(epoch_batches(dataset, training), 1):
        history = learner.fit(
            images, labels, batch_size=training.batch, shuffle=False, verbose=0
        ).history
        numbers = "  ".join(f"{key} {values[-1]:.4f}" for key, values in history.items())
        seconds = time.monotonic() - begun
        print(f"epoch {epoch}/{training.epochs}  {numbers}  {seconds:.0f} s", file=sys.stderr)
    about = {
        "schema": 1,
        "features": name,
        "image_shape": list(dataset.image_shape),
        "widths": list(training.widths),
        "classes": list(dataset.classes),
        "training": asdict(training) | {"widths": list(training.widths)},
        "seconds": round(time.monotonic() - begun),
        "backend": backend,
        "data": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "license": dataset.license,
            "source": dataset.source,
            "train": len(dataset),
        },
        "license": "Apache-2.0",
    }
    weights = {n: array.astype("float16") for n, array in weight_arrays(model).items()}
    safetensors.save(out, weights, about, overwrite=True)
    about["test"] = {
        "images": len(test_images),
        "accuracy": accuracy(out, name, test_images, test_labels),
        "change_by_rounding": _change_by_rounding(model, out, name, test_images),
    }
    safetensors.save(out, weights, about, overwrite=True)
    return about


def accuracy(path: Path, name: str, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the accuracy of the classifier in a file."""
    _, logits = load_classifier(name, path).extract(images)
    assert logits is not None
    return round(float(np.mean(logits.argmax(axis=1) == labels)), 4)


def _change_by_rounding(model, path: Path, name: str, images: np.ndarray) -> float:
    """Return the change of the features by rounding to float16, as a share of their norm."""
    from ganzoo_features.network_runner import network_runner

    images = images[:256]
    exact, _ = network_runner(model)(images)
    rounded, _ = load_classifier(name, path).extract(images)
    return round(float(np.linalg.norm(rounded - exact) / np.linalg.norm(exact)), 6)


def load_splits(name: str, data: str | None) -> tuple[Dataset, tuple[np.ndarray, np.ndarray]]:
    """The training split as a data set, and the images and labels of the test split.

    The 8x8 digits have no test split in the zoo: their last 360, by other writers, serve as one.
    """
    import ganzoo_data.cifar10
    import ganzoo_data.digits
    import ganzoo_data.fashion_mnist
    import ganzoo_data.mnist

    if name == "digits":
        whole = ganzoo_data.digits.digits()
        assert whole.labels is not None
        return whole.first(1437), (whole.images[1437:], whole.labels[1437:])
    load = {
        "mnist": ganzoo_data.mnist.mnist,
        "fashion-mnist": ganzoo_data.fashion_mnist.fashion_mnist,
        "cifar10": ganzoo_data.cifar10.cifar10,
    }[name]
    dataset = load(data=data)
    if data is not None:
        with np.load(data, allow_pickle=False) as arrays:
            images, labels = arrays["x_test"], arrays["y_test"]
    else:
        import keras

        _, (images, labels) = getattr(keras.datasets, _MODULES[name]).load_data()
    return dataset, (images.reshape(-1, *dataset.image_shape), labels.reshape(-1))


def epoch_batches(dataset: Dataset, training: Training) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Shuffled and augmented images and labels of each epoch; whole batches only."""
    used = len(dataset) // training.batch * training.batch
    for epoch in range(training.epochs):
        rows = permutation(len(dataset), training.seed, epoch)[:used]
        images, labels = dataset.batch(rows)
        assert labels is not None
        rng = np.random.default_rng([training.seed, epoch])
        if training.flip:
            mirrored = rng.random(used) < 0.5
            images[mirrored] = images[mirrored, :, ::-1]
        yield shift_images(images, training.shift, rng), labels


def shift_images(images: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Shift each image by up to `shift` pixels along both axes, padded with black."""
    n, height, width, _ = images.shape
    padded = np.pad(images, ((0, 0), (shift, shift), (shift, shift), (0, 0)))
    top, left = rng.integers(0, 2 * shift + 1, (2, n))
    rows = top[:, None, None] + np.arange(height)[None, :, None]
    columns = left[:, None, None] + np.arange(width)[None, None, :]
    return padded[np.arange(n)[:, None, None], rows, columns]


if __name__ == "__main__":
    main()
