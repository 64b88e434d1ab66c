"""Handwritten digits, 8x8, shipped with the zoo. Alpaydin and Kaynak 1998, UCI, CC BY 4.0."""

from importlib import resources

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.files.digests import tensors_digest


def digits(*, images: int | None = None) -> Dataset:
    """1,797 handwritten digits, 8x8 gray, 10 classes; needs no download.

    Pixels are counts from 0 to 16 in the source, here round(255 * count / 16).

    Args:
        images: Largest number of images to use, from the start.

    Source: https://doi.org/10.24432/C50P49; see digits.ATTRIBUTION.txt.
    """
    with (
        resources.files("ganzoo_data").joinpath("digits.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        pixels, labels = arrays["images"], arrays["labels"].astype(np.int32)
    return Dataset(
        name="digits",
        images=pixels,
        labels=labels,
        classes=tuple("0123456789"),
        license="CC-BY-4.0",
        source="Alpaydin and Kaynak 1998, https://doi.org/10.24432/C50P49",
        fingerprint=tensors_digest({"images": pixels, "labels": labels}),
    ).first(images)
