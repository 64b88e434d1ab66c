"""The model that a training starts from: a version, a run or a weights file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.errors import UsageError
from ganzoo.files import safetensors
from ganzoo.files.digests import bytes_digest, file_digest
from ganzoo.gan.transfer.adaptation import DataSpec
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.weights import check_finite

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_NETWORKS = ("generator/", "discriminator/", "ema/")
_UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Start:
    """A model that a training starts from.

    Args:
        title: A name for it.
        digest: SHA-256 of the version, or of the file.
        license: Licenses of its data and of its weights: `{"data": ..., "weights": ...}`.
        arrays: Its networks by the names of a weights file.
        spec: Channels of its images, and its classes.
    """

    title: str
    digest: str
    license: Mapping[str, str]
    arrays: Mapping[str, np.ndarray]
    spec: DataSpec

    def record(self, weights: Mapping[str, str]) -> dict[str, Any]:
        """Return what manifests and weights files hold of it.

        Args:
            weights: What was taken of it; see `ganzoo.gan.transfer.taking.take_weights`.
        """
        kinds = [text.partition(":")[0] for text in weights.values()]
        counts = {kind: kinds.count(kind) for kind in ("taken", "adapted", "new")}
        license = dict(self.license)
        return {"source": self.title, "digest": self.digest, "license": license, **counts}


def find_start(source: str | os.PathLike | int) -> Start:
    """Return the model of a name; no framework is imported. Both networks, where there are both.

    Args:
        source: A model's name, a weights file, a run's folder or its number; see
            `ganzoo.jobs.models.find.resolve_source`. Of a run, its newest checkpoint.

    Raises:
        UnknownName: There is no such model, file or run.
        InvalidInput: It is no weights file of ganzoo, or a weight is not finite.
    """
    try:
        found = find_source(source, raw=True)
    except UsageError:
        found = find_source(source)  # the average alone
    content, known = found.content, found.about.get("license")
    names = [n for n in safetensors.read_header(content).tensors if n.startswith(_NETWORKS)]
    arrays = safetensors.load(content, names=names)
    check_finite(arrays, found.where, "taken to start from")
    digest = bytes_digest(content) if isinstance(content, bytes) else file_digest(content)
    known = known if isinstance(known, dict) else {}
    return Start(
        title=title_of(found),
        digest=found.about.get("digest", digest),
        license={key: str(known.get(key, _UNKNOWN))[:100] for key in ("data", "weights")},
        arrays=arrays,
        spec=DataSpec(found.image_shape[-1], found.classes),
    )


def take_start(gan: "GAN", start: Start, dataset: Dataset) -> dict[str, str]:
    """Give a GAN the weights of a start, adapted to the channels and classes of its data.

    Returns:
        See `ganzoo.gan.transfer.taking.take_weights`.
    """
    classes = dataset.classes if gan.num_classes else 0
    return gan.start_from(start.arrays, start.spec, DataSpec(dataset.image_shape[-1], classes))


def start_from(gan: "GAN", source: str | os.PathLike | int) -> dict[str, str]:
    """Take the weights of a model that fit: `start_from(gan, "dcgan-digits")`.

    Args:
        gan: A GAN, best a compiled one.
        source: A model's name, a weights file, a run's folder or its number.

    Returns:
        For each weight, by the names of `GAN.state`, `"taken"`, how it was adapted, or why it is
        new. Classes are told by their names only where `ganzoo train --from` knows them.

    Raises:
        UsageError: None of them fits.
    """
    start = find_start(source)
    return gan.start_from(start.arrays, start.spec)


def title_of(found: Source) -> str:
    """Return what a model is called: the version, the run's name, or that of the file."""
    where = found.where
    of_run = where.stem in ("weights", "state")
    return found.title or (where.resolve().parent.name if of_run else where.name)
