"""The workloads: seven trainings, two in two forms, from dense networks to second derivatives."""

from dataclasses import dataclass
from typing import Any

_QUARTER = [
    *(f"architecture.generator_{which}_channels=64" for which in ("base", "max")),
    *(f"architecture.discriminator_{which}_channels=32" for which in ("base", "max")),
    "training.batch=16",
]
# The tutorials of PyTorch and TensorFlow use one generated batch for the losses of both networks.
_SHARED = "gan.share_fake_latents=true"
_ADAM = [
    f"{network}_optimizer.{key}"
    for network in ("generator", "discriminator")
    for key in ("learning_rate=2e-4", "beta_2=0.99")
]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A model of the registry, its recipe changed, on random images.

    Args:
        model: Name in the registry.
        shape: Shape of an image.
        steps: Steps in one round: multiples of what is fused and of the lazy penalties' interval.
        settings: Changes of the recipe, as for `ganzoo train --set`.
        plain: Backends on which Keras' own layers train it in bearable time.
        hand: Whether there is a loop by hand.
        tutorial: Backends whose own tutorial has this training.
    """

    model: str
    shape: tuple[int, int, int]
    steps: int
    settings: tuple[str, ...] = ()
    plain: tuple[str, ...] = ("jax", "torch", "tensorflow")
    hand: bool = True
    tutorial: tuple[str, ...] = ()

    def recipe(self, *settings: str) -> Any:
        """The model's recipe with the changes, and further ones."""
        from ganzoo.catalog.recipe.overrides import apply_settings
        from ganzoo.catalog.registry.lookup import find_model

        return apply_settings(find_model(self.model).recipe, [*self.settings, *settings])


WORKLOADS = {
    "gan-mnist": Workload(model="gan-mnist", shape=(28, 28, 1), steps=160),
    "dcgan-fashion-mnist": Workload(
        model="dcgan-fashion-mnist", shape=(28, 28, 1), steps=16, tutorial=("jax",)
    ),
    "dcgan-fashion-mnist-shared": Workload(
        model="dcgan-fashion-mnist", shape=(28, 28, 1), steps=16, settings=(_SHARED,),
        plain=(), hand=False, tutorial=("torch", "tensorflow"),
    ),
    "dcgan-64": Workload(
        model="dcgan-celeba", shape=(64, 64, 3), steps=3, settings=("training.batch=64",),
        tutorial=("jax",),
    ),
    "dcgan-64-shared": Workload(
        model="dcgan-celeba", shape=(64, 64, 3), steps=3,
        settings=("training.batch=64", _SHARED),
        plain=(), hand=False, tutorial=("torch", "tensorflow"),
    ),
    "stylegan2-digits": Workload(
        model="stylegan2-digits", shape=(8, 8, 1), steps=32,
        plain=(),  # its training, path lengths and mixed styles, is ganzoo's own code
    ),
    "wgan-gp-32-quarter": Workload(
        model="wgan-gp-cifar10", shape=(32, 32, 3), steps=4, settings=tuple(_QUARTER)
    ),
    "sngan-32-quarter": Workload(
        model="sngan-cifar10", shape=(32, 32, 3), steps=4, settings=tuple(_QUARTER)
    ),
    "r3gan-64-small": Workload(
        model="r3gan-celeba", shape=(64, 64, 3), steps=2,
        plain=("torch",),  # the others take minutes for derivatives of grouped convolutions
        settings=(
            "architecture.channels=[64, 64, 64, 64, 32]",
            'gan.regularizers=[{name="r1", weight=2.0}, {name="r2", weight=2.0}]',
            "gan.ema_half_life=5e5", "training.batch=8", *_ADAM,
        ),
    ),
}  # fmt: skip
