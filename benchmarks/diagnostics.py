"""Diagnoses of sick and sound trainings: how many are named right, how many for nothing.

The trainings are small, on embedded digits and points, each with a seed of its own. Some chose the
thresholds of `ganzoo/jobs/diagnostics/diagnoses.py`; the others, run afterward, show what they are
worth. The evidence of every check is kept in `benchmarks/diagnostics.json`, so that other
thresholds can be tried without training again.

Usage: python benchmarks/diagnostics.py                   the tables of docs/diagnostics.md
       python benchmarks/diagnostics.py --train [NAME]    train those whose name holds this word
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

HERE = Path(__file__).resolve()
FIGURES = HERE.with_suffix(".json")
PAGE = HERE.parents[1] / "docs" / "diagnostics.md"
BEGIN, END = "<!-- written by benchmarks/diagnostics.py -->", "<!-- end of the tables -->"
SOUND = "sound"
COMMON = (
    "batch=32",
    "steps=320",
    "log_every=20",
    "sample_every=40",
    "checkpoint_every=100000",
    "steps_per_dispatch=1",
)

# Small forms of the zoo's models: the model, and what makes it smaller.
MLP = ("gan-mnist-small", "dataset.name=digits", "latent_size=32", "generator_units=[64,128]",
       "discriminator_units=[128,64]", "generator_optimizer.learning_rate=1e-3",
       "discriminator_optimizer.learning_rate=1e-3", "ema_half_life=8850")  # fmt: skip
MIXTURE = ("generator_units=[128,128]", "discriminator_units=[128,128]", "ema_half_life=8850")
SMALL = {
    "mlp": MLP,
    "mlp-lsgan": (*MLP, "loss=least_squares"),
    "mlp-hinge": (*MLP, "loss=hinge"),
    "mlp-r1": (*MLP, 'regularizers=[{name="r1", weight=1.0}]'),
    "mlp-dragan": (*MLP, 'regularizers=[{name="dragan", weight=10.0}]'),
    "mlp-lsgan-r1": (*MLP, "loss=least_squares", 'regularizers=[{name="r1", weight=0.3}]'),
    "mlp-hinge-r1": (*MLP, "loss=hinge", 'regularizers=[{name="r1", weight=1.0}]'),
    "mlp-wgan-gp": (*MLP, "loss=wasserstein", "n_critic=2",
                    'regularizers=[{name="gradient_penalty", weight=10.0}]'),
    "mlp-r3gan": (*MLP, "loss=relativistic",
                  'regularizers=[{name="r1", weight=0.1}, {name="r2", weight=0.1}]'),
    "dcgan": ("dcgan-digits", "generator_base_channels=24", "discriminator_base_channels=24"),
    "sngan": ("sngan-digits", "generator_base_channels=16", "generator_max_channels=16",
              "discriminator_base_channels=16", "discriminator_max_channels=16"),
    "wgan-gp": ("wgan-gp-digits", "generator_base_channels=16", "generator_max_channels=16",
                "discriminator_base_channels=16", "discriminator_max_channels=16", "n_critic=2"),
    "stylegan2": ("stylegan2-digits", "max_channels=16", "fmap_base=128"),
    "gan-mixture": ("gan-mixture", "generator_units=[128,128]", "discriminator_units=[128,128]"),
    "wgan-gp-mixture": ("wgan-gp-mixture", *MIXTURE, "n_critic=2"),
    "r3gan-mixture": ("r3gan-mixture", *MIXTURE),
}  # fmt: skip
# Sound trainings of kinds that take long have some of the seeds only.
SLOW = {
    "dcgan": (2,), "sngan": (3, 4), "wgan-gp": (3, 4), "stylegan2": (4,),
    "wgan-gp-mixture": (2, 3), "r3gan-mixture": (2, 3),
}  # fmt: skip
# Those in which something is wrong already: in so few steps they find a part of the modes only.
PLAIN = ("mlp", "mlp-lsgan", "mlp-hinge", "gan-mixture")
# The evidence that is kept of every check.
NUMBERS = ("step", "accuracy", "loss_share", "epochs", "penalty_share", "penalty_change",
           "spread", "nearest", "copy", "contrast", "distance", "ema_gap",
           "g_loss", "d_loss")  # fmt: skip
RATE = "{}_optimizer.learning_rate={:.2g}"


def rates(generator: float, discriminator: float) -> list[str]:
    """Return the settings of both learning rates."""
    return [RATE.format("generator", generator), RATE.format("discriminator", discriminator)]


# What makes each kind ill; `x` in [0, 1] is drawn anew for each training.
SICK = {
    "discriminator_wins": {
        "mlp": lambda x: [*rates(1e-4 * 0.3**x, 4e-3), "loss=minimax"],
        "mlp-lsgan": lambda x: rates(3e-5 * 0.3**x, 4e-3),
        "mlp-r3gan": lambda x: [*rates(1e-4 * 0.3**x, 4e-3), "regularizers=[]"],
    },
    "mode_collapse": {
        "mlp": lambda x: rates(1e-2 * 2**x, 1e-4),
        "mlp-hinge": lambda x: rates(1e-2 * 2**x, 1e-4),
        "gan-mixture": lambda x: rates(3e-3 * 2**x, 1e-3),
    },
    "gray_samples": {
        "mlp-r1": lambda x: rates(1e-6 * 0.3**x, 1e-6),
        "mlp-hinge": lambda x: rates(1e-6 * 0.3**x, 1e-6),
        "mlp-lsgan": lambda x: rates(0.3 + x, 1e-3),
    },
    "lagging_average": {
        name: lambda x: ["ema_rampup=0", f"ema_half_life={1e6 * 10**x:.2g}"]
        for name in ("mlp-r1", "mlp-wgan-gp", "mlp-dragan")
    },
    "memorization": {
        name: lambda x: [f"dataset.images={16 + int(32 * x)}", "batch=16", "steps=600"]
        for name in ("mlp", "mlp-hinge", "mlp-lsgan")
    },
    "dead_penalty": {
        "mlp-r1": lambda x: [f'regularizers=[{{name="r1", weight={1e-6 * 0.1**x:.2g}}}]'],
        "mlp-dragan": lambda x: [f'regularizers=[{{name="dragan", weight={1e-6 * 0.1**x:.2g}}}]'],
        "mlp-wgan-gp": lambda x: [f"weight_clip={1e-3 * 0.3**x:.2g}"],
    },
}  # fmt: skip


# Seeds of the trainings that choose the thresholds, and of those that show what they are worth.
CHOOSING = {**dict.fromkeys(SICK, (0, 1)), SOUND: (2, 3)}
SHOWING = {**dict.fromkeys(SICK, (2, 3)), SOUND: (4, 5)}


@dataclass(frozen=True)
class Training:
    """A training of the benchmark: its illness or `"sound"`, its kind, seed and settings."""

    truth: str
    kind: str
    seed: int
    settings: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name, which is unique."""
        return f"{self.truth}/{self.kind}/{self.seed}"


def trainings() -> Iterator[Training]:
    """Yield the trainings."""
    for truth, kinds in SICK.items():
        for kind, settings in kinds.items():
            for seed in CHOOSING[truth] + SHOWING[truth]:
                x = random.Random(f"{truth} {kind} {seed}").random()
                yield Training(truth, kind, seed, tuple(settings(x)))
    for kind in SMALL:
        for seed in CHOOSING[SOUND] + SHOWING[SOUND] if kind not in PLAIN else ():
            if seed in SLOW.get(kind, (seed,)):
                yield Training(SOUND, kind, seed, ())


def train(training: Training, folder: Path) -> dict[str, Any]:
    """Train, and return the evidence of every check, the warnings and the seconds."""
    from ganzoo.catalog.recipe.overrides import apply_settings
    from ganzoo.catalog.registry.lookup import models
    from ganzoo.jobs.diagnostics.tracker import Tracker
    from ganzoo.jobs.training.train import train

    model, *smaller = SMALL[training.kind]
    recipe = apply_settings(models()[model].card().recipe, smaller)
    settings = [*COMMON, f"training.seed={training.seed}", *training.settings]
    recipe = apply_settings(recipe, settings)
    checks = []

    def record(self, evidence):
        checks.append({k: float(f"{evidence[k]:.4g}") for k in NUMBERS if k in evidence})
        return []

    begun = time.perf_counter()
    with mock.patch.object(Tracker, "update", record):
        train(recipe, run=folder / training.name.replace("/", "-"), backend="jax")
    return {"checks": checks, "seconds": round(time.perf_counter() - begun, 1)}


def warnings_of(checks: list[dict[str, Any]]) -> Counter:
    """Return how often each illness is reported, by the thresholds of today."""
    from ganzoo.jobs.diagnostics.tracker import Tracker

    tracker = Tracker()
    return Counter(d.illness for evidence in checks for d in tracker.update(evidence))


def tables(figures: dict[str, dict]) -> str:
    """Return the tables of both groups in Markdown."""
    found = {training: warnings_of(figures[training.name]["checks"]) for training in trainings()}
    parts = []
    for seeds, title in ((SHOWING, "Trainings that had no part in it"),
                         (CHOOSING, "Trainings that chose the thresholds")):  # fmt: skip
        group = {t: names for t, names in found.items() if t.seed in seeds[t.truth]}
        parts += [f"### {title}", summary(group), confusion(group)]
    sound = Counter(training.kind for training in found if training.truth == SOUND)
    kinds = ", ".join(f"`{kind}` {count}" for kind, count in sound.items())
    missed = [t.name for t, names in found.items() if t.truth not in (SOUND, *names)]
    return "\n\n".join([
        *parts, f"{len(found)} trainings. Sound ones: {kinds}. Not named: {', '.join(missed)}.",
    ])  # fmt: skip


def summary(group: dict[Training, Counter]) -> str:
    """Return in a sentence how many are named right, and how many for nothing."""
    sick = [(t.truth, names) for t, names in group.items() if t.truth != SOUND]
    sound = [names for t, names in group.items() if t.truth == SOUND]
    right = sum(truth in names for truth, names in sick)
    alone = sum(set(names) == {truth} for truth, names in sick)
    alarms = sum(bool(names) for names in sound)
    return (
        f"Named right: {right} of {len(sick)} sick trainings ({right / len(sick):.0%}), {alone} of "
        f"them with no other name. Alarms: {alarms} of {len(sound)} sound trainings "
        f"({alarms / len(sound):.0%})."
    )


def confusion(group: dict[Training, Counter]) -> str:
    """Return the table of true illnesses (rows) and reported ones (columns)."""
    lines = [
        f"| | trainings | {' | '.join(name.replace('_', ' ') for name in SICK)} | none |",
        f"|---|{'---:|' * (len(SICK) + 2)}",
    ]
    for truth in (*SICK, SOUND):
        named = [set(names) for training, names in group.items() if training.truth == truth]
        counts = [sum(name in names for names in named) for name in SICK]
        cells = [str(n or "") for n in counts]
        if truth in SICK:
            at = list(SICK).index(truth)
            cells[at] = f"**{counts[at]}**"
        none = sum(not names for names in named)
        cells = [truth.replace("_", " "), str(len(named)), *cells, str(none or "")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Train if asked, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", nargs="?", const="", metavar="NAME")
    chosen = parser.parse_args()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    for training in trainings() if chosen.train is not None else ():
        if chosen.train in training.name:
            with tempfile.TemporaryDirectory() as folder:
                figures[training.name] = train(training, Path(folder))
            print(training.name, figures[training.name]["seconds"], flush=True)
            lines = (f"\n{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(figures.items()))
            FIGURES.write_text(f"{{{','.join(lines)}\n}}\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(figures)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
