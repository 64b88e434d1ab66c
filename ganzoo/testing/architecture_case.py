"""An architecture under test: built with reduced options and fed with random samples."""

import functools
import random
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.plugins.signature import Signature
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import UsageError
from ganzoo.jobs.models.build import build_networks
from ganzoo.modalities import modality_of
from ganzoo.testing.check_report import NotRun

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

Shape = tuple[int, ...]

SEED, BATCH, STEPS, CLASSES = 7, 4, 6, 3
# Large, so that what starts without effect has one after a few steps.
ADAM = {"learning_rate": 2e-3, "beta_1": 0.5}
CONFIG: Mapping[str, Any] = {
    "loss": "non_saturating",
    "ema_half_life": 26.0,
    "ema_rampup": 0.0,
}
LIMITS = (8, 16, 32, 64)  # for options that are whole numbers, from the first that is accepted

# Shapes of samples to try, by number of axes. The first that is accepted is trained with; those
# of `LARGE_SHAPES` are tried only if none of the others is accepted.
SHAPES: Mapping[int, tuple[Shape, ...]] = {
    3: ((8, 8, 1), (28, 28, 1), (32, 32, 3)),
    1: ((2,),),
    2: ((64, 1), (256, 1), (1024, 2), (4096, 1)),
    4: ((8, 8, 8, 1), (16, 16, 16, 3)),
}
LARGE_SHAPES: Mapping[int, tuple[Shape, ...]] = {
    3: ((64, 64, 3), (128, 128, 3), (256, 256, 3)),
    2: ((16384, 1), (65536, 1)),
    4: ((16, 32, 32, 3), (32, 64, 64, 3)),
}
# The sides of a target in those of the source that it is made from, the first that is accepted.
SOURCE_FACTORS = (1, 2, 4)
_SHARED = "must not share"  # in the message of a GAN whose networks have variables in common


class ArchitectureCase:
    """An architecture with everything that its checks use; each part is made on first use.

    Args:
        name: Name of an installed architecture.
        options: Keyword arguments of its function; see `reduced_options` for the others.
        shapes: Shapes of samples to build it for; by default those of `default_shapes`.
        config: Keyword arguments of `GAN.compile`, on top of `CONFIG`.
        reduce: Whether options that are not given may be reduced.
    """

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        shapes: tuple[Shape, ...] = (),
        config: Mapping[str, Any] | None = None,
        *,
        reduce: bool = True,
    ):
        self.name, self._reduce = name, reduce
        self.config = {**CONFIG, **(config or {})}
        self.signature = discovery.plugin_signature(discovery.find_plugin("architecture", name))
        self.conditions = {"classes", "source_shape"} & self.signature.parameters.keys()
        self._given_options = dict(options or {})
        self._source_shapes: dict[Shape, Shape] = {}
        self._tried: dict[Shape, GAN | Exception] = {}
        self._shapes = (tuple(shapes), ()) if shapes else default_shapes(self.signature)

    # Networks ------------------------------------------------------------------------------

    def recipe(self, options: Mapping[str, Any], precision: str = "float32") -> Recipe:
        """Return a recipe around the architecture; its data set is never opened."""
        return Recipe.from_tables({
            "architecture": {"name": self.name, **options},
            "dataset": {"name": "any"},
            "generator_optimizer": {"name": "adam"},
            "discriminator_optimizer": {"name": "adam"},
            "training": {"steps": 1, "seed": SEED, "precision": precision},
        })  # fmt: skip

    def build(self, precision: str = "float32") -> "GAN":
        """Build the GAN anew, with `options` and for `shape`, not compiled."""
        return self._build(self.options, self.shape, self.source_shape, precision)

    def compile(self, gan: "GAN", *, eager: bool = False, **config) -> "GAN":
        """Compile a GAN with optimizers of its own and return it."""
        import keras

        optimizers = [keras.optimizers.Adam(**ADAM) for _ in range(2)]
        gan.compile(*optimizers, seed=SEED, run_eagerly=eager, **{**self.config, **config})
        return gan

    @functools.cached_property
    def gan(self) -> "GAN":
        """The first GAN that was built for `shape`. `update_trace.trace` trains it."""
        shape = self.shape  # which tries it
        return self._tried[shape]

    @functools.cached_property
    def options(self) -> dict[str, Any]:
        """Options under which the architecture is checked, the first with an accepted shape."""
        options = self._given_options
        for reduced in reduced_options(self.signature) if self._reduce else [{}]:
            options, self._tried = {**reduced, **self._given_options}, {}
            results = (result for _, result in self._attempts(options))
            if not all(isinstance(e, UsageError) and not shares_variables(e) for e in results):
                break
        return options

    @functools.cached_property
    def attempts(self) -> "dict[Shape, GAN | Exception]":
        """The GAN that was built for each shape that was tried, or the exception raised."""
        return dict(self._attempts(self.options))

    @functools.cached_property
    def shape(self) -> Shape:
        """The first shape that the architecture accepts. No others are built for it.

        Raises:
            NotRun: it accepts none.
        """
        for shape, result in self._attempts(self.options):
            if not isinstance(result, Exception):
                return shape
        raise NotRun("needs builds")

    @property
    def source_shape(self) -> Shape:
        """The shape of the images that the architecture translates to those of `shape`."""
        return self._source_shapes.get(self.shape, self.shape)

    def _attempts(self, options: Mapping[str, Any]) -> "Iterator[tuple[Shape, GAN | Exception]]":
        """Build it for one shape after the other, each once, and large ones only if need be."""
        shapes, large_shapes = self._shapes
        for shape in (*shapes, *large_shapes):
            refused = all(isinstance(result, Exception) for result in self._tried.values())
            if shape in large_shapes and shape not in self._tried and not refused:
                return
            if shape not in self._tried:
                self._tried[shape] = self._attempt(options, shape)
            yield shape, self._tried[shape]

    def _attempt(self, options: Mapping[str, Any], shape: Shape) -> "GAN | Exception":
        first = None
        for factor in SOURCE_FACTORS if "source_shape" in self.conditions else SOURCE_FACTORS[:1]:
            source = (*(n // factor for n in shape[:-1]), shape[-1])
            try:
                gan = self._build(options, shape, source)
            except UsageError as error:
                first = first or error
            except Exception as error:
                return error
            else:
                self._source_shapes[shape] = source
                return gan
        return first or UsageError("")

    def _build(
        self, options: Mapping[str, Any], shape: Shape, source: Shape, precision: str = "float32"
    ) -> "GAN":
        return build_networks(
            self.recipe(options, precision),
            shape,
            CLASSES if "classes" in self.conditions else 0,
            source if "source_shape" in self.conditions else None,
        )

    # Data ----------------------------------------------------------------------------------

    def images(self, seed: int, count: int = BATCH) -> np.ndarray:
        """Random samples as a data set of that kind holds them, (count, ...)."""
        return _random_samples((count, *self.shape), seed)

    def labels(self, seed: int, count: int = BATCH, shift: int = 0) -> np.ndarray | None:
        """Labels as a data set holds them, or None for an architecture without conditions.

        Args:
            seed: Decides the labels.
            count: Number of labels.
            shift: Another shift gives every sample another label.
        """
        if not self.conditions:
            return None
        if "source_shape" in self.conditions:
            return _random_samples((count, *self.source_shape), 1000 + 31 * shift + seed)
        classes = (np.arange(count) + seed + shift) % CLASSES
        networks = (self.gan.generator, self.gan.discriminator)
        inputs = [network.inputs[1] for network in networks if len(network.inputs) > 1]
        if inputs and len(inputs[0].shape) > 1:  # attributes, (count, classes)
            return (np.arange(CLASSES) == classes[:, None]).astype("uint8")
        return classes.astype("int32")

    def batch(self, seed: int, count: int = BATCH) -> tuple[np.ndarray, ...]:
        """Arguments of `train_on_batch` and `fit`: `(images,)` or `(images, labels)`."""
        labels = self.labels(seed, count)
        images = self.images(seed, count)
        return (images,) if labels is None else (images, labels)


def reduced_options(signature: Signature) -> Iterator[dict[str, Any]]:
    """Yield smaller values for options, those that make the smallest networks first.

    Options that are a whole number by default, or a list of whole numbers, are limited to each
    of `LIMITS` in turn. The last table is empty: the defaults. Anything else that makes an
    architecture smaller, such as fewer blocks, is given to its check as `options`.

    Args:
        signature: Signature of the architecture's function.
    """
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()}
    for limit in LIMITS:
        limited = {name: _limited(default, limit) for name, default in defaults.items()}
        limited = {name: value for name, value in limited.items() if value is not None}
        if limited:
            yield limited
    yield {}


def default_shapes(signature: Signature) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    """Return ordinary and large shapes of samples, by the annotation of `image_shape`.

    `tuple[int, int, int]` stands for images, and so does no annotation; `tuple[int, int]` for
    sounds, four of them for videos, and `tuple[int, ...]` for images and points.

    Args:
        signature: Signature of the architecture's function.
    """
    parameter = signature.parameters.get("image_shape")
    inside = re.search(r"tuple\[(.*)\]", parameter.annotation if parameter else "")
    axes = [part.strip() for part in inside.group(1).split(",")] if inside else ["int"] * 3
    ranks = (3, 1) if "..." in axes else (len(axes),)
    ordinary, large = ([shape for rank in ranks for shape in table.get(rank, ())]
                       for table in (SHAPES, LARGE_SHAPES))  # fmt: skip
    return tuple(ordinary), tuple(large)


def shares_variables(error: object) -> bool:
    """Return True if a GAN was refused because its networks have variables in common."""
    return isinstance(error, UsageError) and _SHARED in str(error)


def advance_global_seeds() -> None:
    """Draw from every global random generator, as another program in the process might."""
    import keras

    random.random()
    np.random.random()
    keras.random.uniform((3,))  # the global state


def _limited(default: Any, limit: int) -> Any:
    """A whole number or a list of them, limited; None for defaults that need no limit."""
    values = default if isinstance(default, list | tuple) else [default]
    if not all(type(value) is int for value in values) or max(values, default=0) <= limit:
        return None
    limited = [min(value, limit) for value in values]
    return limited if values is default else limited[0]


def _random_samples(shape: Shape, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    if modality_of(shape[1:]).dtype == "uint8":
        return generator.integers(0, 256, shape).astype("uint8")
    return generator.uniform(-1, 1, shape).astype("float32")
