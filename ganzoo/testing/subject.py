"""An architecture under check: built small, fed, and played for a few steps."""

import functools
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.data.kinds import kind_of
from ganzoo.errors import UsageError
from ganzoo.jobs.models import build
from ganzoo.testing import small
from ganzoo.testing.report import NotRun

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN
    from ganzoo.testing.played import Played

Shape = tuple[int, ...]

SEED, BATCH, STEPS, CLASSES = 7, 4, 6, 3
# Large, so that what starts without effect has one after a few steps.
ADAM = {"learning_rate": 2e-3, "beta_1": 0.5}
RULES: Mapping[str, Any] = {"loss": "non_saturating", "average_decay": 0.9}
_SHARED = "must not share"  # how a GAN refuses players with variables in common


class Subject:
    """One architecture with what all its checks use; each part is made when first asked for.

    Args:
        name: The architecture's.
        options: Keywords of its function; the others become small by themselves.
        shapes: Shapes of samples to build it for; by default those of `ganzoo.testing.small`.
        rules: Keywords of `GAN.compile`, beside those of `RULES`.
    """

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        shapes: tuple[Shape, ...] = (),
        rules: Mapping[str, Any] | None = None,
    ):
        self.name = name
        self.rules = {**RULES, **(rules or {})}
        self.signature = discovery.plugin_signature(discovery.find_plugin("architecture", name))
        self.wanted = {"classes", "source_shape"} & self.signature.parameters.keys()
        self._played: Played | Exception | None = None
        self._again: GAN | None = None
        self._given = dict(options or {})
        self._shapes = (tuple(shapes), ()) if shapes else small.shapes(self.signature)

    # Building ------------------------------------------------------------------------------

    def recipe(self, options: Mapping[str, Any], precision: str = "float32") -> Recipe:
        """A recipe around the architecture; its data set has no part in this."""
        return Recipe.from_tables({
            "architecture": {"name": self.name, **options},
            "dataset": {"name": "any"},
            "generator_optimizer": {"name": "adam"},
            "discriminator_optimizer": {"name": "adam"},
            "training": {"steps": 1, "seed": SEED, "precision": precision},
        })  # fmt: skip

    def build(self, precision: str = "float32") -> "GAN":
        """The GAN anew, at the shape that is played with; not compiled."""
        return self._built(self.options, self.shape, precision)

    @functools.cached_property
    def options(self) -> dict[str, Any]:
        """The options under which it is checked."""
        return self._tried[0]

    @functools.cached_property
    def attempts(self) -> "dict[Shape, GAN | Exception]":
        """What came of each shape that was tried: a GAN, or what was raised."""
        return self._tried[1]

    @functools.cached_property
    def shape(self) -> Shape:
        """The first shape that the architecture accepts.

        Raises:
            NotRun: it accepts none.
        """
        for shape, found in self.attempts.items():
            if not isinstance(found, Exception):
                return shape
        raise NotRun("needs builds")

    @functools.cached_property
    def _tried(self) -> "tuple[dict[str, Any], dict[Shape, GAN | Exception]]":
        for found in small.small_options(self.signature):
            options = {**found, **self._given}
            ordinary, large = self._shapes
            attempts = self._attempts(options, ordinary)
            if not _accepted(attempts) and large:
                attempts |= self._attempts(options, large, most=1)
            if _accepted(attempts) or not _refused(attempts):
                break
        return options, attempts

    def _attempts(self, options, shapes: tuple[Shape, ...], most: int | None = None):
        found: dict[Shape, GAN | Exception] = {}
        for shape in shapes:
            try:
                found[shape] = self._built(options, shape)
            except Exception as error:
                found[shape] = error
            if most and _accepted(found):
                break
        return found

    def _built(self, options, shape: Shape, precision: str = "float32") -> "GAN":
        return build.networks(
            self.recipe(options, precision),
            shape,
            CLASSES if "classes" in self.wanted else 0,
            shape if "source_shape" in self.wanted else None,
        )

    # Data ----------------------------------------------------------------------------------

    def images(self, seed: int, count: int = BATCH) -> np.ndarray:
        """Samples as a data set of that kind holds them: noise, (count, ...)."""
        return _noise((count, *self.shape), seed)

    def labels(self, seed: int, count: int = BATCH, shift: int = 0) -> np.ndarray | None:
        """Labels as a data set holds them; another `shift` gives each sample another one.

        None for an architecture that takes none.
        """
        if not self.wanted:
            return None
        if "source_shape" in self.wanted:
            return _noise((count, *self.shape), 1000 + 31 * shift + seed)
        expected = self._label_shape()
        classes = (np.arange(count) + seed + shift) % CLASSES
        if expected:  # attributes, (count, classes)
            return (np.arange(CLASSES) == classes[:, None]).astype("uint8")
        return classes.astype("int32")

    def _label_shape(self) -> Shape:
        for network in (self.first.generator, self.first.discriminator):
            if len(network.inputs) > 1:
                return tuple(network.inputs[1].shape[1:])
        return ()

    def batch(self, seed: int, count: int = BATCH) -> tuple:
        """What `train_on_batch` and `fit` take: `(images,)` or `(images, labels)`."""
        labels = self.labels(seed, count)
        images = self.images(seed, count)
        return (images,) if labels is None else (images, labels)

    # Playing -------------------------------------------------------------------------------

    @functools.cached_property
    def first(self) -> "GAN":
        """A GAN with its first weights, not compiled and never played."""
        return self.attempts[self.shape]

    def played(self) -> "Played":
        """A few steps of `first`. What they raised is raised again."""
        if self._played is None:
            from ganzoo.testing.played import play

            try:
                self._played = play(self)
            except Exception as error:
                self._played = error
        if isinstance(self._played, Exception):
            raise self._played
        return self._played

    def again(self) -> "GAN":
        """A second GAN like that of `played`, from the same seed; made once."""
        if self._again is None:
            self._again = self.compile(self.build(), eager=self.played().gan.run_eagerly)
        return self._again

    def compile(self, gan: "GAN", *, eager: bool = False, **rules) -> "GAN":
        """The GAN, compiled with optimizers of its own."""
        import keras

        players = [keras.optimizers.Adam(**ADAM) for _ in range(2)]
        gan.compile(*players, seed=SEED, run_eagerly=eager, **{**self.rules, **rules})
        return gan


def _noise(shape: Shape, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    kind = kind_of(shape[1:])
    if kind.dtype == "uint8":
        return draw.integers(0, 256, shape).astype("uint8")
    return draw.uniform(-1, 1, shape).astype("float32")


def _accepted(attempts: Mapping[Shape, Any]) -> bool:
    return any(not isinstance(found, Exception) for found in attempts.values())


def _refused(attempts: Mapping[Shape, Any]) -> bool:
    """Whether all that was said is that these options or shapes cannot be."""
    return all(isinstance(e, UsageError) and not shares(e) for e in attempts.values())


def shares(error: object) -> bool:
    """Whether a GAN was refused because its players have variables in common."""
    return isinstance(error, UsageError) and _SHARED in str(error)


def disturb() -> None:
    """Moves every random state that is nobody's own, as another program in the process might."""
    import keras

    random.random()
    np.random.random()
    keras.random.uniform((3,))  # the global state moves
