"""Data sets behind `keras.datasets`.

Keras is imported when, and only when, the arrays are not in the prepared cache; from then on
neither it nor the download is needed. An `.npz` file with Keras' names does without both.
"""

import contextlib
import importlib
import sys
import textwrap
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.backend.select import choose
from ganzoo.data.availability import DataMissing, DatasetInfo, attach_info, check_download_allowed
from ganzoo.data.cache import load_or_build, write_array
from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.download import is_offline, urllib_offline
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput
from ganzoo.files.digests import tensors_digest
from ganzoo.files.reading import open_regular
from ganzoo.files.text import quote


@dataclass(frozen=True, kw_only=True)
class KerasSet:
    """The training split of a data set of `keras.datasets`.

    Args:
        name: Name of the data set: `"fashion-mnist"`.
        module: Name of its module in Keras: `"fashion_mnist"`.
        image_shape: Shape (height, width, channels) of an image.
        classes: Names of the classes.
        license: License or terms of the data.
        source: Origin of the data, for people.
        files: Description of the files that Keras keeps in its home folder.
        count: Number of images.
        size: Size of the download in bytes.
    """

    name: str
    module: str
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    license: str
    source: str
    files: str
    count: int
    size: int

    def load(self, *, data: str | None, images: int | None) -> Dataset:
        """Return the data set, from `data`, the cache or Keras.

        Args:
            data: Path of an `.npz` file with `x_train` and `y_train`, as Keras returns them.
            images: Largest number of images to use, from the start.
        """
        count = min(
            check_max_images(images) or self.count, self.count
        )  # checked before a long download
        if data is not None:
            pixels, labels = self._check(*_read_npz(Path(data), self.image_shape))
            fingerprint = tensors_digest({"images": pixels, "labels": labels})
        else:
            with attach_info(self._info(count)):
                prepared = load_or_build({"keras.datasets": self.module}, self._build)
            pixels, labels = prepared.images, prepared.labels
            fingerprint = prepared.about["fingerprint"]
        return Dataset(
            name=self.name,
            images=pixels,
            labels=labels,
            classes=self.classes,
            license=self.license,
            source=self.source,
            fingerprint=fingerprint,
        ).first(images)

    def _info(self, count: int) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            license=self.license,
            source=self.source,
            classes=self.classes,
            count=count,
            image_shape=self.image_shape,
        )

    def _build(self, folder: Path) -> dict[str, Any]:
        pixels, labels = self._check(*self._fetch())
        write_array(folder / "images.npy", pixels.shape, "uint8", [pixels])
        write_array(folder / "labels.npy", labels.shape, "int32", [labels])
        return {"fingerprint": tensors_digest({"images": pixels, "labels": labels})}

    def _fetch(self) -> tuple[np.ndarray, np.ndarray]:
        ways = (
            f"put {self.files} into the folder datasets of Keras' home (KERAS_HOME, else"
            " ~/.keras), after removing what is damaged there; or give an .npz file with x_train"
            f" and y_train: --data {self.module}.npz."
        )
        check_download_allowed(self.name, f"Or {ways}", size=self.size)
        notice(
            f"{self.name} is prepared through keras.datasets, which downloads it if it has not"
            f" yet. License: {self.license}. Source: {self.source}"
        )
        if "keras" not in sys.modules:
            choose()
        try:
            # Keras draws its bar on stdout
            with contextlib.redirect_stdout(sys.stderr), urllib_offline():
                module = importlib.import_module(f"keras.datasets.{self.module}")
                (pixels, labels), _ = module.load_data()
        except GanzooError:
            raise
        except Exception as error:  # get_file raises a bare Exception; a bad file, anything
            reason = textwrap.shorten(str(error), 300, placeholder=" ...") or type(error).__name__
            if is_offline() and "offline mode is on" in reason:
                raise DataMissing(
                    f"{self.name} is not here, and offline mode is on.",
                    hint=f"Unset GANZOO_OFFLINE and HF_HUB_OFFLINE to download it. Or {ways}",
                ) from error
            raise EnvironmentProblem(
                f"{self.name} is not here and could not be loaded through keras.datasets."
                f" Received: {reason.rstrip('.')}.",
                hint=f"Try again with a network; or {ways}",
            ) from error
        return pixels, labels

    def _check(self, pixels: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return images (n, height, width, channels) and int32 labels (n,), if they are such."""
        shape = (len(pixels), *self.image_shape)
        fits = pixels.dtype == np.uint8 and pixels.shape in (shape, shape[:3]) and len(pixels)
        if not fits or labels.dtype.kind not in "iu" or labels.size != len(pixels):
            raise InvalidInput(
                f"{self.name} needs uint8 images (n, {', '.join(map(str, self.image_shape))}) and"
                f" n integer labels. Received: {pixels.dtype} {pixels.shape} and"
                f" {labels.dtype} {labels.shape}."
            )
        return pixels.reshape(shape), labels.reshape(-1).astype(np.int32)


def _read_npz(path: Path, image_shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return `x_train` and `y_train`, after their headers are checked."""
    with open_regular(path, follow_symlinks=True) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                pixels = _read_npy(archive, "x_train.npy", int(np.prod(image_shape)))
                labels = _read_npy(archive, "y_train.npy", 1)
        except GanzooError:
            raise
        except Exception as fault:  # zipfile and numpy raise anything on hostile bytes
            reason = " ".join(str(fault).split()) or type(fault).__name__
            raise InvalidInput(
                f"Expected an .npz file with x_train and y_train. Received: {quote(path)}:"
                f" {reason}."
            ) from fault
    return pixels, labels


_MAX_IMAGES = 1_000_000


def _read_npy(archive: zipfile.ZipFile, name: str, row_bytes: int) -> np.ndarray:
    """Return one array, if its stated size is one that such a data set can have."""
    info = archive.getinfo(name)
    limit = _MAX_IMAGES * max(8, row_bytes)
    if info.file_size > limit:
        raise ValueError(f"{name} unpacks to {info.file_size:,} bytes; the limit is {limit:,}")
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran_order, dtype = read_header(member)
        if dtype.hasobject:
            raise ValueError(f"{name} holds Python objects, which are never read")
        if dtype.itemsize * int(np.prod(shape, dtype=object)) > info.file_size:
            raise ValueError(f"{name} claims the shape {shape}, more than it holds")
    with archive.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)
