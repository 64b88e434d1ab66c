"""Exactness: the same seed, the same state, the same step; and ordinary `fit`."""

import numpy as np

from ganzoo.files import safetensors
from ganzoo.jobs.models.weights import STATE, arrays_of, assign
from ganzoo.testing.played import Unseeded, differing, one_step, some
from ganzoo.testing.report import Broken, NotRun
from ganzoo.testing.subject import BATCH, Subject, disturb

_SEEDED = "Draw from `batch.draw`, or give the layer a seed generator of its own."
_AT = 3  # the step at which the state is saved


def seeds(subject: Subject) -> None:
    """The seed decides all that is drawn, whatever else the process has drawn."""
    try:
        played = subject.played()
    except Unseeded as error:
        raise Broken(f"A step draws without a seed. {_SEEDED}") from error
    except Exception as error:
        raise NotRun("needs steps") from error
    disturb()
    again = subject.again()
    changed = differing(played.arrays[0], arrays_of(again))
    if changed:
        raise Broken(f"Built twice with one seed, these differ: {some(changed)}.")
    one_step(again, subject.batch(0))
    changed = differing(played.arrays[1], arrays_of(again))
    if changed:
        raise Broken(f"One step from one seed gives other bits: {some(changed)}. {_SEEDED}")


def state(subject: Subject) -> None:
    """Saved, built anew and loaded, it takes the same next step, bit for bit."""
    played, again = subject.played(), subject.again()
    if played.watch.attributes:
        raise Broken(
            f"A step changes {some(played.watch.attributes)}, which no checkpoint holds. "
            "Make it a variable: self.add_weight(..., trainable=False)."
        )
    saved = safetensors.dump(played.arrays[_AT])
    assign(again.state(), safetensors.load(saved), STATE)
    one_step(again, subject.batch(_AT))
    changed = differing(played.arrays[_AT + 1], arrays_of(again))
    if changed:
        raise Broken(f"After loading, the next step gives other bits: {some(changed)}.")


def fit(subject: Subject) -> None:
    """Keras' own `fit` trains it from arrays and says how the losses went."""
    gan = subject.played().gan
    if gan.run_eagerly:
        gan = subject.compile(subject.build(), jit_compile=False)
    before = int(gan.steps)
    history = gan.fit(
        *subject.batch(0, count=2 * BATCH), batch_size=BATCH, epochs=1, verbose=0, shuffle=False
    ).history
    wrong = [name for name, values in history.items() if not np.isfinite(values).all()]
    if not {"d_loss", "g_loss"} <= history.keys() or wrong:
        raise Broken(f"fit must tell finite losses. Received: {history}.")
    if int(gan.steps) - before != 2:
        raise Broken(f"Two batches must be two steps. Received: {int(gan.steps) - before}.")
