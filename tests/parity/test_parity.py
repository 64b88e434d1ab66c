"""The same games on the three backends, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BACKENDS = ("jax", "torch", "tensorflow")
GAMES = ("bce_batch_norm", "wgan_gp", "hinge_spectral", "relativistic_r1_r2")
KINKED = ("bce_batch_norm", "relativistic_r1_r2")
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> dict[str, dict[str, np.ndarray]]:
    """What each backend wrote down, by name."""
    folder = tmp_path_factory.mktemp("parity")
    found = {}
    for backend in BACKENDS:
        out = folder / f"{backend}.npz"
        settings = {"KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
        done = subprocess.run(
            [sys.executable, HERE / "play.py", out], cwd=HERE.parent.parent,
            env={**os.environ, **settings, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{backend}:\n{done.stderr[-4000:]}"
        with np.load(out) as arrays:
            found[backend] = {name: arrays[name] for name in arrays.files}
    assert found["jax"].keys() == found["torch"].keys() == found["tensorflow"].keys()
    return found


def assert_close(played, prefix: str, bound: float, chosen=lambda name: True) -> None:
    """Every array under `prefix` within `bound` between all pairs; names the first that is not."""
    names = [n for n in played["jax"] if n.startswith(f"{prefix}/") and chosen(n)]
    assert names, prefix
    for name in names:
        arrays = {backend: played[backend][name].astype("float64") for backend in BACKENDS}
        assert len({array.shape for array in arrays.values()}) == 1, name
        stack = np.stack(list(arrays.values()))
        assert np.isfinite(stack).all(), name
        apart = np.ptp(stack, axis=0)
        if apart.size and apart.max() > bound:
            where = np.unravel_index(apart.argmax(), apart.shape)
            values = {backend: array[where] for backend, array in arrays.items()}
            raise AssertionError(f"{name}{list(map(int, where))} is apart by {apart.max():.2e}: "
                                 f"{values}")  # fmt: skip


def is_slot(name: str) -> bool:
    return "_optimizer/" in name


@pytest.mark.parametrize("draw", ["latents", "samples", "flips", "order", "labels"])
def test_a_seed_draws_the_same_bits_on_every_backend(played, draw):
    bits = {(a := played[b][f"draws/{draw}"]).dtype.str + a.tobytes().hex() for b in BACKENDS}

    assert len(bits) == 1


@pytest.mark.parametrize("gan", GAMES)
def test_first_losses_and_gradients_agree(played, game):
    assert_close(played, f"{game}/silu/gradients", 1e-5)


@pytest.mark.parametrize("gan", KINKED)
def test_first_losses_and_gradients_agree_with_kinks_too(played, game):
    assert_close(played, f"{game}/leaky_relu/gradients", 1e-5)


@pytest.mark.parametrize("gan", GAMES)
def test_one_step_gives_the_same_losses_weights_statistics_and_average(played, game):
    assert_close(played, f"{game}/silu/logs", 1e-5)
    assert_close(played, f"{game}/silu/one", 1e-5, lambda name: not is_slot(name))
    assert_close(played, f"{game}/silu/one", 1e-4, is_slot)


def test_the_step_of_each_game_moves_what_it_should(played):
    one, averaged = "wgan_gp/silu/one", "relativistic_r1_r2/silu/one"
    for backend in BACKENDS:
        found = played[backend]
        assert found[f"{one}/discriminator_optimizer/iteration"] == 5
        assert found[f"{one}/generator_optimizer/iteration"] == 1
        assert found[f"{one}/gan/images"] == 40
        assert (found["bce_batch_norm/silu/one/discriminator/down_4_norm/moving_mean"] != 0).any()
        average, raw = (found[f"{averaged}/{p}/up_4/kernel"] for p in ("average", "generator"))
        assert 0 < np.abs(average - raw).max() < 2e-4  # nine tenths of one step of Adam


@pytest.mark.parametrize("gan", GAMES)
def test_a_hundred_steps_of_a_smooth_game_end_at_the_same_weights(played, game):
    losses = np.stack([played[backend][f"{game}/silu/losses"] for backend in BACKENDS])
    apart = np.ptp(losses, axis=0).max(axis=1)
    left = np.flatnonzero(apart > 1e-5)

    assert losses.shape == (3, 100, 2)
    assert not left.size, f"{game}: losses are apart from step {left[0]}, by {apart.max():.2e}"
    assert_close(played, f"{game}/silu/last", 1e-5, lambda name: not is_slot(name))


@pytest.mark.parametrize("gan", GAMES)
def test_a_smooth_game_changes_its_weights_by_far_more_than_the_bound(played, game):
    one, last = (played["jax"][f"{game}/silu/{when}/generator/up_4/kernel"]
                 for when in ("one", "last"))  # fmt: skip

    assert np.abs(one - last).max() > 1e-3


@pytest.mark.parametrize("gan", KINKED)
def test_games_with_kinks_agree_in_their_statistics(played, game):
    # rounding decides on which side of a kink a value falls, so single numbers may drift
    found = [played[backend][f"{game}/leaky_relu/losses"] for backend in BACKENDS]
    for statistic in (np.mean, np.std):
        values = np.array([statistic(losses, axis=0) for losses in found])
        np.testing.assert_allclose(values[1:], values[:1].repeat(2, axis=0), rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("gan", GAMES)
def test_one_seed_is_one_picture_on_every_backend(played, game):
    pictures = np.stack([played[backend][f"{game}/silu/samples"] for backend in BACKENDS])

    assert pictures.dtype == np.uint8
    assert np.ptp(pictures.astype(int), axis=0).max() <= 1
    assert np.ptp(pictures) > 20


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("gan", GAMES)
def test_a_step_played_again_gives_the_same_bits(played, game, backend):
    assert played[backend][f"{game}/silu/repeated"].all()
