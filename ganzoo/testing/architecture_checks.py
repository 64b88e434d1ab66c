"""Checks of an architecture: its networks, its training steps and its state."""

from collections.abc import Mapping
from itertools import zip_longest

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.errors import Diverged, UsageError
from ganzoo.files import safetensors
from ganzoo.gan.gan import GAN
from ganzoo.gan.state import named_state
from ganzoo.jobs.models.weights import (
    STATE,
    assign_arrays,
    first_nonfinite,
    frozen_digests,
    state_arrays,
)
from ganzoo.testing.architecture_case import (
    ADAM,
    BATCH,
    STEPS,
    ArchitectureCase,
    advance_global_seeds,
    shares_variables,
)
from ganzoo.testing.check_report import NotRun, Violation, require
from ganzoo.testing.traversal import all_layers
from ganzoo.testing.update_trace import (
    NETWORKS,
    UnseededRandom,
    changed_arrays,
    first_names,
    fit_one_step,
    trace,
    twin,
)

_FAR = 100.0  # factor of latents for which only the output layer keeps images in their range
POLICIES = ("mixed_float16", "mixed_bfloat16")
_SEEDED = "Draw random numbers from `batch.rng`, or give the layer a seed generator of its own."

# Networks ----------------------------------------------------------------------------------


def check_builds(case: ArchitectureCase) -> None:
    """It builds for several shapes, and refuses others with a UsageError."""
    accepted = 0
    for shape, result in case.attempts.items():
        if isinstance(result, UsageError):
            named = "Received" in str(result)
            require(named, f"Its message for {shape} does not say what it received: {result}")
            accepted += shares_variables(result)  # reported by `check_separate`
        elif isinstance(result, Exception):
            raise Violation(f"At {shape}: {result}") from result
        else:
            accepted += 1
            taken = tuple(result.discriminator.inputs[0].shape[1:])
            require(taken == shape, f"At {shape} its discriminator takes images of {taken}.")
    shapes, results = zip(*case.attempts.items(), strict=True)
    require(
        accepted,
        f"It accepts none of {list(shapes)} with the options {case.options}. Its last message: "
        f"{results[-1]} Give image_shapes or options that it accepts.",
    )


def check_separate(case: ArchitectureCase) -> None:
    """Generator and discriminator share no variable and no layer."""
    for result in case.attempts.values():
        require(not shares_variables(result), str(result))
        if isinstance(result, Exception):
            continue
        generator, discriminator = (
            {id(layer): layer.name for layer in all_layers(network)}
            for network in (result.generator, result.discriminator)
        )
        shared = sorted(generator[key] for key in generator.keys() & discriminator.keys())
        message = f"The networks must not share layers. Received: {', '.join(shared)}."
        require(not shared, message)


def check_names(case: ArchitectureCase) -> None:
    """Weights have unique names, the same however often it is built."""
    try:
        one, other = (list(named_state(gan)) for gan in (case.gan, case.build()))
    except ValueError as error:
        raise Violation(str(error)) from error
    for before, after in zip_longest(one, other):
        require(
            before == after,
            f"Built twice, a weight is called {before!r} and then {after!r}. "
            "Give every layer that owns weights a name.",
        )


def check_output(case: ArchitectureCase) -> None:
    """Images are float32, of the data's shape and range; logits are a number or a map."""
    gan = case.gan
    _check_output_types(gan, "")
    logits = tuple(gan.discriminator.outputs[0].shape[1:])
    require(
        len(logits) in (1, 3) and logits[-1] == 1,
        "The discriminator's first output must be logits, (batch, 1) or a map "
        f"(batch, height, width, 1). Received: (batch, {', '.join(map(str, logits))}).",
    )
    latents = _FAR * gan.sampler.sample_latents(BATCH, seed=0)
    images = ops.convert_to_numpy(gan.sampler.generate(latents, case.labels(0), use_ema=False))
    shape = (BATCH, *case.shape)
    require(images.shape == shape, f"Images must be {shape}. Received: {images.shape}.")
    require(np.isfinite(images).all(), "Images of latents far out are not finite.")
    low, high = gan.value_range
    bounded = gan.bounded and len(case.shape) > 1  # points have no range
    require(
        not bounded or low <= images.min() <= images.max() <= high,
        f"Images of latents far out must be in value_range, [{low:g}, {high:g}]. "
        f"Received: {images.min():g} to {images.max():g}.",
    )


def _check_output_types(gan: GAN, condition: str) -> None:
    for name in NETWORKS:
        dtype = keras.backend.standardize_dtype(getattr(gan, name).outputs[0].dtype)
        message = f"The {name}'s output must be float32{condition}. Received: {dtype}."
        require(dtype == "float32", message)


def check_labels(case: ArchitectureCase) -> None:
    """Every network that takes labels computes something else for other labels."""
    gan = trace(case).gan
    conditional = ["generator"] if gan.sampler.conditional else []
    conditional += ["discriminator"] if len(gan.discriminator.inputs) > 1 else []
    if not conditional:
        raise NotRun("takes no labels")
    one, other = (gan.sampler.scale_labels(ops.convert_to_tensor(case.labels(0, shift=shift)))
                  for shift in (0, 1))  # fmt: skip
    inputs = {
        "generator": gan.sampler.sample_latents(BATCH, seed=0),
        "discriminator": gan.sampler.scale(ops.convert_to_tensor(case.images(0))),
    }
    for name in conditional:
        network = getattr(gan, name)

        def compute(x, y, network=network):  # a generator may take labels alone
            return network([x, y] if len(network.inputs) > 1 else y, training=False)

        call = backend.jit(compute)
        outputs = [keras.tree.flatten(call(inputs[name], labels)) for labels in (one, other)]
        pairs = (map(ops.convert_to_numpy, pair) for pair in zip(*outputs, strict=True))
        same = all(np.array_equal(*pair) for pair in pairs)
        require(not same, f"The {name} takes labels, but its output does not depend on them.")


def check_precision(case: ArchitectureCase) -> None:
    """In mixed_float16 and mixed_bfloat16, losses, gradients and weights stay finite."""
    for policy in POLICIES:
        gan = case.build(policy)
        _check_output_types(gan, f" under {policy} as well")
        optimizers = [keras.optimizers.Adam(**ADAM) for _ in NETWORKS]
        if policy == "mixed_float16":  # a scale of one makes no finite gradient overflow
            scaled = keras.optimizers.LossScaleOptimizer
            optimizers = [scaled(optimizer, initial_scale=1.0) for optimizer in optimizers]
        eager = keras.backend.backend() == "tensorflow"
        gan.compile(*optimizers, run_eagerly=eager, **{**case.config, "ema_half_life": 0.0})
        try:
            logs = [fit_one_step(gan, case.batch(step)) for step in range(2)][-1]
        except Diverged as error:
            raise Violation(f"Under {policy}: {error}") from error
        state = state_arrays(gan)
        name = first_nonfinite(logs) or first_nonfinite(state)
        require(not name, f"Under {policy}, {name} is not finite.")
        scales = {n: a for n, a in state.items() if n.endswith("dynamic_scale") and a < 1}
        networks = first_names(name.partition("_")[0] for name in scales)
        require(not scales, f"Under {policy}, gradients of the {networks} are not finite.")


# Training steps ----------------------------------------------------------------------------


def check_steps(case: ArchitectureCase) -> None:
    """Six steps run, are counted, and leave every loss and weight finite."""
    try:
        steps = trace(case)
    except UnseededRandom as error:
        raise NotRun("needs seeds") from error
    for number, (logs, arrays) in enumerate(zip(steps.logs, steps.arrays[1:], strict=True), 1):
        name = first_nonfinite(logs) or first_nonfinite(arrays)
        require(not name, f"After step {number}, {name} is not finite.")
    counts = tuple(int(steps.arrays[-1][name]) for name in ("gan/steps", "gan/images"))
    expected = (STEPS, STEPS * BATCH)
    require(counts == expected, f"Steps and images must be {expected}. Received: {counts}.")


def check_updates(case: ArchitectureCase) -> None:
    """An update changes its own network only, and nothing else changes either of them."""
    changes = trace(case).changes
    for name in NETWORKS:
        message = f"A step makes no update of the {name}: extend `step`, do not replace it."
        require(changes.updates[name], message)
        crossed = first_names(changes.crossed[name])
        require(not crossed, f"The update of the {name} changes the other network: {crossed}.")
    outside = first_names(changes.outside)
    require(not outside, f"A step changes networks outside of their updates: {outside}.")


def check_frozen(case: ArchitectureCase) -> None:
    """Frozen networks have the same weights however often it is built, and keep them."""
    gan = trace(case).gan
    if not gan.frozen_networks:
        raise NotRun("has no frozen networks")
    before, after = frozen_digests(case.build()), frozen_digests(gan)
    changed = first_names(name for name in after if before.get(name) != after[name])
    text = f"Built anew, these frozen networks have other weights than after some steps: {changed}."
    require(not changed, f"{text} Read them from a file of the plugin; no checkpoint holds them.")


def check_gradients(case: ArchitectureCase) -> None:
    """After a few steps every trainable weight has changed: a gradient has reached it."""
    steps, unchanged = trace(case), []
    for name in NETWORKS:
        network = getattr(steps.gan, name)
        for variable in network.trainable_variables:
            key = f"{name}/{variable.path.removeprefix(f'{network.name}/')}"
            if steps.arrays[0][key].tobytes() == steps.arrays[-1][key].tobytes():
                unchanged.append(key)
    require(not unchanged, f"No gradient reaches {first_names(unchanged)}.")


def check_fit(case: ArchitectureCase) -> None:
    """Keras' own `fit` trains it from arrays and returns the history of its losses."""
    gan = trace(case).gan
    if gan.run_eagerly:
        gan = case.compile(case.build(), jit_compile=False)
    before = int(gan.steps)
    history = gan.fit(
        *case.batch(0, count=2 * BATCH), batch_size=BATCH, epochs=1, verbose=0, shuffle=False
    ).history
    finite = all(np.isfinite(values).all() for values in history.values())
    complete = finite and {"d_loss", "g_loss"} <= history.keys()
    require(complete, f"fit must return finite losses. Received: {history}.")
    count = int(gan.steps) - before
    require(count == 2, f"Two batches must be two steps. Received: {count}.")


# Exactness ---------------------------------------------------------------------------------


def check_seeds(case: ArchitectureCase) -> None:
    """The seed decides all random numbers, whatever else the process has drawn."""
    try:
        steps = trace(case)
    except UnseededRandom as error:
        raise Violation(f"A step draws without a seed. {_SEEDED}") from error
    except Exception as error:
        raise NotRun("needs steps") from error
    advance_global_seeds()
    gan = twin(case)
    changed = first_names(changed_arrays(steps.arrays[0], state_arrays(gan)))
    require(not changed, f"Built twice with one seed, these differ: {changed}.")
    fit_one_step(gan, case.batch(0))
    changed = first_names(changed_arrays(steps.arrays[1], state_arrays(gan)))
    require(not changed, f"One step from one seed gives other bits: {changed}. {_SEEDED}")


def check_state(case: ArchitectureCase) -> None:
    """Saved after any step, built anew and loaded, it takes the same next step, bit for bit."""
    steps = trace(case)
    require(
        not steps.changes.attributes,
        f"A step changes {first_names(steps.changes.attributes)}, which no checkpoint holds. "
        "Make it a variable: self.add_weight(..., trainable=False).",
    )
    for step in reversed(range(STEPS)):  # none begins where the one before has led
        saved = safetensors.load(safetensors.dump(steps.arrays[step]))
        changed = changed_by_a_step(case, step, saved)
        message = f"Loaded after {step} steps, the next gives other bits: {first_names(changed)}."
        require(not changed, message)


def changed_by_a_step(
    case: ArchitectureCase, step: int, state: Mapping[str, np.ndarray]
) -> list[str]:
    """Return the names of what a step makes otherwise than the traced one, from another state.

    Args:
        case: The architecture under test.
        step: Number of steps that the traced GAN had made before.
        state: The whole state to begin with.
    """
    gan = twin(case)
    assign_arrays(gan.state(), state, STATE)
    fit_one_step(gan, case.batch(step))
    return changed_arrays(trace(case).arrays[step + 1], state_arrays(gan))
