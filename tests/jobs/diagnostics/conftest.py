"""The smallest trainings that are sick, on embedded digits."""

import os

import pytest

from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe

TABLES = {
    "architecture": {"name": "mlp", "latent_size": 16, "generator_units": [64],
                     "discriminator_units": [64]},
    "dataset": {"name": "digits"},
    "gan": {"ema_half_life": 2000.0},
    "generator_optimizer": {"name": "adam", "learning_rate": 2e-3, "beta_1": 0.5},
    "discriminator_optimizer": {"name": "adam", "learning_rate": 2e-3, "beta_1": 0.5},
    "training": {"batch": 32, "steps": 200, "log_every": 10, "sample_every": 15,
                 "checkpoint_every": 1000, "steps_per_dispatch": 1,
                 "xla": os.environ.get("KERAS_BACKEND") == "jax"},
}  # fmt: skip


@pytest.fixture
def plain():
    """`plain("steps=3", ...)`: a small unconditional GAN in which nothing is wrong."""
    return lambda *settings: apply_settings(Recipe.from_tables(TABLES), settings)
