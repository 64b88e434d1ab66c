"""Imports of checkpoints: networks of PyTorch as others lay them out, and what follows."""

import os
from pathlib import Path

import numpy as np
import pytest

from ganzoo.catalog.registry import lookup
from ganzoo.cli import main
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.foreign import Conversion
from ganzoo.jobs.models.load import load
from ganzoo.jobs.publishing import convert
from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights

pytestmark = pytest.mark.backend
torch = pytest.importorskip("torch")
nn = torch.nn
OPEN = FileDescription(data_license="CC0-1.0")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch, cheap_weights):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def randomized(module):
    """The module with random weights and statistics, as it draws: a generator of its own."""
    rng = torch.Generator().manual_seed(0)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            values = torch.randn(tensor.shape, generator=rng)
            positive = name.endswith("_var")
            tensor.copy_(0.5 + values.abs() if positive else 0.3 * values)
    return module.eval()


def saved(module, name="G.pth"):
    torch.save(module.state_dict(), name)
    return name


def imported(path, description=OPEN):
    done = import_weights(path, "mine", license="MIT", description=description)
    return load("mine"), done["conversion"]


def sample(gan, *inputs):
    """Images of channels-last inputs, in PyTorch's order."""
    from keras import ops

    from ganzoo.backend import jit

    tensors = [ops.convert_to_tensor(one) for one in inputs]
    images = jit(gan.generator)(tensors if len(tensors) > 1 else tensors[0])
    return np.moveaxis(ops.convert_to_numpy(images), -1, 1)


def close(ours, theirs):
    theirs = theirs.detach().numpy()
    assert theirs.std() > 0.05 and np.abs(theirs).mean() < 0.95  # neither flat nor saturated
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    return True


def normal(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


# PyTorch's examples


class DCGAN(nn.Module):
    def __init__(self, z=6, width=3, size=32, channels=3):
        super().__init__()
        wide = width * size // 8
        parts = [nn.ConvTranspose2d(z, wide, 4, 1, 0, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
        while wide > width:
            wide //= 2
            parts.append(nn.ConvTranspose2d(2 * wide, wide, 4, 2, 1, bias=False))
            parts += [nn.BatchNorm2d(wide), nn.ReLU()]
        parts += [nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*parts)

    def forward(self, z):
        return self.main(z[:, :, None, None])


def test_dcgan():
    theirs, z = randomized(DCGAN()), normal(3, 6)
    gan, found = imported(saved(theirs))
    assert found["image_shape"] == [32, 32, 3] and not found["inexact"]
    assert close(sample(gan, z), theirs(torch.from_numpy(z)))


# Translation


class UNetLevel(nn.Module):
    """One level of a U-Net around those further in; the outermost takes `source` channels."""

    def __init__(self, outer, inner, within=None, source=None):
        super().__init__()
        options = {"kernel_size": 4, "stride": 2, "padding": 1}
        down = nn.Conv2d(source or outer, inner, bias=False, **options)
        wide = 2 * inner if within else inner
        up = nn.ConvTranspose2d(wide, outer, bias=bool(source), **options)
        self.outermost = bool(source)
        if self.outermost:
            parts = [down, within, nn.ReLU(), up, nn.Tanh()]
        else:
            norm = [nn.BatchNorm2d(inner), within] if within else []
            parts = [nn.LeakyReLU(0.2), down, *norm, nn.ReLU(), up, nn.BatchNorm2d(outer)]
        self.model = nn.Sequential(*parts)

    def forward(self, x):
        y = self.model(x)
        return y if self.outermost else torch.cat([x, y], 1)


def test_unet():
    level = UNetLevel(16, 16)
    for outer, inner in ((8, 16), (4, 8), (2, 4)):
        level = UNetLevel(outer, inner, level)
    theirs = randomized(nn.ModuleDict({"model": UNetLevel(3, 2, level, source=1)}))["model"]
    theirs.train()  # normalizes by the image's own statistics
    gan, found = imported(saved(nn.ModuleDict({"model": theirs})))
    assert found["image_shape"] == [32, 32, 3] and "Dropout" in found["inexact"][0]
    x = normal(1, 32, 32, 1)
    assert close(sample(gan, normal(1, 16), x), theirs(torch.from_numpy(x).permute(0, 3, 1, 2)))


class ResidualBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        conv = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        again = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        self.conv_block = nn.Sequential(*conv, nn.ReLU(), *again)

    def forward(self, x):
        return x + self.conv_block(x)


def test_resnet():
    parts = [nn.ReflectionPad2d(3), nn.Conv2d(3, 2, 7)]
    for c in (2, 4):
        parts += [nn.InstanceNorm2d(c), nn.ReLU(), nn.Conv2d(c, 2 * c, 3, 2, 1)]
    parts += [nn.InstanceNorm2d(8), nn.ReLU(), ResidualBlock(8), ResidualBlock(8)]
    for c in (8, 4):
        parts += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, 1), nn.InstanceNorm2d(c // 2), nn.ReLU()]
    parts += [nn.ReflectionPad2d(3), nn.Conv2d(2, 3, 7), nn.Tanh()]
    theirs = randomized(nn.ModuleDict({"model": nn.Sequential(*parts)}))["model"]
    path = saved(nn.ModuleDict({"model": theirs}))
    description = FileDescription(data_license="CC0-1.0", image_shape=(16, 16, 3))
    gan, found = imported(path, description)
    assert found["image_shape"] == [16, 16, 3] and len(found["inexact"]) == 2
    x = normal(2, 16, 16, 3)
    assert close(sample(gan, x), theirs(torch.from_numpy(x).permute(0, 3, 1, 2)))
    assert not any(np.any(w) for w in gan.generator.get_layer("directions").f.get_weights())


# What holds for all


def test_the_command_says_what_it_found(capsys):
    path = saved(nn.ModuleDict({"module": randomized(DCGAN())}))
    assert main(["import", path, "mine", "--license", "MIT", "--data-license", "CC0-1.0"]) == 0
    printed = capsys.readouterr().out
    assert "mine@1" in printed and "DCGAN in PyTorch's examples" in printed
    card = lookup.find_version("mine").card()
    assert card.license.weights == "MIT" and "PyTorch's examples" in card.summary


def test_an_imported_generator_goes_on_as_any_model(capsys):
    from PIL import Image

    imported(saved(randomized(DCGAN(size=8, channels=1))))
    Path("images").mkdir()
    for i in range(24):
        pixels = np.random.default_rng(i).integers(0, 256, (9, 12), "uint8")
        Image.fromarray(pixels).save(f"images/{i}.png")
    other = "onnx" if os.environ["KERAS_BACKEND"] == "torch" else "keras"
    commands = (
        "sample mine -n 4 --out samples.png",
        "export mine mine.safetensors",
        f"export mine mine.{other}",
        "evaluate mine --data images -n 24 --metrics patch_wasserstein",
        "push mine@1 mine --registry other",
        "train mine --from mine --data images --steps 2 --batch 4 --run run",
        "push run next --license MIT",
    )
    for command in commands:
        assert main(command.split()) == 0, command
    assert "patch_wasserstein" in capsys.readouterr().out
    assert np.array_equal(load("mine.safetensors").sample(3), load("mine").sample(3))
    card = lookup.find_version("next").card()
    parent = lookup.find_version("mine")
    assert card.provenance.parent == parent.digest and card.recipe.dataset.name == "folder"
    assert main(["evaluate", "mine"]) == 2 and "--data" in capsys.readouterr().err


@pytest.mark.parametrize("given", [{"license": "MIT"}, {"description": OPEN}])
def test_both_licenses_are_required(given):
    with pytest.raises(UsageError, match="license.*BSD-3-Clause"):
        import_weights(saved(randomized(DCGAN())), "mine", **given)
    assert "mine" not in lookup.models()


@pytest.mark.parametrize("change", [{"main.15.weight": torch.ones(2)}, {"main.4.bias": None}])
def test_what_has_other_arrays_is_not_recognized(change):
    state = {**DCGAN().state_dict(), **change}
    torch.save({name: array for name, array in state.items() if array is not None}, "G.pth")
    with pytest.raises(UsageError, match="none of the converters"):
        import_weights("G.pth", "mine", license="MIT", description=OPEN)


def test_two_that_recognize_one_file_are_both_named(monkeypatch):
    class Plugin:
        def __init__(self, name):
            self.qualified = name

    class Discovery:
        plugins = {"one": Plugin("first:one"), "two": Plugin("second:two")}

    found = Conversion(found="it", architecture="mlp", image_shape=(8, 8, 1), arrays={})
    monkeypatch.setattr(convert, "discover", lambda kind: Discovery)
    monkeypatch.setattr(convert, "call_plugin", lambda plugin, weights: found)
    with pytest.raises(UsageError, match="first:one and second:two"):
        convert.convert(saved(DCGAN()))
    monkeypatch.setattr(Discovery, "plugins", {"one": Plugin("first:one")})
    with pytest.raises(InvalidInput, match="does not fit this architecture"):
        import_weights("G.pth", "mine", license="MIT", description=OPEN)
