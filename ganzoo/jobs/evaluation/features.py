"""Features by name, of images of any number: in batches, and kept where the images are real.

What is kept lies in the cache folder `features`, by the data set's fingerprint and the
extractor's digest, so that judging a second model costs what its own images cost.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from ganzoo.catalog.plugins import discovery
from ganzoo.data.cache import Prepared, load_or_build, write_array
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import Progress
from ganzoo.errors import GanzooError, PluginError
from ganzoo.files.home import cache_home, writable
from ganzoo.files.problems import environment_problem
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.frechet import Moments
from ganzoo.metrics.plain import PLAIN, Plain
from ganzoo.metrics.side import Side

ANY = "inception"  # for data sets that have no features of their own
_AT_ONCE = 1024  # images between two looks at the progress
_FEW = 128  # sounds or videos, which are large, that are described at once
_IN_MEMORY = 512 << 20  # bytes of one form of the generated images

Batch = tuple[np.ndarray, np.ndarray | None]  # images or points, and labels


def default_features(dataset: str) -> str:
    """The features for a data set: those that are called like it, or FID's Inception.

    Args:
        dataset: The data set's name, as a recipe has it.
    """
    plain = dataset.rpartition(":")[2]
    known = discovery.discover("features").plugins
    return next((name for name in (dataset, plain) if name in known), ANY)


def extractor_for(name: str) -> Extractor:
    """The extractor of a name. The backend is chosen; Keras is imported.

    Raises:
        UnknownName: There is none.
        PluginError: Its plugin fails or returns something else.
        EnvironmentProblem: Its weights are not here.
    """
    plugin = discovery.find_plugin("features", name)
    function: Any = discovery.load_plugin(plugin)
    try:
        found = function()
    except (GanzooError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(
            f"The features {plugin.qualified} failed with {type(error).__name__}: {error}",
            hint="Run with --debug for the traceback.",
        ) from error
    if not isinstance(found, Extractor):
        raise PluginError(
            f"The features {plugin.qualified} must be a ganzoo.metrics.extractor.Extractor. "
            f"Received: {type(found).__name__}."
        )
    return found


def plain_of(shape: Sequence[int]) -> Plain | None:
    """How samples of that shape are described without an extractor; `None` for images."""
    return PLAIN.get(len(shape))


def described_by(shape: Sequence[int]) -> dict[str, str]:
    """What a protocol says of that."""
    plain = plain_of(shape)
    return {"description": plain.name} if plain is not None and plain.name else {}


def real_side(dataset: Dataset, kinds: Iterable[str], extractor: Extractor | None) -> Side:
    """All of a data set in the forms that are asked for.

    Args:
        dataset: The samples.
        kinds: Some of `ganzoo.metrics.side.KINDS`, without logits.
        extractor: For features and moments of images.
    """
    kinds = set(kinds)
    plain = plain_of(dataset.image_shape)
    if plain is not None and not plain.name:
        return Side(points=dataset.images, labels=dataset.labels)
    if plain is not None:
        return Side(features=_plain_rows(dataset, plain))
    forms: dict[str, Any] = {}
    if "images" in kinds:
        forms["images"] = dataset.images
    if "features" in kinds:
        forms["features"] = real_features(dataset, _needed(extractor))
    if "moments" in kinds:
        forms["moments"] = real_moments(dataset, _needed(extractor))
    return Side(**forms)


def real_features(dataset: Dataset, extractor: Extractor) -> np.ndarray:
    """Features of every image of a data set, float32 (n, d): computed once, then mapped."""

    def build(place) -> dict[str, Any]:
        shape = (len(dataset), extractor.feature_size)
        write_array(place / "images.npy", shape, "float32", _extracted(dataset, extractor))
        return {"features": extractor.name, "dataset": dataset.name}

    return _kept("features", dataset, extractor, build).images


def _plain_rows(dataset: Dataset, plain: Plain) -> np.ndarray:
    """Descriptions of every sample of a data set, float32 (n, d): computed once, then mapped."""

    def build(place) -> dict[str, Any]:
        starts = range(0, len(dataset), _FEW)
        rows = np.concatenate([plain.rows(dataset.images[at : at + _FEW]) for at in starts])
        write_array(place / "images.npy", rows.shape, "float32", [rows])
        return {"description": plain.name, "dataset": dataset.name}

    key = {"form": "plain", "description": plain.name, "fingerprint": dataset.fingerprint}
    return load_or_build(key, build, folder=cache_home() / "features").images


def real_moments(dataset: Dataset, extractor: Extractor) -> Moments:
    """Mean and covariance of the features of every image of a data set, computed once."""

    def build(place) -> dict[str, Any]:
        found = Moments.of(real_features(dataset, extractor))
        rows = np.concatenate([found.mean[None], found.covariance])
        write_array(place / "images.npy", rows.shape, "float64", [rows])
        return {"count": found.count}

    kept = _kept("moments", dataset, extractor, build)
    return Moments.known(kept.about["count"], kept.images[0], kept.images[1:])


def fake_side(
    batches: Iterable[Batch], total: int, kinds: Iterable[str], extractor: Extractor | None
) -> Side:
    """Generated samples in the forms that are asked for and in no others.

    For the moments alone, no more than one batch is kept. What is too much for the memory is
    kept in a file without a name, in the cache's folder.

    Args:
        batches: The samples.
        total: How many there will be, for the progress.
        kinds: Some of `ganzoo.metrics.side.KINDS`.
        extractor: For features, moments and logits of images.
    """
    kept = {kind: _Rows() for kind in kinds if kind != "moments"}
    moments = Moments() if "moments" in kinds and "features" not in kept else None
    seen = extractor is not None and {"features", "moments", "logits"} & set(kinds)
    with Progress("generated images", total) as progress:
        for images, labels in batches:
            forms = {"images": images, "points": images, "labels": labels}
            plain = plain_of(images.shape[1:])
            if plain is not None:
                forms["features"] = plain.rows(images)
            elif seen:
                forms["features"], forms["logits"] = _needed(extractor).extract(images)
            if moments is not None:
                moments.add(forms["features"])
            for kind, all_rows in kept.items():
                all_rows.append(forms[kind])
            progress.advance(len(images))
    return Side(moments=moments, **{kind: all_rows.array() for kind, all_rows in kept.items()})


class _Rows:
    """Rows that come in parts: in memory, or in a temporary file once they are many."""

    def __init__(self):
        self._parts: list[np.ndarray] = []
        self._file: BinaryIO | None = None
        self._count = self._bytes = 0

    def append(self, part: np.ndarray) -> None:
        self._count += len(part)
        self._bytes += part.nbytes
        self._parts.append(part)
        if self._bytes > _IN_MEMORY:
            self._write()

    def array(self) -> np.ndarray:
        """All rows; from a file, as a read-only memory map."""
        if self._file is None:
            return np.concatenate(self._parts)
        self._file.flush()
        shape = (self._count, *self._parts[0].shape[1:])
        with self._file as file:  # the map outlasts it
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


def _extracted(dataset: Dataset, extractor: Extractor) -> Iterator[np.ndarray]:
    with Progress(f"{dataset.name}: features {extractor.name}", len(dataset)) as progress:
        for start in range(0, len(dataset), _AT_ONCE):
            features, _ = extractor.extract(dataset.images[start : start + _AT_ONCE])
            yield features
            progress.advance(len(features))


def _kept(form: str, dataset: Dataset, extractor: Extractor, build) -> Prepared:
    extractor.check(dataset.image_shape)
    key = {
        "form": form,
        "fingerprint": dataset.fingerprint,
        **{k: v for k, v in extractor.protocol(dataset.image_shape).items() if k != "features"},
    }
    return load_or_build(key, build, folder=cache_home() / "features")


def _needed(extractor: Extractor | None) -> Extractor:
    if extractor is None:
        raise ValueError("These forms of images need an extractor.")
    return extractor
