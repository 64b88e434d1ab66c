"""The same trainings on three backends, each in its own process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BACKENDS = ("jax", "torch", "tensorflow")
CONFIGS = ("bce_batch_norm", "wgan_gp", "hinge_spectral", "relativistic_r1_r2")
KINKED = ("bce_batch_norm", "relativistic_r1_r2")
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> dict[str, dict[str, np.ndarray]]:
    """Arrays that each backend wrote, by backend and name."""
    folder = tmp_path_factory.mktemp("parity")
    results = {}
    for backend in BACKENDS:
        out = folder / f"{backend}.npz"
        settings = {"KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
        done = subprocess.run(
            [sys.executable, HERE / "train.py", out], cwd=HERE.parent.parent,
            env={**os.environ, **settings, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{backend}:\n{done.stderr[-4000:]}"
        with np.load(out) as arrays:
            results[backend] = {name: arrays[name] for name in arrays.files}
    assert results["jax"].keys() == results["torch"].keys() == results["tensorflow"].keys()
    return results


def assert_close(trained, prefix: str, bound: float, selected=lambda name: True) -> None:
    """Assert that every array under `prefix` agrees within `bound` between all backends."""
    names = [n for n in trained["jax"] if n.startswith(f"{prefix}/") and selected(n)]
    assert names, prefix
    for name in names:
        arrays = {backend: trained[backend][name].astype("float64") for backend in BACKENDS}
        assert len({array.shape for array in arrays.values()}) == 1, name
        stack = np.stack(list(arrays.values()))
        assert np.isfinite(stack).all(), name
        difference = np.ptp(stack, axis=0)
        if difference.size and difference.max() > bound:
            index = np.unravel_index(difference.argmax(), difference.shape)
            values = {backend: array[index] for backend, array in arrays.items()}
            raise AssertionError(
                f"{name}{list(map(int, index))} differs by {difference.max():.2e}: {values}"
            )


def is_slot(name: str) -> bool:
    return "_optimizer/" in name


@pytest.mark.parametrize("name", ["latents", "samples", "flips", "order", "labels"])
def test_a_seed_gives_the_same_bits_on_every_backend(trained, name):
    bits = {(a := trained[b][f"random/{name}"]).dtype.str + a.tobytes().hex() for b in BACKENDS}
    assert len(bits) == 1


@pytest.mark.parametrize("config", CONFIGS)
def test_first_losses_and_gradients_agree(trained, config):
    assert_close(trained, f"{config}/silu/gradients", 1e-5)


@pytest.mark.parametrize("config", KINKED)
def test_first_losses_and_gradients_agree_with_kinks_too(trained, config):
    assert_close(trained, f"{config}/leaky_relu/gradients", 1e-5)


@pytest.mark.parametrize("config", CONFIGS)
def test_one_step_gives_the_same_losses_weights_statistics_and_average(trained, config):
    assert_close(trained, f"{config}/silu/logs", 1e-5)
    assert_close(trained, f"{config}/silu/one", 1e-5, lambda name: not is_slot(name))
    assert_close(trained, f"{config}/silu/one", 1e-4, is_slot)


def test_a_step_changes_what_it_should(trained):
    one, averaged = "wgan_gp/silu/one", "relativistic_r1_r2/silu/one"
    for backend in BACKENDS:
        found = trained[backend]
        assert found[f"{one}/discriminator_optimizer/iteration"] == 5
        assert found[f"{one}/generator_optimizer/iteration"] == 1
        assert found[f"{one}/gan/images"] == 40
        assert (found["bce_batch_norm/silu/one/discriminator/down_4_norm/moving_mean"] != 0).any()
        average, raw = (found[f"{averaged}/{p}/up_4/kernel"] for p in ("ema", "generator"))
        assert 0 < np.abs(average - raw).max() < 2e-4  # nine tenths of one step of Adam


@pytest.mark.parametrize("config", CONFIGS)
def test_a_hundred_smooth_steps_end_at_the_same_weights(trained, config):
    losses = np.stack([trained[backend][f"{config}/silu/losses"] for backend in BACKENDS])
    difference = np.ptp(losses, axis=0).max(axis=1)
    late = np.flatnonzero(difference > 1e-5)
    assert losses.shape == (3, 100, 2)
    assert not late.size, f"{config}: losses differ from step {late[0]} by {difference.max():.2e}"
    assert_close(trained, f"{config}/silu/last", 1e-5, lambda name: not is_slot(name))


@pytest.mark.parametrize("config", CONFIGS)
def test_a_hundred_smooth_steps_change_weights_by_far_more_than_the_bound(trained, config):
    one, last = (trained["jax"][f"{config}/silu/{when}/generator/up_4/kernel"]
                 for when in ("one", "last"))  # fmt: skip
    assert np.abs(one - last).max() > 1e-3


@pytest.mark.parametrize("config", KINKED)
def test_trainings_with_kinks_agree_in_their_statistics(trained, config):
    # rounding decides on which side of a kink a value falls, so single numbers may drift
    found = [trained[backend][f"{config}/leaky_relu/losses"] for backend in BACKENDS]
    for statistic in (np.mean, np.std):
        values = np.array([statistic(losses, axis=0) for losses in found])
        np.testing.assert_allclose(values[1:], values[:1].repeat(2, axis=0), rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("config", CONFIGS)
def test_a_seed_gives_the_same_images_on_every_backend(trained, config):
    images = np.stack([trained[backend][f"{config}/silu/samples"] for backend in BACKENDS])
    assert images.dtype == np.uint8
    assert np.ptp(images.astype(int), axis=0).max() <= 1
    assert np.ptp(images) > 20


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("config", CONFIGS)
def test_a_repeated_step_gives_the_same_bits(trained, config, backend):
    assert trained[backend][f"{config}/silu/repeated"].all()
