"""Trains a classifier for `weights/`: `python -m ganzoo_features.train NAME [--data FILE]`.

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
from ganzoo_features.classifiers import WEIGHTS, read

_MODULES = {"mnist": "mnist", "fashion-mnist": "fashion_mnist", "cifar10": "cifar10"}


@dataclass(frozen=True, kw_only=True)
class Training:
    """How one classifier is trained.

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
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m ganzoo_features.train", description=__doc__)
    parser.add_argument("name", choices=TRAININGS)
    parser.add_argument("--data", help="an .npz file with x_train, y_train, x_test and y_test")
    parser.add_argument("--out", type=Path, help="where; by default beside the plugin")
    given = parser.parse_args(argv)
    out = given.out or WEIGHTS / f"{given.name}.safetensors"
    print(train(given.name, TRAININGS[given.name], out, data=given.data))


def train(name: str, training: Training, out: Path, *, data: str | None = None) -> dict:
    """Trains a classifier into a file and returns what the file says of it.

    Args:
        name: A key of `TRAININGS`.
        training: How.
        out: The file; replaced if it is there.
        data: An `.npz` file with both splits; by default those of Keras.
    """
    backend = select.choose()
    dataset, (test_images, test_labels) = splits(name, data)
    import keras

    from ganzoo_features.network import classifier
    from ganzoo_features.running import arrays_of

    random.seed(training.seed)  # initializers take their seeds from here
    model = classifier(dataset.image_shape, widths=training.widths, classes=len(dataset.classes))
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
    for epoch, (images, labels) in enumerate(epochs(dataset, training), 1):
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
    halves = {n: array.astype("float16") for n, array in arrays_of(model).items()}
    safetensors.save(out, halves, about, overwrite=True)
    about["test"] = {
        "images": len(test_images),
        "accuracy": accuracy(out, name, test_images, test_labels),
        "change_by_rounding": _change(model, out, name, test_images),
    }
    safetensors.save(out, halves, about, overwrite=True)
    return about


def accuracy(path: Path, name: str, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of images that the classifier in a file puts into their class."""
    _, logits = read(name, path).extract(images)
    return round(float(np.mean(logits.argmax(axis=1) == labels)), 4)


def _change(model, path: Path, name: str, images: np.ndarray) -> float:
    """How far rounding to float16 moves the features, as a share of their length."""
    from ganzoo_features.running import runner

    images = images[:256]
    exact, _ = runner(model)(images)
    rounded, _ = read(name, path).extract(images)
    return round(float(np.linalg.norm(rounded - exact) / np.linalg.norm(exact)), 6)


def splits(name: str, data: str | None) -> tuple[Dataset, tuple[np.ndarray, np.ndarray]]:
    """The training split as a data set, and the images and labels of the test split.

    The 8x8 digits have no test split in the zoo: their last 360, by other writers, serve as one.
    """
    import ganzoo_data.cifar10
    import ganzoo_data.digits
    import ganzoo_data.fashion_mnist
    import ganzoo_data.mnist

    if name == "digits":
        whole = ganzoo_data.digits.digits()
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


def epochs(dataset: Dataset, training: Training) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Shuffled and augmented images and labels of each epoch; whole batches only."""
    used = len(dataset) // training.batch * training.batch
    for epoch in range(training.epochs):
        rows = permutation(len(dataset), training.seed, epoch)[:used]
        images, labels = dataset.batch(rows)
        draw = np.random.default_rng([training.seed, epoch])
        if training.flip:
            mirrored = draw.random(used) < 0.5
            images[mirrored] = images[mirrored, :, ::-1]
        yield _shifted(images, training.shift, draw), labels


def _shifted(images: np.ndarray, most: int, draw: np.random.Generator) -> np.ndarray:
    """Each image moved by up to `most` pixels both ways; black comes in from the edge."""
    n, height, width, _ = images.shape
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)))
    top, left = draw.integers(0, 2 * most + 1, (2, n))
    rows = top[:, None, None] + np.arange(height)[None, :, None]
    columns = left[:, None, None] + np.arange(width)[None, None, :]
    return padded[np.arange(n)[:, None, None], rows, columns]


if __name__ == "__main__":
    main()
