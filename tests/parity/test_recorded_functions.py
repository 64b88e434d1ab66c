"""Losses, penalties and augmentations against what the published code computed: `recorded/`.

What the files hold, and how they were made, is in docs/parity.md.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import recorded
from lazy_keras import Lazy, keras, ops, to_numpy

from ganzoo import backend
from ganzoo.files import safetensors
from ganzoo.jobs.models.weights import assign_arrays

pytestmark = pytest.mark.backend
losses, regularizers = Lazy("ganzoo.gan.losses"), Lazy("ganzoo.gan.regularizers")
penalties = Lazy("ganzoo.gan.regularizers.gradient_penalties")

FILES = recorded.files("functions")
LOSSES = ("hinge", "least_squares", "non_saturating", "wasserstein")
PENALTIES = [name for name, path in FILES.items() if "network" in safetensors.metadata(path)]
TRANSFORMS = [("diffaugment", name) for name in ("color", "translation", "cutout")]
TRANSFORMS += [("ada", name) for name in ("color", "blit")]


class Given:
    """The random numbers that a file gives, in place of those of a training step."""

    def __init__(self, numbers: dict[str, np.ndarray]):
        self.numbers = numbers

    def fold_in(self, name: str) -> "Given":
        return self

    def uniform(self, name: str, shape, **options):
        return ops.reshape(ops.convert_to_tensor(self.numbers["uniform"]), shape)

    def normal(self, name: str, shape, **options):
        return ops.reshape(ops.convert_to_tensor(self.numbers["normal"]), shape)


def check(function, inputs: dict, outputs: dict, gradients: dict) -> None:
    """Assert that `function(**inputs) -> (loss, outputs)` agrees, and the loss's gradients."""
    variables = {name: keras.Variable(x) for name, x in inputs.items()}

    def loss():
        return function(**{n: ops.convert_to_tensor(v) for n, v in variables.items()})

    def differentiate():
        result = backend.gradients(loss, [variables[name] for name in gradients])
        return result.logs, result.gradients

    logs, slopes = recorded.compiled(differentiate)()
    for name, expected in outputs.items():
        assert recorded.gap(to_numpy(logs[name]), expected) < 1e-5
    for (name, expected), found in zip(gradients.items(), slopes, strict=True):
        assert recorded.gap(to_numpy(found), expected) < 1e-4, name


def parts(arrays: dict, name: str = "") -> list[dict]:
    """Inputs, and outputs and gradients below that name."""
    below = [recorded.below(arrays, f"{kind}/{name}") for kind in ("outputs", "gradients")]
    return [recorded.below(arrays, "inputs/"), *below]


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("network", ["discriminator", "generator"])
def test_losses(name, network):
    arrays = safetensors.load(FILES["losses"])

    def loss(real, fake):
        value = ops.mean(getattr(losses.get(name), network)(real, fake))
        return value, {"": value}

    inputs, outputs, gradients = parts(arrays, f"{name}/{network}")
    check(loss, inputs, outputs, {n[1:]: gradient for n, gradient in gradients.items()})


@pytest.mark.parametrize("name", PENALTIES)
def test_penalties(name, cheap_weights):
    check_penalties(name)


def check_penalties(name: str) -> None:
    about, arrays = recorded.read(FILES[name])
    of_network, weights = recorded.read(recorded.files()[about["network"]])
    gan = recorded.named(of_network["architecture"])(**of_network["options"])
    variables = recorded.below(gan.state(), "discriminator/")
    assign_arrays(variables, recorded.below(weights, "weights/discriminator/"), name)
    inputs = recorded.below(arrays, "inputs/")
    update = SimpleNamespace(**{n: ops.convert_to_tensor(x) for n, x in inputs.items()})
    rng = Given(recorded.below(arrays, "numbers/"))

    def discriminate(samples):
        return ops.reshape(gan.discriminator(samples, training=True), (-1,))

    def loss():
        total = 0.0
        if about["loss"]:
            logits = discriminate(update.real), discriminate(update.fake)
            total = ops.mean(losses.get(about["loss"]).discriminator(*logits))
        for penalty, weight in about["penalties"].items():
            values = getattr(penalties, penalty)(update, discriminate, rng)
            total = total + weight * ops.mean(values)
        return total, {}

    expected = recorded.below(arrays, "gradients/")

    def differentiate():
        result = backend.gradients(loss, [variables[n] for n in expected])
        return result.loss, result.gradients

    value, gradients = recorded.compiled(differentiate)()
    assert recorded.gap(to_numpy(value), arrays["outputs/loss"]) < 1e-5
    for (key, gradient), found in zip(expected.items(), gradients, strict=True):
        assert recorded.gap(to_numpy(found), gradient) < 1e-4, key


@pytest.mark.parametrize(("name", "transform"), TRANSFORMS)
def test_augmentations(name, transform):
    arrays = safetensors.load(FILES[name])
    options = {"probability": 0.5, "target": 0.0} if name == "ada" else {}
    augmentation = regularizers.get({"name": name, "policy": [transform], **options})
    rng = Given(recorded.below(arrays, f"numbers/{transform}/"))

    def loss(images):
        found = augmentation.augment(images, rng)
        return ops.sum(ops.square(found)) / 2, {"": found}

    inputs, outputs, gradients = parts(arrays, transform)
    check(loss, inputs, outputs, {"images": gradients[""]})


def test_lecam():
    arrays = safetensors.load(FILES["lecam"])
    lecam = regularizers.get({"name": "lecam", "weight": 1.0, "start": 0})
    averages = recorded.below(arrays, "averages/")
    lecam.real, lecam.fake = (ops.convert_to_tensor(averages[n]) for n in ("real", "fake"))

    def loss(real, fake):
        term = lecam.terms(SimpleNamespace(real_logits=real, fake_logits=fake, step=1))["lecam"]
        return term, {"loss": term}

    check(loss, *parts(arrays))


def test_orthogonal_regularization():
    arrays = safetensors.load(FILES["orthogonality"])
    orthogonality = recorded.named("ganzoo_conditional.biggan_training.orthogonality")

    def loss(**kernels):
        return sum(map(orthogonality, kernels.values())), {}

    check(loss, *parts(arrays))


def test_path_length_regularization():
    arrays = safetensors.load(FILES["path-length"])
    gan_class = recorded.named("ganzoo_modern.stylegan2_training.StyleGAN2")

    def loss(styles, matrix, mean):
        gan = SimpleNamespace(
            path_length_batch_shrink=2, path_length_interval=4, path_length_weight=2.0,
            mean_path_length=mean,
            sampler=SimpleNamespace(image_shape=(4, 4, 3), conditional=False),
            mix_styles=lambda latents, *labels: styles[:2],
            synthesize=lambda styles, latents: ops.reshape(
                ops.tanh(ops.einsum("bcw,cwp->bp", styles, matrix)), (-1, 4, 4, 3)
            ),
        )  # fmt: skip
        gan.path_lengths = lambda *args: gan_class.path_lengths(gan, *args)
        latents = {"latents": ops.zeros((4, 6)), "labels": None}
        numbers = {"normal": arrays["numbers/normal"]}
        batch = SimpleNamespace(**latents, rng=PathNumbers(numbers))
        term, logs = gan_class.path_penalty(gan, batch)
        return term, {"loss": term, "mean": logs["path_length"]}

    check(loss, *parts(arrays))


class PathNumbers(Given):
    """Given directions; the latents do not count."""

    def normal(self, name: str, shape, **options):
        return ops.zeros(shape) if name == "path_latents" else super().normal(name, shape)
