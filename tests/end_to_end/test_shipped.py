"""Shipped weights generate the same images as when they were trained, on every backend."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import rendering
from ganzoo.catalog.registry.lookup import models
from ganzoo.files import safetensors

pytestmark = pytest.mark.backend

SHIPPED = {
    name: entry
    for name, entry in models().items()
    if entry.source == "keras-ganzoo" and (entry.folder / "1").is_dir()
}
RECORDED = Path(__file__).parents[1] / "plugins" / "recorded"
# What these draw is recorded: published weights by ncnn, ours, which began with them, on PyTorch.
ENLARGING = {"realesrgan-drawings-x4", "compact-x4"}


def page_code(name: str) -> str:
    """The Python code on the page of a model."""
    page = SHIPPED[name].version().read("README.md").decode()
    return page.partition("```python\n")[2].partition("```")[0]


# One model for each code that there is beside names and sizes: one function writes all pages.
CODES = {re.sub(rf'"{name}"|\d+', "", page_code(name)): name for name in sorted(SHIPPED)}


def test_shipped_weights_have_a_few_megabytes_together():
    sizes = {n: entry.version().sizes["generator.safetensors"] for n, entry in SHIPPED.items()}
    assert len(sizes) >= 20
    assert sum(sizes.values()) < 10.5e6  # docs/decisions.md
    cards = {n: entry.version().card() for n, entry in SHIPPED.items()}
    drawing = [n for n in sizes if not cards[n].recipe.architecture.name.startswith("esrgan")]
    assert sum(sizes[n] for n in drawing) < 8e6  # without those that enlarge photographs
    assert "celeba" not in "".join(SHIPPED)  # its terms forbid it


@pytest.mark.parametrize("name", CODES.values())
def test_the_code_on_a_model_page_generates_images(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype("uint8")
    Image.fromarray(pixels).save(tmp_path / "image.png")
    names: dict = {}
    exec(page_code(name), names)
    assert names["images"].dtype == "uint8" and names["images"].std() > 0


@pytest.mark.parametrize("name", sorted(ENLARGING))
def test_enlarging_weights_draw_what_was_recorded(name):
    recorded = safetensors.load(RECORDED / f"{name}.safetensors")
    made = ganzoo.load(name).sample(1, labels=recorded["image"][None])[0].astype(int)
    assert np.abs(made - recorded["made"]).max() <= 1
    assert (made != recorded["made"]).mean() < 1e-3


@pytest.mark.parametrize("name", sorted(SHIPPED.keys() - ENLARGING))
def test_shipped_weights_generate_the_last_grid_of_their_training(name):
    version = SHIPPED[name].version()
    gan = ganzoo.load(name)
    labels = np.arange(20, dtype="int32") % 10 if gan.sampler.conditional else None
    seed = version.card().recipe.training.seed
    samples = gan.sample(20 if gan.sampler.conditional else 16, seed=seed, labels=labels)
    with Image.open(io.BytesIO(rendering.encode_png(rendering.render_samples(samples)))) as image:
        received = np.asarray(image).astype(int)
    with Image.open(io.BytesIO(version.read("samples.png"))) as image:
        expected = np.asarray(image).astype(int)
    # the file keeps them in half precision, and the backend may be another
    assert received.shape == expected.shape
    assert np.abs(received - expected).max() <= 8
    assert np.abs(received - expected).mean() < 0.2
