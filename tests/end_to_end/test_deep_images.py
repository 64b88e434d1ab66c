"""Images of 16 bits and transparent ones, from files to samples, on one backend."""

import json

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.cli import main
from ganzoo.data.images import Preprocessing, decode_image
from ganzoo.rendering.exact import encode_deep_png

pytestmark = pytest.mark.backend

RECIPE = """
[architecture]
name = "mlp"
latent_size = 8
generator_units = [64]
discriminator_units = [64]

[dataset]
name = "folder"
mode = "raw"

[gan]
ema_half_life = 0.0

[generator_optimizer]
name = "adam"
learning_rate = 2e-3
beta_1 = 0.5

[discriminator_optimizer]
name = "adam"
learning_rate = 2e-3
beta_1 = 0.5

[training]
batch = 16
steps = 300
log_every = 100
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "images").mkdir()
    return tmp_path


def samples_of(work, count):
    """Train, write single samples, and read them back."""
    assert main(["train", "recipe.toml", "--data", "images", "--run", "run"]) == 0
    assert main(["sample", "run", "-n", str(count), "--separate", "--out", "one"]) == 0
    paths = sorted((work / "one").iterdir())
    assert len(paths) == count and {path.suffix for path in paths} == {".png"}
    raw = Preprocessing(mode="raw")
    return np.stack([decode_image(path.read_bytes(), path.name, raw) for path in paths])


def test_a_model_of_16_bit_gradients_makes_more_than_256_levels(work, capsys):
    random = np.random.default_rng(0)
    across = np.linspace(0, 1, 16)[None, :, None]
    for i in range(48):
        slope, start = random.uniform(0.5, 1), random.uniform(0, 0.3)
        ramp = np.repeat(4000 * (start + slope * across), 16, axis=0)
        gradient = np.concatenate([ramp, ramp[:, ::-1]], axis=2).astype("uint16")
        (work / "images" / f"{i:02d}.png").write_bytes(encode_deep_png(gradient))
    samples = samples_of(work, 24)
    assert (samples.dtype, samples.shape) == (np.uint16, (24, 16, 16, 2))
    assert len(np.unique(samples)) > 256
    means = samples.mean(axis=(0, 1))  # it rises in one channel and falls in the other
    assert means[-4:, 0].mean() > means[:4, 0].mean() + 500
    assert means[:4, 1].mean() > means[-4:, 1].mean() + 500

    gan = ganzoo.load("run")
    same = gan.sample(24)
    np.testing.assert_array_equal(same, samples)
    assert same._repr_png_().startswith(b"\x89PNG")
    assert main(["sample", "run", "-n", "24", "--out", "all.npy"]) == 0
    np.testing.assert_array_equal(np.load("all.npy"), samples)
    with Image.open(next((work / "run" / "samples").glob("*.png"))) as grid:
        assert grid.mode == "RGB" and np.std(grid) > 10
    capsys.readouterr()
    assert main(["info", "run/weights.safetensors", "--json"]) == 0
    levels = json.loads(capsys.readouterr().out)["weights"]["levels"]
    assert levels["dtype"] == "uint16" and levels["high"] < 5300
    assert main(["evaluate", "run", "-n", "32", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "patch_wasserstein" in json.dumps(found)


def test_icons_are_trained_and_sampled_with_their_transparency(work):
    random = np.random.default_rng(0)
    far = np.hypot(*(np.indices((12, 12)) - 5.5))
    for i in range(48):
        icon = np.zeros((12, 12, 4), np.uint8)
        icon[far < random.uniform(3, 5)] = (*random.integers(100, 256, 3), 255)
        Image.fromarray(icon).save(work / "images" / f"{i:02d}.png")
    alpha = samples_of(work, 24)[..., 3].mean(axis=0)
    assert alpha[4:8, 4:8].mean() > 170 > 80 > alpha[[0, 0, -1, -1], [0, -1, 0, -1]].mean()
    with Image.open(next((work / "run" / "samples").glob("*.png"))) as grid:
        assert grid.mode == "RGB"  # over a checkerboard
