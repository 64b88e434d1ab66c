"""Everything that a step may change, under one stable name each.

Checkpoints, resuming and comparisons between processes all walk this one list.
"""

from collections.abc import Iterable

import keras

from ganzoo.gan.transfer.freezing import frozen_variables

Named = list[tuple[str, keras.Variable]]

NETWORKS = ("generator/", "discriminator/", "ema/")  # the rest of a state is about a training


def named_state(gan) -> dict[str, keras.Variable]:
    """The state of a GAN by name, sorted.

    Names: `generator/up_8/kernel`, `discriminator/...`, `ema/...` (the same names as the
    generator's), `generator_optimizer/up_8/kernel/momentum`, `discriminator_optimizer/...`,
    `gan/steps`, `gan/images`, `gan/seed`, `metrics/total`. Further variables of a subclass
    stand under `gan/`. None of them depends on what else the process has built. Frozen networks
    are left out, since no step changes them.

    Raises:
        ValueError: two variables would share a name.
    """
    frozen = frozen_variables(gan.frozen_networks)
    state: Named = []
    for part in ("generator", "discriminator"):
        network = getattr(gan, part)
        named = [pair for pair in network_state(network) if id(pair[1]) not in frozen]
        state += [(f"{part}/{name}", variable) for name, variable in named]
        if gan.compiled:
            optimizer = getattr(gan.optimizer, part)
            state += _optimizer_state(f"{part}_optimizer", optimizer, named)
    if gan.ema is not None:
        averages = [(name, gan.ema.of(v)) for name, v in network_state(gan.generator)]
        held = {id(average) for average in gan.ema.weights}
        state += [(f"ema/{name}", average) for name, average in averages if id(average) in held]
    if gan.compiled:
        state += [(f"metrics/{variable.name}", variable) for variable in gan.step_metrics.variables]
    taken = frozen | {id(variable) for _, variable in state}
    own = [variable for variable in gan.variables if id(variable) not in taken]
    state += [(f"gan/{_below(gan.name, variable.path)}", variable) for variable in own]
    return _unique(state)


def network_state(network: keras.Model) -> Named:
    """The variables of a network by layer: `up_8/kernel`; seed generators: `seeds/0`, ..."""
    weights = {id(weight) for weight in network.weights}
    seeds = [variable for variable in network.variables if id(variable) not in weights]
    named = [(_below(network.name, weight.path), weight) for weight in network.weights]
    return named + [(f"seeds/{i}", seed) for i, seed in enumerate(seeds)]


def _optimizer_state(prefix: str, optimizer, network: Named) -> Named:
    """`kernel/momentum` for what follows a weight; the optimizer's own name for the rest."""
    inner = getattr(optimizer, "inner_optimizer", None)  # of a LossScaleOptimizer
    inside = _optimizer_state(f"{prefix}/inner", inner, network) if inner is not None else []
    held = {id(variable) for _, variable in inside}
    own = [variable for variable in optimizer.variables if id(variable) not in held]
    return [(f"{prefix}/{_slot(variable, network)}", variable) for variable in own] + inside


def _slot(variable: keras.Variable, network: Named) -> str:
    # Keras names a slot after the path of the weight it follows: generator_up_8_kernel_momentum
    weights = [(weight.path.replace("/", "_") + "_", name) for name, weight in network]
    follows = [pair for pair in weights if variable.name.startswith(pair[0])]
    if not follows:
        return variable.name
    flat, name = max(follows, key=lambda pair: len(pair[0]))
    return f"{name}/{variable.name.removeprefix(flat)}"


def _below(owner: str, path: str) -> str:
    return path.removeprefix(f"{owner}/")


def _unique(pairs: Iterable[tuple[str, keras.Variable]]) -> dict[str, keras.Variable]:
    state: dict[str, keras.Variable] = {}
    for name, variable in pairs:
        if state.setdefault(name, variable) is not variable:
            raise ValueError(
                f"Two variables share the name {name!r}; a checkpoint could not tell them apart. "
                "Give every layer that owns weights a name of its own."
            )
    return dict(sorted(state.items()))
