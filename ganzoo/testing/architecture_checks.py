"""Checks of an architecture: its networks, its training steps and its state."""

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.errors import UsageError
from ganzoo.files import safetensors
from ganzoo.gan.gan import GAN
from ganzoo.gan.state import named_state
from ganzoo.jobs.models.weights import STATE, assign_arrays, first_nonfinite, state_arrays
from ganzoo.testing.architecture_case import (
    ADAM,
    BATCH,
    STEPS,
    ArchitectureCase,
    Shape,
    advance_global_seeds,
    shares_variables,
)
from ganzoo.testing.check_report import NotRun, Violation
from ganzoo.testing.traversal import all_layers
from ganzoo.testing.update_trace import (
    NETWORKS,
    UnseededRandom,
    changed_arrays,
    fit_one_step,
    join_names,
    trace,
    twin,
)

_FAR = 100.0  # factor of latents for which only the output layer keeps images in their range
_POLICIES = ("mixed_float16", "mixed_bfloat16")
_SEEDED = "Draw random numbers from `batch.rng`, or give the layer a seed generator of its own."
_SAVED_STEP = 3

# Networks ----------------------------------------------------------------------------------


def check_builds(case: ArchitectureCase) -> None:
    """It builds for several shapes, and refuses others with a UsageError."""
    accepted = 0
    for shape, result in case.attempts.items():
        if isinstance(result, UsageError):
            if "Received" not in str(result):
                raise Violation(f"Its message for {shape} does not say what it received: {result}")
            accepted += shares_variables(result)  # reported by `check_separate`
        elif isinstance(result, Exception):
            raise Violation(f"At {shape}: {result}") from result
        else:
            accepted += 1
            _check_input_shape(result, shape)
    if not accepted:
        last = list(case.attempts.values())[-1]
        raise Violation(
            f"It accepts none of {list(case.attempts)} with the options {case.options}. Its last "
            f"message: {last} Give image_shapes or options that it accepts."
        )


def _check_input_shape(gan: GAN, shape: Shape) -> None:
    input_shape = tuple(gan.discriminator.inputs[0].shape[1:])
    if input_shape != shape:
        raise Violation(f"At {shape} its discriminator takes images of the shape {input_shape}.")


def check_separate(case: ArchitectureCase) -> None:
    """Generator and discriminator share no variable and no layer."""
    for result in case.attempts.values():
        if shares_variables(result):
            raise Violation(str(result))
        if isinstance(result, Exception):
            continue
        generator, discriminator = (
            {id(layer): layer.name for layer in all_layers(network)}
            for network in (result.generator, result.discriminator)
        )
        shared = sorted(generator[key] for key in generator.keys() & discriminator.keys())
        if shared:
            raise Violation(f"The networks must not share layers. Received: {', '.join(shared)}.")


def check_names(case: ArchitectureCase) -> None:
    """Weights have unique names, the same however often it is built."""
    try:
        one, other = (list(named_state(gan)) for gan in (case.gan, case.build()))
    except ValueError as error:
        raise Violation(str(error)) from error
    changed = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
    if changed or len(one) != len(other):
        before, after = changed[0] if changed else (len(one), len(other))
        raise Violation(
            f"Built twice, a weight is called {before!r} and then {after!r}. "
            "Give every layer that owns weights a name."
        )


def check_output(case: ArchitectureCase) -> None:
    """Images are float32, of the data's shape and range; logits are a number or a map."""
    gan = case.gan
    _check_output_types(gan, "")
    logits = tuple(gan.discriminator.outputs[0].shape[1:])
    if len(logits) not in (1, 3) or logits[-1] != 1:
        raise Violation(
            "The discriminator's first output must be logits, (batch, 1) or a map "
            f"(batch, height, width, 1). Received: (batch, {', '.join(map(str, logits))})."
        )
    latents = _FAR * gan.sampler.sample_latents(BATCH, seed=0)
    images = ops.convert_to_numpy(gan.sampler.generate(latents, case.labels(0), use_ema=False))
    if images.shape != (BATCH, *case.shape):
        raise Violation(f"Images must be {(BATCH, *case.shape)}. Received: {images.shape}.")
    if not np.isfinite(images).all():
        raise Violation("Images of latents far out are not finite.")
    low, high = gan.value_range
    bounded = gan.bounded and len(case.shape) > 1  # points have no range
    if bounded and not low <= images.min() <= images.max() <= high:
        raise Violation(
            f"Images of latents far out must be in value_range, [{low:g}, {high:g}]. "
            f"Received: {images.min():g} to {images.max():g}."
        )


def _check_output_types(gan: GAN, condition: str) -> None:
    for name in NETWORKS:
        dtype = keras.backend.standardize_dtype(getattr(gan, name).outputs[0].dtype)
        if dtype != "float32":
            raise Violation(f"The {name}'s output must be float32{condition}. Received: {dtype}.")


def check_labels(case: ArchitectureCase) -> None:
    """Every network that takes labels computes something else for other labels."""
    gan = trace(case).gan
    conditional = [name for name in NETWORKS if len(getattr(gan, name).inputs) > 1]
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
        call = backend.jit(lambda x, y, network=network: network([x, y], training=False))
        outputs = [keras.tree.flatten(call(inputs[name], labels)) for labels in (one, other)]
        pairs = (map(ops.convert_to_numpy, pair) for pair in zip(*outputs, strict=True))
        if all(np.array_equal(*pair) for pair in pairs):
            raise Violation(f"The {name} takes labels, but its output does not depend on them.")


def check_precision(case: ArchitectureCase) -> None:
    """In mixed_float16 and mixed_bfloat16, losses, gradients and weights stay finite."""
    for policy in _POLICIES:
        gan = case.build(policy)
        _check_output_types(gan, f" under {policy} as well")
        optimizers = [keras.optimizers.Adam(**ADAM) for _ in NETWORKS]
        if policy == "mixed_float16":  # a scale of one makes no finite gradient overflow
            scaled = keras.optimizers.LossScaleOptimizer
            optimizers = [scaled(optimizer, initial_scale=1.0) for optimizer in optimizers]
        eager = keras.backend.backend() == "tensorflow"
        gan.compile(*optimizers, run_eagerly=eager, **{**case.config, "ema_half_life": 0.0})
        for step in range(2):
            logs = fit_one_step(gan, case.batch(step))
        state = state_arrays(gan)
        name = first_nonfinite(logs) or first_nonfinite(state)
        if name:
            raise Violation(f"Under {policy}, {name} is not finite.")
        scales = {n: a for n, a in state.items() if n.endswith("dynamic_scale") and a < 1}
        if scales:
            networks = join_names(name.partition("_")[0] for name in scales)
            raise Violation(f"Under {policy}, gradients of the {networks} are not finite.")


# Training steps ----------------------------------------------------------------------------


def check_steps(case: ArchitectureCase) -> None:
    """Six steps run, are counted, and leave every loss and weight finite."""
    try:
        steps = trace(case)
    except UnseededRandom as error:
        raise NotRun("needs seeds") from error
    for number, (logs, arrays) in enumerate(zip(steps.logs, steps.arrays[1:], strict=True), 1):
        name = first_nonfinite(logs) or first_nonfinite(arrays)
        if name:
            raise Violation(f"After step {number}, {name} is not finite.")
    last = steps.arrays[-1]
    counts = (int(last["gan/steps"]), int(last["gan/images"]))
    if counts != (STEPS, STEPS * BATCH):
        raise Violation(
            f"Steps must count {STEPS} steps and {STEPS * BATCH} images. Received: {counts}."
        )


def check_updates(case: ArchitectureCase) -> None:
    """An update changes its own network only, and nothing else changes either of them."""
    changes = trace(case).changes
    for name in NETWORKS:
        if not changes.updates[name]:
            raise Violation(
                f"A step makes no update of the {name}: extend `step`, do not replace it."
            )
        if changes.crossed[name]:
            names = join_names(changes.crossed[name])
            raise Violation(f"The update of the {name} changes the other network: {names}.")
    if changes.outside:
        names = join_names(changes.outside)
        raise Violation(f"A step changes networks outside of their updates: {names}.")


def check_gradients(case: ArchitectureCase) -> None:
    """After a few steps every trainable weight has changed: a gradient has reached it."""
    steps, unchanged = trace(case), []
    for name in NETWORKS:
        network = getattr(steps.gan, name)
        for variable in network.trainable_variables:
            key = f"{name}/{variable.path.removeprefix(f'{network.name}/')}"
            if steps.arrays[0][key].tobytes() == steps.arrays[-1][key].tobytes():
                unchanged.append(key)
    if unchanged:
        raise Violation(f"No gradient reaches {join_names(unchanged)}.")


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
    if not finite or not {"d_loss", "g_loss"} <= history.keys():
        raise Violation(f"fit must return finite losses. Received: {history}.")
    if int(gan.steps) - before != 2:
        raise Violation(f"Two batches must be two steps. Received: {int(gan.steps) - before}.")


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
    changed = changed_arrays(steps.arrays[0], state_arrays(gan))
    if changed:
        raise Violation(f"Built twice with one seed, these differ: {join_names(changed)}.")
    fit_one_step(gan, case.batch(0))
    changed = changed_arrays(steps.arrays[1], state_arrays(gan))
    if changed:
        raise Violation(
            f"One step from one seed gives other bits: {join_names(changed)}. {_SEEDED}"
        )


def check_state(case: ArchitectureCase) -> None:
    """Saved, built anew and loaded, it takes the same next step, bit for bit."""
    steps, gan = trace(case), twin(case)
    if steps.changes.attributes:
        raise Violation(
            f"A step changes {join_names(steps.changes.attributes)}, which no checkpoint holds. "
            "Make it a variable: self.add_weight(..., trainable=False)."
        )
    saved = safetensors.dump(steps.arrays[_SAVED_STEP])
    assign_arrays(gan.state(), safetensors.load(saved), STATE)
    fit_one_step(gan, case.batch(_SAVED_STEP))
    changed = changed_arrays(steps.arrays[_SAVED_STEP + 1], state_arrays(gan))
    if changed:
        raise Violation(f"After loading, the next step gives other bits: {join_names(changed)}.")
