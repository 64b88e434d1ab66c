"""Features and other representations of samples, in batches; those of real data are cached.

The cache folder `features` keeps them by the data set's fingerprint and the extractor's digest, so
that evaluating a second model computes only its own features.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ganzoo.catalog.plugins import discovery
from ganzoo.data.cache import Prepared, load_or_build, write_array
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import Progress
from ganzoo.errors import PluginError
from ganzoo.files.home import cache_home, writable
from ganzoo.files.text import environment_problem
from ganzoo.metrics.descriptors import DESCRIPTORS, Descriptor
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.frechet import Moments
from ganzoo.metrics.sample_set import SampleSet
from ganzoo.modalities import Levels

DEFAULT_FEATURES = "photo"  # for data sets without features of their own
_REAL_BATCH = 1024  # images between two progress events
_DESCRIPTOR_BATCH = 128  # sounds or videos, which are large
_MAX_MEMORY = 512 << 20  # bytes of one representation of the generated samples


class Batch(NamedTuple):
    """Generated samples, the labels that they are of, and for pairs what they should be.

    `others` generates further samples of the same labels, if these are images.
    """

    samples: np.ndarray
    labels: np.ndarray | None = None
    targets: np.ndarray | None = None
    others: Callable[[], np.ndarray] | None = None


def default_features(dataset: str) -> str:
    """Return the name of the features for a data set: its own name, or `photo`.

    Args:
        dataset: Name of the data set, as in a recipe.
    """
    plain = dataset.rpartition(":")[2]
    known = discovery.discover("features").plugins
    return next((name for name in (dataset, plain) if name in known), DEFAULT_FEATURES)


def load_extractor(name: str) -> Extractor:
    """Load a feature extractor by name. The backend is chosen, and Keras imported.

    Args:
        name: Name of the features.

    Raises:
        UnknownName: The features do not exist.
        PluginError: Their plugin fails, or returns something else.
        EnvironmentProblem: Their weights are missing.
    """
    plugin = discovery.find_plugin("features", name)
    extractor = discovery.call_plugin(plugin)
    if not isinstance(extractor, Extractor):
        raise PluginError(
            f"The features {plugin.qualified} must be a ganzoo.metrics.extractor.Extractor. "
            f"Received: {type(extractor).__name__}."
        )
    return extractor


def descriptor_for(shape: Sequence[int]) -> Descriptor | None:
    """Return the descriptor for samples of a shape; `None` for images, which need an extractor."""
    return DESCRIPTORS.get(len(shape))


def descriptor_protocol(shape: Sequence[int]) -> dict[str, str]:
    """Return what the protocol says about the descriptor of samples of a shape."""
    descriptor = descriptor_for(shape)
    return {"description": descriptor.name} if descriptor is not None and descriptor.name else {}


def real_samples(
    dataset: Dataset, representations: Iterable[str], extractor: Extractor | None
) -> SampleSet:
    """Return all samples of a data set in the requested representations.

    Args:
        dataset: Real data.
        representations: Some of `ganzoo.metrics.sample_set.REPRESENTATIONS`, without logits.
        extractor: Extractor of images, for their features and moments.
    """
    names = set(representations)
    descriptor = descriptor_for(dataset.image_shape)
    if descriptor is not None and not descriptor.name:
        return SampleSet(points=dataset.images, labels=dataset.labels)
    if descriptor is not None:
        return SampleSet(features=_described_dataset(dataset, descriptor))
    return SampleSet(
        images=dataset.images if "images" in names else None,
        features=real_features(dataset, _required(extractor)) if "features" in names else None,
        moments=real_moments(dataset, _required(extractor)) if "moments" in names else None,
    )


def real_features(dataset: Dataset, extractor: Extractor) -> np.ndarray:
    """Return features of all images of a data set, float32 (n, d), computed once."""

    def build(folder: Path) -> dict[str, Any]:
        shape = (len(dataset), extractor.feature_size)
        write_array(folder / "images.npy", shape, "float32", _feature_batches(dataset, extractor))
        return {"features": extractor.name, "dataset": dataset.name}

    return _cached_representation("features", dataset, extractor, build).images


def real_moments(dataset: Dataset, extractor: Extractor) -> Moments:
    """Return mean and covariance of the features of a data set, computed once."""

    def build(folder: Path) -> dict[str, Any]:
        moments = Moments.of(real_features(dataset, extractor))
        rows = np.concatenate([moments.mean[None], moments.covariance])
        write_array(folder / "images.npy", rows.shape, "float64", [rows])
        return {"count": moments.count}

    kept = _cached_representation("moments", dataset, extractor, build)
    return Moments.known(kept.about["count"], kept.images[0], kept.images[1:])


def _described_dataset(dataset: Dataset, descriptor: Descriptor) -> np.ndarray:
    """Return descriptors of all samples of a data set, float32 (n, d), computed once."""

    def build(folder: Path) -> dict[str, Any]:
        starts = range(0, len(dataset), _DESCRIPTOR_BATCH)
        parts = (dataset.images[start : start + _DESCRIPTOR_BATCH] for start in starts)
        rows = np.concatenate([descriptor.compute(part) for part in parts])
        write_array(folder / "images.npy", rows.shape, "float32", [rows])
        return {"description": descriptor.name, "dataset": dataset.name}

    key = {"form": "plain", "description": descriptor.name, "fingerprint": dataset.fingerprint}
    return load_or_build(key, build, folder=cache_home() / "features").images


def generated_samples(
    batches: Iterable[Batch],
    total: int,
    representations: Iterable[str],
    extractor: Extractor | None,
    levels: Levels | None = None,
) -> SampleSet:
    """Return generated samples in the requested representations and no others.

    For moments alone, only one batch is kept at a time. What exceeds the memory limit is kept in
    an unnamed file in the cache folder.

    Args:
        batches: Generated samples.
        total: Number of samples, for the progress.
        representations: Some of `ganzoo.metrics.sample_set.REPRESENTATIONS`.
        extractor: Extractor of images, for their features, moments, logits and distances.
        levels: Type and range of images that are not uint8, of which extractors see 8 bits.
    """
    names = set(representations)
    kept = {name: _RowBuffer() for name in names - {"moments"}}
    moments = Moments() if "moments" in names and "features" not in names else None
    extracts = extractor is not None and bool({"features", "moments", "logits"} & names)
    with Progress("generated images", total) as progress:
        for samples, labels, targets, others in batches:
            batch: dict[str, Any] = {"images": samples, "points": samples, "labels": labels}
            batch["targets"] = targets
            if "target_distances" in names:
                batch["target_distances"] = _distances(samples, targets, extractor, levels)
            if "pair_distances" in names and others is not None:
                batch["pair_distances"] = _distances(samples, others(), extractor, levels)
            descriptor = descriptor_for(samples.shape[1:])
            if descriptor is not None:
                batch["features"] = descriptor.compute(samples)
            elif extracts:
                pixels = _in_8_bits(samples, levels)
                batch["features"], batch["logits"] = _required(extractor).extract(pixels)
            if moments is not None:
                moments.add(batch["features"])
            for name, rows in kept.items():
                rows.append(batch[name])
            progress.advance(len(samples))
    arrays: dict[str, Any] = {name: rows.array() for name, rows in kept.items()}
    return SampleSet(moments=moments, **arrays)


def _distances(
    samples: np.ndarray, others: Any, extractor: Extractor | None, levels: Levels | None
) -> np.ndarray:
    pair = (_in_8_bits(x, levels) for x in (samples, others))
    return _required(extractor).compare(*pair)


class _RowBuffer:
    """Rows that arrive in parts: in memory, or in a temporary file once they are too many."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._file: BinaryIO | None = None
        self._count = self._bytes = 0

    def append(self, part: np.ndarray) -> None:
        self._count += len(part)
        self._bytes += part.nbytes
        self._parts.append(part)
        if self._bytes > _MAX_MEMORY:
            self._write()

    def array(self) -> np.ndarray:
        """Return all rows; from a file, as a read-only memory map."""
        if self._file is None:
            return np.concatenate(self._parts)
        self._file.flush()
        shape = (self._count, *self._parts[0].shape[1:])
        with self._file as file:  # the map outlives it
            return np.memmap(file, self._parts[0].dtype, mode="r", shape=shape)

    def _write(self) -> None:
        folder = writable(cache_home())
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - see `array`
            for part in self._parts:
                self._file.write(np.ascontiguousarray(part).data)
        except OSError as error:
            raise environment_problem("write", folder, error) from error
        self._parts = [self._parts[0][:0]]  # its type and shape are still needed


def _feature_batches(dataset: Dataset, extractor: Extractor) -> Iterator[np.ndarray]:
    with Progress(f"{dataset.name}: features {extractor.name}", len(dataset)) as progress:
        for start in range(0, len(dataset), _REAL_BATCH):
            images = _in_8_bits(dataset.images[start : start + _REAL_BATCH], dataset.deep)
            features, _ = extractor.extract(images)
            yield features
            progress.advance(len(features))


def _in_8_bits(images: np.ndarray, levels: Levels | None) -> np.ndarray:
    return images if levels is None else levels.to_pixels(images)


def _cached_representation(
    name: str,
    dataset: Dataset,
    extractor: Extractor,
    build: Callable[[Path], dict[str, Any]],
) -> Prepared:
    extractor.check(dataset.image_shape)
    protocol = extractor.protocol(dataset.image_shape)
    key = {"form": name, "fingerprint": dataset.fingerprint}
    key |= {field: value for field, value in protocol.items() if field != "features"}
    return load_or_build(key, build, folder=cache_home() / "features")


def _required(extractor: Extractor | None) -> Extractor:
    if extractor is None:
        raise ValueError("These representations of images need an extractor.")
    return extractor
