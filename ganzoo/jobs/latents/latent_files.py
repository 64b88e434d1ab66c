"""Files of latents and of directions: arrays of a model's latent spaces, and what they are of."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganzoo.catalog.registry.contents import DIRECTIONS
from ganzoo.catalog.registry.versions import version_at
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files import safetensors
from ganzoo.files.digests import tensors_digest
from ganzoo.files.text import quote
from ganzoo.jobs.models.weights import first_nonfinite, state_arrays

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

LATENTS = "latents.safetensors"


class SavedLatents(NamedTuple):
    """Latents of samples.

    Args:
        latents: (n, ...), what the generator takes; of styles, those of which noise is drawn.
        labels: (n, ...) of a conditional model.
        styles: (n, layers, w) where samples are those of styles.
        names: A name of each sample.
    """

    latents: np.ndarray
    labels: np.ndarray | None = None
    styles: np.ndarray | None = None
    names: tuple[str, ...] = ()

    def generate_images(self, gan: "GAN") -> np.ndarray:
        """Return the samples, pixels; see `Sampler.generate_images`."""
        from keras import ops

        from ganzoo.gan.latents.spaces import LatentSpace

        space = LatentSpace(gan, "z" if self.styles is None else "w+")
        points = self.latents if self.styles is None else self.styles
        return space.images(points, ops.convert_to_tensor(self.latents), self.labels)


def dump_latents(saved: SavedLatents, gan: "GAN", **about: Any) -> bytes:
    """Return the bytes of a file of latents.

    Args:
        saved: The latents.
        gan: The GAN that they are of.
        **about: What else its metadata say.
    """
    arrays = {n: a for n, a in saved._asdict().items() if isinstance(a, np.ndarray)}
    about |= {"names": list(saved.names), "weights_digest": weights_digest(gan)}
    return safetensors.dump(arrays, {"latents": about})


def read_latents(path: Path) -> SavedLatents:
    """Read a file of latents, without a framework.

    Raises:
        InvalidInput: It holds something else, or numbers that are not finite.
    """
    arrays, about = read_arrays(path, "latents", optional=("labels", "styles"))
    names, count = about.get("names"), len(arrays["latents"]) if arrays["latents"].ndim else 0
    if any(array.ndim == 0 or len(array) != count for array in arrays.values()) or not count:
        raise InvalidInput(f"{quote(path)} must hold a row of each array for every sample.")
    if not (isinstance(names, list) and [type(name) for name in names] == [str] * count):
        names = [str(i) for i in range(count)]
    return SavedLatents(arrays["latents"], arrays.get("labels"), arrays.get("styles"), tuple(names))


def read_arrays(
    path: Path, kind: str, *, optional: tuple[str, ...] = ()
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the array of a kind of file, those that may be beside it, and the metadata.

    Raises:
        InvalidInput: It is another kind of file, or a number is not finite.
    """
    about = safetensors.metadata(path).get(kind)
    names = set(safetensors.read_header(path).tensors)
    if not isinstance(about, Mapping) or not {kind} <= names <= {kind, *optional}:
        raise InvalidInput(
            f"{quote(path)} is no file of {kind}. Expected: one that ganzoo wrote, with "
            f"{', '.join([kind, *optional])} in it. Received: {', '.join(sorted(names)[:5])}."
        )
    arrays = safetensors.load(path)
    wrong = first_nonfinite({n: a for n, a in arrays.items() if a.dtype.kind == "f"})
    if wrong is not None or any(array.dtype.kind not in "iuf" for array in arrays.values()):
        raise InvalidInput(f"{quote(path)} holds what are no finite numbers.")
    return arrays, dict(about)


def check_latents(saved: SavedLatents, gan: "GAN", path: Path) -> None:
    """Refuse latents of another shape; warn of those of other weights.

    Raises:
        UsageError: They do not fit the model.
    """
    styles = gan.style_networks
    expected = {"latents": gan.sampler.latent_shape}
    if saved.styles is not None:
        expected["styles"] = () if styles is None else tuple(styles.synthesis.inputs[0].shape[1:])
    for name, shape in expected.items():
        received = getattr(saved, name).shape[1:]
        if received != shape:
            raise UsageError(
                f"{quote(path)} does not fit this model: {name} of shape {received}. "
                f"Expected: {shape or 'none'}."
            )
    check_digest(safetensors.metadata(path)["latents"], gan, path)


def check_digest(about: Mapping[str, Any], gan: "GAN", path: Path) -> None:
    """Warn if a file says that it is of other weights."""
    if about.get("weights_digest") not in (None, weights_digest(gan)):
        warnings.warn(
            f"{quote(path)} was made with other weights than those of this model.", stacklevel=2
        )


def weights_digest(gan: "GAN") -> str:
    """Return the digest of a generator's weights, as exported files have it."""
    return generator_digest(state_arrays(gan))


def generator_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Return `weights_digest` of the arrays of a GAN."""
    return tensors_digest({n: a for n, a in arrays.items() if n.startswith("generator/")})


def saved_directions(folder: Path, digest: str) -> Path | None:
    """Return the file of directions that lies in a run or a version; None without any.

    Args:
        folder: The run's or the version's.
        digest: `weights_digest` of the model, which went on if the file has another.

    Raises:
        InvalidInput: The file is not what was published, or holds something else.
    """
    path, version = folder / DIRECTIONS, version_at(folder)
    if version is not None and DIRECTIONS in version.sizes:
        version.read(DIRECTIONS)
    if not path.is_file():
        return None
    about = safetensors.metadata(path).get("directions")
    return path if isinstance(about, Mapping) and about.get("weights_digest") == digest else None
