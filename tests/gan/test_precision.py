import numpy as np
import pytest

pytestmark = pytest.mark.backend

SCALE = "dynamic_scale"


RULES = {
    "loss": "relativistic",
    "regularizers": [{"name": name, "weight": 0.1} for name in ("r1", "gradient_penalty")],
    "ema_half_life": 0.9,
}


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_steps_in_mixed_precision_are_finite_and_move_both_networks(
    small, points, policy, precision
):
    policy(precision)
    gan = small.compiled(small.gan(norm=True), **RULES)
    assert gan.generator.get_layer("hidden").compute_dtype == precision.removeprefix("mixed_")
    before = small.arrays(gan)
    for _ in range(3):
        logs = gan.train_on_batch(points, return_dict=True)
    after = small.arrays(gan)
    assert np.isfinite(list(logs.values())).all()
    assert all(np.isfinite(array).all() for array in after.values())
    moved = small.differing(before, after)
    assert {"generator/hidden/kernel", "discriminator/hidden/kernel"} <= moved
    assert {array.dtype for name, array in after.items() if "kernel" in name} == {np.dtype("f4")}


def test_only_float16_has_loss_scales_one_for_each_network(small, policy):
    for precision, scaled in (("mixed_float16", 2), ("mixed_bfloat16", 0), ("float32", 0)):
        policy(precision)
        state = small.compiled(small.gan()).state()
        assert sum(name.endswith(SCALE) for name in state) == scaled


@pytest.mark.parametrize(("network", "other"), [("generator", "discriminator"),
                                               ("discriminator", "generator")])  # fmt: skip
def test_an_overflow_skips_that_networks_update_and_halves_its_scale(
    small, points, policy, network, other
):
    policy("mixed_float16")
    gan = small.compiled(small.gan())
    scale = getattr(gan.optimizer, network).dynamic_scale
    scale.assign(2.0**100)  # beyond anything that float16 holds
    before = small.arrays(gan)
    gan.train_on_batch(points)
    after = small.arrays(gan)
    changed = small.differing(before, after)
    assert after[f"{network}_optimizer/{SCALE}"] == 2.0**99
    assert after[f"{other}_optimizer/{SCALE}"] == before[f"{other}_optimizer/{SCALE}"]
    assert not [name for name in changed if name.startswith(f"{network}/")]
    assert f"{other}/hidden/kernel" in changed
    assert np.isfinite(list(gan.get_metrics_result().values())).all()


def test_the_scale_does_not_change_the_gradients(small, points, policy):
    policy("mixed_float16")
    gan = small.compiled(small.gan(), small.sgd(0.1), small.sgd(0.1))
    before, results = small.arrays(gan), []
    for scale in (2.0**4, 2.0**8):
        small.restore(gan, {n: scale if n.endswith(SCALE) else before[n] for n in before})
        gan.train_on_batch(points)
        networks = ("generator/", "discriminator/")
        results.append({n: a for n, a in small.arrays(gan).items() if n.startswith(networks)})
    small.assert_close(*results, rtol=1e-7, atol=2e-4)
