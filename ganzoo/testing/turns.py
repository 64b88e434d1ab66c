"""What steps do: they run, each turn moves its own player, and every weight is reached."""

from ganzoo.jobs.models.weights import not_finite
from ganzoo.testing.played import PLAYERS, Unseeded, some
from ganzoo.testing.report import Broken, NotRun
from ganzoo.testing.subject import BATCH, STEPS, Subject


def steps(subject: Subject) -> None:
    """Six steps run, count themselves, and leave every loss and weight finite."""
    try:
        played = subject.played()
    except Unseeded as error:
        raise NotRun("needs seeds") from error
    for number, (logs, arrays) in enumerate(zip(played.logs, played.arrays[1:], strict=True), 1):
        wrong = not_finite(logs) or not_finite(arrays)
        if wrong:
            raise Broken(f"After step {number}, {wrong} is not finite.")
    last = played.arrays[-1]
    counts = (int(last["gan/steps"]), int(last["gan/images"]))
    if counts != (STEPS, STEPS * BATCH):
        raise Broken(
            f"Steps must count {STEPS} steps and {STEPS * BATCH} images. Received: {counts}."
        )


def turns(subject: Subject) -> None:
    """A turn changes nothing of the opponent, and what no turn changes stays as it is."""
    watch = subject.played().watch
    for player in PLAYERS:
        if not watch.turns[player]:
            raise Broken(f"A step plays no turn of the {player}: extend `step`, do not replace it.")
        if watch.crossed[player]:
            changed = some(watch.crossed[player])
            raise Broken(f"The turn of the {player} changes what is not its own: {changed}.")
    if watch.outside:
        raise Broken(f"A step changes players outside of their turns: {some(watch.outside)}.")


def gradients(subject: Subject) -> None:
    """After a few steps every trainable weight has moved: a gradient has reached it."""
    played = subject.played()
    still = [
        f"{player}/{name}"
        for player in PLAYERS
        for name in _trainable(played.gan, player)
        if _same(played, f"{player}/{name}")
    ]
    if still:
        raise Broken(f"No gradient reaches {some(still)}.")


def _trainable(gan, player: str) -> list[str]:
    network = getattr(gan, player)
    return [v.path.removeprefix(f"{network.name}/") for v in network.trainable_variables]


def _same(played, name: str) -> bool:
    return played.arrays[0][name].tobytes() == played.arrays[-1][name].tobytes()
