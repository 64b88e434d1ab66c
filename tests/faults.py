"""The long forms of tests that kill, interrupt and damage, in pieces: `make test-faults`.

    python tests/faults.py                                      all of it: some hours
    python tests/faults.py --only kills --backend jax --kills 15
    python tests/faults.py --only fuzz --minutes 5 --record     into docs/faults.json

`kills` and `interrupts` train one small GAN with every kind of state: each training is killed, or
asked to stop, at random moments (while frameworks are imported, in its first step, in a
checkpoint, an evaluation, its report) and resumed each time. What it leaves in the end must be that
of a training that nobody disturbed, bit for bit. Only those that met a training count. Most
trainings begin in a process that has imported the frameworks, one in twenty in one of its own.
`damage` and `fuzz` repeat tests of the suite, with other seeds; `parts` leaves out each part of the
state of every architecture, also on TensorFlow; `precisions` trains each of them in both types of
half precision, and `shapes` draws images of every shape, on every backend; `loops` compares the
largest loops of `benchmarks/` with ganzoo's steps. Of these the suite runs only a part on the
backends that compile.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from warm_starts import WarmParent

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "tests" / "end_to_end" / "site"
COUNTS = ROOT / "docs" / "faults.json"
PIECES = ("kills", "interrupts", "damage", "fuzz", "parts", "precisions", "shapes", "loops")
BACKENDS = ("jax", "torch", "tensorflow")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
CHAIN = 10  # disturbances of one training before it may end
TIMEOUT = 300  # seconds, of a command that was asked to stop
WRITTEN = ("checkpoint", "sample", "evaluation", "end")  # events about files
LENGTH = ("--steps", "16", "--set", "checkpoint_every=1", "--set", "keep_checkpoints=3",
          "--set", "sample_every=4", "--set", "training.evaluate_every=8",
          "--set", "evaluate_samples=20", "--set", "evaluate_features=digits")  # fmt: skip
COLD = 0.05  # of the starts: in a process of their own, which imports the frameworks
DAMAGE = (
    "tests/files/test_crash.py",
    "tests/registry/test_crash.py",
    "tests/registry/test_verify_run.py",
)
LONG = {  # of tests that the suite shortens: its file, and words of its name
    "parts": ("tests/testing/test_conformance.py", "left_out"),
    "precisions": ("tests/testing/test_conformance.py", "passes_its_checks"),
    "shapes": ("tests/plugins/test_shapes.py", "any_shape"),
    "loops": ("tests/benchmarks/test_hand.py", "by_hand"),
}
FUZZ = ("tests/files/test_hostile_weights.py", "tests/files/foreign/test_hostile_files.py")


@dataclass
class Outcome:
    """What was tried and what has held; the others with their reason."""

    tried: int = 0
    passed: int = 0
    failures: list[str] = field(default_factory=list)
    moments: Counter[str] = field(default_factory=Counter)  # last events before disturbances


class Process(Protocol):
    """A running command."""

    stdout: IO[str] | None
    returncode: int | None

    def send_signal(self, sig: int, /) -> None: ...
    def communicate(self) -> tuple[str, str]: ...


@dataclass(frozen=True)
class Disturbance:
    """Whether it met the training, the last event before, and what is wrong about its end."""

    met: bool
    moment: str
    wrong: list[str]


class Trainings:
    """Trainings of `tests/end_to_end/site`: children of a warm parent, or by themselves."""

    def __init__(self, backend: str, folder: Path, chance: random.Random):
        self.folder, self.chance = folder, chance
        path = [SITE, ROOT, ROOT / "plugins", *filter(None, sys.path)]
        self.environment = os.environ | {
            "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(map(str, path)),
            "GANZOO_HOME": str(folder / "home"), "KERAS_HOME": str(folder / "keras"),
            "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1",
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }  # fmt: skip
        shutil.copy(SITE / "recipe.toml", folder)
        self.parent = WarmParent(folder, self.environment)

    def start(self, *words: str, pause: float = 0.0, cold: bool = False) -> Process:
        words = (*words, "--json")
        if not cold:
            return self.parent.start(words, pause)
        return subprocess.Popen(
            [sys.executable, "-m", "ganzoo.cli", *words], cwd=self.folder, text=True,
            env=self.environment | {"PAUSE": str(pause)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def whole(self) -> float:
        """Train undisturbed into `whole`, and return the seconds that it took."""
        begun = time.monotonic()
        shutil.rmtree(self.folder / "whole", ignore_errors=True)
        process = self.start("train", "recipe.toml", "--run", "whole", *LENGTH)
        _, err = process.communicate()
        if process.returncode:
            raise SystemExit(f"The training without faults failed: {err}")
        return time.monotonic() - begun

    def begin(self, name: str, pause: float, cold: bool = False) -> Process:
        """Train, or go on: what was killed before its first checkpoint begins anew."""
        if any((self.folder / name / "checkpoints").glob("step-*")):
            return self.start("resume", name, pause=pause, cold=cold)
        shutil.rmtree(self.folder / name, ignore_errors=True)
        words = ("train", "recipe.toml", "--run", name, *LENGTH)
        return self.start(*words, pause=pause, cold=cold)

    def disturb(self, process: Process, numbers: Sequence[int], life: float) -> Disturbance:
        """Send signals at a random moment.

        Half of the moments are anywhere in its life, half come after a checkpoint, a sample or an
        evaluation, where most is written.
        """
        seen: list[str] = []
        if self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0, life))
        else:
            left = self.chance.randrange(1, 6)
            assert process.stdout is not None
            for line in process.stdout:
                seen.append(line)
                left -= json.loads(line)["event"] in WRITTEN
                if not left:
                    break
            time.sleep(self.chance.uniform(0, 0.05))
        for number in numbers:
            process.send_signal(number)
            time.sleep(self.chance.uniform(0, 0.05))
        hangs = threading.Timer(TIMEOUT, process.send_signal, (signal.SIGABRT,))
        hangs.start()
        out, err = process.communicate()
        hangs.cancel()
        seen += out.splitlines(keepends=True)
        code, last = process.returncode, numbers[-1]
        ends = {0, -signal.SIGKILL} if last == signal.SIGKILL else {0, *(128 + n for n in numbers)}
        # before Python has reached our handlers, or when frameworks begin to load
        ends |= {-n for n in numbers} if "Traceback" not in err else set()
        wrong = [] if code in ends else [f"{numbers}: exit code {code}: {err[-2000:]}"]
        events = [json.loads(line).get("event", "") for line in seen if line.endswith("}\n")]
        return Disturbance(code != 0, events[-1] if events else "import", wrong)

    def differing(self, name: str) -> list[str]:
        """Names of what the finished run holds otherwise than the one that nobody disturbed."""
        one, other = (self._content(run) for run in ("whole", name))
        return sorted(n for n in one.keys() | other.keys() if one.get(n) != other.get(n))

    def _content(self, name: str) -> dict[str, object]:
        run = self.folder / name
        found: dict[str, object] = {
            path.relative_to(run).as_posix(): path.read_bytes()
            for pattern in (
                "weights.safetensors",
                "samples/*.png",
                "checkpoints/*/state.safetensors",
            )
            for path in run.glob(pattern)
        }
        log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        kept = ("step", "images", "d_loss", "g_loss", "r1")
        found["log"] = [{key: one.get(key) for key in kept} for one in log]
        found["leftovers"] = sorted(p.name for p in run.rglob("*") if ".tmp" in p.name)
        return found


def disturb_trainings(backend: str, number: int, kills: bool, seed: int) -> Outcome:
    """Kill or interrupt trainings so many times."""
    outcome, chance = Outcome(), random.Random(f"{backend} {kills} {seed}")
    with tempfile.TemporaryDirectory(prefix="ganzoo-faults-") as folder:
        trainings = Trainings(backend, Path(folder), chance)
        with trainings.parent:
            # the first waits until the parent has imported the frameworks, as a cold start does
            life = {cold: trainings.whole() for cold in (True, False)}
            while outcome.tried < number:
                name, left = f"run-{outcome.tried}", number - outcome.tried
                made, wrong = disturb_one(trainings, name, min(CHAIN, left), kills, life, outcome)
                outcome.tried += made
                outcome.passed += 0 if wrong else made
                outcome.failures += [f"{name}: {one}" for one in wrong]
    return outcome


def disturb_one(
    trainings: Trainings, name: str, most: int, kills: bool, life: dict[bool, float],
    outcome: Outcome,
) -> tuple[int, list[str]]:  # fmt: skip
    """Disturb one training up to so many times, and let it end; return how often, and what is
    wrong.
    """
    chance, made = trainings.chance, 0
    wrong: list[str] = []
    while made < most:
        cold = chance.random() < COLD
        process = trainings.begin(name, pause=0.02, cold=cold)
        several = chance.choices(SIGNALS, k=chance.choice((1, 1, 2)))
        one = trainings.disturb(process, [signal.SIGKILL] if kills else several, life[cold])
        wrong += one.wrong
        if not one.met:
            break  # it had ended
        made += 1
        outcome.moments[f"{one.moment}{' (cold)' if cold else ''}"] += 1
    process = trainings.begin(name, pause=0)
    _, err = process.communicate()
    if process.returncode:
        return made, [*wrong, f"the last resume: {err[-2000:]}"]
    wrong += [f"it differs in {one}" for one in trainings.differing(name)]
    if not wrong:
        shutil.rmtree(trainings.folder / name)
    return made, wrong


def run_tests(part: str, files: tuple[str, ...], *words: str, **variables: object) -> Outcome:
    """Run files of the suite, in its own environment."""
    command = [sys.executable, "tests/run.py", "--only", part, *files, *words]
    named = {name: str(value) for name, value in variables.items()}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | named, text=True, capture_output=True)
    passed, failed = (int(n) for n in done.stdout.splitlines()[-1].split()[::2])
    failures = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return Outcome(passed + failed, passed, failures or ([done.stdout] if failed else []))


def fuzz(minutes: float, seed: int) -> Outcome:
    """Damage files at random for so long, with other seeds in each round."""
    outcome, until = Outcome(), time.monotonic() + 60 * minutes
    while time.monotonic() < until:
        seed += 1
        names = {"GANZOO_TEST_ROUNDS": 3, "GANZOO_MUTATIONS": 4000, "GANZOO_TEST_SEED": seed}
        one = run_tests("core", FUZZ, "-k", "random_damage", **names)
        outcome.tried += 16_000 if one.tried else 0
        outcome.passed += 16_000 if one.tried and one.tried == one.passed else 0
        outcome.failures += [f"seed {seed}: {text}" for text in one.failures]
    return outcome


def main() -> int:
    """Run the chosen pieces, print what came of each, and return how many did not hold."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--only", choices=PIECES, action="append")
    options.add_argument("--backend", choices=BACKENDS, action="append")
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--interrupts", type=int, default=30)
    options.add_argument("--rounds", type=int, default=34, help="of `damage`, 40 kills each")
    options.add_argument("--minutes", type=float, default=30, help="of `fuzz`")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--record", action="store_true", help=f"in {COUNTS.relative_to(ROOT)}")
    chosen = options.parse_args()
    failed = 0
    for piece, backend in _pieces(chosen):
        if piece in ("kills", "interrupts"):
            number = getattr(chosen, piece)
            outcome = disturb_trainings(backend, number, piece == "kills", chosen.seed)
        elif piece == "damage":
            outcome = run_tests("core", DAMAGE, GANZOO_TEST_ROUNDS=chosen.rounds)
        elif piece == "fuzz":
            outcome = fuzz(chosen.minutes, chosen.seed)
        else:
            file, words = LONG[piece]
            outcome = run_tests(backend, (file,), "-k", words, GANZOO_TEST_ROUNDS=1)
        print(f"{piece} {backend}: {outcome.passed} of {outcome.tried} held", flush=True)
        if outcome.moments:
            print(f"  after: {dict(outcome.moments)}")
        print("".join(f"  {one}\n" for one in outcome.failures), end="", flush=True)
        failed += outcome.tried == 0 or outcome.passed < outcome.tried
        if chosen.record:
            counts = json.loads(COUNTS.read_text("utf-8"))
            entry = {"tried": outcome.tried, "passed": outcome.passed}
            counts[f"{piece} {backend}".strip()] = entry
            COUNTS.write_text(json.dumps(counts, indent=2, sort_keys=True) + "\n", "utf-8")
    return failed


def _pieces(chosen: argparse.Namespace) -> list[tuple[str, str]]:
    """Each piece to run, with its backend if it has one."""
    found = []
    for piece in chosen.only or PIECES:
        several = piece in ("kills", "interrupts", *LONG)
        found += (
            [(piece, backend) for backend in (chosen.backend or BACKENDS)]
            if several
            else [(piece, "")]
        )
    return found


if __name__ == "__main__":
    sys.exit(main() > 0)
